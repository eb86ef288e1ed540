"""A bucket of moto's server in which the storage types are prefixes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    TypeRuleError,
)
from storage_tui.contract.moments import from_millis
from storage_tui.contract.moves import Move
from storage_tui.contract.trash import BringBack
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.bucket.types.mapped import MappedStore
from tests.server.stores.bucket import amazon
from tests.server.stores.engines import whole

TYPES = {"data": "published/", "tmp": "scratch/", "products": "products/"}
KEYS = ("published/a", "published/maps/dem", "scratch/run/1", "scratch/x", "products/p1", "other/z", "top")


def at(storage_type: str, key: str) -> Address:
    return Address("", storage_type, key)


@asynccontextmanager
async def mapped(
    bucket: str, path: Path, types: dict[str, str] = TYPES, *, is_writable: bool = True
) -> AsyncIterator[MappedStore]:
    options = BucketOptions(endpoint_url=amazon.endpoint())
    store = MappedStore(BucketStore.at(bucket, "", options, is_writable=is_writable, state_dir=path), types)
    await store.start()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def client(bucket: str) -> Any:
    """boto3, which has filled the bucket; the objects of scratch/ expire after three days."""
    client = amazon.client(amazon.endpoint())
    for key in KEYS:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    client.put_object(Bucket=bucket, Key="published/", Body=b"marker")
    rules = [{"ID": "s", "Status": "Enabled", "Filter": {"Prefix": "scratch/"}, "Expiration": {"Days": 3}}]
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    return client


@pytest.fixture
async def store(client: Any, bucket: str, tmp_path: Path) -> AsyncIterator[MappedStore]:
    async with mapped(bucket, tmp_path) as store:
        yield store


async def keys_of(store: MappedStore, storage_type: str, **how: Any) -> list[str]:
    page = await store.list_page("", storage_type, limit=100, **how)
    assert {blob.storage_type for blob in page.blobs} <= {storage_type}
    return [*(blob.key for blob in page.blobs), *page.prefixes]


def names_in(client: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in amazon.listed(client, bucket)]


async def test_the_keys_of_a_type_are_the_names_below_its_prefix(store: MappedStore) -> None:
    assert await keys_of(store, "data", delimiter="/") == ["a", "maps/"]
    assert await keys_of(store, "data") == ["a", "maps/dem"]
    assert await keys_of(store, "tmp", prefix="run/") == ["run/1"]
    assert await keys_of(store, "products") == ["p1"]
    [page] = await store.list_columns("", "data", prefix="maps/", limit=10, page_limit=10)
    assert (page.names, page.expires) == (("dem",), None)
    async with store.open(at("data", "maps/dem")) as reader:
        assert await whole(reader) == b"published/maps/dem"
        assert (reader.blob.key, reader.blob.storage_type) == ("maps/dem", "data")
    assert (await store.usage("", "data")).count == 2
    assert (await store.usage("", "tmp", delimiter="/")).children[0].prefix == "run/"
    with pytest.raises(NotFoundError, match="no storage type logs; its types are data, tmp, products"):
        await store.list_page("", "logs", limit=1)
    with pytest.raises(NotFoundError, match="no blob 'x' in products"):
        await store.stat(at("products", "x"))


async def test_a_blob_expires_as_the_rules_of_the_bucket_say(store: MappedStore, client: Any, bucket: str) -> None:
    blob = await store.stat(at("tmp", "x"))
    assert blob.modified is not None
    midnight = blob.modified.replace(hour=0, minute=0, second=0, microsecond=0)
    due = midnight + timedelta(days=4)
    [page] = await store.list_columns("", "tmp", delimiter="/", limit=10, page_limit=10)
    listed = (await store.list_page("", "tmp", limit=10)).blobs
    assert blob.expires == due
    assert [one.expires for one in listed] == [due, due]
    assert page.expires is not None
    assert dict(zip(page.names, page.expires, strict=True))["run/"] == 0
    assert from_millis(dict(zip(page.names, page.expires, strict=True))["x"]) == due
    assert (await store.stat(at("data", "a"))).expires is None
    rows = {row.name: row for row in store.storage_types()}
    assert {name: row.summary for name, row in rows.items()} == {
        "data": "kept until deleted", "tmp": "expires after 3 days", "products": "upload only",
    }  # fmt: skip
    assert rows["tmp"].expires_after == timedelta(days=3)
    assert not [words for words in await store.place_rules() if words.startswith("tmp")]
    client.delete_bucket_lifecycle(Bucket=bucket)
    assert "tmp: no expiry" in await store.place_rules()
    assert (await store.stat(at("tmp", "x"))).expires is None


async def test_products_are_neither_replaced_nor_deleted(store: MappedStore, client: Any, bucket: str) -> None:
    before = names_in(client, bucket)
    old, new = at("products", "p1"), at("products", "p2")
    for call in (
        store.put(old, b"new"), store.delete(old), store.move(old, at("data", "p1")),
        store.copy(at("data", "a"), old), store.create_upload(old, size_bytes=3),
    ):  # fmt: skip
        with pytest.raises(
            TypeRuleError, match=r"cannot (overwrite|delete|move) 'p1': products is upload only; upload"
        ):
            await call
    [deleted] = await store.delete_many("", "products", [("p1", None)])
    assert deleted.error == "type_rule"
    session = await store.create_upload(new, size_bytes=1)
    assert (await store.put(new, b"n")).storage_type == "products"
    async with store.write_upload(session.upload_id) as writer:
        await writer.write(b"l")
    with pytest.raises(TypeRuleError, match="cannot overwrite 'p2'"):
        async with store.write_upload(session.upload_id) as writer:
            await writer.finish(size_bytes=1)
    moves = [
        Move("a", "p1", "data", "products"),
        Move("p1", "b", "products", "data"),
        Move("a", "p3", "data", "products"),
    ]
    results = await store.copy_many("", moves)
    assert [result.error for result in results] == ["conflict", None, None]
    assert results[0].message == "'p1' exists already in products"
    assert [result.error for result in await store.move_many("", moves[1:2])] == ["type_rule"]
    assert names_in(client, bucket) == sorted([*before, "products/p2", "products/p3", "published/b"])


async def test_moves_between_types_are_copies_in_the_bucket(store: MappedStore, client: Any, bucket: str) -> None:
    made = await store.move(at("tmp", "x"), at("data", "kept/x"))
    assert (made.key, made.storage_type, made.expires) == ("kept/x", "data", None)
    copied = await store.copy(at("data", "a"), at("tmp", "a"))
    assert copied.expires is not None
    [moved, missing, odd] = await store.move_many(
        "", [Move("run/1", "r", "tmp", "data"), Move("nothing", "n", "tmp", "data"), Move("a", "b", "data", "logs")]
    )
    assert moved.blob is not None
    assert (moved.blob.key, moved.blob.storage_type) == ("r", "data")
    assert (missing.error, missing.message) == ("not_found", "no blob 'nothing' in tmp")
    assert odd.error == "not_found"
    with pytest.raises(NotFoundError, match="no blob 'gone' in tmp"):
        await store.copy(at("tmp", "gone"), at("data", "a"))
    with pytest.raises(BadRequestError, match="'a' gets no new time in a bucket"):
        await store.copy(at("tmp", "a"), at("tmp", "a"))
    assert names_in(client, bucket) == [
        "other/z", "products/p1", "published/", "published/a", "published/kept/x", "published/maps/dem", "published/r",
        "scratch/a", "top",
    ]  # fmt: skip


async def test_uploads_continue_in_their_type(store: MappedStore, client: Any, bucket: str, tmp_path: Path) -> None:
    session = await store.create_upload(at("tmp", "up/load"), size_bytes=6, repeat_key="again")
    async with store.write_upload(session.upload_id) as writer:
        await writer.write(b"abc")
        assert await writer.checkpoint() == writer.offset == 3
    found = await store.find_upload(session.upload_id)
    assert (found.address, found.offset) == (at("tmp", "up/load"), 3)
    assert (await store.create_upload(at("tmp", "up/load"), size_bytes=6, repeat_key="again")) == found
    assert (await store.create_upload(at("data", "up/load"), size_bytes=6, repeat_key="again")).offset == 0
    async with store.write_upload(session.upload_id) as writer:
        await writer.write(b"def")
        made = await writer.finish(size_bytes=6)
    assert (made.key, made.storage_type) == ("up/load", "tmp")
    assert made.expires is not None
    assert client.get_object(Bucket=bucket, Key="scratch/up/load")["Body"].read() == b"abcdef"
    with pytest.raises(NotFoundError, match="no such upload session"):
        await store.find_upload("logs.nothing")
    assert (await store.find_upload(session.upload_id)).blob == made
    await store.sweep()


async def test_conditions_and_deletes_hold_in_a_type(store: MappedStore, client: Any, bucket: str) -> None:
    blob = await store.stat(at("data", "a"))
    with pytest.raises(PreconditionFailedError, match="'a' in data"):
        await store.put(at("data", "a"), b"new", precondition=Precondition(if_none_match=("*",)))
    with pytest.raises(PreconditionFailedError, match="'x' in tmp"):
        await store.delete(at("tmp", "x"), precondition=Precondition(if_match=("other",)))
    await store.delete(at("data", "a"), precondition=Precondition(if_match=(blob.etag or "",)))
    done = await store.delete_many("", "tmp", [("x", None), ("nothing", None)])
    assert [result.error for result in done] == [None, None], "S3 does not say whether there was anything"
    assert "published/a" not in names_in(client, bucket)


async def test_the_whole_bucket_can_be_a_type_beside_its_parts(client: Any, bucket: str, tmp_path: Path) -> None:
    async with mapped(bucket, tmp_path, {"data": "", "tmp": "scratch/"}) as store:
        assert "scratch/x" in await keys_of(store, "data")
        assert (await store.stat(at("data", "scratch/x"))).expires == (await store.stat(at("tmp", "x"))).expires
        same = await store.copy(at("tmp", "x"), at("data", "scratch/x"))
        assert replace(same, content_type=None) == replace(
            await store.stat(at("data", "scratch/x")), content_type=None
        )  # one object under two names: nothing was copied
        assert [row.summary for row in store.storage_types()] == ["expires by rules", "expires after 3 days"]


async def test_a_mapped_bucket_is_read_only_unless_asked(client: Any, bucket: str, tmp_path: Path) -> None:
    async with mapped(bucket, tmp_path, is_writable=False) as store:
        assert "read only" in await store.place_rules()
        for call in (
            store.put(at("data", "n"), b""), store.delete(at("tmp", "x")), store.copy(at("tmp", "x"), at("data", "n")),
            store.move(at("tmp", "x"), at("data", "n")), store.create_upload(at("products", "n")),
        ):  # fmt: skip
            with pytest.raises((TypeRuleError, ConflictError), match="read only; --write allows changes"):
                await call
        [refused] = await store.move_many("", [Move("x", "n", "tmp", "data")])
        assert refused.error == "type_rule"


async def test_a_signed_url_names_the_object_in_the_bucket(store: MappedStore) -> None:
    url = await store.signed_url(at("tmp", "x"), valid_s=60)
    assert "/scratch/x?" in url


async def test_a_version_of_products_comes_back_where_there_is_none(client: Any, bucket: str, tmp_path: Path) -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"first", b"second"):
        client.put_object(Bucket=bucket, Key="products/p2", Body=content)
    async with mapped(bucket, tmp_path) as store:
        assert "trash" not in store.lacks
        [gone] = (await store.trash.list_page("", "products", limit=10)).blobs
        assert (gone.blob.key, gone.blob.storage_type) == ("p2", "products")
        [result] = await store.trash.bring_back("", "products", [BringBack("p2", overwrite=True)])
        assert (result.error, "products" in (result.message or "")) == ("type_rule", True)
        client.delete_object(Bucket=bucket, Key="products/p2")
        [result] = await store.trash.bring_back("", "products", [BringBack("p2")])
        assert result.blob is not None
        assert (result.blob.storage_type, result.blob.key) == ("products", "p2")
        assert client.get_object(Bucket=bucket, Key="products/p2")["Body"].read() == b"second"
        [result] = await store.trash.bring_back("", "tmp", [BringBack("never")])
        assert "'never'" in (result.message or "") and "tmp" in (result.message or "")
