"""The threads in which a server waits for the engine, and the deadline after which it stops waiting.

Short calls, lists, reads and writes of bytes have threads of their own, so that a crowd of uploads does not keep lists
waiting, nor a crowd of lists short calls, and holds no more memory than its threads do. The sweep has its own too.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S

T = TypeVar("T")

DEADLINE_S = 25.0  # of a short call, in the queue for a thread and in it
AT_ONCE = 16  # calls that one request keeps under way, so that no request takes all threads
CALLS, LISTS, READS, WRITES, UPKEEP = 32, 16, 16, 12, 4  # a write holds a part and its pieces, up to twice PART_BYTES


class Lane:
    """Threads for one kind of call. With a deadline, UnavailableError is raised for a call that takes longer; it may go
    on then, and what it does afterwards counts for nothing. Without, the engine's silence is the only end."""

    def __init__(self, name: str, threads: int, deadline_s: float | None) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=f"s3-{name}")
        self._deadline_s = deadline_s
        self._is_closed = False

    async def run(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call it in a thread."""
        if self._is_closed:
            raise UnavailableError("the store is closed; start the server again")
        future = asyncio.wrap_future(self._executor.submit(lambda: function(*args, **options)))
        await asyncio.wait((future,), timeout=self._deadline_s)
        if future.done():
            return future.result()
        future.cancel()
        future.add_done_callback(_look_away)
        raise UnavailableError("the storage engine takes too long; try again later", retry_after_s=RETRY_AFTER_S)

    def close(self) -> None:
        """Take no more calls; those under way end by themselves."""
        self._is_closed = True
        self._executor.shutdown(wait=False, cancel_futures=True)


class Threads:
    """The lanes of one store: `calls` are short, `lists` many for one request, `reads` and `writes` move the bytes of
    large blobs, `upkeep` is the sweep's."""

    def __init__(self) -> None:
        self.calls = Lane("calls", CALLS, DEADLINE_S)
        self.lists = Lane("lists", LISTS, DEADLINE_S)
        self.upkeep = Lane("upkeep", UPKEEP, DEADLINE_S)
        self.reads = Lane("reads", READS, None)
        self.writes = Lane("writes", WRITES, None)

    def close(self) -> None:
        """Close all of them."""
        for lane in (self.calls, self.lists, self.upkeep, self.reads, self.writes):
            lane.close()


async def gather_few(calls: Iterable[Coroutine[Any, Any, T]], *, at_once: int = AT_ONCE) -> list[T]:
    """The results of all calls in order, a few under way at a time."""
    turns = asyncio.Semaphore(at_once)

    async def run(call: Coroutine[Any, Any, T]) -> T:
        async with turns:
            return await call

    return list(await asyncio.gather(*map(run, calls)))


def _look_away(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
