"""Threads shared by user: whose work begins before whose."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest

from storage_tui.server.limits.fair_threads import FairThreads
from storage_tui.server.limits.shares import USER
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.store import LocalStore
from tests.waits import LIMIT_S

MIB = 1024 * 1024


def submit(threads: FairThreads, user: str, work: Any, *args: Any) -> "Future[Any]":
    """Submit work of the user."""
    token = USER.set(user)
    try:
        return threads.submit(work, *args)
    finally:
        USER.reset(token)


def test_everybody_has_a_turn_before_anybody_has_two() -> None:
    threads, gate, order = FairThreads(2, "test"), threading.Event(), list[str]()

    def work(user: str) -> None:
        gate.wait(LIMIT_S)
        order.append(user)

    work_of = [("greedy", 50), *((f"user{number}", 1) for number in range(10))]
    done = [submit(threads, user, work, user) for user, count in work_of for _ in range(count)]
    gate.set()
    wait(done, LIMIT_S)
    last = max(place for place, user in enumerate(order) if user != "greedy")
    assert order[:last].count("greedy") <= 4, "two were running, and one has its turn among the others"
    assert len(order) == 60 and not threads._served and not threads._running
    threads.shutdown()


def test_a_user_alone_has_all_threads_and_an_error_belongs_to_its_caller() -> None:
    threads, barrier = FairThreads(3, "test"), threading.Barrier(3)
    assert len({submit(threads, "ann", barrier.wait, LIMIT_S) for _ in range(3)}) == 3
    failed = threads.submit(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        failed.result(LIMIT_S)
    assert threads.submit(int, "7").result(LIMIT_S) == 7
    threads.shutdown()


def test_the_end_waits_for_all_work_and_takes_no_more() -> None:
    threads, gate, done = FairThreads(1, "test"), threading.Event(), list[int]()
    threads.submit(gate.wait, LIMIT_S)
    waiting = [threads.submit(done.append, number) for number in range(5)]
    cancelled = threads.submit(done.append, 99)
    assert cancelled.cancel()
    ending = threading.Thread(target=threads.shutdown)
    ending.start()
    gate.set()
    ending.join(LIMIT_S)
    assert done == list(range(5)) and all(future.done() for future in waiting)
    with pytest.raises(RuntimeError, match="have ended"):
        threads.submit(int)


def test_an_end_that_cancels_leaves_only_the_work_that_runs() -> None:
    threads, gate = FairThreads(1, "test"), threading.Event()
    running = threads.submit(gate.wait, LIMIT_S)
    waiting = threads.submit(int)
    threads.shutdown(wait=False, cancel_futures=True)
    gate.set()
    assert running.result(LIMIT_S) and waiting.cancelled()
    threads.shutdown()


def test_an_end_that_does_not_wait_lets_all_work_end() -> None:
    threads, gate = FairThreads(1, "test"), threading.Event()
    work = [threads.submit(gate.wait, LIMIT_S) for _ in range(3)]
    threads.shutdown(wait=False)
    gate.set()
    assert all(future.result(LIMIT_S) for future in work)


class SlowDisk(Disk):
    """A disk whose writes of uploads wait for the gate; it keeps their order, by user."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = threading.Event()
        self.order: list[str] = []

    def write(self, descriptor: int, chunks: Any, offset: int) -> None:
        self.gate.wait(LIMIT_S)
        self.order.append(chunks[0][:16].decode())
        super().write(descriptor, chunks, offset)


async def test_a_hundred_users_with_an_upload_each_get_as_much_of_the_disk_as_one_with_five_hundred(
    tmp_path: Path,
) -> None:
    """Each of the hundred has its upload written; meanwhile the other has not more than two beyond those
    that were begun before the hundred came. Equal would be one."""
    disk = SlowDisk(tmp_path)
    store = LocalStore(tmp_path, disk=disk)
    await store.start()

    async def upload(user: str, number: int) -> None:
        namespace = user.encode().hex().ljust(40, "0")
        USER.set(namespace)
        session = await store.create_upload(Address(namespace, "data", str(number)), size_bytes=MIB)
        async with store.write_upload(session.upload_id) as writer:
            await writer.write(user.encode().ljust(16) + bytes(MIB - 16))
            began.release()
            await writer.finish()

    began = asyncio.Semaphore(0)
    greedy = [asyncio.create_task(upload("greedy", number)) for number in range(500)]
    for _ in greedy:
        await began.acquire()
    begun = sum(disk_threads for disk_threads in store._pool.files._running.values())
    others = [asyncio.create_task(upload(f"user{number}", 0)) for number in range(100)]
    for _ in others:
        await began.acquire()
    disk.gate.set()
    await asyncio.gather(*greedy, *others)
    names = [name.strip() for name in disk.order]
    last = max(place for place, name in enumerate(names) if name != "greedy")
    written = Counter(names[: last + 1])
    assert {written[f"user{number}"] for number in range(100)} == {1}
    assert written["greedy"] <= begun + 2
    await store.close()
