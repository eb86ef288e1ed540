"""What a user makes the server keep beside blobs counts too: entries of the catalog, uploads, very many tiny blobs."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from storage_tui.contract.models import QuotaUse, ServiceInfo
from storage_tui.server.catalog.jsonapi import MAX_ATTRIBUTES
from storage_tui.server.quotas.limits import LEAST_BLOBS, LEAST_ENTRIES, OPEN_UPLOADS, Changes, Quota, change_limits
from storage_tui.server.run.serve import Bounds
from tests import seaweed
from tests.server.catalog.cataloguing import begin_upload, call, document, end_upload, save_product, upload_image
from tests.server.running import RunningServer

MEGABYTE = 1_000_000
TEXT = "x" * 200_000


@pytest.fixture(params=["local", "bucket"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path / "data", bounds=Bounds(follow_s=0.05))
    if request.param == "bucket":
        running.bucket = seaweed.place(f"kept-{secrets.token_hex(4)}/")
    running.start()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log_text()


@pytest.fixture
def eve(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client("eve") as client:
        yield client


def limit(server: RunningServer, client: httpx.Client, changes: Changes) -> None:
    """Limit the user eve, and wait until the server knows."""
    wanted = change_limits(server.records(), "eve", changes).of_name("eve").quotas["products"]
    while True:
        row = products_of(client)
        if row is not None and (row.size_bytes, row.count) == (wanted.size_bytes, wanted.blobs):
            return


def products_of(client: httpx.Client) -> QuotaUse | None:
    return ServiceInfo.from_json(client.get("").json()).user.of("products")


def used_bytes(client: httpx.Client) -> int:
    while True:  # an engine that counts nothing tells no figure until it was counted
        row = products_of(client)
        if row is not None and row.used_bytes is not None:
            return row.used_bytes


def save(client: httpx.Client, product_id: str, text: str = TEXT) -> httpx.Response:
    return call(client, "POST", "/products", document("product", product_id, name=text))


def refused(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.headers["x-error-code"]) == (507, "quota_exceeded"), answer.text
    return str(answer.json()["errors"][0]["detail"])


def test_products_count_against_the_quota_and_give_their_room_back(server: RunningServer, eve: httpx.Client) -> None:
    save_product(eve, "eve:before")
    limit(server, eve, {("types", "*", "bytes"): MEGABYTE})
    assert [save(eve, f"eve:p{number}").status_code for number in range(4)] == [201] * 4
    assert "your quota for products is 1000000 bytes" in refused(save(eve, "eve:p4"))
    assert 4 * len(TEXT) < used_bytes(eve) <= MEGABYTE
    with server.client("bob") as bob:
        assert save(bob, "bob:p").status_code == 201, "another user has room of their own"
    assert save(eve, "eve:p1").status_code == 409, "what is there already is told before the quota"
    grown = call(eve, "PATCH", "/products/eve:p0", document("product", "eve:p0", more=TEXT))
    refused(grown)
    shrunk = call(eve, "PATCH", "/products/eve:p0", document("product", "eve:p0", name="x"))
    assert shrunk.status_code == 200
    assert save(eve, "eve:p4").status_code == 201
    assert call(eve, "DELETE", "/products/eve:p4").status_code == 200
    assert save(eve, "eve:p5").status_code == 201
    refused(save(eve, "eve:p6"))


def test_blobs_and_entries_share_the_quota_for_products(server: RunningServer, eve: httpx.Client) -> None:
    limit(server, eve, {("types", "*", "bytes"): MEGABYTE})
    save_product(eve, "eve:p")
    upload_image(eve, "eve:p:small")
    assert eve.put("/products/set/blob", content=b"x" * 750_000).status_code == 200
    refused(save(eve, "eve:q", "x" * 240_000))
    assert save(eve, "eve:q").status_code == 201
    assert eve.put("/products/set/more", content=b"x" * 200_000).status_code == 507
    assert call(eve, "DELETE", "/products/eve:q").status_code == 200
    assert eve.put("/products/set/more", content=b"x" * 200_000).status_code == 200


def test_a_user_at_the_quota_can_still_end_and_delete_everything(server: RunningServer, eve: httpx.Client) -> None:
    limit(server, eve, {("types", "*", "bytes"): MEGABYTE})
    save_product(eve, "eve:p")
    upload_image(eve, "eve:p:one")
    upload_image(eve, "eve:p:two")
    task_id, _ = begin_upload(eve, "eve:p:three", ["a.tif"])
    full = []
    for size in (200_000, 20_000, 1):
        while save(eve, product_id := f"eve:full{len(full)}", "x" * size).status_code == 201:
            full.append(product_id)
    refused(save(eve, "eve:over"))
    assert end_upload(eve, task_id, "canceled").status_code == 200
    assert call(eve, "DELETE", "/images/eve:p:one").status_code == 200
    emptied = call(eve, "POST", "/products/eve:p/delete_related_objects", document("product_delete_task", None))
    assert emptied.status_code == 201 and emptied.json()["data"]["attributes"]["status"] == "SUCCESS"
    for product_id in ("eve:p", *full):
        assert call(eve, "DELETE", f"/products/{product_id}").status_code == 200
    assert used_bytes(eve) < 100_000, "what is left are the tasks of the last days"
    assert save(eve, "eve:over").status_code == 201


def test_entries_side_by_side_never_pass_the_quota_together(server: RunningServer, eve: httpx.Client) -> None:
    limit(server, eve, {("types", "*", "bytes"): MEGABYTE})
    used_bytes(eve)
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda number: save(eve, f"eve:p{number}").status_code, range(16)))
    assert set(statuses) == {201, 507}
    assert statuses.count(201) <= 4


def test_an_entry_does_not_grow_without_end(server: RunningServer, eve: httpx.Client) -> None:
    save_product(eve, "eve:p")
    answers = [
        call(eve, "PATCH", "/products/eve:p", document("product", "eve:p", **{f"field{number}": TEXT}))
        for number in range(6)
    ]
    assert [answer.status_code for answer in answers] == [200] * 5 + [413]
    assert "an entry has at most 1048576" in answers[-1].text
    many = {f"name{number}": 1 for number in range(MAX_ATTRIBUTES)}
    answer = call(eve, "PATCH", "/products/eve:p", document("product", "eve:p", **many))
    assert answer.status_code == 400 and f"at most {MAX_ATTRIBUTES} attributes" in answer.text


def test_a_limit_brings_limits_for_what_it_does_not_name() -> None:
    assert (Quota().most_blobs, Quota().most_uploads, Quota().most_entries) == (None, None, None)
    assert Quota(size_bytes=MEGABYTE).most_blobs == LEAST_BLOBS
    assert Quota(size_bytes=10**12).most_blobs == 10**12 // 1024
    assert Quota(size_bytes=MEGABYTE, blobs=3).most_blobs == 3
    assert Quota(size_bytes=MEGABYTE).most_uploads == OPEN_UPLOADS
    assert Quota(uploads=2).most_uploads == 2
    assert (Quota(blobs=3).most_entries, Quota(blobs=1000).most_entries) == (LEAST_ENTRIES, 4000)


def test_open_uploads_are_counted_and_give_their_place_back(server: RunningServer, eve: httpx.Client) -> None:
    limit(server, eve, {("types", "*", "uploads"): 3, ("types", "*", "bytes"): MEGABYTE})
    urls = [eve.get(f"/data/new_resumable_url/u{number}").text for number in range(3)]

    def another() -> int:
        answer = eve.get("/data/new_resumable_url/more")
        if answer.status_code != 200:
            assert answer.headers["x-error-code"] == "too_many_uploads"
            return answer.status_code
        assert eve.delete(answer.text, headers={"Authorization": ""}).status_code == 499
        return answer.status_code

    assert another() == 409
    assert eve.put(urls[0], content=b"x", headers={"Authorization": ""}).status_code == 200
    assert another() == 200
    assert eve.get("/data/new_resumable_url/u0").status_code == 200
    assert another() == 409
    assert eve.delete(urls[1], headers={"Authorization": ""}).status_code == 499
    assert another() == 200


def test_what_is_kept_of_unfinished_uploads_counts(server: RunningServer, eve: httpx.Client) -> None:
    limit(server, eve, {("types", "*", "bytes"): MEGABYTE})
    half = b"x" * (2 * 256 * 1024)
    url = eve.get("/data/new_resumable_url/half").text
    span = {"Content-Range": f"bytes 0-{len(half) - 1}/*", "Authorization": ""}
    assert eve.put(url, content=half, headers=span).status_code == 308
    assert eve.put("/data/set/blob", content=half).status_code == 507
    other = eve.get("/data/new_resumable_url/other").text
    assert eve.put(other, content=half, headers=span).status_code == 507
    ended = eve.put(url, content=b"", headers={"Content-Range": f"bytes */{len(half)}", "Authorization": ""})
    assert ended.status_code == 200
    assert eve.put("/data/set/blob", content=half).status_code == 507
    assert eve.delete("/data/half").status_code == 200
    assert eve.put("/data/set/blob", content=half).status_code == 200


def test_an_upload_of_an_image_that_is_given_up_gives_its_room_back(server: RunningServer, eve: httpx.Client) -> None:
    limit(server, eve, {("types", "*", "bytes"): MEGABYTE})
    save_product(eve, "eve:p")
    half = b"x" * (2 * 256 * 1024)
    task_id, [url] = begin_upload(eve, "eve:p:one", ["a.tif"])
    span = {"Content-Range": f"bytes 0-{len(half) - 1}/*", "Authorization": ""}
    assert eve.put(url, content=half, headers=span).status_code == 308
    assert end_upload(eve, task_id, "canceled").status_code == 200
    task_id, [url] = begin_upload(eve, "eve:p:one", ["a.tif"])
    assert eve.put(url, content=half, headers={"Authorization": ""}).status_code == 200
    assert end_upload(eve, task_id).status_code == 200
