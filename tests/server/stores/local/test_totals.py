"""The counters of a local store: exact after every kind of change, on old databases too, and obeyed in the commit."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage_tui.contract.errors import QuotaExceededError, StorageError
from storage_tui.contract.moves import Move
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.totals import Ceiling, Counting, Totals

ANN, BOB = "a" * 40, "b" * 40


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[LocalStore]:
    store = LocalStore(tmp_path / "data", clock=clock)
    await store.start()
    yield store
    await store.close()


def at(key: str, storage_type: str = "data", namespace: str = ANN) -> Address:
    return Address(namespace, storage_type, key)


async def upload(store: LocalStore, key: str, content: bytes, *, finish: bool = True) -> str:
    session = await store.create_upload(at(key))
    async with store.write_upload(session.upload_id) as writer:
        await writer.write(content)
        if finish:
            await writer.finish()
    return session.upload_id


async def test_counters_are_the_sum_of_what_is_there_after_any_changes(store: LocalStore) -> None:
    assert isinstance(store, Counting)
    dice = random.Random(5)
    keys = [f"k{number}" for number in range(12)]
    for _ in range(250):
        key, other = dice.choice(keys), dice.choice(keys)
        size = dice.choice((0, 1, 500, 70_000))
        try:
            match dice.randrange(8):
                case 0:
                    await store.put(at(key), b"x" * size)
                case 1:
                    await store.delete(at(key))
                case 2:
                    await store.copy(at(key), at(other, dice.choice(("data", "tmp"))))
                case 3:
                    await upload(store, key, b"y" * size)
                case 4:
                    await store.delete_many(ANN, "data", [(key, None), (other, None), ("never", None)])
                case 6:
                    await store.move(at(key, dice.choice(("data", "tmp"))), at(other, dice.choice(("data", "tmp"))))
                case 7:
                    moves = [Move(key, other), Move(other, key, "data", "tmp"), Move("never", key), Move(key, key)]
                    await store.move_many(ANN, moves)
                    await store.copy_many(ANN, moves[:2])
                case 5:
                    await store.put(at(key, namespace=BOB), b"z" * size)
        except StorageError:
            pass
    for namespace in (ANN, BOB):
        for storage_type in ("data", "tmp"):
            usage = await store.usage(namespace, storage_type)
            assert await store.totals(namespace, storage_type) == Totals(usage.count, usage.size_bytes)


async def test_what_has_expired_does_not_count_swept_or_not(store: LocalStore, clock: Clock) -> None:
    await store.put(at("old", "tmp"), b"x" * 10)
    clock.now += timedelta(days=1)
    await store.put(at("new", "tmp"), b"x" * 3)
    clock.now += timedelta(days=6, seconds=1)
    assert await store.totals(ANN, "tmp") == Totals(1, 3)
    await store.sweep()
    assert await store.totals(ANN, "tmp") == Totals(1, 3)


async def test_open_uploads_count_with_what_is_kept_of_them(store: LocalStore) -> None:
    first = await upload(store, "one", b"x" * 1000, finish=False)
    second = await upload(store, "two", b"x" * 50, finish=False)
    await upload(store, "three", b"x" * 7)
    assert await store.totals(ANN, "data") == Totals(1, 7, 2, 1050)
    assert await store.totals(ANN, "data", without={first, "unknown"}) == Totals(1, 7, 2, 50)
    await store.cancel_upload(second)
    assert await store.totals(ANN, "data") == Totals(1, 7, 1, 1000)


async def test_no_way_of_writing_passes_a_ceiling_and_many_at_once_do_not_either(store: LocalStore) -> None:
    ceiling = Ceiling(100_000, 3)
    store.obey(lambda namespace, storage_type: ceiling if (namespace, storage_type) == (ANN, "data") else None)
    await store.put(at("big"), b"x" * 60_000)
    for attempt in (
        store.put(at("more"), b"x" * 40_001),
        upload(store, "more", b"x" * 40_001), upload(store, "more", b"x" * 90_000),
        store.copy(at("big"), at("more")),
    ):  # fmt: skip
        with pytest.raises(QuotaExceededError, match="100000 bytes and 60000 are used"):
            await attempt
    await store.put(at("other", "tmp"), b"x" * 50_000)
    with pytest.raises(QuotaExceededError, match="100000 bytes and 60000 are used"):
        await store.move(at("other", "tmp"), at("other"))
    wanted = [Move("other", "other", "tmp", "data")]
    for many in (store.move_many, store.copy_many):
        assert [result.error for result in await many(ANN, wanted)] == ["quota_exceeded"]
    await store.move(at("big"), at("renamed"))  # within the type: no more than before
    await store.move(at("renamed"), at("big"))
    await store.put(at("big"), b"x" * 100_000)  # in place of what was there
    await store.put(at("big"), b"x" * 70_000)
    await upload(store, "big", b"x" * 80_000)
    done = await asyncio.gather(
        *(store.put(at(f"n{number}"), b"x" * 10_000) for number in range(9)),
        *(upload(store, f"u{number}", b"x" * 10_000) for number in range(9)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, QuotaExceededError) for result in done) == 16
    assert (await store.totals(ANN, "data")).count == 3
    with pytest.raises(QuotaExceededError, match="3 blobs and there are 3"):
        await store.put(at("another"), b"")
    await store.put(at("big"), b"")
    await store.put(at("another", "tmp"), b"x" * 200_000)
    await store.put(at("another", namespace=BOB), b"x" * 200_000)


async def test_a_store_over_a_new_lower_ceiling_can_shrink_but_not_grow(store: LocalStore) -> None:
    await store.put(at("a"), b"x" * 100)
    await store.put(at("b"), b"x" * 100)
    store.obey(lambda _, storage_type: Ceiling(50, 1) if storage_type == "data" else None)
    with pytest.raises(QuotaExceededError):
        await store.put(at("a"), b"x" * 101)
    await store.put(at("a"), b"x" * 99)
    await store.move(at("a"), at("c"))
    await store.move(at("c"), at("b"))
    await store.move(at("b"), at("b", "tmp"))
    await store.move(at("b", "tmp"), at("b", "result"))
    with pytest.raises(QuotaExceededError):
        await store.move(at("b", "result"), at("b"))
