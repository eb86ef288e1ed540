"""Sums of rows, held against a list of everything: overwritten, deleted, moved, by two servers, killed, damaged."""

import asyncio
import json
import random
import sys
from dataclasses import replace
from typing import Any

import pytest

from storage_tui.contract.errors import UnavailableError
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.server.stores.s3.ledger.journal import root_name
from storage_tui.server.stores.s3.ledger.ledger import NOTES_AT_REST
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.ledger.rows import Row
from storage_tui.server.stores.s3.ledger.scan import Position
from storage_tui.server.stores.s3.protocol.bucket import Object, ObjectPage
from storage_tui.server.stores.s3.records import S3Records
from storage_tui.server.stores.s3.store import S3Store
from storage_tui.server.stores.s3.sweep import LEASE_NAME
from tests import seaweed
from tests.server.stores.engines import ALICE
from tests.server.stores.s3.ledger.changing import SMALL_ROWS, at, change
from tests.server.stores.s3.ledger.conftest import Servers, counted, listed

DATA = Pair(ALICE, STORAGE_TYPES["data"])
PREFIXES = ("", "a", "a/", "a/b", "a/b/", "a/b/c/k1", "deep/", "deep/er/", "w", "wide/", "wide/3/", "none/", "k", "zz")


@pytest.mark.parametrize("seed", range(2))
async def test_usages_are_those_of_a_list_of_everything(servers: Servers, seed: int) -> None:
    rng = random.Random(seed)
    stores = [await servers.start(), await servers.start()]
    for number in range(45):
        await asyncio.gather(*(change(rng.choice(stores), rng) for _ in range(5)))
        servers.clock.advance(hours=rng.choice((0, 0, 1, 9)))
        if number % 3:
            continue
        for store in stores:
            await store._ledger.journal.flush()
        kind, prefix, delimiter = rng.choice(("data", "tmp")), rng.choice(PREFIXES), rng.choice(("", "/"))
        expected = await listed(stores[0], kind, prefix, delimiter)
        for found in await asyncio.gather(*(s.usage(ALICE, kind, prefix=prefix, delimiter=delimiter) for s in stores)):
            assert found == expected, (kind, prefix, delimiter)
    await stores[0]._ledger.journal.flush()
    for prefix in PREFIXES:
        for delimiter in ("", "/"):
            assert await stores[1].usage(ALICE, "data", prefix=prefix, delimiter=delimiter) == await listed(
                stores[0], "data", prefix, delimiter
            ), (prefix, delimiter)


async def fill(store: S3Store, count: int, folders: int = 7) -> None:
    for number in range(count):
        await store.put(at(f"f{number % folders}/k{number:03}"), b"x" * number)


async def scan(store: S3Store) -> int:
    """Scan everything, and return the number of steps."""
    position, steps = "", 0
    while True:
        step = await store._ledger.scan(position)
        steps += 1
        if step.next is None:
            return steps
        position = str(step.next)


async def test_what_a_killed_server_did_not_note_is_wrong_until_the_scan(servers: Servers) -> None:
    one, two = await servers.start(), await servers.start()
    await fill(one, 30)
    assert (await two.usage(ALICE, "data")).count == 30
    await one.put(at("f3/more"), b"x")
    await one.delete(at("f0/k000"))
    await one.put(at("f1/k001"), b"overwritten")
    await servers.kill(one)
    assert (await two.usage(ALICE, "data")).size_bytes == 435, "what one did last is not known to two"
    await scan(two)
    found = await two.usage(ALICE, "data", delimiter="/")
    assert (found.count, found.size_bytes) == (30, 446)
    assert found == await listed(two, delimiter="/")


async def test_a_scan_begins_when_a_server_is_lost_and_not_when_one_ends(servers: Servers) -> None:
    one, two, three = [await servers.start() for _ in range(3)]
    await fill(one, 30)
    assert (await two.usage(ALICE, "data")).count == 30
    for store in (one, two, three):
        await store.sweep()
    await one.put(at("more"), b"x")
    await servers.kill(one)
    await three.close()
    for minutes in (20, 20):
        assert (await two.usage(ALICE, "data")).count == 30
        servers.clock.advance(minutes=minutes)
        await two.sweep()
    assert (await two.usage(ALICE, "data")).count == 31
    servers.clock.advance(minutes=20)
    async with counted(two) as made:
        await two.sweep()
    assert not any(line.startswith("LIST blobs/") for line in made), "nobody else was lost"


async def test_a_scan_goes_on_where_it_was_on_any_server(servers: Servers) -> None:
    bounds = replace(SMALL_ROWS, scan_lists=25)
    one, two = await servers.start(bounds), await servers.start(bounds)
    await fill(one, 300)
    await one.usage(ALICE, "data")
    servers.bucket().put("blobs/" + ALICE + "/data/f6-/zz!", b"behind its back")
    records, seen = S3Records(servers.bucket()), list[str]()
    for store in (one, two) * 10:
        servers.clock.advance(hours=1)
        await store.sweep()
        record = records.read(LEASE_NAME)
        assert record is not None
        seen.append(json.loads(record.content)["scan_at"])
        if not seen[-1]:
            break
    assert len(seen) >= 3 and seen[:-1] == sorted(set(seen[:-1])) and not seen[-1]
    assert await two.usage(ALICE, "data") == await listed(two)


async def test_a_count_that_breaks_off_goes_on_where_it_was(servers: Servers) -> None:
    one, two = await servers.start(), await servers.start()
    await fill(one, 200)
    async with counted(one) as whole:
        expected = await one.usage(ALICE, "data")
    lists = sum(made == f"LIST blobs/{ALICE}/data/" for made in whole)
    three = await servers.start()
    for name in [found.name for found in three._bucket.list("sums/").objects]:
        three._bucket.delete(name)
    honest, calls = two._bucket.list, 0

    def break_off(*args: Any, **options: Any) -> ObjectPage:
        nonlocal calls
        calls += args[0].startswith("blobs/")
        if calls > lists * 2 // 3:
            raise UnavailableError("the engine is gone")
        return honest(*args, **options)

    two._bucket.list = break_off  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match="gone"):
        await two.usage(ALICE, "data")
    async with counted(three) as rest:
        assert await three.usage(ALICE, "data") == expected
    assert 0 < sum(made == f"LIST blobs/{ALICE}/data/" for made in rest) <= lists * 2 // 3


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"branches": [], "gone": []}', b'[["x", 1, 2, 3, 4]]', None])
async def test_sums_that_are_damaged_or_lost_are_counted_again(servers: Servers, content: bytes | None) -> None:
    store = await servers.start()
    await fill(store, 60)
    expected = await store.usage(ALICE, "data", delimiter="/")
    names = [found.name for found in store._bucket.list(f"sums/{ALICE}/data/").objects]
    assert root_name(DATA) in names and len(names) > 3
    for damaged in (names[:1], names[2:3], [root_name(DATA)], names):
        for name in damaged:
            store._bucket.delete(name)
            if content is not None:
                store._bucket.put(name, content)
        store._bucket.put(f"touched/{ALICE}/data/0-damaged", content or b"[3]")
        await store.put(at("f5/k005"), b"x" * 5)
        assert await (await servers.start()).usage(ALICE, "data", delimiter="/") == expected
        assert await store.usage(ALICE, "data", delimiter="/") == expected


async def test_notes_of_many_changes_are_applied_by_the_sweep_without_a_list(servers: Servers) -> None:
    one, two = await servers.start(), await servers.start()
    await fill(one, 60)
    await one.usage(ALICE, "data")
    for number in range(NOTES_AT_REST + 1):
        await one.put(at(f"f2/more{number}"), b"x")
        await one._ledger.journal.flush()
    async with counted(two) as made:
        await two._ledger.sweep()
    assert f"LIST blobs/{ALICE}/data/" not in made
    assert two._bucket.list("touched/").objects == []
    assert await two.usage(ALICE, "data") == await listed(two)


async def test_a_list_that_a_change_and_its_note_overtook_is_made_again(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await servers.start(), await servers.start()
    await fill(one, 30)
    await one.usage(ALICE, "data")
    for content in (b"makes a row stale", b"changes nothing in the root"):
        await one.put(at("f2/k002"), content)
        await one._ledger.journal.flush()
        await two._ledger._sums.mark(DATA, lane=two._run().upkeep)
    relisting, overtaken = one._ledger._sums._relisting, list[str]()
    honest = relisting.rows

    async def overtake(*args: Any, **options: Any) -> list[Row]:
        rows = await honest(*args, **options)
        if not overtaken:
            overtaken.append("once")
            await two.put(at("f2/k002"), b"another value, of another length")
            await two._ledger.journal.flush()
            await two._ledger._sums.mark(DATA, lane=two._run().upkeep)
        return rows

    monkeypatch.setattr(relisting, "rows", overtake)
    assert await one.usage(ALICE, "data") == await listed(one)
    assert overtaken


async def test_notes_of_a_pair_without_sums_are_dropped(servers: Servers) -> None:
    store = await servers.start()
    await store.put(at("k"), b"x")
    await store._ledger.journal.flush()
    assert store._bucket.list("touched/").objects == [], "nobody asked for sums yet"
    for number in range(NOTES_AT_REST + 1):
        store._bucket.put(f"touched/{ALICE}/data/{number}-stray", b'["k!"]')
    await store._ledger.sweep()
    assert store._bucket.list("touched/").objects == store._bucket.list("sums/").objects == []


async def test_leaves_of_a_killed_server_are_removed(servers: Servers) -> None:
    store = await servers.start()
    await fill(store, 30)
    expected = await store.usage(ALICE, "data")
    stray = f"sums/{ALICE}/data/leaf-stray"
    store._bucket.put(stray, b"[]")
    await scan(store)
    assert store._bucket.head(stray) is not None, "a server may just have written it"
    servers.clock.advance(hours=2)
    await scan(store)
    assert store._bucket.head(stray) is None
    assert await store.usage(ALICE, "data") == expected


async def test_notes_wait_while_the_engine_does_not_take_them(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = await servers.start(), await servers.start()
    await fill(one, 20)
    assert (await two.usage(ALICE, "data")).count == 20
    put = one._bucket.put

    def refuse(name: str, *args: Any, **options: Any) -> Object:
        if name.startswith("touched/"):
            raise UnavailableError("no room")
        return put(name, *args, **options)

    await one._ledger.journal.flush()
    one._bucket.put = refuse  # type: ignore[method-assign]
    await one.put(at("late"), b"x")
    with pytest.raises(UnavailableError):
        await one._ledger.journal.flush()
    assert (await two.usage(ALICE, "data")).count == 20
    one._bucket.put = put  # type: ignore[method-assign]
    await one._ledger.journal.flush()
    assert (await two.usage(ALICE, "data")).count == 21


async def test_servers_that_are_killed_at_any_moment_leave_sums_that_the_scan_puts_right(servers: Servers) -> None:
    store = await servers.start()
    await fill(store, 40)
    await store.usage(ALICE, "data")
    for run in range(2):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.server.stores.s3.ledger.child", servers.root, seaweed.endpoint(), str(run),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        for _ in range(40 + run * 13):
            assert await process.stdout.readline()
        process.kill()
        await process.wait()
        await store.usage(ALICE, "data", delimiter="/")
    await scan(store)
    for prefix, delimiter in (("", ""), ("", "/"), ("f1/", "/"), ("a", "")):
        found = await store.usage(ALICE, "data", prefix=prefix, delimiter=delimiter)
        assert found == await listed(store, "data", prefix, delimiter)


def test_a_position_is_read_as_it_was_written() -> None:
    for position in (Position(ALICE, "tmp", "expired", "a-/b/c!"), Position(ALICE, "logs", "summed"), Position()):
        assert Position.parse(str(position)) == position
    for bad in ("x", f"{ALICE}/none/summed/", f"{ALICE}/data/expired/", "../../../.."):
        assert Position.parse(bad) == Position()
