"""The search inside many blobs at once: results in the order of the blobs, up to a number of bytes read.

Each of a few threads reads a blob by ranges and has its own process that matches lines. The results of a blob wait in a
bounded queue until their turn comes, so that a large blob holds no more than a few parts in memory.
"""

import queue
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import islice

from storage_tui.client import calls
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import StorageError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import LimitError
from storage_tui.previews.searching.matcher import STEP_S, Matcher, StoppedError
from storage_tui.previews.searching.query import Ended, Found, Match, Query

JOBS = 4  # blobs searched at once: two processors, and two that wait for the network
FIRST_BYTES = 256 * 1024  # show whether a blob is text at all
PART_BYTES = 2 * 1024 * 1024  # read at once from then on
WAITING = 8  # answers of a blob that wait for their turn
AHEAD = 4  # blobs begun for each thread before their results are wanted
MOST_BYTES = 10 * 10**9  # read by one search without being asked for more
POLL_S = 0.2  # between two looks at whether the search was stopped

Event = Found | Ended
_Task = tuple[Blob, "queue.Queue[Event]"]


class ContentSearch:
    """One search. `run` may be called once; `stop` ends the search from any thread.

    `read_bytes` counts the bytes read so far, `blobs` the blobs that were searched to their end.
    """

    def __init__(
        self, engine: TransferEngine, query: Query, *, jobs: int = JOBS, most_bytes: int = MOST_BYTES,
        step_s: float = STEP_S,
    ) -> None:  # fmt: skip
        query.compiled()
        self._engine = engine
        self._query = query
        self._jobs = jobs
        self._most_bytes = most_bytes
        self._step_s = step_s
        self._tasks: queue.Queue[_Task | None] = queue.Queue()
        self._lock = threading.Lock()
        self._matchers: list[Matcher] = []
        self._stopped = threading.Event()
        self.read_bytes = 0
        self.blobs = 0

    @property
    def is_stopped(self) -> bool:
        """Whether the search was stopped."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Stop: no more is read, and the processes are ended. What was found stays found."""
        self._stopped.set()
        with self._lock:
            for matcher in self._matchers:
                matcher.close()

    def run(self, blobs: Iterable[Blob]) -> Generator[Event, None, None]:
        """Yield the matches of each blob, and then its end, in the order of the blobs."""
        threads = [threading.Thread(target=self._work, name="search", daemon=True) for _ in range(self._jobs)]
        for thread in threads:
            thread.start()
        coming, begun = iter(blobs), deque[_Task]()
        try:
            while True:
                for blob in islice(coming, max(0, self._jobs * AHEAD - len(begun))):
                    task: _Task = blob, queue.Queue(WAITING)
                    begun.append(task)
                    self._tasks.put(task)
                if not begun:
                    return
                _, events = begun.popleft()
                while True:
                    event = self._next(events)
                    if event is None:
                        return
                    yield event
                    if isinstance(event, Ended):
                        self.blobs += event.state != "not searched"
                        break
        finally:
            self.stop()
            for _ in threads:
                self._tasks.put(None)

    def _next(self, events: "queue.Queue[Event]") -> Event | None:
        """Return the next event of a blob; None when the search was stopped."""
        while not self.is_stopped:
            try:
                return events.get(timeout=POLL_S)
            except queue.Empty:
                continue
        return None

    def _work(self) -> None:
        """Search blobs until there are no more, in a thread."""
        matcher = Matcher(self._query, step_s=self._step_s)
        with self._lock:
            self._matchers.append(matcher)
        try:
            while not self.is_stopped and (task := self._tasks.get()) is not None:
                blob, events = task
                try:
                    for event in self._search(blob, matcher):
                        if not self._put(events, event):
                            return
                except StoppedError:
                    return
                except Exception as exc:  # the boundary of the thread: nobody would wait for this blob otherwise
                    reason = exc.message if isinstance(exc, StorageError) else str(exc)
                    self._put(events, Ended(blob, "unreadable", reason=reason))
        finally:
            matcher.end()

    def _put(self, events: "queue.Queue[Event]", event: Event) -> bool:
        while not self.is_stopped:
            try:
                events.put(event, timeout=POLL_S)
            except queue.Full:
                continue
            return True
        return False

    def _search(self, blob: Blob, matcher: Matcher) -> Iterator[Event]:
        """Yield the events of one blob. Raise StoppedError, or an error of the client."""
        if self.read_bytes >= self._most_bytes:
            yield Ended(blob, "not searched", reason=f"{size_text(self._most_bytes)} were read before")
            return
        matcher.begin(blob.key)
        at, part_bytes, etag, count = 0, FIRST_BYTES, blob.etag, 0
        size_bytes = blob.size_bytes
        while True:
            if self.is_stopped:
                raise StoppedError
            if size_bytes is not None and at >= size_bytes:
                data = b""
            else:
                read = self._engine.run(calls.read_range(blob.key, blob.storage_type, at, at + part_bytes, etag))
                data, etag = read.data, etag or read.blob.etag
                size_bytes = read.blob.size_bytes if read.blob.size_bytes is not None else size_bytes
            at += len(data)
            with self._lock:
                self.read_bytes += len(data)
            is_last = not data or (size_bytes is not None and at >= size_bytes)
            question: dict[str, object] = {"last": is_last}
            while True:
                try:
                    answer = matcher.ask(question, data)
                except LimitError as exc:
                    yield Ended(blob, "slow", count, at, str(exc))
                    return
                if answer["matches"]:
                    yield Found(blob, tuple(Match(*row) for row in answer["matches"]))
                count = answer["count"]
                if not answer["more"]:
                    break
                question, data = {"more": True}, b""
            if is_last or answer["is_over"]:
                yield Ended(blob, answer["state"], count, at, answer["reason"])
                return
            if self.read_bytes >= self._most_bytes:
                reason = f"only its first {size_text(at)}: {size_text(self._most_bytes)} are read at most"
                yield Ended(blob, "cut", count, at, reason)
                return
            part_bytes = PART_BYTES
