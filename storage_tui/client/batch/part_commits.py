"""Small downloads made durable while others are received: separate threads sync the files that have arrived.

Several threads sync at once, because a file system commits files together that are synced at the same moment. One after
another, each file would wait for the disk alone. Each file gets its name only after its own sync.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from storage_tui.client.transfer.part_file import PartFile
from storage_tui.contract.errors import ConflictError, LocalFileError

THREADS = 16  # syncs at once; these threads mostly wait for the disk
WAITING = 64  # whole parts that wait for a sync, each an open file

Ended = Callable[[LocalFileError | ConflictError | None], None]


class PartCommits:
    """The committing threads of a batch. Call `add` from any thread, and `close` once, after the last `add`."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[PartFile, Ended] | None] = queue.Queue(WAITING)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def add(self, part: PartFile, ended: Ended) -> None:
        """Give the part its final name once it is synced; then call `ended` with the error, or None.

        Wait while many parts are waiting. On a machine that gives no thread, wait for the sync itself.
        """
        with self._lock:
            if len(self._threads) < THREADS:
                thread = threading.Thread(target=self._run, name="storage-tui-commit", daemon=True)
                with suppress(RuntimeError):  # a limit of processes; fewer threads do the same work
                    thread.start()
                    self._threads.append(thread)
            has_threads = bool(self._threads)
        if has_threads:
            self._waiting.put((part, ended))
        else:
            _commit(part, ended)

    def close(self) -> None:
        """Wait until all added parts have ended."""
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
