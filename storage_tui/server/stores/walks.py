"""Lists of places that are not ours, made by walks in threads: shared by the engines over folders and web servers."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from threading import Event
from typing import TypeVar

from storage_tui.contract.errors import BadRequestError, UnavailableError
from storage_tui.contract.models import Blob, Page

T = TypeVar("T")
Facts = TypeVar("Facts")


class StoppedError(Exception):
    """Nobody waits for the walk any more."""


class Walks:
    """The threads of one store, whose walks end soon after the calls that wait for them. `name` names the threads, and
    `what` is what they walk through, for people."""

    def __init__(self, name: str, what: str, threads: int) -> None:
        self._what = what
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=f"storage-tui-{name}")

    async def run(self, work: Callable[[Event], T]) -> T:
        """Return what the work returns. It runs in a thread, and gets an event that is set once its caller has gone; it
        then raises StoppedError. Raise UnavailableError for a walk that was stopped."""
        stop = Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, work, stop)
        except StoppedError as exc:
            raise UnavailableError(f"the walk through the {self._what} was stopped") from exc
        finally:
            stop.set()

    async def close(self, *, waits: bool) -> None:
        """End the threads; with `waits` once their present work is done."""
        await asyncio.to_thread(self.threads.shutdown, wait=waits, cancel_futures=True)


def check_limit(limit: int) -> None:
    """Raise BadRequestError for a page without room."""
    if limit < 1:
        raise BadRequestError(f"a page holds at least 1 key, not {limit}")


def page_of(
    rows: Generator[tuple[str, Facts | None], None, None], limit: int, to_blob: Callable[[str, Facts], Blob]
) -> Page:
    """Return the first rows of a walk as a page: a key with its facts is a blob, one without them a folder. The walk is
    closed."""
    blobs: list[Blob] = []
    prefixes: list[str] = []
    last = ""
    with closing(rows):
        for key, facts in islice(rows, limit):
            last = key
            if facts is None:
                prefixes.append(key)
            else:
                blobs.append(to_blob(key, facts))
        is_more = next(rows, None) is not None
    return Page(tuple(blobs), tuple(prefixes), last if is_more else None)
