"""Threads by purpose, so that long work never delays short work, and nothing delays the guards of the server.

| lane | work in it |
|---|---|
| documents, searches | the catalog: single documents, and work on all documents of a user |
| parsing | large JSON of requests |
| answers | lists and sums of all engines: conversion to JSON and compression |
| logins | searches for refresh tokens |
| quotas | entries of the catalog counted, and records of open uploads |
| watch, upkeep | the guards: revocations, keys and limits read again; expired blobs removed. No request runs here |

Threads of the engines have lanes of their own, in `stores/local/database/pool.py` and `stores/s3/protocol/threads.py`.
The threads of `asyncio.to_thread` are left to the keys of signatures and to the counts of quotas, both of which are
bounded.
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
    """Some threads, shared fairly by user.

    A working thread is never interrupted, so all work in a lane must be bounded. A user who has just come waits for the
    thread that frees itself first, not for the queue of another user.
    """

    def __init__(self, name: str, threads: int, *, patience_s: float = PATIENCE_S) -> None:
        self._name = name
        self._threads = threads
        self._turns = Shares(threads, f"all threads for {name}", patience_s=patience_s)
        self._executor: ThreadPoolExecutor | None = None

    async def run(self, user: str, function: Callable[..., T], *args: Any) -> T:
        """Call the function in a thread at the user's turn, and return its result.

        Raise BusyError when the turn takes too long, UnavailableError when the server is stopping. A cancelled caller
        stops waiting; its turn lasts until the function has returned.
        """
        turn = await self._turns.take(user, 1)
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, f"storage-{self._name}")
        loop = asyncio.get_running_loop()
        try:
            future = self._executor.submit(function, *args)
        except RuntimeError as exc:
            turn.close()
            raise UnavailableError("the server is stopping; try again") from exc
        future.add_done_callback(lambda _: end_turn(loop, turn))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Accept no more calls; the calls under way end by themselves."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)


def end_turn(loop: asyncio.AbstractEventLoop, turn: Share) -> None:
    """Return the turn, in the event loop, when a thread has done its work."""
    with suppress(RuntimeError):  # the loop has ended, and all turns with the loop
        loop.call_soon_threadsafe(turn.close)
