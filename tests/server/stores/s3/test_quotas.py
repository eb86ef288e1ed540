"""Quotas of two servers on one bucket: sums that both add to, deletes among them, and a count that puts them right."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from storage_tui.contract.errors import QuotaExceededError
from storage_tui.contract.models import Blob
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.quotas.counters import COUNT_EVERY_S, Counter
from storage_tui.server.quotas.limits import RECORD, change_limits, parse_limits
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.quotas.sums import COUNTING_S, HELD_S, NOTHING, Amount, SharedSums, parse_sums
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.records import S3Records
from storage_tui.server.stores.s3.store import S3Store
from storage_tui.server.stores.watched_record import Watched
from tests import seaweed

ANN = namespace_of("ann")


@dataclass
class Server:
    """What of a server has to do with quotas."""

    store: S3Store
    quotas: Quotas

    @property
    def counter(self) -> Counter:
        return self.quotas._account(Address(ANN, "data", "")).counter

    async def put(self, key: str, size: int) -> Blob:
        address = Address(ANN, "data", key)
        async with self.quotas.reserve(address, size) as room:
            return room.note(await self.store.put(address, b"x" * size))


@pytest.fixture
def bucket() -> Bucket:
    return seaweed.bucket_at(seaweed.endpoint(), f"quotas-{secrets.token_hex(6)}/")


@pytest.fixture
async def servers(bucket: Bucket) -> AsyncIterator[tuple[Server, Server]]:
    records = S3Records(bucket)
    change_limits(records, "ann", {("types", "data", "bytes"): 10_000, ("types", "data", "blobs"): 50})
    stores = [S3Store(bucket, check=lambda _: None) for _ in range(2)]
    for store in stores:
        await store.start()
    one, two = (Server(store, Quotas(store, records, Watched(records, RECORD, parse_limits))) for store in stores)
    yield one, two
    for server in (one, two):
        await server.quotas.close()
        await server.store.close()


async def used(server: Server) -> tuple[int | None, int | None]:
    await server.counter.sync()
    row = (await server.quotas.describe(ANN)).of("data")
    assert row is not None
    return row.used_bytes, row.used_count


async def settle(servers: tuple[Server, Server]) -> None:
    """Until both know all of each other."""
    for server in (*servers, *servers):
        await server.counter.sync()


async def test_what_one_stores_overwrites_and_deletes_the_other_knows(servers: tuple[Server, Server]) -> None:
    one, two = servers
    await one.put("a", 4000)
    await settle(servers)
    await two.put("b", 5000)
    with pytest.raises(QuotaExceededError):
        await two.put("c", 2000)
    await settle(servers)
    with pytest.raises(QuotaExceededError):
        await one.put("c", 2000)
    await one.put("b", 5500)
    await settle(servers)
    assert await used(two) == (9500, 2)
    await two.store.delete(Address(ANN, "data", "a"))
    await settle(servers)
    await one.put("c", 4500)
    await settle(servers)
    await one.store.delete_many(ANN, "data", [("b", None), ("c", None), ("missing", None)])
    await settle(servers)
    assert await used(one) == await used(two) == (0, 0)


async def test_two_servers_side_by_side_pass_the_quota_by_no_more_than_one_of_them_lets_in(
    servers: tuple[Server, Server],
) -> None:
    one, two = servers
    await one.put("first", 1000)
    await settle(servers)
    work = (server.put(f"{number}-{index}", 1000) for number, server in enumerate(servers) for index in range(15))
    done = await asyncio.gather(*work, return_exceptions=True)
    assert {type(result) for result in done} == {Blob, QuotaExceededError}
    stored = (await one.store.recount(ANN, "data")).size_bytes
    assert 10_000 <= stored <= 10_000 + 9000
    await settle(servers)
    assert await used(one) == await used(two) == (stored, stored // 1000)


async def test_a_count_puts_right_what_nobody_told(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = servers
    await one.put("a", 1000)
    await settle(servers)
    await one.store.put(Address(ANN, "data", "unseen"), b"x" * 8500)
    assert await used(two) == (1000, 1)
    later = two.counter.clock() + COUNT_EVERY_S + 1
    monkeypatch.setattr(two.counter, "clock", lambda: later)
    await two.counter.total(two.store, two.quotas._server)
    assert two.counter._counting is not None
    await two.counter._counting
    assert await used(two) == (9500, 2)
    with pytest.raises(QuotaExceededError):
        await one.counter.sync()
        await one.put("b", 600)


async def test_a_server_that_stops_tells_what_it_stored_and_lets_its_turn_go(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = servers
    never = asyncio.Event()
    is_asked = asyncio.Event()

    async def hang(*_: object) -> None:
        is_asked.set()
        await never.wait()

    monkeypatch.setattr(one.store, "recount", hang)
    storing = asyncio.create_task(one.put("a", 1000))
    await is_asked.wait()
    assert two.counter.is_counted is False
    storing.cancel()
    one.counter.add(Amount(1, 500))
    await one.quotas.close()
    sums = two.counter._shared.read()
    assert (sums.counting_by, sums.since, sums.held) == ("", Amount(1, 500), {})


def test_one_counts_at_a_time_and_a_dead_one_is_followed(bucket: Bucket) -> None:
    one, two = (SharedSums(S3Records(bucket), ANN, "data", name) for name in ("one", "two"))
    assert one.begin_count(100.0)
    assert not two.begin_count(100.0)
    assert one.go_on_counting(150.0)
    assert not two.begin_count(100.0 + COUNTING_S)
    assert two.begin_count(150.0 + COUNTING_S)
    assert not one.go_on_counting(200.0)
    assert one.end_count(Amount(1, 1), due=500.0) is None
    told = two.end_count(Amount(2, 20), due=500.0)
    assert told is not None and (told.stored, told.counting_by) == (Amount(2, 20), "")
    assert not one.begin_count(499.0)


def test_a_count_that_ran_meanwhile_never_makes_too_little(bucket: Bucket) -> None:
    one, two = (SharedSums(S3Records(bucket), ANN, "data", name) for name in ("one", "two"))
    assert one.begin_count(0.0)
    stage = one.read().stage
    two.add(Amount(1, 100), stage=stage, held=NOTHING, now=1.0)
    two.add(Amount(-1, -30), stage=stage, held=NOTHING, now=1.0)
    one.end_count(Amount(5, 500), due=100.0)
    assert one.read().stored == Amount(6, 600), "what went may not have been counted"
    after = two.add(Amount(-1, -50), stage=stage, held=NOTHING, now=2.0)
    assert after.stored == Amount(6, 600), "it went before the end of the count"
    assert two.add(Amount(-1, -50), stage=after.stage, held=NOTHING, now=2.0).stored == Amount(5, 550)


def test_what_a_dead_server_had_on_its_way_is_forgotten(bucket: Bucket) -> None:
    one = SharedSums(S3Records(bucket), ANN, "data", "one")
    told = one.add(NOTHING, stage=0, held=Amount(1, 70), now=100.0)
    assert told.others("one", 100.0) == NOTHING
    assert told.others("two", 100.0 + HELD_S - 1) == Amount(1, 70)
    assert told.others("two", 100.0 + HELD_S) == NOTHING
    assert parse_sums(told.to_json()) == told
    for bad in (b"", b"[]", b"{}", b'{"count": 1, "bytes": 2}'):
        assert parse_sums(bad).stored is None
