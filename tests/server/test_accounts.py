"""Quotas on an engine that keeps no counters: its usage is asked for now and then, and what this server stored since
is added, so that its own uploads never pass a quota together."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage_tui.contract.errors import NotFoundError, QuotaExceededError, StorageError, UnavailableError
from storage_tui.contract.models import Blob, Usage
from storage_tui.server.access.grants import namespace_of
from storage_tui.server.access.watched import Watched
from storage_tui.server.quotas.accounts import USAGE_GOOD_S, Account
from storage_tui.server.quotas.limits import RECORD, change_limits, parse_limits
from storage_tui.server.quotas.quotas import MAX_IDLE_ACCOUNTS, Quotas
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.counting import Counting
from storage_tui.server.stores.local import LocalStore
from storage_tui.server.stores.local_records import LocalRecords

ANN = namespace_of("ann")


class Plain:
    """A local store without its counters, whose usage can be held up."""

    def __init__(self, store: LocalStore) -> None:
        self.stat, self.put, self.delete = store.stat, store.put, store.delete
        self._usage = store.usage
        self.asked = 0
        self.failure: StorageError | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    async def usage(self, namespace: str, storage_type: str, **settings: Any) -> Usage:
        self.asked += 1
        self.was_asked.set()
        if self.failure is not None:
            raise self.failure
        usage = await self._usage(namespace, storage_type, **settings)
        await self.may_answer.wait()
        return usage


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Any]:
    local = LocalStore(tmp_path / "data")
    await local.start()
    plain = Plain(local)
    assert not isinstance(plain, Counting) and isinstance(local, Counting)
    yield plain
    await local.close()


def quotas_of(store: Any, tmp_path: Path, **limits: int) -> Quotas:
    records = LocalRecords(tmp_path / "data")
    change_limits(records, "ann", {("types", "data", name): limit for name, limit in limits.items()})
    return Quotas(store, records, Watched(records, RECORD, parse_limits))


async def put(quotas: Quotas, store: Any, key: str, size: int) -> Blob:
    address = Address(ANN, "data", key)
    async with quotas.reserve(address, size) as room:
        blob: Blob = room.note(await store.put(address, b"x" * size))
        return blob


async def test_what_was_stored_since_the_last_answer_counts(store: Any, tmp_path: Path) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000, blobs=20)
    done = await asyncio.gather(*(put(quotas, store, f"k{number}", 90) for number in range(20)), return_exceptions=True)
    assert sum(isinstance(result, Blob) for result in done) == 11
    assert {type(result) for result in done} == {Blob, QuotaExceededError}
    assert (await store.usage(ANN, "data")).size_bytes == 990
    described = (await quotas.describe(ANN)).of("data")
    assert described is not None and (described.used_bytes, described.used_count) == (990, 11)


async def test_an_answer_is_used_for_a_while_and_then_asked_for_beside_the_work(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    account = quotas._account(Address(ANN, "data", ""))
    now = 100.0
    account.clock = lambda: now
    await put(quotas, store, "a", 600)
    assert store.asked == 1
    await store.delete(Address(ANN, "data", "a"))
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "b", 600)
    assert store.asked == 1, "what was deleted is not seen yet"
    now += USAGE_GOOD_S + 1
    store.may_answer.clear()
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "b", 600)
    assert account._asking is not None
    store.may_answer.set()
    await account._asking
    await put(quotas, store, "b", 600)
    assert store.asked == 2


async def test_a_blob_that_was_stored_while_the_engine_counted_is_not_forgotten(store: Any, tmp_path: Path) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    account = quotas._account(Address(ANN, "data", ""))
    store.may_answer.clear()
    waiting = [asyncio.create_task(put(quotas, store, f"k{number}", 400)) for number in range(3)]
    await store.was_asked.wait()
    assert account.live and store.asked == 1, "all wait for the one answer"
    store.may_answer.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(result, Blob) for result in done) == 2
    if account._asking is not None:
        await account._asking
    assert account.is_idle


async def test_an_engine_that_cannot_count_holds_nobody_up(
    store: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    account = quotas._account(Address(ANN, "data", ""))
    now = 100.0
    account.clock = lambda: now
    store.failure = UnavailableError("the engine is away")
    described = (await quotas.describe(ANN)).of("data")
    assert described is not None and (described.used_bytes, described.size_bytes) == (None, 1000)
    await put(quotas, store, "a", 600)
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "b", 600)
    assert "the engine is away" in caplog.text
    store.failure = None
    await store.put(Address(ANN, "data", "from another server"), b"x" * 390)
    now += USAGE_GOOD_S + 1
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "c", 11)


async def test_the_next_server_begins_with_the_last_count_and_corrects_it(store: Any, tmp_path: Path) -> None:
    await put(quotas_of(store, tmp_path, bytes=1000), store, "a", 600)
    await store.put(Address(ANN, "data", "b"), b"x" * 300)
    first = quotas_of(store, tmp_path, bytes=1000)
    assert (await first._account(Address(ANN, "data", "")).totals(store)).size_bytes == 0, "the count before `a`"
    asking = first._account(Address(ANN, "data", ""))._asking
    assert asking is not None
    await asking
    store.may_answer.clear()
    second = quotas_of(store, tmp_path, bytes=1000)
    with pytest.raises(QuotaExceededError):
        await put(second, store, "c", 101)
    await put(second, store, "c", 100)
    store.may_answer.set()
    asking = second._account(Address(ANN, "data", ""))._asking
    assert asking is not None
    await asking


async def test_room_that_was_not_used_is_given_back(store: Any, tmp_path: Path) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    with pytest.raises(NotFoundError):
        async with quotas.reserve(Address(ANN, "data", "a"), 1000):
            await store.stat(Address(ANN, "data", "missing"))
    async with quotas.reserve(Address(ANN, "data", "a"), None) as room:
        await room.grow(10)
        with pytest.raises(QuotaExceededError):
            await put(quotas, store, "b", 1000)
        await room.grow(1000)
    await put(quotas, store, "b", 1000)


async def test_accounts_of_users_long_gone_are_let_go(store: Any, tmp_path: Path) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    for number in range(MAX_IDLE_ACCOUNTS + 5):
        quotas._account(Address(f"{number:040}", "data", ""))
    assert len(quotas._accounts) == MAX_IDLE_ACCOUNTS
    assert Account("n", "data", LocalRecords(tmp_path)).is_idle
