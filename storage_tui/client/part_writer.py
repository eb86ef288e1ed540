"""Writes a large download beside its receiving: one thread puts chunks into the part file, another syncs it meanwhile.

Half of a fast download is copying into the page cache; while that goes on the next bytes can be taken from the socket.
Several ranges at once were slower where it was measured (1 GiB over loopback on two cores: 0.99 s this way, 1.16 s by
two ranges, 1.57 s by four), so a blob comes over one connection.
"""

import os
import queue
import threading
from typing import Self

from storage_tui.client.part_file import PartFile, local_errors
from storage_tui.contract.errors import StorageError

CHUNKS_AHEAD = 3  # received and not written yet: enough to bridge a slow write, few enough to hold
SYNC_EVERY_BYTES = 64 * 1024 * 1024  # what is written goes to the disk while the rest still comes
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync


class PartWriter:
    """Within its block `write` takes chunks in order; leaving it without an error, all of them are in the file.

    A chunk must stay as it is until CHUNKS_AHEAD more were taken. What writing or syncing raises comes out of a later
    `write`, or at the end.
    """

    def __init__(self, part: PartFile, name: str) -> None:
        self._part, self._name = part, name
        self._waiting: queue.Queue[tuple[int, memoryview] | None] = queue.Queue(CHUNKS_AHEAD - 1)
        self._thread: threading.Thread | None = None
        self._syncing: threading.Thread | None = None
        self._synced = 0
        self._error: StorageError | None = None
        self._sync_error: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, position: int, chunk: memoryview, *, is_last: bool) -> None:
        """Take a chunk; a blob of one chunk is written here and now, as a thread would only cost."""
        self._check()
        if is_last and self._thread is None:
            self._put(position, chunk)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="storage-tui-write", daemon=True)
            self._thread.start()
        self._waiting.put((position, chunk))

    def __exit__(self, kind: object, *_: object) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
        if self._syncing is not None:
            self._syncing.join()
        if kind is None:
            self._check()
            if self._sync_error is not None:
                with local_errors(self._name):
                    raise self._sync_error

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (row := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    self._put(*row)
                except StorageError as exc:
                    self._error = exc  # and nothing after it: the file must not have a hole

    def _put(self, position: int, chunk: memoryview) -> None:
        self._part.write(position, chunk)
        stop = position + len(chunk)
        if stop - self._synced >= SYNC_EVERY_BYTES and (self._syncing is None or not self._syncing.is_alive()):
            self._synced = stop
            self._syncing = threading.Thread(target=self._sync, name="storage-tui-sync", daemon=True)
            self._syncing.start()

    def _sync(self) -> None:
        try:
            _sync_data(self._part.descriptor)
        except OSError as exc:
            self._sync_error = exc  # a later fsync would not report it again
