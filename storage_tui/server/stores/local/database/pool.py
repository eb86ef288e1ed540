"""The threads of a local store that may block, by purpose: rows, lists and sums, counts for quotas, bytes of blobs,
small values, files of uploads, and upkeep. Each thread that reads rows has its own connection. All of them but those
for upkeep are shared fairly by user."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import apsw

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.limits.fair_threads import FairThreads

T = TypeVar("T")

READ_THREADS = 8  # reading a row takes less time than the switch to a thread; so many help when the disk is cold
QUERY_THREADS = 4  # lists and sums, which take long: separate, so that many of them delay no read of a blob
BYTE_THREADS = 8  # bytes of blobs that are not in the page cache: separate, so that slow ones delay no row
VALUE_THREADS = 4  # values of one request that are written and synced: separate, so that they wait for no upload
FILE_THREADS = 8  # uploads that write and sync at once; the others wait for a thread
COUNT_THREADS = 1  # the counts for quotas, which are looked up by key
UPKEEP_THREADS = 2  # the sweep and the search for orphans, so that they wait for no user


class Pool:
    """All of the threads. `close` waits for the running calls."""

    def __init__(self, open_reader: Callable[[], apsw.Connection]) -> None:
        self._open_reader = open_reader
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._reading = FairThreads(READ_THREADS, "storage-read")
        self.bytes = FairThreads(BYTE_THREADS, "storage-bytes")
        self.files = FairThreads(FILE_THREADS, "storage-files")
        self._values = FairThreads(VALUE_THREADS, "storage-values")
        self._querying = FairThreads(QUERY_THREADS, "storage-query")
        self._counting = FairThreads(COUNT_THREADS, "storage-count")
        self._upkeep = ThreadPoolExecutor(UPKEEP_THREADS, "storage-upkeep")

    async def read(self, query: Callable[[apsw.Connection], T], undo: Callable[[T], None] | None = None) -> T:
        """Return the result of the query. Raise UnavailableError when the database cannot be read.

        When the caller was cancelled and cannot take the result, `undo` gets the result, to close what the query
        opened.
        """
        return await _result(submit(self._reading, self._read, query), undo)

    async def query(self, query: Callable[[apsw.Connection], T]) -> T:
        """Return the result of a list or a sum, as `read` does."""
        return await _result(submit(self._querying, self._read, query), None)

    async def count(self, query: Callable[[apsw.Connection], T]) -> T:
        """Return the result of a count for quotas, as `read` does."""
        return await _result(submit(self._counting, self._read, query), None)

    async def read_for_upkeep(self, query: Callable[[apsw.Connection], T]) -> T:
        """Return the result of a query of the upkeep, such as the sweep, as `read` does."""
        return await _result(submit(self._upkeep, self._read, query), None)

    async def keep_up(self, work: Callable[[], T]) -> T:
        """Return the result of work of the upkeep, such as the sweep, as `in_thread` does."""
        return await _result(submit(self._upkeep, work), None)

    async def stage(self, work: Callable[[], T], undo: Callable[[T], None] | None = None) -> T:
        """Return the result of writing the value of one request; `undo` as in `read`."""
        return await _result(submit(self._values, work), undo)

    async def in_thread(self, work: Callable[[], T], undo: Callable[[T], None] | None = None) -> T:
        """Return the result of the work; `undo` as in `read`."""
        return await _result(submit(self.files, work), undo)

    def close(self) -> None:
        """End the threads, then close the connections. Blocks."""
        for threads in (
            self.files, self._values, self.bytes, self._reading, self._querying, self._counting, self._upkeep
        ):  # fmt: skip
            threads.shutdown()
        for connection in self._connections:
            connection.close()

    def _read(self, query: Callable[[apsw.Connection], T]) -> T:
        try:
            connection: apsw.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._open_reader()
                self._connections.append(connection)
            return query(connection)
        except apsw.Error as exc:
            raise UnavailableError(f"the store's database cannot be read: {exc}") from exc


def submit(executor: Executor, function: Callable[..., T], *args: Any) -> Future[T]:
    """Start the function in a thread and return its future. Raise UnavailableError once the threads have ended."""
    try:
        return executor.submit(function, *args)
    except RuntimeError as exc:
        raise UnavailableError("the store is closed") from exc


async def _result(future: Future[T], undo: Callable[[T], None] | None) -> T:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[T] = loop.create_future()
    future.add_done_callback(lambda done: _tell(loop, waiting, done))
    try:
        return await waiting
    except asyncio.CancelledError:
        future.cancel()
        if undo is not None:
            future.add_done_callback(partial(_undo, undo))
        raise


def _tell(loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[T], done: Future[T]) -> None:
    """Hand the outcome of a thread to the event loop, unless the loop has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, waiting, done)


def _settle(waiting: asyncio.Future[T], done: Future[T]) -> None:
    if waiting.done():  # its caller was cancelled
        return
    if done.cancelled():
        waiting.cancel()
    elif (error := done.exception()) is not None:
        waiting.set_exception(error)
    else:
        waiting.set_result(done.result())


def _undo(undo: Callable[[T], None], found: Future[T]) -> None:
    if not found.cancelled() and found.exception() is None:
        undo(found.result())
