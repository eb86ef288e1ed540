"""Small downloads made durable beside the receiving: threads of their own sync what has arrived while more arrives.

Several at once, because a file system commits files that are synced at the same moment together: one after another each
would wait for the disk by itself. Each file gets its name only after its own sync.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from storage_tui.client.transfer.part_file import PartFile
from storage_tui.contract.errors import ConflictError, LocalFileError

THREADS = 16  # syncs under way at once; they hardly run, they wait
WAITING = 64  # whole parts in line for a sync, each an open file

Ended = Callable[[LocalFileError | ConflictError | None], None]


class PartCommits:
    """The committing threads of a batch. `add` from any thread; `close` once, after the last."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[PartFile, Ended] | None] = queue.Queue(WAITING)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def add(self, part: PartFile, ended: Ended) -> None:
        """Give the part its final name once it is synced; `ended` is then called with what failed. Waits while many
        are in line, and for the sync itself on a machine that gives no thread for it."""
        with self._lock:
            if len(self._threads) < THREADS:
                thread = threading.Thread(target=self._run, name="storage-tui-commit", daemon=True)
                with suppress(RuntimeError):  # a limit of processes; fewer threads do the same
                    thread.start()
                    self._threads.append(thread)
            has_threads = bool(self._threads)
        if has_threads:
            self._waiting.put((part, ended))
        else:
            _commit(part, ended)

    def close(self) -> None:
        """Wait until all that was added has ended."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (row := self._waiting.get()) is not None:
            _commit(*row)


def _commit(part: PartFile, ended: Ended) -> None:
    error: LocalFileError | ConflictError | None = None
    try:
        part.commit(syncs_folder=False)
    except (LocalFileError, ConflictError) as exc:
        error = exc
        part.discard()
    ended(error)
