"""The versions of a bucket as its trash: listed in order, brought back exactly, removed for good only when asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage_tui.contract.errors import NotFoundError, PreconditionFailedError, TypeRuleError
from storage_tui.contract.models import Retention
from storage_tui.contract.trash import DELETED, OVERWRITTEN, BringBack, BringBackResult, GoneBlob
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.bucket.versions.calls import History, Version
from storage_tui.server.stores.bucket.versions.trash import VersionTrash, find
from storage_tui.server.stores.s3.protocol.bucket import Object
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at, content_of, keys_of

KEYS = ("a", "a b", "a+b", "a/b", "a//b", "d/%2F", "\u00e9 & <x>", "z")

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file <tempfile:ResourceWarning")  # moto's old versions


@pytest.fixture
async def kept(bucket: str, tmp_path: Any) -> Any:
    """The store over a bucket that keeps versions."""
    set_versions(bucket, "Enabled")
    async with amazon.opened(amazon.endpoint(), bucket, tmp_path) as store:
        yield store


def set_versions(bucket: str, status: str) -> None:
    amazon.client(amazon.endpoint()).put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


async def gone(store: BucketStore | VersionTrash, prefix: str = "", *, limit: int = 1000) -> list[GoneBlob]:
    trash = store.trash if isinstance(store, BucketStore) else store
    rows: list[GoneBlob] = []
    after: str | None = ""
    while after is not None:
        page = await trash.list_page("", "data", prefix=prefix, after=after, limit=limit)
        assert len(page.blobs) <= limit
        rows += page.blobs
        after = page.next_token
    return rows


async def back(store: BucketStore, key: str, **how: Any) -> BringBackResult:
    [result] = await store.trash.bring_back("", "data", [BringBack(key, **how)])
    return result


def ids(bucket: str, key: str) -> list[str]:
    told = amazon.client(amazon.endpoint()).list_object_versions(Bucket=bucket, Prefix=key)
    return [one["VersionId"] for kind in ("Versions", "DeleteMarkers") for one in told.get(kind, [])]


async def test_a_deleted_object_comes_back_as_it_was(kept: BucketStore, bucket: str) -> None:
    before = await kept.put(at("k"), b"first", content_type="text/csv")
    [made] = ids(bucket, "k")
    await kept.delete(at("k"))
    [row] = await gone(kept)
    assert (row.key, row.how, row.until, row.by) == ("k", DELETED, None, "")
    assert row.blob.etag == f"{before.etag};{made}"
    assert (await back(kept, "k")).error is None
    after = await kept.stat(at("k"))
    assert (after.etag, after.content_type) == (before.etag, "text/csv")
    assert await content_of(kept, "k") == b"first"
    assert ids(bucket, "k") == [made]  # the same version, and no copy
    assert await gone(kept) == []


async def test_an_overwritten_object_is_put_back_by_a_copy(kept: BucketStore, bucket: str) -> None:
    first = await kept.put(at("k"), b"first")
    second = await kept.put(at("k"), b"second")
    [row] = await gone(kept)
    assert (row.how, row.blob.size_bytes) == (OVERWRITTEN, 5)
    assert (await back(kept, "k")).error == PreconditionFailedError.code
    assert (await back(kept, "k", if_etag=first.etag)).error == PreconditionFailedError.code
    assert (await back(kept, "k", to_key="beside")).error is None
    assert (await back(kept, "k", etag=row.blob.etag, if_etag=second.etag)).error is None
    assert (await content_of(kept, "k"), await content_of(kept, "beside")) == (b"first", b"first")
    assert len(ids(bucket, "k")) == 3
    assert (await back(kept, "k", etag="0" * 32, overwrite=True)).error == NotFoundError.code
    assert (await back(kept, "nothing")).error == NotFoundError.code


def test_a_version_is_found_by_its_moment() -> None:
    start = datetime(2024, 5, 1, tzinfo=UTC)

    def version(hour: int, *, is_marker: bool = False) -> Version:
        found = Object("k", 1, f"tag-{hour}", start + timedelta(hours=hour))
        return Version(found, f"v{hour}", is_marker, is_latest=hour == 9)

    made = [version(1), version(3), version(5, is_marker=True), version(7), version(9)]
    history = History("k", tuple(reversed(made)))
    assert [(one.version.version_id, one.is_deleted) for one in history.gone()] == [
        ("v1", False), ("v3", True), ("v7", False),
    ]  # fmt: skip
    for hours, wanted in ((0, None), (1, "v1"), (2.5, "v1"), (3, "v3"), (6, None), (7, "v7"), (9, None)):
        found = find(history, BringBack("k", at=start + timedelta(hours=hours)))
        assert (None if found is None else found.version_id) == wanted


@pytest.mark.parametrize("limit", [1, 3, 1000])
async def test_versions_are_listed_page_by_page(kept: BucketStore, limit: int) -> None:
    run = kept._run()
    trash = VersionTrash(run.bucket, run.threads, run.copies, lambda _verb, _key: None, list_limit=4)
    for number in range(3):
        for key in KEYS:
            await kept.put(at(key), f"{key} {number}".encode())
    await kept.delete(at("a/b"))
    rows = await gone(trash, limit=limit)
    expected = [(key, n) for key in sorted(KEYS, key=str.encode) for n in range(3 if key == "a/b" else 2)]
    assert [(row.key, row.how) for row in rows] == [(key, DELETED if n == 2 else OVERWRITTEN) for key, n in expected]
    assert {row.key for row in await gone(trash, "a/", limit=limit)} == {"a/b", "a//b"}


async def test_a_purge_removes_the_versions_named_and_never_the_present_object(kept: BucketStore, bucket: str) -> None:
    for content in (b"same", b"same", b"now"):
        await kept.put(at("k"), content)
    first, _ = await gone(kept)
    done = await kept.trash.purge("", "data", [("k", first.blob.etag)])
    assert (done.count, done.size_bytes) == (1, 4)
    assert len(ids(bucket, "k")) == 2
    done = await kept.trash.purge("", "data", [("k", None), ("none", None)])
    assert (done.count, await gone(kept), await content_of(kept, "k")) == (1, [], b"now")
    for key in KEYS:
        await kept.put(at(f"p/{key}"), b"x")
        await kept.delete(at(f"p/{key}"))
    done = await kept.trash.purge_prefix("", "data", "p/")
    assert (done.count, done.is_more) == (len(KEYS), False)
    assert ids(bucket, "p/") == []  # the delete markers are gone too
    assert await content_of(kept, "k") == b"now"


async def test_a_bucket_says_whether_it_keeps_versions(kept: BucketStore, bucket: str, tmp_path: Any) -> None:
    assert await kept.trash.terms() == Retention(versions="kept")
    assert "trash" not in kept.lacks
    set_versions(bucket, "Suspended")
    assert await kept.trash.terms() == Retention(versions="older")
    assert "versions suspended" in await kept.place_rules()
    plain = amazon.new_bucket(amazon.endpoint())
    async with amazon.opened(amazon.endpoint(), plain, tmp_path) as store:
        assert "trash" in store.lacks


async def test_a_place_that_is_read_only_brings_nothing_back(bucket: str, tmp_path: Any) -> None:
    set_versions(bucket, "Enabled")
    client = amazon.client(amazon.endpoint())
    client.put_object(Bucket=bucket, Key="k", Body=b"1")
    client.delete_object(Bucket=bucket, Key="k")
    async with amazon.opened(amazon.endpoint(), bucket, tmp_path, is_writable=False) as store:
        assert len(await gone(store)) == 1
        assert (await back(store, "k")).error == TypeRuleError.code
        for call in (store.trash.purge("", "data", [("k", None)]), store.trash.purge_prefix("", "data", "")):
            with pytest.raises(TypeRuleError, match="open read only"):
                await call
    assert len(ids(bucket, "k")) == 2


async def test_a_prefix_of_a_bucket_has_its_own_versions_alone(bucket: str, tmp_path: Any) -> None:
    set_versions(bucket, "Enabled")
    client = amazon.client(amazon.endpoint())
    for key in ("in/k", "out/k"):
        client.put_object(Bucket=bucket, Key=key, Body=b"1")
        client.delete_object(Bucket=bucket, Key=key)
    async with amazon.opened(amazon.endpoint(), bucket, tmp_path, prefix="in/") as store:
        assert [row.key for row in await gone(store)] == ["k"]
        assert (await back(store, "k")).error is None
        assert await keys_of(store) == ["k"]
        await store.delete(at("k"), precondition=Precondition())
        assert (await store.trash.purge_prefix("", "data", "")).count == 1
    assert len(ids(bucket, "out/k")) == 2
