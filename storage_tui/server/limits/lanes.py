"""Threads by purpose: long work never stands before short work, and nothing stands before what guards the server.

| lane | who runs in it |
|---|---|
| documents, searches | the catalog: single documents, and what reads all of a user's |
| parsing | large JSON of requests |
| answers | lists and sums of all engines, put into JSON and compressed |
| logins | refresh tokens looked up |
| watch, upkeep | the guards: revocations, keys and limits read again; what expired swept. No request runs in them |

Threads of the engines have lanes of their own, in `stores/local_pool.py` and `stores/s3_threads.py`. The threads of
`asyncio.to_thread` are left to the keys of signatures and to the counts of quotas, both of which are bounded.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.limits.shares import Share, Shares

T = TypeVar("T")

PATIENCE_S = 20.0  # a call that has not begun by then is refused: its client waits for 30 s


class Lane:
    """Some threads, shared fairly by user. A thread that works is never broken off, so what runs in a lane is bounded;
    who comes anew waits for the thread that frees itself first, not for the queue of somebody else."""

    def __init__(self, name: str, threads: int, *, patience_s: float = PATIENCE_S) -> None:
        self._name = name
        self._threads = threads
        self._turns = Shares(threads, f"all threads for {name}", patience_s=patience_s)
        self._executor: ThreadPoolExecutor | None = None

    async def run(self, user: str, function: Callable[..., T], *args: Any) -> T:
        """What the function returns, called in a thread once it is the user's turn; raises BusyError when that takes
        too long. A caller that is cancelled stops waiting; its turn ends with the function."""
        turn = await self._turns.take(user, 1)
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, f"storage-{self._name}")
        loop = asyncio.get_running_loop()
        try:
            future = self._executor.submit(function, *args)
        except RuntimeError as exc:
            turn.close()
            raise UnavailableError("the server is stopping; try again") from exc
        future.add_done_callback(lambda _: _end_turn(loop, turn))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Take no more calls; those under way end by themselves."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)


def _end_turn(loop: asyncio.AbstractEventLoop, turn: Share) -> None:
    with suppress(RuntimeError):  # the loop has ended, and all turns with it
        loop.call_soon_threadsafe(turn.close)
