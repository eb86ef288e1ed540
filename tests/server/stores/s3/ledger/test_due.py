"""What expires on a bucket: found by its day, in the face of rewrites, moves, kills, other servers and damage."""

import asyncio
import random
from datetime import datetime, timedelta

import pytest

from storage_tui.contract.errors import NotFoundError, UnavailableError
from storage_tui.server.stores.s3.ledger.due import write_lists
from storage_tui.server.stores.s3.store import S3Store
from tests.server.stores.engines import ALICE
from tests.server.stores.s3.ledger.changing import at
from tests.server.stores.s3.ledger.conftest import Servers

WEEK = timedelta(days=7)
TMP = f"blobs/{ALICE}/tmp/"


def stored(store: S3Store) -> list[str]:
    """The objects of blobs of the type that expires, expired or not."""
    return [found.name.removeprefix(TMP).rstrip("!") for found in store._bucket.list(TMP).objects]


async def due_sweep(store: S3Store) -> int:
    """Sweep without the scan in the background."""
    return await store._ledger.sweep()


@pytest.mark.parametrize("seed", range(2))
async def test_a_sweep_removes_what_has_expired_and_nothing_else(servers: Servers, seed: int) -> None:
    rng = random.Random(seed)
    stores = [await servers.start(), await servers.start()]
    model: dict[str, datetime] = {}
    for _ in range(20):
        for _ in range(4):
            store, key, other = rng.choice(stores), f"k{rng.randrange(15)}", f"k{rng.randrange(15)}"
            present = model.get(key, servers.clock.now - WEEK) + WEEK > servers.clock.now
            action = rng.choice(("put", "put", "upload", "delete", "move"))
            if action == "put":
                await store.put(at(key, "tmp"), b"x")
                model[key] = servers.clock.now
            elif action == "upload":
                session = await store.create_upload(at(key, "tmp"))
                async with store.write_upload(session.upload_id) as writer:
                    await writer.write(b"xyz")
                    await writer.finish()
                model[key] = servers.clock.now
            elif present and action == "delete":
                await store.delete(at(key, "tmp"))
                del model[key]
            elif present and other != key:
                await store.move(at(key, "tmp"), at(other, "tmp"))
                model[other] = model.pop(key)
        servers.clock.advance(hours=rng.choice((0, 1, 20)))
        for store in stores:
            await store._ledger.journal.flush()
        await asyncio.gather(*map(due_sweep, stores))
        living = {key for key, written in model.items() if written + WEEK > servers.clock.now}
        recent = {key for key, written in model.items() if written + WEEK + timedelta(hours=1) > servers.clock.now}
        assert living <= set(stored(stores[0])) <= recent, "within the hour of a list of several times"
    servers.clock.advance(days=8)
    await due_sweep(stores[0])
    assert not stored(stores[0]) and not stores[0]._bucket.list("due/").objects


async def test_a_blob_that_was_written_again_is_not_swept_by_its_old_entry(servers: Servers) -> None:
    store = await servers.start()
    for key in ("again", "once"):
        await store.put(at(key, "tmp"), b"x")
    await store._ledger.journal.flush()
    servers.clock.advance(days=4)
    await store.put(at("again", "tmp"), b"y")
    servers.clock.advance(days=4)
    assert await due_sweep(store) == 1
    assert stored(store) == ["again"]
    servers.clock.advance(days=4)
    assert await due_sweep(store) == 1
    assert stored(store) == []


async def test_a_blob_that_came_in_parts_and_a_copy_are_swept(servers: Servers) -> None:
    store = await servers.start()
    session = await store.create_upload(at("large", "tmp"))
    async with store.write_upload(session.upload_id) as writer:
        await writer.write(bytes(9 * 1024 * 1024))
        await writer.finish()
    await store.put(at("kept"), b"x")
    await store.copy(at("kept"), at("copied", "tmp"))
    servers.clock.advance(days=7, seconds=2)
    assert await due_sweep(store) == 2
    assert stored(store) == []


async def test_a_blob_that_changes_while_it_is_swept_stays(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await servers.start()
    await store.put(at("k", "tmp"), b"x")
    servers.clock.advance(days=8)
    bucket, head = servers.bucket(), store._bucket.head

    def head_and_change(name: str) -> object:
        found = head(name)
        if name.startswith(TMP):
            bucket.put(name, b"written just now")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(store._bucket, "head", head_and_change)
        assert await due_sweep(store) == 0
    assert (await store.stat(at("k", "tmp"))).size_bytes == 16


async def test_blobs_that_no_list_names_are_found_by_the_scan(servers: Servers) -> None:
    killed, store = await servers.start(), await servers.start()
    servers.bucket().put(f"{TMP}earlier!", b"of an earlier version, which notes nothing")
    await killed.put(at("of a killed server", "tmp"), b"x")
    await servers.kill(killed)
    servers.clock.advance(days=7, seconds=1)
    assert await due_sweep(store) == 0
    with pytest.raises(NotFoundError):
        await store.stat(at("earlier", "tmp"))
    assert len(stored(store)) == 2
    assert await store.sweep() == 2
    assert stored(store) == []


async def test_a_sweep_that_breaks_off_leaves_its_list_for_the_next_one(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await servers.start(), await servers.start()
    for number in range(10):
        await one.put(at(f"k{number}", "tmp"), b"x")
    servers.clock.advance(days=8)
    delete = one._bucket.delete

    def die(name: str, **options: str) -> None:
        if name.startswith("due/") or name.endswith("k7!"):
            raise UnavailableError("killed here")
        delete(name, **options)

    with monkeypatch.context() as patch:
        patch.setattr(one._bucket, "delete", die)
        with pytest.raises(UnavailableError):
            await due_sweep(one)
    assert "k7" in stored(two)
    assert await due_sweep(two) >= 1
    assert not stored(two) and not two._bucket.list("due/").objects


async def test_a_server_whose_clock_is_a_little_behind_finds_its_blobs_all_the_same(servers: Servers) -> None:
    store = await servers.start()
    await store.put(at("k", "tmp"), b"x")
    store._ledger.journal._due.clear()
    write_lists(store._bucket, {f"{TMP}k!": servers.clock.now + WEEK - timedelta(minutes=4)})
    servers.clock.advance(days=7, minutes=-3)
    assert await due_sweep(store) == 0 and stored(store) == ["k"]
    servers.clock.advance(minutes=4)
    assert await due_sweep(store) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"[" * 5000, b'["../x", "records/sweeper", "blobs/x/tmp/y!"]'])
async def test_a_list_that_is_damaged_removes_nothing(servers: Servers, content: bytes) -> None:
    store = await servers.start()
    await store.put(at("kept"), b"x")
    store._bucket.put("due/20200101/000000-damaged", content)
    store._bucket.put("records/sweeper!", b"{}")
    assert await due_sweep(store) == 0
    assert (await store.stat(at("kept"))).size_bytes == 1
    assert store._bucket.head("records/sweeper!") is not None
    assert store._bucket.list("due/").objects == []
