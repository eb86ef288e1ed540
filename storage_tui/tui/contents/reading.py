"""One search inside contents in the background of a screen: a thread reads, and the screen takes what it found."""

import queue
import threading
from collections.abc import Iterator, Sequence

from storage_tui.client.patterns.select import blobs_below
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import StorageError
from storage_tui.contract.models import Blob
from storage_tui.previews.searching.contents import ContentSearch
from storage_tui.previews.searching.query import Ended, Found, Query
from storage_tui.tui.state.listing import Row

MOST_BYTES = 1_000_000_000  # read by one search; the next one may read as much again
WAITING = 200  # events that wait for the screen, which takes them a few times a second
POLL_S = 0.2


class Reading:
    """A search of rows: blobs, and folders with all below them. The constructor raises ValueError for a pattern that is
    none.

    `error` is the failure that ended the search early.
    """

    def __init__(
        self, engine: TransferEngine, rows: Sequence[Row], query: Query, *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._engine = engine
        self._rows = rows
        self._search = ContentSearch(engine, query, most_bytes=most_bytes)
        self._events: queue.Queue[Found | Ended] = queue.Queue(WAITING)
        self._ended = threading.Event()
        self._is_cut = False
        self.error: StorageError | None = None

    @property
    def read_bytes(self) -> int:
        """The bytes read so far."""
        return self._search.read_bytes

    @property
    def is_running(self) -> bool:
        """Whether more may be found, or something found waits to be taken."""
        return not self._ended.is_set() or not self._events.empty()

    @property
    def is_stopped(self) -> bool:
        """Whether the search was stopped before its end."""
        return self._is_cut

    def start(self) -> None:
        """Begin to search."""
        threading.Thread(target=self._run, name="search inside", daemon=True).start()

    def stop(self) -> None:
        """Stop the search; what it has found may still be taken."""
        self._is_cut = self._is_cut or not self._ended.is_set()
        self._search.stop()

    def take(self) -> Iterator[Found | Ended]:
        """Yield what was found since the last time."""
        for _ in range(WAITING):
            try:
                yield self._events.get_nowait()
            except queue.Empty:
                return

    def _run(self) -> None:
        try:
            for event in self._search.run(self._blobs()):
                if not self._put(event):
                    return
        except StorageError as exc:
            self.error = exc
        finally:
            self._ended.set()

    def _put(self, event: Found | Ended) -> bool:
        while not self._search.is_stopped:
            try:
                self._events.put(event, timeout=POLL_S)
            except queue.Full:
                continue
            return True
        return False

    def _blobs(self) -> Iterator[Blob]:
        for row in self._rows:
            if isinstance(row, Blob):
                yield row
            else:
                yield from blobs_below(self._engine, row.storage_type, row.key)
