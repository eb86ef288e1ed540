"""A bucket that boto3 filled with awkward names is listed, read and changed exactly; what we write boto3 reads back."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui.contract.errors import InvalidKeyError, NotFoundError
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.bucket.store import BucketStore
from tests import seaweed
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at, content_of, keys_of
from tests.server.stores.engines import whole

BEYOND_MOTO = frozenset(name for name in amazon.NAMES if "\n" in name)  # its server answers 404 to them


def fill(client: Any, bucket: str, prefix: str = "") -> list[str]:
    """Put an object under every name that the engine takes and gives back, and return the names in byte order."""
    for name in amazon.NAMES:
        if len((prefix + name).encode()) <= 1024:
            try:
                client.put_object(Bucket=bucket, Key=prefix + name, Body=name.encode(), ContentType="text/x-test")
            except client.exceptions.ClientError:
                continue
    listed = [found["Key"].removeprefix(prefix) for found in amazon.listed(client, bucket, prefix)]
    return sorted(filter(None, listed), key=str.encode)


async def test_every_name_of_a_bucket_is_listed_read_and_changed_exactly(tmp_path: Path) -> None:
    url = amazon.endpoint()
    client, bucket = amazon.client(url), amazon.new_bucket(url)
    names = fill(client, bucket)
    assert set(names) == set(amazon.NAMES) - BEYOND_MOTO
    assert len(names) >= 200
    async with amazon.opened(url, bucket, tmp_path) as store:
        for limit in (1000, 23):
            assert await keys_of(store, limit=limit) == names
        for name in names:
            assert await content_of(store, name) == name.encode()
            assert (await store.stat(at(name))).size_bytes == len(name.encode())
            await store.put(at(name), b"changed " + name.encode())
        for name in names:
            assert client.get_object(Bucket=bucket, Key=name)["Body"].read() == b"changed " + name.encode()
        usage = await store.usage("", "data")
        assert usage.count == len(names)
        for old, new in zip(names[::2], names[1::2], strict=False):  # each over another one
            await store.move(at(old), at(new))
        assert await keys_of(store) == names[1::2] + ([names[-1]] if len(names) % 2 else [])
        results = await store.delete_many("", "data", [(name, None) for name in names])
        assert [result.error for result in results[1::2]] == [None] * (len(names) // 2)
    assert amazon.listed(client, bucket) == []


async def test_folders_are_those_of_the_names(tmp_path: Path) -> None:
    url = amazon.endpoint()
    client, bucket = amazon.client(url), amazon.new_bucket(url)
    names = fill(client, bucket)
    async with amazon.opened(url, bucket, tmp_path) as store:
        for prefix in ("", "/", "//", "a/", "a", "d/", "both/", "g/", "../", "."):
            inside = [name for name in names if name.startswith(prefix)]
            blobs = [name for name in inside if "/" not in name[len(prefix) :]]
            folders = {name[: name.index("/", len(prefix)) + 1] for name in inside if name not in blobs}
            page = await store.list_page("", "data", prefix=prefix, delimiter="/", limit=1000)
            assert ([blob.key for blob in page.blobs], set(page.prefixes)) == (blobs, folders)
        marker = await store.list_page("", "data", prefix="g/", delimiter="/", limit=10)
        assert [blob.key for blob in marker.blobs] == ["g/", "g/g"]


async def test_seaweedfs_loses_no_name_between_pages(tmp_path: Path) -> None:
    client = amazon.client(seaweed.endpoint())
    prefix = f"names-{tmp_path.name}/"
    names = fill(client, seaweed.BUCKET, prefix)
    assert len(names) > 130
    async with amazon.opened(seaweed.endpoint(), seaweed.BUCKET, tmp_path, prefix=prefix) as store:
        for limit in (1000, 9):
            assert await keys_of(store, limit=limit) == names
        for name in names:
            expected = client.get_object(Bucket=seaweed.BUCKET, Key=prefix + name)["Body"].read()
            assert await content_of(store, name) == expected


@pytest.mark.parametrize("prefix", ["p/", "p", "p//", "/", "../", "p q+/"])
async def test_a_place_below_a_prefix_is_the_rest_of_the_names(tmp_path: Path, prefix: str) -> None:
    url = amazon.endpoint()
    client, bucket = amazon.client(url), amazon.new_bucket(url)
    for name in (prefix, prefix + "a", prefix + "d/b", prefix + "/c", "other"):
        client.put_object(Bucket=bucket, Key=name, Body=name.encode())
    async with amazon.opened(url, bucket, tmp_path, prefix=prefix) as store:
        assert await keys_of(store) == ["/c", "a", "d/b"]
        page = await store.list_page("", "data", delimiter="/", limit=10)
        assert ([blob.key for blob in page.blobs], page.prefixes) == (["a"], ("/", "d/"))
        assert await content_of(store, "d/b") == f"{prefix}d/b".encode()
        assert (await store.usage("", "data")).count == 3
        await store.copy(at("a"), at("copy"))
    assert client.get_object(Bucket=bucket, Key=prefix + "copy")["Body"].read() == f"{prefix}a".encode()


@pytest.mark.parametrize("key", ["", "\ud800", "x" * 1025])
async def test_what_no_bucket_can_name_is_refused(empty: BucketStore, key: str) -> None:
    with pytest.raises(InvalidKeyError):
        await empty.stat(at(key))
    with pytest.raises(InvalidKeyError):
        await empty.put(at(key), b"")
    with pytest.raises(InvalidKeyError):
        await empty.create_upload(at(key))
    with pytest.raises(InvalidKeyError):
        async with empty.open(at(key)) as reader:
            await whole(reader)
    [result] = await empty.delete_many("", "data", [(key, None)])
    assert result.error == "invalid_key"


async def test_a_bucket_has_one_storage_type(empty: BucketStore) -> None:
    with pytest.raises(NotFoundError, match="its objects are in data"):
        await empty.list_page("", "tmp", limit=10)
    with pytest.raises(NotFoundError):
        await empty.put(Address("", "products", "k"), b"")


async def test_what_is_not_there_is_not_found(empty: BucketStore) -> None:
    await empty.put(at("there"), b"")
    for call in (
        empty.stat(at("k")),
        empty.delete(at("k")),
        empty.move(at("k"), at("l")),
        empty.copy(at("k"), at("l")),
    ):
        with pytest.raises(NotFoundError):
            await call
    results = await empty.delete_many("", "data", [("there", "another"), ("k", None), ("there", None), ("there", None)])
    # of many keys without an ETag the engine does not say whether there was anything
    assert [result.error for result in results] == ["precondition_failed", None, None, "not_found"]
