"""What was deleted or overwritten comes back through both clients, and a plain published server says why not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from storage_tui.client.undoing.calls import WHY_NOT
from storage_tui.contract.errors import (
    BadRequestError,
    InvalidKeyError,
    MethodNotAllowedError,
    NotFoundError,
    PreconditionFailedError,
    TypeRuleError,
)
from storage_tui.contract.models import Blob
from storage_tui.contract.trash import DELETED, OVERWRITTEN, BringBack, BringBackResult, GoneBlob, GonePage, Purged
from tests.client.published import PublishedServer
from tests.server.running import RunningServer

LARGE = b"x" * 100_000  # a file of its own on the server


@pytest.fixture
def client(server: RunningServer, token: str, make: Callable[..., Any]) -> Any:
    return make(server.url, token=token)


def now(client: Any, key: str, storage_type: str = "data") -> Blob:
    """The blob that exists, with its times to the millisecond, which only lists have."""
    [blob] = client.list_page(key, storage_type=storage_type, delimiter="").blobs
    return blob  # type: ignore[no-any-return]


def gone(client: Any, prefix: str = "", storage_type: str = "data") -> list[GoneBlob]:
    return list(client.trash.list_page(prefix, storage_type).blobs)


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
def test_a_deleted_blob_comes_back_as_it_was(client: Any, content: bytes) -> None:
    client.set("k", content, content_type="text/csv")
    before = now(client, "k")
    client.delete("k")
    [row] = gone(client)
    assert row.blob == before
    assert row.how == DELETED
    assert row.by.startswith("user-")
    assert (row.until or row.gone) - row.gone == timedelta(days=1)
    assert client.trash.bring_back("k") == before
    assert now(client, "k") == before
    assert client.get("k") == content
    assert gone(client) == []


def test_each_version_of_a_key_comes_back_by_its_etag_or_its_moment(client: Any) -> None:
    seen = []
    for number in range(3):
        client.set("k", f"version {number}".encode())
        seen.append(now(client, "k"))
    assert [row.blob.etag for row in gone(client)] == [blob.etag for blob in seen[:2]]
    assert {row.how for row in gone(client)} == {OVERWRITTEN}
    with pytest.raises(PreconditionFailedError):
        client.trash.bring_back("k", etag=seen[0].etag)
    assert client.trash.bring_back("k", etag=seen[0].etag, to_key="first").etag == seen[0].etag
    assert client.get("first") == b"version 0"
    assert client.trash.bring_back("k", overwrite=True) == seen[1]
    assert client.get("k") == b"version 1"
    assert [row.blob for row in gone(client)] == [seen[2]]
    with pytest.raises(PreconditionFailedError):
        client.trash.bring_back("k", if_etag=seen[2].etag)
    assert client.trash.bring_back("k", if_etag=seen[1].etag) == seen[2]
    moment = seen[1].modified
    assert moment is not None
    client.delete("k")
    with pytest.raises(NotFoundError):
        client.trash.bring_back("k", at=moment - timedelta(days=2))


def test_many_come_back_each_with_its_own_result(client: Any) -> None:
    for key in ("a", "b", "c"):
        client.set(key, key.encode())
    etags = {key: client.stat(key).etag for key in "abc"}
    client.delete_many(["a", "b", "c"])
    client.set("b", b"another")
    targets = [BringBack("a"), BringBack("b"), BringBack("c", etag="0" * 32), BringBack("c", etag=etags["c"])]
    results = client.trash.bring_back_many(targets)
    assert [result.error for result in results] == [None, "precondition_failed", "not_found", None]
    assert [result.key for result in results] == ["a", "b", "c", "c"]
    assert client.get("b") == b"another"


def test_a_list_goes_on_page_by_page(client: Any) -> None:
    keys = [f"p/{number:02}" for number in range(7)]
    for key in keys:
        client.set(key, b"1")
        client.set(key, b"2")
    client.delete_many(keys)
    found, token = [], None
    while True:
        page = client.trash.list_page("p/", limit=4, next_token=token)
        assert len(page.blobs) <= 4
        found += [row.key for row in page.blobs]
        token = page.next_token
        if token is None:
            break
    assert found == [key for key in keys for _ in range(2)]
    with pytest.raises(BadRequestError):
        client.trash.list_page("q/", limit=4, next_token=client.trash.list_page("p/", limit=4).next_token)
    with pytest.raises(BadRequestError):
        client.trash.list_page(limit=0)


def test_what_is_purged_never_comes_back(client: Any) -> None:
    for key in ("a/1", "a/2", "b"):
        client.set(key, LARGE)
        client.set(key, b"now")
    client.delete("b")
    etag = gone(client, "b")[0].blob.etag
    assert client.trash.purge([("b", etag)]).count == 1
    assert [row.blob.size_bytes for row in gone(client, "b")] == [3]
    done = client.trash.purge(prefix="a/")
    assert (done.count, done.size_bytes) == (2, 2 * len(LARGE))
    assert gone(client, "a/") == []
    assert client.get("a/1") == b"now"
    with pytest.raises(NotFoundError):
        client.trash.bring_back("a/1", overwrite=True)
    assert client.trash.purge(["b"]).count == 1
    assert client.trash.purge(["b"]).count == 0
    for targets, prefix in ((None, None), (["b"], "")):
        with pytest.raises(BadRequestError):
            client.trash.purge(targets, prefix=prefix)


def test_an_overwritten_product_cannot_be_replaced_by_an_old_one(client: Any) -> None:
    client.set("stray", b"1", "products")
    etag = client.stat("stray", "products").etag
    client.delete_stray("stray", etag)
    assert client.trash.bring_back("stray", "products").etag == etag
    client.delete_stray("stray", etag)
    client.set("stray", b"2", "products")
    with pytest.raises(TypeRuleError):
        client.trash.bring_back("stray", "products", etag=etag, overwrite=True)
    assert client.get("stray", "products") == b"2"


def test_bad_arguments_are_refused_before_a_request(client: Any) -> None:
    for key in ("", "a/../b", "x" * 1025, "\ud800"):
        with pytest.raises(InvalidKeyError):
            client.trash.bring_back(key)
        with pytest.raises(InvalidKeyError):
            client.trash.bring_back("k", to_key=key)
        with pytest.raises(InvalidKeyError):
            client.trash.purge([key])
    with pytest.raises(BadRequestError):
        client.trash.purge("key")


def test_the_description_and_the_terms_name_the_retention(client: Any) -> None:
    assert client.describe().trash.retention_s == 86400
    assert client.trash.terms().retention_s == 86400
    assert client.trash.terms().since is None


def test_a_published_server_says_why_nothing_comes_back(
    published: PublishedServer, token: str, make: Callable[..., Any]
) -> None:
    client = make(published.url, token=token)
    for call in (
        lambda: client.trash.bring_back("k"),
        lambda: client.trash.list_page(),
        lambda: client.trash.purge(["k"]),
    ):
        with pytest.raises(MethodNotAllowedError, match="only a backup") as refusal:
            call()
        assert refusal.value.message == WHY_NOT
    assert client.trash.terms().retention_s == 0


def test_the_values_of_the_trash_read_what_they_write() -> None:
    raw = {"key": "k", "size": 1, "etag": "e", "gone": "2024-05-01T12:00:00.000Z", "how": "deleted", "by": "ada"}
    row = GoneBlob.from_json({**raw, "until": "2024-05-02T12:00:00.000Z"}, "data")
    assert GoneBlob.from_json(row.to_json(), "data") == row
    page = GonePage((row,), None)
    assert GonePage.from_json(page.to_json(), "data", None) == page
    for result in (BringBackResult("k", row.blob), BringBackResult("k", None, "not_found", "no")):
        assert BringBackResult.from_json(result.to_json(), "data") == result
    assert Purged.from_json(Purged(1, 2, True).to_json()) == Purged(1, 2, True)
