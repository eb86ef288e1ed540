"""Quotas and limits over the wire: refused early and exactly, told in the description, never passed together."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from storage_tui import Storage
from storage_tui.contract.errors import QuotaExceededError, RateLimitError
from storage_tui.contract.models import ServiceInfo, UserQuotas
from storage_tui.server.access.keyring import load_keyring
from storage_tui.server.access.tokens import sign_token
from storage_tui.server.quotas.limits import Changes, change_limits
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.resources.uploading import CHUNK, new_url
from tests.server.running import RunningServer, put_head, read_answer


@pytest.fixture
def user(watchful_server: RunningServer, request: pytest.FixtureRequest) -> str:
    return f"user of {request.node.name}"


@pytest.fixture
def client(watchful_server: RunningServer, user: str) -> Iterator[httpx.Client]:
    token = sign_token(load_keyring(LocalRecords(watchful_server.data_dir)), user)
    headers = {"Authorization": f"Bearer {token}"}
    # There is no TLS here, and reading the system's certificates takes longer than the test.
    with httpx.Client(base_url=watchful_server.url, headers=headers, trust_env=False, timeout=30, verify=False) as made:
        yield made


def told(client: httpx.Client) -> UserQuotas:
    return ServiceInfo.from_json(client.get("").json()).user


@pytest.fixture
def limit(watchful_server: RunningServer, user: str, client: httpx.Client) -> Callable[[Changes], None]:
    """Set limits of the user, and wait until the running server has them."""

    def change(changes: Changes) -> None:
        wanted = change_limits(LocalRecords(watchful_server.data_dir), user, changes).of_name(user)
        while True:
            seen = told(client)
            quotas = {row.storage_type: (row.size_bytes, row.count, row.open_uploads) for row in seen.quotas}
            if (
                quotas == {name: (row.size_bytes, row.blobs, row.uploads) for name, row in wanted.quotas.items()}
                and seen.requests_per_minute == wanted.requests
                and seen.concurrent == wanted.concurrent
            ):
                return

    return change


def put(client: httpx.Client, key: str, size: int) -> httpx.Response:
    return client.put(f"/data/set/{key}", content=b"x" * size)


def fits(client: httpx.Client, size: int) -> bool:
    """Whether there is room, which asking does not take."""
    answer = client.get("/data/new_resumable_url/asked", headers={"X-Upload-Content-Length": str(size)})
    assert answer.status_code in (200, 507), answer.text
    return answer.status_code == 200


def send(client: httpx.Client, url: str, content: Any, **headers: str) -> httpx.Response:
    return client.put(url, content=content, headers={"Authorization": "", **headers})


def test_bytes_are_refused_when_they_do_not_fit_by_every_way_of_writing(
    client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("types", "data", "bytes"): 1000})
    assert put(client, "a", 700).status_code == 200
    announced = client.get("/data/new_resumable_url/b", headers={"X-Upload-Content-Length": "301"})
    unknown = send(client, new_url(client, "b"), b"x" * 301)
    url = new_url(client, "b")
    chunked = send(client, url, (b"x" * 100 for _ in range(4)))
    assert send(client, url, b"", **{"Content-Range": "bytes */*"}).status_code == 499, "nothing of it is kept"
    copied = client.post("/data/copy", json={"key": "a", "to_key": "b"})
    for answer in (put(client, "b", 301), announced, unknown, chunked, copied):
        assert (answer.status_code, answer.headers["x-error-code"]) == (507, "quota_exceeded"), answer.text
        assert "your quota for data is 1000 bytes" in answer.text
        assert "retry-after" not in answer.headers
    too_large = client.get("/data/new_resumable_url/b", headers={"X-Upload-Content-Length": "1001"})
    for answer in (put(client, "b", 1001), too_large):
        assert (answer.status_code, answer.headers["x-error-code"]) == (413, "too_large")
        assert "more than all of your quota" in answer.text
    assert put(client, "b", 300).status_code == 200
    assert put(client, "a", 650).status_code == 200, "a blob takes the place of the one before"
    assert send(client, new_url(client, "a"), b"x" * 690).status_code == 200
    assert put(client, "c", 11).status_code == 507
    assert client.put("/tmp/set/c", content=b"x" * 5000).status_code == 200
    assert client.delete("/data/b").status_code == 200
    assert put(client, "c", 310).status_code == 200
    row = told(client).of("data")
    assert row is not None and (row.used_bytes, row.used_count) == (1000, 2)
    assert client.get("/data/usage").json()["size"] == 1000


def test_blobs_are_counted_and_overwriting_is_not_one_more(
    client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("types", "data", "blobs"): 2})
    assert [put(client, key, 1).status_code for key in ("a", "b", "c")] == [200, 200, 507]
    assert put(client, "a", 500).status_code == 200
    assert send(client, new_url(client, "a"), b"over").status_code == 200
    assert client.get("/data/new_resumable_url/c").status_code == 507
    assert client.post("/data/copy", json={"key": "a", "to_key": "c"}).status_code == 507
    assert client.post("/data/copy", json={"key": "a", "to_key": "b"}).status_code == 200
    assert client.delete("/data/a").status_code == 200
    assert put(client, "c", 1).status_code == 200


def test_what_is_kept_of_unfinished_uploads_counts(client: httpx.Client, limit: Callable[[Changes], None]) -> None:
    size = len(CHUNK)
    limit({("types", "data", "bytes"): 3 * size})
    url = new_url(client, "first")
    begun = send(client, url, CHUNK * 2, **{"Content-Range": f"bytes 0-{2 * size - 1}/*"})
    assert begun.status_code == 308
    row = told(client).of("data")
    assert row is not None and (row.used_bytes, row.used_uploads, row.used_count) == (2 * size, 1, 0)
    assert put(client, "second", size + 1).status_code == 507
    assert put(client, "second", size).status_code == 200
    more = send(client, url, CHUNK, **{"Content-Range": f"bytes {2 * size}-{3 * size - 1}/{3 * size}"})
    assert more.status_code == 507, "what comes on top does not fit any more"
    end = send(client, url, b"", **{"Content-Range": f"bytes */{2 * size}"})
    assert end.status_code == 200
    assert put(client, "third", 1).status_code == 507


def test_open_uploads_are_limited_and_the_same_one_is_found_again(
    client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("types", "data", "uploads"): 2})
    again = {"Idempotency-Key": "mine"}
    first, second = new_url(client, "first", **again), new_url(client, "second")
    for headers in ({}, {"Idempotency-Key": "another"}):
        answer = client.get("/data/new_resumable_url/third", headers=headers)
        assert (answer.status_code, answer.headers["x-error-code"]) == (409, "too_many_uploads")
    row = told(client).of("data")
    assert row is not None and row.used_uploads == 2, "what was refused is not left open"
    found = new_url(client, "first", **again)
    assert found.partition(".")[0] == first.partition(".")[0]
    assert client.delete(second, headers={"Authorization": ""}).status_code == 499
    assert send(client, new_url(client, "third"), b"x").status_code == 200
    assert send(client, first, b"x").status_code == 200


def test_uploads_side_by_side_never_pass_the_quota_together(
    client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("types", "data", "bytes"): 1_000_000})
    urls = [new_url(client, f"u{number}") for number in range(12)]

    def upload(number: int) -> int:
        body = b"x" * 150_000 if number % 2 else (b"x" * 15_000 for _ in range(10))
        return send(client, urls[number], body).status_code

    def store(number: int) -> int:
        return put(client, f"s{number}", 150_000).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = [*threads.map(upload, range(12)), *threads.map(store, range(6))]
    assert set(statuses) == {200, 507}
    assert statuses.count(200) <= 6
    usage = client.get("/data/usage").json()
    assert usage["size"] == 150_000 * statuses.count(200)
    row = told(client).of("data")
    assert row is not None and row.used_bytes is not None and row.used_bytes <= 1_000_000


def test_room_is_kept_for_an_upload_on_its_way_and_given_back(
    watchful_server: RunningServer, client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("types", "data", "bytes"): 1000})
    url = new_url(client, "slow")
    with watchful_server.connect() as connection:
        connection.sendall(put_head(url, "Content-Length: 900") + b"x" * 100)
        while fits(client, 200):  # until the server has begun with it
            pass
        assert put(client, "other", 100).status_code == 200
        connection.sendall(b"x" * 800)
        assert read_answer(connection)[0] == 200
    assert client.delete("/data/slow").status_code == 200
    with watchful_server.connect() as connection:
        connection.sendall(put_head(new_url(client, "cut"), "Content-Length: 900") + b"x" * 100)
        while fits(client, 200):  # until the server has begun with it
            pass
    while put(client, "more", 700).status_code == 507:  # until the server has seen that it was cut, or waits no more
        pass


def test_requests_a_minute_are_refused_with_whole_seconds_and_never_on_a_body(
    client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("requests", "list"): 3, ("requests", "write"): 2, ("requests", "share"): 1})
    lists = [client.get("/data/list") for _ in range(4)]
    assert [answer.status_code for answer in lists] == [200, 200, 200, 429]
    assert lists[3].headers["x-error-code"] == "rate_limited"
    assert 1 <= int(lists[3].headers["retry-after"]) <= 20
    url = new_url(client, "body")
    assert put(client, "a", 1).status_code == 200
    refused = put(client, "b", 1)
    assert refused.status_code == 429 and "retry-after" not in refused.headers
    assert int(client.get("/data/new_resumable_url/c").headers["retry-after"]) >= 1
    for _ in range(3):
        assert send(client, url, b"x").status_code == 200
    assert client.get("/data/get/a").status_code == 200
    signed = client.get("/data/get_signed_url/a")
    assert signed.status_code == 200
    assert client.get("/data/get_signed_url/a").status_code == 429
    assert client.get(signed.text, headers={"Authorization": ""}).status_code == 429
    assert client.get("/data/get/a").status_code == 200, "who has a URL cannot use up what its owner may read"
    assert client.get("/data/usage").status_code == 429
    with httpx.Client(base_url=client.base_url, trust_env=False, verify=False) as nobody:
        assert nobody.get("/data/list").status_code == 401


def test_requests_at_once_are_limited_for_each_user(
    watchful_server: RunningServer, client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("concurrent",): 1})
    with watchful_server.connect() as connection:
        connection.sendall(put_head(new_url(client, "slow"), "Content-Length: 2") + b"x")
        while (answer := client.get("/data/list")).status_code == 200:  # until the server has begun with it
            pass
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        with watchful_server.client("somebody else") as other:
            assert other.get("/data/list").status_code == 200
        connection.sendall(b"x")
        assert read_answer(connection)[0] == 200
    assert client.get("/data/list").status_code == 200


@contextmanager
def storage_of(server: RunningServer, client: httpx.Client) -> Iterator[Storage]:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    with Storage(server.url, token=token, retries=0) as storage:
        yield storage


def test_our_client_tells_quotas_apart_from_a_full_disk(
    watchful_server: RunningServer, client: httpx.Client, limit: Callable[[Changes], None]
) -> None:
    limit({("types", "data", "bytes"): 100, ("requests", "delete"): 1})
    with storage_of(watchful_server, client) as storage:
        storage.set("a", b"x" * 100)
        with pytest.raises(QuotaExceededError, match="your quota for data"):
            storage.set("b", b"x")
        with storage_of(watchful_server, client) as fresh:
            quota = fresh.describe().user.of("data")
        assert quota is not None and (quota.used_bytes, quota.size_bytes) == (100, 100)
        storage.delete("a")
        with pytest.raises(RateLimitError) as refused:
            storage.delete("a")
        assert refused.value.retry_after_s
    assert ServiceInfo.from_json({"service": "s", "features": [], "limits": {}}).user == UserQuotas()
