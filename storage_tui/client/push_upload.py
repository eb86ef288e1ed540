"""An upload whose bytes come while it runs: what is written is sent by a thread, a few pieces behind."""

import queue
import threading
from collections.abc import Iterator

from storage_tui.client.control import TransferControl
from storage_tui.client.storage import Storage
from storage_tui.contract.models import Blob

AHEAD = 2  # pieces written and not yet taken by the upload: one fills while one travels


class Feed:
    """Streams pieces into one blob. Nothing is visible under the key before `finish`, which waits for it."""

    def __init__(self, storage: Storage, key: str, storage_type: str, content_type: str | None) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue(AHEAD)
        self._control = TransferControl()
        self._error: BaseException | None = None
        self._blob: Blob | None = None
        self._is_ended = False  # by whoever writes
        self._is_drained = False  # by the thread
        self._thread = threading.Thread(
            target=self._run, args=(storage, key, storage_type, content_type), name="storage-tui-feed", daemon=True
        )
        self._thread.start()

    def push(self, piece: bytes) -> None:
        """Add a piece; waits while the upload is behind. Raises what has ended the upload."""
        if self._error is not None:
            raise self._error
        self._pieces.put(piece)

    def finish(self) -> Blob:
        """End the stream and wait until the blob is stored and compared."""
        self._end()
        if self._error is not None:
            raise self._error
        assert self._blob is not None
        return self._blob

    def cancel(self) -> None:
        """Give the upload up; nothing of it becomes visible."""
        self._control.cancel()
        self._end()

    def _end(self) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._pieces.put(None)
        self._thread.join()

    def _run(self, storage: Storage, key: str, storage_type: str, content_type: str | None) -> None:
        try:
            self._blob = storage.set_file(
                key, self._taken(), storage_type, control=self._control, content_type=content_type
            )
        except BaseException as exc:  # it is raised for whoever writes, who would wait for ever otherwise
            self._error = exc
            while not self._is_drained:  # so that whoever writes does not wait for room that never comes
                self._is_drained = self._pieces.get() is None

    def _taken(self) -> Iterator[bytes]:
        """The pieces to the end of the stream, which a cancelled one does not have for the upload."""
        while not self._is_drained:
            piece = self._pieces.get()
            self._is_drained = piece is None
            self._control.check()
            if piece is not None:
                yield piece
