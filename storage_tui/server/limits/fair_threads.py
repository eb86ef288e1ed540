"""Threads for blocking work of an engine, shared fairly by user, without an event loop.

While a thread is free, work begins at once, whoever it belongs to. When all threads are busy, the next work is that of
the user with the fewest threads, and among those of the user who was served longest ago. So a user with one upload gets
as much of a disk as a user with five hundred, and nobody waits for more than the work that runs and one turn of each
other user.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from storage_tui.server.limits.shares import USER

P = ParamSpec("P")
T = TypeVar("T")

_Work = tuple["Future[Any]", Callable[[], Any]]


class FairThreads(Executor):
    """So many threads. The user of a call is that of the present request (`USER`)."""

    def __init__(self, threads: int, name: str) -> None:
        self._free = threads
        self._name = name
        self._threads: list[threading.Thread] = []
        self._begun: SimpleQueue[tuple[str, _Work] | None] = SimpleQueue()  # None ends a thread
        self._lock = threading.Lock()
        self._is_empty = threading.Condition(self._lock)
        self._waiting: dict[str, deque[_Work]] = {}
        self._running: dict[str, int] = {}
        self._served: dict[str, int] = {}  # of users with work here: when they came, or were last served
        self._moments = count()
        self._is_closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Start the function at the turn of the present user and return its future. Raise RuntimeError once closed."""
        future: Future[T] = Future()
        user, work = USER.get(), (future, partial(fn, *args, **kwargs))
        with self._lock:
            if self._is_closed:
                raise RuntimeError("these threads have ended")
            if self._free and not self._waiting:
                self._start(user, work)
            else:
                self._served.setdefault(user, next(self._moments))
                self._waiting.setdefault(user, deque()).append(work)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work, and end the threads when all work is done. With `cancel_futures`, what waits is cancelled.
        With `wait`, return at the end."""
        with self._lock:
            self._is_closed = True
            if cancel_futures:
                for queue in self._waiting.values():
                    for future, _ in queue:
                        future.cancel()
            while wait and (self._waiting or self._running):
                self._is_empty.wait()
            if self._waiting or self._running:
                return  # the last work ends the threads
            self._end_threads()
        for thread in self._threads if wait else ():
            thread.join()

    def _begin(self) -> None:
        """Give the free threads to those whose turn is next. Call this with the lock."""
        while self._free and self._waiting:
            user = min(self._waiting, key=lambda user: (self._running.get(user, 0), self._served[user]))
            work = self._waiting[user].popleft()
            if not self._waiting[user]:
                del self._waiting[user]
            self._start(user, work)

    def _start(self, user: str, work: _Work) -> None:
        """Give the work to a thread that is free. Call this with the lock."""
        if not work[0].set_running_or_notify_cancel():
            self._forget(user)
            return
        self._free -= 1
        self._running[user] = self._running.get(user, 0) + 1
        self._served[user] = next(self._moments)
        if sum(self._running.values()) > len(self._threads):
            thread = threading.Thread(target=self._serve, name=f"{self._name}_{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._begun.put((user, work))

    def _serve(self) -> None:
        while (begun := self._begun.get()) is not None:
            self._work(*begun)
            del begun  # a thread that waits holds no bytes

    def _work(self, user: str, work: _Work) -> None:
        future, function = work
        try:
            result = function()
        except BaseException as exc:
            self._end(user)
            future.set_exception(exc)
        else:
            self._end(user)
            future.set_result(result)

    def _end_threads(self) -> None:
        for _ in self._threads:
            self._begun.put(None)

    def _end(self, user: str) -> None:
        with self._lock:
            self._free += 1
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]
            self._forget(user)
            self._begin()

    def _forget(self, user: str) -> None:
        if user not in self._running and user not in self._waiting:
            self._served.pop(user, None)
        if not self._waiting and not self._running:
            self._is_empty.notify_all()
            if self._is_closed:
                self._end_threads()
