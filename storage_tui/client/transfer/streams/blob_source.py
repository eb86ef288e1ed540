"""A blob of another store as the source of an upload: read by ranges, so that nothing is kept on this machine."""

from collections.abc import Iterator

from storage_tui.client.control import StreamControl, TransferControl
from storage_tui.client.http.session import Session
from storage_tui.client.transfer.blob_stream import BlobStream
from storage_tui.client.transfer.sources import LAST_BYTES, Buffer, known_piece
from storage_tui.contract import checksum
from storage_tui.contract.errors import (
    CancelledError,
    ChecksumError,
    ForbiddenError,
    StorageError,
    UnauthorizedError,
)
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span


class BlobSource:
    """The blob `seen`, whose size is known, and only this version where it has an ETag.

    Memory holds one chunk, and of a small blob or the end of a large one the bytes that are read twice. The crc32c of
    all bytes is compared with that of the blob before the last of them are sent, where its store has one.
    """

    in_order = True

    def __init__(self, session: Session, seen: Blob, control: TransferControl) -> None:
        assert seen.size_bytes is not None
        self._session, self._seen, self._control = session, seen, control
        self._size = seen.size_bytes
        self._crc = self._summed = 0
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
        if self._held is None or self._held[0] != span:
            self._held = span, b"".join(bytes(chunk) for chunk in self._read(span))
        yield memoryview(self._held[1])

    def check_unchanged(self) -> None:
        """Raise ChecksumError when the bytes that were read are not those that their store has."""
        told = self._seen.crc32c
        if self._summed == self._size and told is not None and checksum.encode(self._crc) != told:
            raise ChecksumError(f"{self._seen.key!r} was read damaged; copy it again", key=self._seen.key)

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
        position = span.start
        try:
            for chunk in stream.chunks():
                if position == self._summed:
                    self._crc = checksum.extend(self._crc, chunk)
                    self._summed += len(chunk)
                position += len(chunk)
                yield chunk
        except (CancelledError, ForbiddenError, UnauthorizedError):
            raise
        except StorageError as exc:
            raise StorageError(f"cannot read {seen.key!r} to the end: {exc.message}", key=seen.key) from exc
