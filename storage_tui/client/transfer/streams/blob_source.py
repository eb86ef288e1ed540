"""A blob of another store as the source of an upload: read by ranges, so that nothing is kept on this machine."""

from collections.abc import Iterator

from storage_tui.client.control import StreamControl, TransferControl
from storage_tui.client.http.session import Session
from storage_tui.client.transfer.blob_stream import BlobStream
from storage_tui.client.transfer.sources import LAST_BYTES, Buffer, known_piece
from storage_tui.contract.errors import (
    CancelledError,
    ForbiddenError,
    StorageError,
    UnauthorizedError,
)
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span


class UnreadableError(StorageError):
    """The source cannot be read now, and may be later: what the target has of it stays useful."""


class BlobSource:
    """The blob `seen`, whose size is known, and only this version where it has an ETag.

    Memory holds one chunk of each stream, and of a small blob or the end of a large one the bytes that are read twice.
    Of a blob with an ETag several threads may read.
    """

    def __init__(self, session: Session, seen: Blob, control: TransferControl) -> None:
        assert seen.size_bytes is not None
        self._session, self._seen, self._control = session, seen, control
        self._size = seen.size_bytes
        self.in_order = seen.etag is None
        self._held: tuple[Span, bytes] | None = None

    @property
    def size_bytes(self) -> int:
        """Return the length of the blob."""
        return self._size

    def next_piece(self, offset: int) -> tuple[Span, bool]:
        """Return the pieces as for a file."""
        return known_piece(offset, self._size)

    def chunks(self, span: Span) -> Iterator[Buffer]:
        """Yield the bytes of the span. Raise StorageError when they cannot be read: never an error that looks like an
        answer of the target."""
        if span.size_bytes > LAST_BYTES or span.stop < self._size:
            yield from self._read(span)
            return
        held = self._held
        if held is None or held[0] != span:
            self._held = held = span, b"".join(bytes(chunk) for chunk in self._read(span))
        yield memoryview(held[1])

    def check_unchanged(self) -> None:
        """Return: each read names the version."""

    def close(self) -> None:
        """Drop the bytes in memory."""
        self._held = None

    def _read(self, span: Span) -> Iterator[memoryview]:
        seen = self._seen
        if not span.size_bytes:
            return
        stream = BlobStream(
            self._session, seen.key, seen.storage_type, control=StreamControl(self._control), start=span.start,
            stop=span.stop, etag=seen.etag, listed=seen,
        )  # fmt: skip
        try:
            yield from stream.chunks()
        except (CancelledError, ForbiddenError, UnauthorizedError):
            raise
        except StorageError as exc:
            kind = UnreadableError if exc.retryable else StorageError
            raise kind(f"cannot read {seen.key!r} to the end: {exc.message}", key=seen.key) from exc
