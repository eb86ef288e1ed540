"""What every Store promises of blobs: kept as given, whole or not at all, under the rules of their type."""

import asyncio
from collections import Counter

import pytest

from storage_tui.contract import checksum
from storage_tui.contract.errors import (
    BadRequestError,
    ChecksumError,
    InvalidKeyError,
    NotFoundError,
    PreconditionFailedError,
    TypeRuleError,
    UnknownStorageTypeError,
)
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address, Precondition
from tests.server.stores.engines import BOB, SIZES, Stage, random_bytes, whole

AWKWARD_KEYS = (
    "a", "a/b", "a/", "a//b", "/a", "/", "//", "a/b/", "A", "%", "_", "a%2Fb", "a b", "+", "?", "#", "*", "[a]", "0",
    "01", "1e3", "-1", "NULL", "'; DROP TABLE keys; --", '"', "\\", "caf\u00e9", "cafe\u0301", "\U0001f5fa/\u4e16",
    "\u00ff", "\u00ffa", "\U0010fffd", "\u0100", "...", ".hidden", "\u202ea",
)  # fmt: skip
OPTIONAL_TYPES = [name for name, row in STORAGE_TYPES.items() if row.may_overwrite and row.may_delete]
SEALED_TYPES = [name for name, row in STORAGE_TYPES.items() if not row.may_overwrite or not row.may_delete]
EXPIRING_TYPES = [name for name, row in STORAGE_TYPES.items() if row.expires_after is not None]


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
async def test_a_blob_comes_back_as_it_was_put(stage: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    blob = await stage.store.put(stage.at("k"), content, content_type="image/tiff")
    assert await stage.get("k") == content
    assert await stage.store.stat(stage.at("k")) == blob
    assert blob.key == "k"
    assert blob.storage_type == "data"
    assert blob.size_bytes == size_bytes
    assert blob.modified == stage.clock.now
    assert blob.crc32c == checksum.encode(checksum.extend(0, content))
    assert blob.content_type == "image/tiff"
    assert blob.etag
    assert blob.expires is None


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
async def test_a_blob_is_the_same_after_a_restart(stage: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    blob = await stage.store.put(stage.at("k"), content)
    await stage.restart()
    assert await stage.store.stat(stage.at("k")) == blob
    assert await stage.get("k") == content


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
async def test_any_span_of_a_blob_can_be_read(stage: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    await stage.put("k", content)
    spans = {(0, 0), (0, size_bytes), (size_bytes, size_bytes), (size_bytes // 3, size_bytes // 2 + size_bytes // 3)}
    async with stage.store.open(stage.at("k")) as reader:
        for start, stop in spans:
            assert b"".join([piece async for piece in reader.chunks(Span(start, stop))]) == content[start:stop]


async def test_awkward_keys_are_all_different_keys(stage: Stage) -> None:
    keys = (*AWKWARD_KEYS, stage.engine.longest_key)
    for key in keys:
        await stage.put(key, key.encode())
    for key in keys:
        assert await stage.get(key) == key.encode()
    assert await stage.keys() == sorted(keys, key=str.encode)
    for key in keys:
        await stage.store.delete(stage.at(key))
    assert await stage.keys() == []


@pytest.mark.parametrize("key", ["", "a\0b", "a\nb", "\x7f", "\x9b", "\ud800", "\ufffe", ".", "a/../b", "x" * 1025])
async def test_what_is_no_key_is_refused_on_every_path(stage: Stage, key: str) -> None:
    bad, good = stage.at(key), stage.at("good")
    await stage.put("good")
    for call in (
        stage.store.stat(bad),
        stage.store.put(bad, b""),
        stage.store.delete(bad),
        stage.store.copy(good, bad),
        stage.store.copy(bad, good),
        stage.store.create_upload(bad),
    ):
        with pytest.raises(InvalidKeyError):
            await call
    with pytest.raises(InvalidKeyError):
        async with stage.store.open(bad):
            pass
    [result] = await stage.store.delete_many(stage.namespace, "data", [(key, None)])
    assert result.error == "invalid_key"


async def test_an_unknown_storage_type_is_refused(stage: Stage) -> None:
    with pytest.raises(UnknownStorageTypeError):
        await stage.put("k", storage_type="nope")
    with pytest.raises(UnknownStorageTypeError):
        await stage.keys(storage_type="nope")


async def test_log_is_another_name_of_logs(stage: Stage) -> None:
    blob = await stage.put("k", storage_type="log")
    assert blob.storage_type == "logs"
    assert await stage.store.stat(stage.at("k", "logs")) == blob
    assert await stage.keys(storage_type="log") == ["k"]


async def test_what_is_not_there_is_not_found(stage: Stage) -> None:
    await stage.put("there")
    for key in ("ther", "there/", "There", "their"):
        with pytest.raises(NotFoundError):
            await stage.store.stat(stage.at(key))
        with pytest.raises(NotFoundError):
            await stage.get(key)
        with pytest.raises(NotFoundError):
            await stage.store.delete(stage.at(key))
        with pytest.raises(NotFoundError):
            await stage.store.copy(stage.at(key), stage.at("new"))
    assert await stage.keys() == ["there"]


@pytest.mark.parametrize("storage_type", OPTIONAL_TYPES)
async def test_overwriting_gives_the_new_bytes_and_another_etag(stage: Stage, storage_type: str) -> None:
    for size_bytes in (*SIZES.values(), *reversed(SIZES.values())):
        content = random_bytes(size_bytes)
        before = await stage.put("k", content, storage_type)
        after = await stage.put("k", content, storage_type)
        assert after.etag != before.etag or not stage.engine.etag_is_of_the_write
        assert await stage.get("k", storage_type) == content
    assert (await stage.store.usage(stage.namespace, storage_type)).count == 1


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
async def test_an_open_reader_keeps_its_blob(stage: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    await stage.put("k", content)
    await stage.put("t", content, "tmp")
    async with stage.store.open(stage.at("k")) as overwritten, stage.store.open(stage.at("t", "tmp")) as expired:
        await stage.put("k", b"other")
        stage.clock.advance(days=8)
        assert await stage.store.sweep() == 1
        async with stage.store.open(stage.at("k")) as deleted:
            await stage.store.delete(stage.at("k"))
            stage.clock.advance(days=1)
            await stage.store.sweep()
            assert await whole(deleted) == b"other"
        for reader in (overwritten, expired):
            if stage.engine.keeps_open_blobs or size_bytes <= 10 * 1024:
                assert await whole(reader) == content
            else:
                with pytest.raises(PreconditionFailedError):
                    await whole(reader)


async def test_a_wrong_checksum_stores_nothing(stage: Stage) -> None:
    right, wrong = checksum.encode(checksum.extend(0, b"right")), checksum.encode(1)
    with pytest.raises(ChecksumError):
        await stage.store.put(stage.at("k"), b"right", crc32c=wrong)
    assert await stage.keys() == []
    await stage.store.put(stage.at("k"), b"right", crc32c=right)
    with pytest.raises(BadRequestError):
        await stage.store.put(stage.at("k"), b"right", crc32c="nonsense")


async def test_preconditions_hold_on_every_write(stage: Stage) -> None:
    nothing, something = Precondition(if_none_match=("*",)), Precondition(if_match=("*",))
    with pytest.raises(PreconditionFailedError):
        await stage.put("k", precondition=something)
    first = await stage.put("k", b"1", precondition=nothing)
    assert first.etag is not None
    with pytest.raises(PreconditionFailedError):
        await stage.put("k", b"2", precondition=nothing)
    with pytest.raises(PreconditionFailedError):
        await stage.put("k", b"2", precondition=Precondition(if_none_match=("x", first.etag)))
    second = await stage.put("k", b"2", precondition=Precondition(if_match=("x", first.etag)))
    assert second.etag is not None
    stale, fresh = Precondition(if_match=(first.etag,)), Precondition(if_match=(second.etag,))
    await stage.put("other")
    for call in (
        stage.put("k", b"3", precondition=stale),
        stage.store.delete(stage.at("k"), precondition=stale),
        stage.store.copy(stage.at("other"), stage.at("k"), precondition=nothing),
        stage.store.create_upload(stage.at("k"), precondition=nothing),
    ):
        with pytest.raises(PreconditionFailedError):
            await call
    assert await stage.get("k") == b"2"
    await stage.store.delete(stage.at("k"), precondition=fresh)
    await stage.put("k", precondition=nothing)


@pytest.mark.parametrize("storage_type", SEALED_TYPES)
async def test_a_sealed_type_refuses_every_way_to_change_a_blob(stage: Stage, storage_type: str) -> None:
    await stage.put("k", b"first", storage_type)
    await stage.put("other", b"other")
    sealed = stage.at("k", storage_type)
    for call in (
        stage.put("k", b"second", storage_type),
        stage.store.delete(sealed),
        stage.store.copy(stage.at("other"), sealed),
        stage.store.copy(sealed, sealed),
        stage.store.create_upload(sealed),
    ):
        with pytest.raises(TypeRuleError, match=r"Image\.delete"):
            await call
    [result] = await stage.store.delete_many(stage.namespace, storage_type, [("k", None)])
    assert result.error == "type_rule"
    assert await stage.get("k", storage_type) == b"first"
    await stage.store.copy(sealed, stage.at("rescued"))
    assert await stage.get("rescued") == b"first"


@pytest.mark.parametrize("storage_type", SEALED_TYPES)
async def test_of_many_first_writers_in_a_sealed_type_one_wins(stage: Stage, storage_type: str) -> None:
    contents = [random_bytes(size) for size in (10, 100_000) * 4]
    outcomes = await asyncio.gather(*(stage.put("k", it, storage_type) for it in contents), return_exceptions=True)
    assert Counter(type(outcome) for outcome in outcomes)[TypeRuleError] == len(contents) - 1
    [winner] = [it for it, outcome in zip(contents, outcomes, strict=True) if not isinstance(outcome, BaseException)]
    assert await stage.get("k", storage_type) == winner


@pytest.mark.parametrize("storage_type", EXPIRING_TYPES)
async def test_an_expired_blob_does_not_exist_even_before_the_sweep(stage: Stage, storage_type: str) -> None:
    lifetime = STORAGE_TYPES[storage_type].expires_after
    assert lifetime is not None
    blob = await stage.put("dir/k", b"old", storage_type)
    assert blob.expires == stage.clock.now + lifetime
    stage.clock.now = blob.expires
    for call in (
        stage.store.stat(stage.at("dir/k", storage_type)),
        stage.get("dir/k", storage_type),
        stage.store.delete(stage.at("dir/k", storage_type)),
        stage.store.copy(stage.at("dir/k", storage_type), stage.at("rescued")),
    ):
        with pytest.raises(NotFoundError):
            await call
    [result] = await stage.store.delete_many(stage.namespace, storage_type, [("dir/k", None)])
    assert result.error == "not_found"
    page = await stage.store.list_page(stage.namespace, storage_type, delimiter="/", limit=10)
    assert (page.blobs, page.prefixes) == ((), ())
    assert (await stage.store.usage(stage.namespace, storage_type, delimiter="/")).count == 0
    with pytest.raises(PreconditionFailedError):
        await stage.put("dir/k", b"new", storage_type, precondition=Precondition(if_match=("*",)))
    await stage.put("dir/k", b"new", storage_type, precondition=Precondition(if_none_match=("*",)))
    assert await stage.store.sweep() == 0
    assert await stage.get("dir/k", storage_type) == b"new"


async def test_the_sweep_removes_what_expired_and_nothing_else(stage: Stage) -> None:
    count = int(1200 * stage.engine.writes)
    for number in range(count):
        await stage.put(f"old/{number}", storage_type="tmp")
    await stage.put("kept")
    stage.clock.advance(days=3)
    await stage.put("young", storage_type="tmp")
    await stage.put("old/7", b"written again", "tmp")
    stage.clock.advance(days=4)
    assert await stage.store.sweep() == count - 1
    assert await stage.store.sweep() == 0
    assert await stage.keys(storage_type="tmp") == ["old/7", "young"]
    assert await stage.keys() == ["kept"]


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
async def test_a_copy_stands_on_its_own(stage: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    source = await stage.store.put(stage.at("k", "tmp"), content, content_type="text/csv")
    stage.clock.advance(days=1)
    copy = await stage.store.copy(stage.at("k", "tmp"), stage.at("c"))
    assert (copy.size_bytes, copy.crc32c, copy.content_type) == (size_bytes, source.crc32c, "text/csv")
    assert (copy.modified, copy.expires) == (stage.clock.now, None)
    assert copy.etag != source.etag or not stage.engine.etag_is_of_the_write
    stage.clock.advance(days=7)
    await stage.store.sweep()
    stage.clock.advance(days=1)
    await stage.store.sweep()
    await stage.restart()
    assert await stage.get("c") == content
    onto_itself = await stage.store.copy(stage.at("c"), stage.at("c"))
    assert await stage.get("c") == content
    assert onto_itself.etag != copy.etag or not stage.engine.etag_is_of_the_write


async def test_a_copy_stays_within_its_namespace(stage: Stage) -> None:
    await stage.put("k")
    with pytest.raises(BadRequestError):
        await stage.store.copy(stage.at("k"), Address(BOB, "data", "k"))
    assert (await stage.store.usage(BOB, "data")).count == 0


async def test_namespaces_and_types_are_sealed_from_each_other(stage: Stage) -> None:
    await stage.put("k", b"alice")
    await stage.store.put(Address(BOB, "data", "k"), b"bob")
    await stage.put("k", b"tmp", "tmp")
    assert await stage.get("k") == b"alice"
    assert [blob.size_bytes for blob in (await stage.store.list_page(BOB, "data", limit=10)).blobs] == [3]
    await stage.store.delete(Address(BOB, "data", "k"))
    await stage.store.delete_many(BOB, "data", [("k", None)])
    assert await stage.get("k") == b"alice"
    assert await stage.get("k", "tmp") == b"tmp"
    for namespace in ("", "A" * 40, "a" * 39, "a" * 40 + "\n", "%" * 40):
        with pytest.raises(BadRequestError):
            await stage.store.stat(Address(namespace, "data", "k"))


async def test_delete_many_tells_of_each_key_in_order(stage: Stage) -> None:
    blobs = [await stage.put(f"k{number}") for number in range(4)]
    await stage.put("k1", b"overwritten since")
    targets = [(blob.key, blob.etag) for blob in blobs]
    results = await stage.store.delete_many(
        stage.namespace, "data", [*targets, ("k2", None), ("k\0", None), ("x", None)]
    )
    assert [result.key for result in results] == ["k0", "k1", "k2", "k3", "k2", "k\0", "x"]
    assert [result.error for result in results] == [
        None, "precondition_failed", None, None, "not_found", "invalid_key", "not_found",
    ]  # fmt: skip
    assert await stage.keys() == ["k1"]
    assert await stage.store.delete_many(stage.namespace, "data", []) == []


async def test_concurrent_writers_of_one_key_leave_one_of_their_blobs_whole(stage: Stage) -> None:
    contents = [bytes([number]) * size for number in range(8) for size in (100, 200_000)]
    seen: set[bytes] = set()

    async def read() -> None:
        while len(seen) < 3:
            seen.add(await stage.get("k"))

    await stage.put("k", contents[0])
    reading = asyncio.create_task(read())
    last = b""
    while not reading.done():
        blobs = await asyncio.gather(*(stage.put("k", content) for content in contents))
        etag = (await stage.store.stat(stage.at("k"))).etag
        [last] = [content for content, blob in zip(contents, blobs, strict=True) if blob.etag == etag]
        assert await stage.get("k") == last
    await reading
    assert seen <= set(contents)


@pytest.mark.parametrize("storage_type", STORAGE_TYPES)
async def test_the_catalog_can_withdraw_a_blob_of_any_type(stage: Stage, storage_type: str) -> None:
    blob = await stage.put("k", random_bytes(100_000), storage_type)
    address = stage.at("k", storage_type)
    with pytest.raises(PreconditionFailedError):
        await stage.store.withdraw(address, precondition=Precondition(if_match=("another",)))
    with pytest.raises(NotFoundError):
        await stage.store.withdraw(Address(BOB, storage_type, "k"))
    assert blob.etag is not None
    await stage.store.withdraw(address, precondition=Precondition(if_match=(blob.etag,)))
    for call in (stage.store.stat(address), stage.store.withdraw(address)):
        with pytest.raises(NotFoundError):
            await call
    await stage.restart()
    await stage.put("k", b"again", storage_type)
