"""The threads in which a server waits for the engine, and the deadline after which it stops waiting.

Short calls, the records of upload sessions, lists, reads and writes of bytes have separate threads, and each thread has
a connection of its own to the engine. So many uploads delay neither lists nor short calls, many lists do not delay
short calls, and no crowd of calls holds more memory than its threads do. The sweep has separate threads too. The
threads for one kind of call are shared fairly by user: a user who has just come never stands behind the queue of
another.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.limits.shares import USER, Share, Shares
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S

T = TypeVar("T")

DEADLINE_S = 25.0  # of a short call: the wait for a thread, and the call itself
AT_ONCE = 16  # calls that one request runs at once, so that no request takes all threads
CALLS, SESSIONS, LISTS, READS, UPKEEP = 32, 32, 16, 16, 4
WRITES = 15  # twelve for one user; a write holds a part and its pieces, up to twice PART_BYTES


class Lane:
    """The threads for one kind of call. With a deadline, a call that takes longer raises UnavailableError; the call may
    continue then, and keeps its thread, but its result is ignored. Without a deadline, only the engine's silence ends a
    call. `waited` is how many calls found no free thread for their user."""

    def __init__(self, name: str, threads: int, deadline_s: float | None) -> None:
        self.waited = 0
        self._turns = Shares(threads, "all threads for the storage engine", patience_s=deadline_s)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=f"s3-{name}")
        self._deadline_s = deadline_s
        self._is_closed = False

    async def run(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call the function in a thread, at the turn of the present user, and return its result. Raise UnavailableError
        past the deadline, or once closed."""
        loop = asyncio.get_running_loop()
        deadline = None if self._deadline_s is None else loop.time() + self._deadline_s
        turn = self._turns.try_take(USER.get(), 1)
        if turn is None:
            self.waited += 1
            turn = await self._turns.take(USER.get(), 1)
        if self._is_closed:
            turn.close()
            raise UnavailableError("the store is closed; start the server again")
        called = self._executor.submit(partial(function, *args, **options))
        waiting: asyncio.Future[T] = loop.create_future()
        called.add_done_callback(lambda done: _tell(loop, turn, waiting, done))
        expiry = None if deadline is None else loop.call_at(deadline, _give_up, waiting, called)
        try:
            return await waiting
        finally:
            if expiry is not None:
                expiry.cancel()

    def close(self) -> None:
        """Refuse further calls. The calls under way end by themselves."""
        self._is_closed = True
        self._executor.shutdown(wait=False, cancel_futures=True)


class Threads:
    """The lanes of one store: `calls` are short, `sessions` are those for the records of uploads, `lists` are many for
    one request, `reads` and `writes` move the bytes of large blobs, `upkeep` belongs to the sweep. `wide_reads` counts
    the readers with large reads now."""

    def __init__(self) -> None:
        self.wide_reads = 0
        self.calls = Lane("calls", CALLS, DEADLINE_S)
        self.sessions = Lane("sessions", SESSIONS, DEADLINE_S)
        self.lists = Lane("lists", LISTS, DEADLINE_S)
        self.upkeep = Lane("upkeep", UPKEEP, DEADLINE_S)
        self.reads = Lane("reads", READS, None)
        self.writes = Lane("writes", WRITES, None)

    def close(self) -> None:
        """Close all lanes."""
        for lane in (self.calls, self.sessions, self.lists, self.upkeep, self.reads, self.writes):
            lane.close()


async def gather_few(calls: Iterable[Coroutine[Any, Any, T]], *, at_once: int = AT_ONCE) -> list[T]:
    """Run all calls, at most `at_once` at a time, and return their results in order."""
    turns = asyncio.Semaphore(at_once)

    async def run(call: Coroutine[Any, Any, T]) -> T:
        async with turns:
            return await call

    return list(await asyncio.gather(*map(run, calls)))


def _tell(loop: asyncio.AbstractEventLoop, turn: Share, waiting: asyncio.Future[Any], done: Future[Any]) -> None:
    """Hand the outcome of a thread to the event loop, unless the loop has ended, and all turns with the loop."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, turn, waiting, done)


def _settle(turn: Share, waiting: asyncio.Future[Any], done: Future[Any]) -> None:
    turn.close()
    if waiting.done():  # its caller was cancelled, or waited too long: the outcome is ignored
        return
    if done.cancelled():
        waiting.cancel()
    elif (error := done.exception()) is not None:
        waiting.set_exception(error)
    else:
        waiting.set_result(done.result())


def _give_up(waiting: asyncio.Future[Any], called: Future[Any]) -> None:
    called.cancel()
    if not waiting.done():
        text = "the storage engine takes too long; try again later"
        waiting.set_exception(UnavailableError(text, retry_after_s=RETRY_AFTER_S))
