"""The catalog over HTTP: uploads whole or not at all, deletion with the files, refusals that say why, sealed users."""

import itertools
import json
import sqlite3
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import Restriction, Verb
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.catalog.cataloguing import (
    ACQUIRED,
    JSON_API,
    begin_upload,
    call,
    document,
    end_upload,
    image_status,
    root_of,
    save_product,
    stored_keys,
    upload_document,
    upload_image,
)
from tests.server.running import RunningServer

_NUMBERS = itertools.count()


@pytest.fixture
def product(request: pytest.FixtureRequest, ann: httpx.Client) -> str:
    """A product that no other test uses."""
    product_id = f"t:{request.node.originalname}.{next(_NUMBERS)}"
    save_product(ann, product_id)
    return product_id


def detail(answer: httpx.Response) -> str:
    """The text of a refusal, which has the form of JSON:API."""
    assert answer.headers["Content-Type"] == JSON_API["Accept"]
    [error] = answer.json()["errors"]
    assert error["status"] == str(answer.status_code)
    return str(error["detail"])


def test_an_image_appears_only_when_all_its_files_are_there(ann: httpx.Client, product: str) -> None:
    image_id = f"{product}:scene"
    task_id, [first, second] = begin_upload(ann, image_id, ["a.tif", "b.tif"])
    assert httpx.put(first, content=b"a", trust_env=False).status_code == 200
    answer = end_upload(ann, task_id)
    assert answer.status_code == 409
    assert "'b.tif'" in detail(answer)
    assert image_status(ann, image_id) == 404
    assert httpx.put(second, content=b"bb", trust_env=False).status_code == 200
    assert end_upload(ann, task_id).json()["data"]["attributes"]["status"] == "pending"
    told = call(ann, "GET", f"/uploads_v2/{task_id}?include=events").json()
    assert told["data"]["attributes"]["status"] == "success"
    assert [event["attributes"]["event_type"] for event in told["included"]] == ["queue", "complete"]
    assert "resumable_urls" not in told["data"]["attributes"]
    files = call(ann, "GET", f"/images/{image_id}").json()["data"]["attributes"]["files"]
    assert [file["size_bytes"] for file in files] == [1, 2]
    assert end_upload(ann, task_id).status_code == 200, "the same call again, its answer lost"
    assert end_upload(ann, task_id, "canceled").status_code == 409


def test_deleting_an_image_deletes_its_files_and_no_others(ann: httpx.Client, product: str) -> None:
    upload_image(ann, f"{product}:one")
    upload_image(ann, f"{product}:one-more")
    ann.put(f"/products/set/{product}/one/plain", content=b"plain").raise_for_status()
    key = f"{product}/one/a.tif"
    assert ann.delete(f"/products/{key}").status_code == 409
    assert call(ann, "DELETE", f"/images/{product}:one").status_code == 200
    assert call(ann, "DELETE", f"/images/{product}:one").status_code == 404
    assert ann.get(f"/products/get/{key}").status_code == 404
    assert stored_keys(ann, f"{product}/") == [
        f"{product}/one-more/a.tif", f"{product}/one-more/b.tif", f"{product}/one/plain",
    ]  # fmt: skip


def test_a_repeated_call_succeeds_as_the_first_did(ann: httpx.Client, product: str) -> None:
    body = document("product", product + "2", name="twice")
    for group, status in (("g1", 201), ("g1", 201), ("g2", 409)):
        assert call(ann, "POST", "/products", body, X_Request_Group=group).status_code == status
    upload_image(ann, f"{product}:x")
    for group, status in (("g3", 200), ("g3", 200), ("g4", 404)):
        assert call(ann, "DELETE", f"/images/{product}:x", X_Request_Group=group).status_code == status


def test_a_new_upload_takes_the_place_of_one_that_was_left(ann: httpx.Client, product: str) -> None:
    image_id = f"{product}:again"
    left, [first, second] = begin_upload(ann, image_id, ["a.tif", "b.tif"])
    assert httpx.put(first, content=b"left", trust_env=False).status_code == 200
    task_id, [anew] = begin_upload(ann, image_id, ["a.tif"])
    assert call(ann, "GET", f"/uploads_v2/{left}").json()["data"]["attributes"]["status"] == "canceled"
    assert httpx.put(second, content=b"left", trust_env=False).status_code == 499
    assert end_upload(ann, left).status_code == 200, "it is over, which the status tells"
    assert image_status(ann, image_id) == 404
    assert httpx.put(anew, content=b"new", trust_env=False).status_code == 200
    assert end_upload(ann, task_id).status_code == 200
    assert ann.get(f"/products/get/{product}/again/a.tif").content == b"new"
    assert stored_keys(ann, f"{product}/again/") == [f"{product}/again/a.tif"]


def test_an_upload_does_not_touch_what_is_there(ann: httpx.Client, product: str) -> None:
    ann.put(f"/products/set/{product}/mine/a.tif", content=b"mine").raise_for_status()
    answer = call(ann, "POST", "/uploads_v2", upload_document(f"{product}:mine", ["a.tif"]))
    assert answer.status_code == 409
    upload_image(ann, f"{product}:there", ["a.tif"])
    answer = call(ann, "POST", "/uploads_v2", upload_document(f"{product}:there", ["other.tif"]))
    assert answer.status_code == 409
    assert "Image.delete()" in detail(answer)
    body = document("image", None, product_id=product, name="there", acquired=ACQUIRED)
    assert call(ann, "POST", "/images", body).status_code == 409
    assert ann.get(f"/products/get/{product}/mine/a.tif").content == b"mine"


def test_an_upload_that_is_refused_leaves_no_session(server: RunningServer, ann: httpx.Client, product: str) -> None:
    ann.put(f"/products/set/{product}/x/taken.tif", content=b"x").raise_for_status()
    before = open_sessions(server)
    files = ["a.tif", "b.tif", "taken.tif"]
    assert call(ann, "POST", "/uploads_v2", upload_document(f"{product}:x", files)).status_code == 409
    assert open_sessions(server) == before


def open_sessions(server: RunningServer) -> int:
    with sqlite3.connect(f"file:{server.data_dir}/meta.db?mode=ro", uri=True) as database:
        [(count,)] = database.execute("SELECT COUNT(*) FROM uploads WHERE state = 'open'")
    database.close()
    return int(count)


def test_a_plain_blob_becomes_the_file_of_an_image_that_is_registered(ann: httpx.Client, product: str) -> None:
    key = f"{product}/r/a b.tif"
    ann.put(f"/products/set/{quote(key)}", content=b"plain").raise_for_status()
    for href, status in (
        (f"storage://products/{product}/other/a.tif", 400),
        (f"storage://products/{product}/r/none.tif", 400),
        (f"storage://products/{quote(key)}", 201),
    ):
        body = document("image", None, product_id=product, name="r", acquired=ACQUIRED, files=[{"href": href}])
        assert call(ann, "POST", "/images", body).status_code == status, href
    changed = document("image", f"{product}:r", files=[])
    assert call(ann, "PATCH", f"/images/{product}:r", changed).status_code == 409
    assert call(ann, "DELETE", f"/images/{product}:r").status_code == 200
    assert stored_keys(ann, f"{product}/") == []


def test_a_product_goes_only_when_it_is_empty(ann: httpx.Client, product: str) -> None:
    upload_image(ann, f"{product}:x")
    begin_upload(ann, f"{product}:open", ["a.tif"])
    assert "delete_related_objects" in detail(call(ann, "DELETE", f"/products/{product}"))
    empty = document("product_delete_task", None)
    path = f"/products/{product}/delete_related_objects"
    assert call(ann, "GET", path).json()["data"]["attributes"]["status"] == "NONE"
    answer = call(ann, "POST", path, empty)
    assert answer.status_code == 201
    state = call(ann, "GET", path).json()["data"]["attributes"]
    assert (state["status"], state["objects_deleted"]) == ("SUCCESS", 1)
    assert call(ann, "POST", path, empty).status_code == 204
    assert stored_keys(ann, f"{product}/") == []
    assert call(ann, "DELETE", f"/products/{product}").status_code == 200


def test_another_user_sees_and_reaches_nothing(ann: httpx.Client, bob: httpx.Client, product: str) -> None:
    image_id = f"{product}:secret"
    upload_image(ann, image_id)
    task_id, _ = begin_upload(ann, f"{product}:begun", ["a.tif"])
    missing = {"/products/": f"{product}-no", "/images/": f"{product}:no", "/uploads_v2/": "0000000000000-" + "0" * 16}
    for path, there in (("/products/", product), ("/images/", image_id), ("/uploads_v2/", task_id)):
        for method in ("GET", "HEAD", "PATCH", "DELETE"):
            kind = {"/products/": "product", "/images/": "image", "/uploads_v2/": "image_upload"}[path]
            body = document(kind, None, status="canceled") if method == "PATCH" else None
            hidden, nothing = (call(bob, method, path + one, body) for one in (there, missing[path]))
            assert (hidden.status_code, method) in ((404, method), (405, "HEAD"), (405, "DELETE"))
            assert hidden.text.replace(there, "X") == nothing.text.replace(missing[path], "X")
    assert call(bob, "POST", "/uploads_v2", upload_document(image_id, ["a.tif"])).status_code == 404
    body = document("image", None, product_id=product, name="mine", acquired=ACQUIRED)
    assert call(bob, "POST", "/images", body).status_code == 404
    for path in ("/products", "/images", "/uploads_v2"):
        query = [{"or": [{"name": "product_id", "op": "eq", "val": product}, {"name": "id", "op": "isnotnull"}]}]
        assert call(bob, "PUT", path, {"filter": json.dumps(query)}).json()["data"] == []
    path = f"/products/{product}/delete_related_objects"
    assert call(bob, "POST", path, document("product_delete_task", None)).status_code == 404
    save_product(bob, product)
    assert call(bob, "DELETE", f"/products/{product}").status_code == 200
    assert image_status(ann, image_id) == 200


@pytest.mark.parametrize(
    ("verbs", "prefix", "allowed"),
    [
        ((Verb.READ,), "", {"GET": 200, "DELETE": 403, "POST": 403}),
        ((Verb.READ, Verb.DELETE), "", {"GET": 200, "POST": 403, "DELETE": 200}),
        ((), "t:elsewhere", {"GET": 403, "POST": 403, "DELETE": 403}),
    ],
)
def test_a_restricted_token_opens_its_part_of_the_catalog(
    server: RunningServer,
    ann: httpx.Client,
    product: str,
    verbs: tuple[Verb, ...],
    prefix: str,
    allowed: dict[str, int],
) -> None:
    upload_image(ann, f"{product}:x")
    restriction = Restriction(("products",), verbs, prefix)
    token = create_token(LocalRecords(server.data_dir), "ann", restriction=restriction)
    with httpx.Client(base_url=ann.base_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as limited:
        for method, status in allowed.items():
            if method == "POST":
                answer = call(limited, "POST", "/uploads_v2", upload_document(f"{product}:y", ["a.tif"]))
            else:
                answer = call(limited, method, f"/images/{product}:x")
            assert answer.status_code == status, (method, answer.text)


BAD_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"data": "\xff"}',
    "an array": b"[]",
    "no data": b"{}",
    "data is an array": b'{"data": []}',
    "another type": b'{"data": {"type": "band", "attributes": {}}}',
    "attributes are an array": b'{"data": {"type": "product", "id": "t:p", "attributes": []}}',
    "the id is a number": b'{"data": {"type": "product", "id": 1, "attributes": {}}}',
    "no id": b'{"data": {"type": "product", "attributes": {}}}',
    "not a number": b'{"data": {"type": "product", "id": "t:p", "attributes": {"a": NaN}}}',
    "half a character": b'{"data": {"type": "product", "id": "t:p", "attributes": {"a": "\\ud800"}}}',
    "half a name": b'{"data": {"type": "product", "id": "t:p", "attributes": {"\\udfff": 1}}}',
    "deep": b'{"data": {"type": "product", "id": "t:p", "attributes": {"a": ' + b"[" * 50 + b"]" * 50 + b"}}}",
    "endless": b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a long number": b'{"data": {"type": "product", "id": "t:p", "attributes": {"a": ' + b"9" * 5000 + b"}}}",
    "many attributes": json.dumps(document("product", "t:p", **{f"a{n}": n for n in range(201)})).encode(),
    "no time": json.dumps(document("product", "t:p", start_datetime="yesterday")).encode(),
    "a time of the wrong kind": json.dumps(document("product", "t:p", start_datetime={"a": 1})).encode(),
    "an end of times": json.dumps(document("product", "t:p", end_datetime="9999-12-31T23:59:59-12:00")).encode(),
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_is_no_product_is_refused_with_the_reason(ann: httpx.Client, body: bytes) -> None:
    answer = ann.post(root_of(ann) + "/products", content=body, headers=JSON_API)
    assert answer.status_code == 400
    assert detail(answer)
    assert call(ann, "GET", "/products/t:p").status_code == 404


def test_a_document_too_large_is_refused(ann: httpx.Client) -> None:
    body = document("product", "t:p", description="x" * 300_000)
    assert call(ann, "POST", "/products", body).status_code == 413


BAD_IDS = ("%2E%2E", "%2e", "a b", "a%2Fb", "a%00b", "%C3%A9", ":", "p:", ":p", "a::b", "x" * 300, "%FF", "a%", "p%3F")


@pytest.mark.parametrize("text", BAD_IDS)
@pytest.mark.parametrize("path", ["/products/", "/images/", "/uploads_v2/", "/images/t:p:"])
def test_what_cannot_be_an_id_is_not_found(ann: httpx.Client, path: str, text: str) -> None:
    raw = httpx.URL(root_of(ann)).copy_with(raw_path=(httpx.URL(root_of(ann)).path + path + text).encode())
    for method in ("GET", "DELETE"):
        status = ann.request(method, raw, headers=JSON_API).status_code
        is_unsupported = method == "DELETE" and path == "/uploads_v2/"
        assert status == 405 if is_unsupported else status in (400, 404), (method, status)


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "é", "a/b", "a:b", "x" * 201, "a\n"])
def test_an_image_cannot_have_a_name_that_is_no_segment(ann: httpx.Client, product: str, name: str) -> None:
    body = document("image", None, product_id=product, name=name, acquired=ACQUIRED)
    assert call(ann, "POST", "/images", body).status_code == 400


@pytest.mark.parametrize(
    "files",
    [[], [""], ["a/"], ["a/.."], ["a\0b"], ["\ud83d"], ["x" * 1100], ["a/x.tif", "b/x.tif"], [1], "a.tif", ["a"] * 101],
)
def test_files_that_cannot_lie_beside_each_other_are_refused(ann: httpx.Client, product: str, files: Any) -> None:
    body = upload_document(f"{product}:x", ())
    body["data"]["attributes"]["image_upload_options"]["image_files"] = files
    content = json.dumps(body).encode()
    answer = ann.post(root_of(ann) + "/uploads_v2", content=content, headers=JSON_API)
    assert answer.status_code == 400, answer.text


def test_files_are_named_by_the_last_part_of_their_path(ann: httpx.Client, product: str) -> None:
    names = ["/home/ann/é 世.tif", "C:\\scenes\\two#.tif", "plain"]
    task_id, urls = begin_upload(ann, f"{product}:x", names)
    for url in urls:
        assert httpx.put(url, content=b"x", trust_env=False).status_code == 200
    assert end_upload(ann, task_id).status_code == 200
    assert stored_keys(ann, product) == [f"{product}/x/{name}" for name in ("plain", "two#.tif", "é 世.tif")]
    arrays = upload_document(f"{product}:y", ["/tmp/tmpabc", "/tmp/tmpdef"], upload_type="ndarray")
    urls = call(ann, "POST", "/uploads_v2", arrays).json()["data"]["attributes"]["resumable_urls"]
    for url in urls:
        assert httpx.put(url, content=b"x", trust_env=False).status_code == 200
    assert stored_keys(ann, f"{product}/y/") == [f"{product}/y/y_1.npy", f"{product}/y/y_2.npy"]


BAD_SEARCHES: dict[str, Any] = {
    "words": {"text": "forest"},
    "a shape": {"intersects": "{}"},
    "another order": {"sort": "-acquired"},
    "a limit below nothing": {"limit": -1},
    "a limit that is a text": {"limit": "1"},
    "a limit that is a truth": {"limit": True},
    "a filter that is no JSON": {"filter": "{"},
    "a filter that is no text": {"filter": [1]},
    "a filter that is no array": {"filter": "{}"},
    "a condition that is none": {"filter": "[1]"},
    "an unknown comparison": {"filter": '[{"name": "name", "op": "like", "val": "x"}]'},
    "a comparison that is no text": {"filter": '[{"name": "name", "op": ["eq"], "val": "x"}]'},
    "an empty or": {"filter": '[{"or": []}]'},
    "an endless filter": {"filter": "[" + '{"or": [' * 1000 + "]}" * 1000 + "]"},
    "many conditions": {"filter": json.dumps([{"name": "a", "op": "eq", "val": 1}] * 101)},
    "many ids": {"filter": json.dumps([{"name": "id", "op": "eq", "val": ["x"] * 1001}])},
}


@pytest.mark.parametrize("body", BAD_SEARCHES.values(), ids=BAD_SEARCHES)
def test_a_search_that_cannot_be_done_is_refused_not_ignored(ann: httpx.Client, body: Any) -> None:
    answer = call(ann, "PUT", "/images", body)
    assert answer.status_code == 400
    assert detail(answer)


@pytest.mark.parametrize("token", ["", "x", "W10", "WzEsMl0", "%FF", "WyIiLC0xXQ"])
def test_a_link_that_was_not_given_is_refused(ann: httpx.Client, token: str) -> None:
    assert call(ann, "PUT", f"/images?continue={token}", {}).status_code == 400


def test_a_search_compares_what_can_be_compared(ann: httpx.Client, product: str) -> None:
    for name, value in (("text", "b"), ("number", 2), ("list", ["b", "c"]), ("nothing", None)):
        body = document("image", None, product_id=product, name=name, acquired=ACQUIRED, tag=value)
        assert call(ann, "POST", "/images", body).status_code == 201

    def found(*conditions: dict[str, Any]) -> list[str]:
        own = {"name": "product_id", "op": "eq", "val": product}
        rows = call(ann, "PUT", "/images", {"filter": json.dumps([own, *conditions])}).json()["data"]
        return [row["attributes"]["name"] for row in rows]

    assert found({"name": "tag", "op": "eq", "val": "b"}) == ["list", "text"]
    assert found({"name": "tag", "op": "eq", "val": ["b", 2]}) == ["number", "text"]
    assert found({"name": "tag", "op": "ne", "val": "b"}) == ["nothing", "number"]
    assert found({"name": "tag", "op": "gte", "val": 2}) == ["number"]
    assert found({"name": "tag", "op": "lt", "val": "c"}) == ["text"]
    assert found({"name": "tag", "op": "isnull"}) == ["nothing"]
    assert found({"name": "acquired", "op": "eq", "val": "2024-05-01"}) == ["list", "nothing", "number", "text"]
    assert found({"and": [{"name": "tag", "op": "isnotnull"}, {"name": "name", "op": "gt", "val": "m"}]}) == [
        "number", "text",
    ]  # fmt: skip


def test_the_limit_bounds_all_pages_together(ann: httpx.Client, product: str) -> None:
    for number in range(103):
        body = document("image", None, product_id=product, name=f"i{number:03}", acquired=ACQUIRED)
        assert call(ann, "POST", "/images", body).status_code == 201
    own = json.dumps([{"name": "product_id", "op": "eq", "val": product}])
    first = call(ann, "PUT", "/images?include=product", {"filter": own, "limit": 102}).json()
    assert len(first["data"]) == 100
    assert [row["id"] for row in first["included"]] == [product]
    link = first["links"]["next"].removeprefix(root_of(ann))
    second = call(ann, "PUT", link, {"filter": own, "limit": 102}).json()
    assert [row["attributes"]["name"] for row in second["data"]] == ["i100", "i101"]
    assert second["links"] == {}
    assert call(ann, "PUT", "/images", {"filter": own, "limit": 0}).json()["meta"]["count"] == 103


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/bands", 404),
        ("PUT", "/images/summary/all", 404),
        ("GET", "/products/t:p/relationships/derived_bands", 404),
        ("GET", "/images?x=1", 405),
        ("DELETE", "/uploads_v2/1", 405),
        ("PUT", "/images?x=1", 400),
    ],
)
def test_what_this_catalog_does_not_have_is_said(ann: httpx.Client, method: str, path: str, status: int) -> None:
    answer = call(ann, method, path, {})
    assert answer.status_code == status
    assert detail(answer)


def test_without_a_token_nothing_is_told(server: RunningServer, ann: httpx.Client, product: str) -> None:
    for path in (f"/products/{product}", "/products/none", "/bands"):
        answer = httpx.get(root_of(ann) + path, headers=JSON_API, trust_env=False)
        assert answer.status_code == 401
        assert "token" in detail(answer)
