"""An upload whose bytes are written while it runs: a thread sends the written pieces, a few pieces behind."""

import queue
import threading
from collections.abc import Iterator

from storage_tui.client.control import TransferControl
from storage_tui.client.storage import Storage
from storage_tui.contract.models import Blob

AHEAD = 2  # pieces written and not yet taken by the upload: one is filled while one is sent


class Feed:
    """Streams pieces into one blob. The blob becomes visible under the key only at `finish`, which waits for it."""

    def __init__(self, storage: Storage, key: str, storage_type: str, content_type: str | None) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue(AHEAD)
        self._control = TransferControl()
        self._error: BaseException | None = None
        self._blob: Blob | None = None
        self._is_ended = False  # set by the writer
        self._is_drained = False  # set by the thread
        self._thread = threading.Thread(
            target=self._run, args=(storage, key, storage_type, content_type), name="storage-tui-feed", daemon=True
        )
        self._thread.start()

    def push(self, piece: bytes) -> None:
        """Add a piece; wait while the upload is behind. Raise the error that has ended the upload."""
        if self._error is not None:
            raise self._error
        self._pieces.put(piece)

    def finish(self) -> Blob:
        """End the stream, wait until the blob is stored and its checksum compared, and return the blob.

        Raise the error that has ended the upload.
        """
        self._end()
        if self._error is not None:
            raise self._error
        assert self._blob is not None
        return self._blob

    def cancel(self) -> None:
        """Cancel the upload; no blob becomes visible."""
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
        except BaseException as exc:  # kept for the writer, who would otherwise wait for ever
            self._error = exc
            while not self._is_drained:  # or the writer would wait for room for ever
                self._is_drained = self._pieces.get() is None

    def _taken(self) -> Iterator[bytes]:
        """Yield the pieces to the end of the stream; raise CancelledError instead of an end for a cancelled upload."""
        while not self._is_drained:
            piece = self._pieces.get()
            self._is_drained = piece is None
            self._control.check()
            if piece is not None:
                yield piece
