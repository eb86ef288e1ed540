"""What every Store promises of moves, and of copies of many: at one address or the other, by the rules of the types."""

import asyncio
from datetime import timedelta

import pytest

from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    InvalidKeyError,
    NotFoundError,
    PreconditionFailedError,
    StorageError,
    TypeRuleError,
    UnknownStorageTypeError,
)
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.server.stores.base import Address, Precondition
from tests.server.stores.engines import BOB, SIZES, Stage, random_bytes, whole
from tests.server.stores.test_conformance import AWKWARD_KEYS, EXPIRING_TYPES, OPTIONAL_TYPES, SEALED_TYPES

ABSENT = Precondition(if_none_match=("*",))
NO_KEYS = ["", "a\0b", "a\nb", "\x7f", "\x9b", "\ud800", "\ufffe", ".", "a/../b", "x" * 1025]


async def move(stage: Stage, key: str, to_key: str, storage_type: str = "data", to_type: str | None = None, **how):  # type: ignore[no-untyped-def]
    return await stage.store.move(stage.at(key, storage_type), stage.at(to_key, to_type or storage_type), **how)


def codes(results: list[MoveResult]) -> list[str | None]:
    return [result.error for result in results]


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("to_type", ["data", "tmp", "result"])
async def test_a_blob_is_at_its_new_address_and_no_longer_at_the_old(
    stage: Stage, size_bytes: int, to_type: str
) -> None:
    content = random_bytes(size_bytes)
    before = await stage.store.put(stage.at("old"), content, content_type="image/tiff")
    moved = await move(stage, "old", "new", "data", to_type)
    assert (moved.key, moved.storage_type, moved.size_bytes) == ("new", to_type, size_bytes)
    assert (moved.crc32c, moved.content_type, moved.md5) == (before.crc32c, "image/tiff", before.md5)
    await stage.restart()
    assert await stage.store.stat(stage.at("new", to_type)) == moved
    assert await stage.get("new", to_type) == content
    assert await stage.keys() == (["new"] if to_type == "data" else [])
    with pytest.raises(NotFoundError):
        await stage.store.stat(stage.at("old"))


async def test_awkward_keys_are_moved_as_they_are(stage: Stage) -> None:
    keys = (*AWKWARD_KEYS, stage.engine.longest_key)
    for key in keys:
        await stage.put(key, key.encode())
    results = await stage.store.move_many(stage.namespace, [Move(key, key, "data", "tmp") for key in keys])
    assert codes(results) == [None] * len(keys)
    assert await stage.keys() == [] and await stage.keys(storage_type="tmp") == sorted(keys, key=str.encode)
    results = await stage.store.copy_many(stage.namespace, [Move(key, key, "tmp", "data") for key in keys])
    assert [result.blob and result.blob.key for result in results] == list(keys)
    for key in keys:
        assert await stage.get(key) == await stage.get(key, "tmp") == key.encode()


@pytest.mark.parametrize("key", NO_KEYS)
async def test_what_is_no_key_is_neither_source_nor_target(stage: Stage, key: str) -> None:
    await stage.put("good")
    for source, target in ((key, "good"), ("good", key)):
        with pytest.raises(InvalidKeyError):
            await move(stage, source, target)
        for many in (stage.store.move_many, stage.store.copy_many):
            [result] = await many(stage.namespace, [Move(source, target)])
            assert result.error == "invalid_key"
    assert await stage.keys() == ["good"]


async def test_unknown_types_and_other_namespaces_are_refused(stage: Stage) -> None:
    await stage.put("k")
    for source, target in (("nope", "data"), ("data", "nope")):
        with pytest.raises(UnknownStorageTypeError):
            await move(stage, "k", "l", source, target)
        [result] = await stage.store.move_many(stage.namespace, [Move("k", "l", source, target)])
        assert result.error == "unknown_storage_type"
    with pytest.raises(BadRequestError):
        await stage.store.move(stage.at("k"), Address(BOB, "data", "k"))
    with pytest.raises(NotFoundError):
        await stage.store.move(Address(BOB, "data", "k"), Address(BOB, "data", "l"))
    for many in (stage.store.move_many, stage.store.copy_many):
        assert codes(await many(BOB, [Move("k", "l")])) == ["not_found"]
        with pytest.raises(BadRequestError):
            await many("nobody", [Move("k", "l")])
    assert await stage.keys() == ["k"]


async def test_an_overwritten_target_is_gone_and_named(stage: Stage) -> None:
    await stage.put("old", b"old")
    there = await stage.put("new", b"there")
    [result] = await stage.store.move_many(stage.namespace, [Move("old", "new")])
    assert result.overwritten == there.etag
    assert await stage.get("new") == b"old" and await stage.keys() == ["new"]
    [result] = await stage.store.copy_many(stage.namespace, [Move("new", "copy")])
    assert result.overwritten is None
    [again] = await stage.store.copy_many(stage.namespace, [Move("new", "copy")])
    assert result.blob is not None and again.overwritten == result.blob.etag
    large = await stage.put("large", random_bytes(SIZES["large"]))
    [again] = await stage.store.copy_many(stage.namespace, [Move("new", "large")])
    assert again.overwritten == large.etag
    await stage.put("large", random_bytes(SIZES["large"]))
    [again] = await stage.store.copy_many(stage.namespace, [Move("large", "copy")])
    assert again.overwritten not in (None, (await stage.store.stat(stage.at("copy"))).etag)


async def test_conditions_hold_for_the_source_and_for_the_target(stage: Stage) -> None:
    first = await stage.put("k", b"first")
    now = await stage.put("k", b"second")
    await stage.put("there", b"there")
    with pytest.raises(PreconditionFailedError):
        await move(stage, "k", "new", source_etag=first.etag)
    with pytest.raises(PreconditionFailedError):
        await stage.store.copy(stage.at("k"), stage.at("new"), source_etag=first.etag)
    with pytest.raises(ConflictError):
        await move(stage, "k", "there", precondition=ABSENT)
    wanted = [
        Move("k", "new", etag=first.etag), Move("k", "there", overwrite=False), Move("nothing", "new"),
        Move("nothing", "new", etag=first.etag),
    ]  # fmt: skip
    for many in (stage.store.move_many, stage.store.copy_many):
        results = await many(stage.namespace, wanted)
        assert codes(results) == ["precondition_failed", "conflict", "not_found", "not_found"]
        assert all(result.message and result.blob is None for result in results)
    assert (await stage.get("k"), await stage.get("there")) == (b"second", b"there")
    assert await stage.keys() == ["k", "there"]
    await move(stage, "k", "new", source_etag=now.etag, precondition=ABSENT)
    assert await stage.keys() == ["new", "there"]


@pytest.mark.parametrize("storage_type", OPTIONAL_TYPES)
async def test_a_move_onto_itself_changes_nothing(stage: Stage, storage_type: str) -> None:
    blob = await stage.put("k", b"kept", storage_type)
    stage.clock.advance(hours=1)
    assert await move(stage, "k", "k", storage_type) == blob
    [result] = await stage.store.move_many(stage.namespace, [Move("k", "k", storage_type)])
    assert result.is_done and await stage.store.stat(stage.at("k", storage_type)) == blob
    with pytest.raises(ConflictError):
        await move(stage, "k", "k", storage_type, precondition=ABSENT)
    with pytest.raises(NotFoundError):
        await move(stage, "none", "none", storage_type)
    assert await stage.get("k", storage_type) == b"kept"


@pytest.mark.parametrize("storage_type", SEALED_TYPES)
async def test_nothing_moves_out_of_a_sealed_type_or_over_a_blob_in_it(stage: Stage, storage_type: str) -> None:
    await stage.put("k", b"sealed", storage_type)
    await stage.put("d", b"data")
    for to_key, to_type in (("k", "data"), ("l", storage_type), ("k", storage_type)):
        with pytest.raises(TypeRuleError, match="cannot move 'k'"):
            await move(stage, "k", to_key, storage_type, to_type)
    with pytest.raises(TypeRuleError, match="cannot overwrite 'k'"):
        await move(stage, "d", "k", "data", storage_type)
    wanted = [Move("k", "x", storage_type, "data"), Move("d", "k", "data", storage_type)]
    assert codes(await stage.store.move_many(stage.namespace, wanted)) == ["type_rule"] * 2
    assert codes(await stage.store.copy_many(stage.namespace, wanted[1:])) == ["type_rule"]
    assert await stage.get("k", storage_type) == b"sealed" and await stage.get("d") == b"data"
    await move(stage, "d", "new", "data", storage_type)
    assert await stage.get("new", storage_type) == b"data" and await stage.keys() == []


@pytest.mark.parametrize("storage_type", EXPIRING_TYPES)
async def test_a_move_within_an_expiring_type_keeps_the_expiry(stage: Stage, storage_type: str) -> None:
    blob = await stage.put("k", b"content", storage_type)
    lifetime = STORAGE_TYPES[storage_type].expires_after
    assert lifetime is not None
    stage.clock.now += lifetime - timedelta(hours=1)
    moved = await move(stage, "k", "l", storage_type)
    assert moved.expires == blob.expires and moved.modified == blob.modified
    [result] = await stage.store.move_many(stage.namespace, [Move("l", "m", storage_type)])
    assert result.blob is not None and result.blob.expires == blob.expires
    assert await stage.keys(storage_type=storage_type) == ["m"]
    stage.clock.advance(hours=2)
    with pytest.raises(NotFoundError):
        await stage.store.stat(stage.at("m", storage_type))
    assert await stage.keys(storage_type=storage_type) == []
    with pytest.raises(NotFoundError):
        await move(stage, "m", "saved", storage_type, "data")
    await stage.store.sweep()
    assert await stage.keys(storage_type=storage_type) == []


@pytest.mark.parametrize("storage_type", EXPIRING_TYPES)
async def test_a_move_into_an_expiring_type_gives_the_whole_lifetime_and_out_of_it_none(
    stage: Stage, storage_type: str
) -> None:
    lifetime = STORAGE_TYPES[storage_type].expires_after
    assert lifetime is not None
    await stage.put("k")
    stage.clock.advance(days=30)
    moved = await move(stage, "k", "k", "data", storage_type)
    assert moved.expires is not None
    assert abs(moved.expires - (stage.clock.now + lifetime)) < timedelta(seconds=2)
    back = await move(stage, "k", "k", storage_type, "data")
    assert back.expires is None
    stage.clock.advance(days=30)
    await stage.store.sweep()
    assert await stage.get("k") == b"content"


async def test_an_expired_target_is_no_obstacle(stage: Stage) -> None:
    await stage.put("k", b"expired", "tmp")
    stage.clock.advance(days=8)
    await stage.put("d", b"data")
    [result] = await stage.store.move_many(stage.namespace, [Move("d", "k", "data", "tmp", overwrite=False)])
    assert result.is_done and result.overwritten is None
    assert await stage.get("k", "tmp") == b"data"


async def test_many_moves_are_made_one_after_the_other(stage: Stage) -> None:
    for key in "abc":
        await stage.put(key, key.encode())
    swap = [Move("a", "spare"), Move("b", "a"), Move("spare", "b")]
    assert codes(await stage.store.move_many(stage.namespace, swap)) == [None] * 3
    assert (await stage.get("a"), await stage.get("b")) == (b"b", b"a")
    chain = [Move("b", "c"), Move("a", "b"), Move("nothing", "a"), Move("c", "d")]
    assert codes(await stage.store.move_many(stage.namespace, chain)) == [None, None, "not_found", None]
    assert (await stage.get("b"), await stage.get("d")) == (b"b", b"a")
    copies = [Move("b", "x"), Move("x", "y"), Move("d", "x"), Move("x", "z")]
    assert codes(await stage.store.copy_many(stage.namespace, copies)) == [None] * 4
    assert [await stage.get(key) for key in "xyz"] == [b"a", b"b", b"a"]
    assert await stage.store.move_many(stage.namespace, []) == await stage.store.copy_many(stage.namespace, []) == []


@pytest.mark.parametrize("size_bytes", [SIZES["small"], SIZES["large"]])
async def test_an_open_reader_goes_on_through_a_move(stage: Stage, size_bytes: int) -> None:
    content, other = random_bytes(size_bytes), random_bytes(size_bytes)
    await stage.put("k", content)
    await stage.put("target", other)
    async with stage.store.open(stage.at("k")) as reader, stage.store.open(stage.at("target")) as replaced:
        await move(stage, "k", "target")
        if stage.engine.keeps_open_blobs or size_bytes <= 256 * 1024:
            assert await whole(reader) == content
            assert await whole(replaced) == other
    assert await stage.get("target") == content


async def test_of_two_movers_of_one_blob_one_wins(stage: Stage) -> None:
    await stage.put("k", b"content")
    results = await asyncio.gather(*(move(stage, "k", f"to{number}") for number in range(4)), return_exceptions=True)
    keys = await stage.keys()
    won = [result for result in results if not isinstance(result, BaseException)]
    assert all(isinstance(result, StorageError) for result in results if isinstance(result, BaseException))
    assert won and sorted(blob.key for blob in won) == keys
    assert len(keys) == 1 or not stage.engine.keeps_open_blobs  # a bucket cannot do both steps in one
    for key in keys:
        assert await stage.get(key) == b"content"


async def test_movers_writers_and_deleters_never_lose_or_halve_a_blob(stage: Stage) -> None:
    contents = {f"{number}": random_bytes(1000 + number) for number in range(6)}
    known = {*contents.values()}

    async def attempt(call):  # type: ignore[no-untyped-def]
        try:
            await call
        except (NotFoundError, ConflictError, PreconditionFailedError):
            return False
        return True

    for _ in range(4):
        for key, content in contents.items():
            await stage.put(key, content)
        await asyncio.gather(
            *(attempt(move(stage, key, "target")) for key in "012"),
            *(attempt(move(stage, key, f"moved/{key}")) for key in contents),
            attempt(stage.put("target", contents["5"])),
            attempt(stage.store.delete(stage.at("5"))),
            attempt(stage.store.sweep()),
        )
        for key in await stage.keys():
            assert await stage.get(key) in known
        kept = [await stage.get(key) for key in await stage.keys()]
        assert contents["3"] in kept and contents["4"] in kept  # nobody else touched these
        for key in await stage.keys():
            await stage.store.delete(stage.at(key))


async def test_the_usage_is_right_after_moves(stage: Stage) -> None:
    for number in range(10):
        await stage.put(f"a/{number}", b"x" * (number + 1))
    await stage.store.move_many(stage.namespace, [Move(f"a/{number}", f"b/{number}") for number in range(10)])
    await stage.store.move_many(stage.namespace, [Move("b/9", "b/0"), Move("b/8", "k", "data", "tmp")])
    usage = await stage.store.usage(stage.namespace, "data")
    assert (usage.count, usage.size_bytes) == (8, sum(range(1, 11)) - 9 - 1)
    usage = await stage.store.usage(stage.namespace, "tmp")
    assert (usage.count, usage.size_bytes) == (1, 9)


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
async def test_a_copy_onto_itself_changes_the_content_type_and_no_byte(stage: Stage, size_bytes: int) -> None:
    content, here = random_bytes(size_bytes), stage.at("k")
    before = await stage.store.put(here, content, content_type="image/tiff")
    changed = await stage.store.copy(here, here, source_etag=before.etag, content_type="text/csv")
    assert (changed.content_type, changed.crc32c, changed.size_bytes) == ("text/csv", before.crc32c, size_bytes)
    elsewhere = await stage.store.copy(here, stage.at("other", "tmp"), content_type="image/png")
    assert elsewhere.content_type == "image/png"
    await stage.restart()
    assert (await stage.store.stat(here)).content_type == "text/csv"
    assert await stage.get("k") == await stage.get("other", "tmp") == content
    assert (await stage.store.copy(here, here)).content_type == "text/csv"  # without a wish the type stays


async def test_the_content_type_of_what_changed_or_is_sealed_stays(stage: Stage) -> None:
    here, sealed = stage.at("k"), stage.at("s", "products")
    old = await stage.store.put(here, b"old", content_type="image/tiff")
    new = await stage.store.put(here, b"new", content_type="image/tiff")
    await stage.store.put(sealed, b"s", content_type="image/tiff")
    with pytest.raises(PreconditionFailedError):
        await stage.store.copy(here, here, source_etag=old.etag, content_type="text/csv")
    with pytest.raises(TypeRuleError):
        await stage.store.copy(sealed, sealed, content_type="text/csv")
    with pytest.raises(NotFoundError):
        await stage.store.copy(stage.at("none"), stage.at("none"), content_type="text/csv")
    assert await stage.store.stat(here) == new
    assert (await stage.store.stat(sealed)).content_type == "image/tiff"
