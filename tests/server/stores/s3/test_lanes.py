"""The threads that wait for an engine: what is stuck in one lane, or belongs to one user, keeps no other waiting."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from storage_tui.server.limits.shares import USER, BusyError
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.memory import GRAIN_BYTES, OWN_BYTES, Gathering, new_memory
from storage_tui.server.stores.s3.protocol.requests import CONNECTIONS
from storage_tui.server.stores.s3.protocol.threads import CALLS, LISTS, READS, SESSIONS, UPKEEP, WRITES, Lane, Threads
from storage_tui.server.stores.s3.store import S3Store
from tests import seaweed
from tests.server.stores.engines import ALICE

MANY = 50  # more than any lane has threads
MIB = 1024 * 1024


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds up the work of a test; open at its end."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
async def store() -> AsyncIterator[S3Store]:
    """A store on a bucket."""
    started = S3Store(seaweed.bucket_at(seaweed.endpoint(), f"lanes-{secrets.token_hex(6)}/"), check=lambda _: None)
    await started.start()
    yield started
    await started.close()


def stick(lane: Lane, gate: threading.Event, user: str) -> list[asyncio.Task[bool]]:
    """More calls of the user than the lane has threads, none of which ends before the gate opens."""
    token = USER.set(user)
    try:
        return [asyncio.create_task(lane.run(gate.wait)) for _ in range(MANY)]
    finally:
        USER.reset(token)


async def test_short_calls_and_lists_wait_behind_no_upload_and_no_download(
    store: S3Store, gate: threading.Event
) -> None:
    threads = store._run()
    stuck = [task for lane in (threads.sessions, threads.writes, threads.reads) for task in stick(lane, gate, ALICE)]
    await asyncio.sleep(0)
    USER.set(ALICE)
    address = Address(ALICE, "data", "k")
    await store.put(address, b"x" * 200_000)
    assert (await store.stat(address)).size_bytes == 200_000
    assert [blob.key for blob in (await store.list_page(ALICE, "data", limit=10)).blobs] == ["k"]
    async with store.open(address) as reader:
        assert reader.blob.size_bytes == 200_000
    await store.delete(address)
    assert not any(task.done() for task in stuck)
    assert (threads.calls.waited, threads.lists.waited) == (0, 0)
    gate.set()
    assert all(await asyncio.gather(*stuck))


async def test_a_user_who_comes_anew_stands_behind_no_queue_of_another(gate: threading.Event) -> None:
    threads = Threads()
    stuck = stick(threads.calls, gate, "ann")
    await asyncio.sleep(0)
    USER.set("bob")
    assert await threads.calls.run(lambda: "at once") == "at once"
    assert threads.calls.waited > 0 and not any(task.done() for task in stuck)
    gate.set()
    await asyncio.gather(*stuck)
    threads.close()


async def test_a_call_that_gets_no_thread_in_time_is_refused_and_one_that_takes_too_long_keeps_its_thread(
    gate: threading.Event,
) -> None:
    lane = Lane("test", 1, 0.05)
    with pytest.raises(Exception, match="the storage engine takes too long"):
        await lane.run(gate.wait)
    with pytest.raises(BusyError, match="all threads for the storage engine"):
        await lane.run(gate.wait)
    gate.set()
    while True:
        try:
            assert await lane.run(lambda: 1) == 1
        except BusyError:
            continue
        break
    lane.close()


def test_each_thread_may_have_a_connection_of_its_own() -> None:
    assert CALLS + SESSIONS + LISTS + READS + WRITES + UPKEEP <= CONNECTIONS


async def test_an_upload_has_memory_for_its_part_before_the_bytes_come() -> None:
    memory = new_memory(10 * MIB)
    first, second = Gathering(memory, "ann"), Gathering(memory, "bob")
    await first.expect(4 * MIB)
    assert memory.held_by("ann") == 4 * MIB
    for _ in range(4):
        first.add(bytes(MIB))
        assert await first.has_room()
    assert memory.held_by("ann") == 4 * MIB, "what was taken before is enough"
    waiting = asyncio.create_task(second.expect(8 * MIB))
    await asyncio.sleep(0)
    assert not waiting.done()
    first.close()
    await waiting
    assert memory.held_by("bob") == 8 * MIB
    second.close()
    assert memory.free == 10 * MIB


async def test_an_upload_goes_on_without_memory_when_none_comes_back() -> None:
    memory = new_memory(4 * MIB)
    memory._patience_s = 0.0
    slow, other = Gathering(memory, "ann"), Gathering(memory, "bob")
    await slow.expect(4 * MIB)
    await other.expect(4 * MIB)
    assert memory.held_by("bob") == 0
    other.add(bytes(OWN_BYTES))
    assert await other.has_room(), "so much it has without asking"
    other.add(bytes(GRAIN_BYTES))
    assert not await other.has_room(), "these go to the bucket"
    slow.close()
    assert await other.has_room()
