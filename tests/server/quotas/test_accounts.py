"""Quotas on an engine that keeps no counters: the servers on it share sums, to which each adds what it stored, deleted
and has on its way, and which a count of everything puts right again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage_tui.contract.errors import NotFoundError, QuotaExceededError, StorageError, UnavailableError
from storage_tui.contract.models import Blob, Usage
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.quotas.accounts import Account
from storage_tui.server.quotas.counters import COUNT_EVERY_S, Counter
from storage_tui.server.quotas.limits import RECORD, change_limits, parse_limits
from storage_tui.server.quotas.quotas import MAX_IDLE_ACCOUNTS, Quotas
from storage_tui.server.quotas.sums import Amount
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.totals import Counting
from storage_tui.server.stores.watched_record import Watched

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


def counter_of(quotas: Quotas) -> Counter:
    return quotas._account(Address(ANN, "data", "")).counter


async def counted(quotas: Quotas) -> None:
    """Until a count that is under way has ended."""
    counting = counter_of(quotas)._counting
    if counting is not None:
        await counting


async def test_a_count_is_used_for_a_while_and_then_made_anew_beside_the_work(store: Any, tmp_path: Path) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    now = 1e9
    counter_of(quotas).clock = lambda: now
    await put(quotas, store, "a", 600)
    await put(quotas, store, "a", 700)
    assert (await quotas._account(Address(ANN, "data", "")).totals(store)).size_bytes == 700, "overwritten"
    await store.delete(Address(ANN, "data", "a"))
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "b", 600)
    assert store.asked == 1, "what was deleted behind the server's back is not seen yet"
    now += COUNT_EVERY_S + 1
    store.may_answer.clear()
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "b", 600)
    assert counter_of(quotas)._counting is not None
    store.may_answer.set()
    await counted(quotas)
    await put(quotas, store, "b", 600)
    assert store.asked == 2


async def test_a_blob_that_was_stored_while_the_engine_counted_is_not_forgotten(store: Any, tmp_path: Path) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    store.may_answer.clear()
    waiting = [asyncio.create_task(put(quotas, store, f"k{number}", 400)) for number in range(3)]
    await store.was_asked.wait()
    assert quotas._account(Address(ANN, "data", "")).live and store.asked == 1, "all wait for the one answer"
    counter_of(quotas).add(Amount(1, 150))
    await counter_of(quotas).sync()
    store.may_answer.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(result, Blob) for result in done) == 2
    await counted(quotas)
    described = (await quotas.describe(ANN)).of("data")
    assert described is not None and (described.used_bytes, described.used_count) == (950, 3)


async def test_an_engine_that_cannot_count_holds_nobody_up(
    store: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    now = 1e9
    counter_of(quotas).clock = lambda: now
    store.failure = UnavailableError("the engine is away")
    described = (await quotas.describe(ANN)).of("data")
    assert described is not None and (described.used_bytes, described.size_bytes) == (None, 1000)
    await put(quotas, store, "a", 600)
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "b", 600)
    assert "the engine is away" in caplog.text
    store.failure = None
    await store.put(Address(ANN, "data", "from another server"), b"x" * 390)
    now += COUNT_EVERY_S + 1
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "c", 11)
    await put(quotas, store, "c", 10)


async def test_records_that_cannot_be_written_hold_nobody_up(
    store: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)

    def refuse(*_: Any, **__: Any) -> str:
        raise UnavailableError("no room for records")

    with monkeypatch.context() as patch:
        patch.setattr(LocalRecords, "write", refuse)
        await put(quotas, store, "a", 600)
        with pytest.raises(QuotaExceededError):
            await put(quotas, store, "b", 600)
    assert "no room for records" in caplog.text
    await counter_of(quotas).sync()
    counter_of(quotas)._looked = 0
    with pytest.raises(QuotaExceededError):
        await put(quotas, store, "b", 600)
    await counted(quotas)


async def test_two_servers_know_of_each_other_what_they_store_and_have_on_its_way(store: Any, tmp_path: Path) -> None:
    one, two = (quotas_of(store, tmp_path, bytes=1000, blobs=3) for _ in range(2))
    await put(one, store, "a", 300)
    await counter_of(one).sync()
    with pytest.raises(QuotaExceededError):
        await put(two, store, "b", 701)
    async with one.reserve(Address(ANN, "data", "slow"), 500):
        await counter_of(one).sync()
        await counter_of(two).sync()
        with pytest.raises(QuotaExceededError, match="800 are used or on their way"):
            await put(two, store, "b", 201)
        await put(two, store, "b", 200)
    for each in (one, two):
        await counter_of(each).sync()
    await counter_of(one).sync()
    described = (await one.describe(ANN)).of("data")
    assert described is not None and (described.used_bytes, described.used_count) == (500, 2)
    assert store.asked == 1, "the second server begins with what the first one counted"


async def test_servers_that_do_not_hear_of_each_other_pass_a_quota_by_what_the_others_let_in(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = [quotas_of(store, tmp_path, bytes=1000) for _ in range(3)]
    await put(servers[0], store, "first", 400)
    for each in (*servers, *servers):
        await counter_of(each).total(store, each._server)
        await counter_of(each).sync()
    for number, each in enumerate(servers):
        monkeypatch.setattr(counter_of(each), "clock", lambda: 1e9)  # it stands still: nobody looks again
        counter_of(each)._looked = 1e9
        for more in range(20):
            with contextlib.suppress(QuotaExceededError):
                await put(each, store, f"{number}-{more}", 90)
    stored = (await store.usage(ANN, "data")).size_bytes
    assert stored == 400 + 3 * 540, "each let in what was left when it last looked"
    for each in (*servers, *servers):
        await counter_of(each).sync()
    for each in servers:
        with pytest.raises(QuotaExceededError):
            await put(each, store, "more", 1)
    described = (await servers[0].describe(ANN)).of("data")
    assert described is not None and described.used_bytes == stored


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
    assert Account("n", "data", LocalRecords(tmp_path), Lane("quotas", 1), "server").is_idle


async def test_one_account_that_is_at_work_does_not_keep_those_of_others(store: Any, tmp_path: Path) -> None:
    quotas = quotas_of(store, tmp_path, bytes=1000)
    async with quotas.reserve(Address(ANN, "data", "a"), 10):
        for number in range(MAX_IDLE_ACCOUNTS + 50):
            quotas._account(Address(f"{number:040}", "data", ""))
        assert len(quotas._accounts) <= MAX_IDLE_ACCOUNTS + 1
        assert (ANN, "data") in quotas._accounts
