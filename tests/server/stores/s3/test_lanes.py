"""The threads that wait for an engine: what is stuck in one lane, or belongs to one user, keeps no other waiting."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from storage_tui.server.limits.shares import USER, BusyError
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.protocol.requests import CONNECTIONS
from storage_tui.server.stores.s3.protocol.threads import CALLS, LISTS, READS, SESSIONS, UPKEEP, WRITES, Lane, Threads
from storage_tui.server.stores.s3.store import S3Store
from tests import seaweed
from tests.server.stores.engines import ALICE

MANY = 50  # more than any lane has threads


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
