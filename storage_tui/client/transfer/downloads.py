"""The download of a blob into a file, which appears only when it is whole, or into a file object."""

import io
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from storage_tui.client.control import StreamControl, TransferControl
from storage_tui.client.http.session import Session
from storage_tui.client.transfer.blob_stream import CHUNK_BYTES, BlobStream, first_byte
from storage_tui.client.transfer.early_sync import EarlySync
from storage_tui.client.transfer.journal import Journal, JournalEntry
from storage_tui.client.transfer.local_tree import opened_below
from storage_tui.client.transfer.part_file import (
    RESUMED_FROM_BYTES,
    PartFile,
    PartNote,
    Purpose,
    check_target,
    local_errors,
    opened_folder,
)
from storage_tui.client.transfer.records import UnfinishedTransfer, now_text
from storage_tui.client.transfer.sources import is_level
from storage_tui.client.transfer.streams.download import RangedDownload, Ranges
from storage_tui.client.transfer.streams.round_trip import RoundTrip
from storage_tui.client.transfer.streams.spans import Piece, Spans
from storage_tui.client.transfer.streams.widening import Widening
from storage_tui.contract import checksum
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConflictError,
    LocalFileError,
    PreconditionFailedError,
    ProtocolError,
)
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import find_storage_type

IN_USE = "another program moves this file too, so it was begun anew"
STARTS = 3  # attempts of a download whose blob is overwritten meanwhile


def verified_chunks(stream: BlobStream, control: TransferControl) -> Generator[memoryview, None, None]:
    """Yield the chunks of a whole blob; after the last chunk, raise ChecksumError when the crc32c differs."""
    crc = 0
    control.phase = "starting"
    for chunk in stream.chunks():
        if control.phase != "moving":
            control.phase, control.total_bytes = "moving", stream.total
        crc = checksum.extend(crc, chunk)
        yield chunk
        control.done_bytes = stream.position
    _conclude(stream, crc, control)


@contextmanager
def streamed(session: Session, key: str, storage_type: str, control: TransferControl) -> Iterator[Iterator[bytes]]:
    """Give the chunks of a whole blob within the block, as `verified_chunks` yields them, each as a copy to keep.

    A caller that takes chunks after the block, before their end, gets BadRequestError: the chunks would look like a
    shorter blob.
    """
    is_over = False

    def copies() -> Iterator[bytes]:
        for chunk in chunks:
            yield bytes(chunk)
        if is_over:
            raise BadRequestError("read the chunks of a stream within its `with` block; the rest was not read", key=key)

    with closing(verified_chunks(BlobStream(session, key, storage_type, control=control), control)) as chunks:
        try:
            yield copies()
        finally:
            is_over = True


def _conclude(stream: BlobStream, crc: int, control: TransferControl) -> Blob:
    blob = stream.blob
    if blob is None:
        raise ProtocolError("the server did not describe the blob")
    if stream.total is not None and stream.position != stream.total:
        raise ChecksumError(f"{blob.key!r} has {stream.total} bytes, {stream.position} arrived", key=blob.key)
    if blob.crc32c is not None and blob.crc32c != checksum.encode(crc):
        raise ChecksumError(f"{blob.key!r} arrived damaged: its crc32c differs; download it again", key=blob.key)
    control.total_bytes = control.done_bytes = stream.position
    control.phase = "unverified" if blob.crc32c is None else "verified"
    return replace(blob, size_bytes=stream.position)


def to_object(session: Session, key: str, storage_type: str, file: IO[bytes] | Any, control: TransferControl) -> Blob:
    """Write a blob to an open binary file object, in bounded memory; return the blob.

    Raise LocalFileError for an object that takes no bytes, ChecksumError when the bytes arrived damaged.
    """
    sink = _sink(file)
    stream = BlobStream(session, key, storage_type, control=control)
    crc = 0
    control.phase = "starting"
    for chunk in stream.chunks():
        control.phase, control.total_bytes = "moving", stream.total
        crc = checksum.extend(crc, chunk)
        _write_all(sink, chunk)
        control.done_bytes = stream.position
    return _conclude(stream, crc, control)


def _sink(file: Any) -> Any:
    """Return the file object that takes the bytes: below a text file the binary one, if both stand at one place."""
    try:
        if isinstance(file, tempfile.SpooledTemporaryFile):
            if not isinstance(file._file, io.TextIOWrapper):
                return file  # it moves to the disk when it grows
            file.rollover()
            return _sink(file._file)
        if isinstance(file, tempfile._TemporaryFileWrapper):
            return _sink(file.file)
        if isinstance(file, io.TextIOWrapper):
            if type(file) is io.TextIOWrapper and is_level(file):
                return file.buffer
        elif hasattr(file, "write") and not hasattr(file, "encoding"):
            return file
    except (OSError, ValueError) as exc:
        raise LocalFileError(f"cannot write to the file object: {exc}") from exc
    raise LocalFileError("get_file writes bytes; give a file name or a file object opened in binary mode ('wb')")


def _write_all(sink: Any, chunk: memoryview) -> None:
    with local_errors("the file object"):
        while chunk:
            try:
                count = sink.write(bytes(chunk) if len(chunk) < CHUNK_BYTES else chunk)
            except TypeError as exc:
                raise LocalFileError("the file object takes no bytes; open it in binary mode ('wb')") from exc
            except ValueError as exc:
                raise LocalFileError(f"cannot write to the file object: {exc}") from exc
            chunk = chunk[count if isinstance(count, int) else len(chunk) :]


class FileDownload:
    """The download of one blob into one local file.

    With `resume` an earlier part is continued, and kept when the download breaks again. Without `replaces` an existing
    file, now or at the end, is kept. A download ends at the size of `listed`, the blob as a list described it.
    """

    def __init__(
        self, session: Session, key: str, storage_type: str, path: Path, *, control: TransferControl, resume: bool,
        journal: Journal, root: Path | None = None, syncs_folder: bool = True, replaces: bool = True,
        hand_over: Callable[[PartFile], None] | None = None, listed: Blob | None = None,
    ) -> None:  # fmt: skip
        self._session, self._key, self._path = session, key, path
        self._storage_type = find_storage_type(storage_type).name
        self._control, self._resume = control, resume
        self._purpose = Purpose(path.name, session.server.display_url, self._storage_type, key)
        self._root, self._journal, self._syncs_folder = root, journal, syncs_folder
        self._replaces = replaces
        self._entry: JournalEntry | None = None
        self._hand_over, self._listed = hand_over, listed

    def run(self) -> Blob:
        """Download to the end; return the blob that the file now holds. Raise StorageError."""
        name = self._path.name
        if name in ("", ".", ".."):
            raise LocalFileError(f"cannot write {str(self._path)!r}: choose the name of a file")
        with self._folder() as folder:
            if check_target(folder, name) is not None and not self._replaces:
                raise ConflictError(f"{str(self._path)!r} exists and was not overwritten", key=self._key)
            part, note = PartFile.open(folder, self._purpose, resume=self._resume, replaces=self._replaces)
            if self._resume and part.is_apart:
                self._control.note = IN_USE
            try:
                blob = self._fill(part, note)
            except (ChecksumError, PreconditionFailedError):
                self._discard(part)
                raise
            except CancelledError:
                self._keep(part) if self._control.keeps_part and self._resume else self._discard(part)
                raise
            except BaseException:
                self._keep(part) if self._resume else self._discard(part)
                raise
            if self._hand_over is not None and not part.is_resumable:
                part.detach()
                self._hand_over(part)
                return blob
            try:
                part.commit(syncs_folder=self._syncs_folder)
            except ConflictError:
                self._discard(part)
                raise
            except BaseException:
                self._keep(part)
                raise
            if self._entry is not None:
                self._entry.remove()
            self._control.phase = "unverified" if blob.crc32c is None else "verified"
            return blob

    def _folder(self) -> AbstractContextManager[int]:
        if self._root is None:
            return opened_folder(self._path.parent)
        return opened_below(self._root, self._path.parent.relative_to(self._root), make=True)

    def _keep(self, part: PartFile) -> None:
        if self._entry is not None:
            self._entry.close() if part.is_resumable else self._entry.remove()
        part.keep()

    def _discard(self, part: PartFile) -> None:
        if self._entry is not None:
            self._entry.remove()
        part.discard()

    def _fill(self, part: PartFile, note: PartNote | None) -> Blob:
        for attempt in range(STARTS):
            try:
                return self._fill_once(part, note)
            except PreconditionFailedError:
                if attempt == STARTS - 1:
                    raise
                self._control.note = "blob changed, started over"
            except ChecksumError:
                if note is None:
                    raise
                self._control.note = "the earlier part was damaged, started over"
            part.truncate()
            note = None
        raise AssertionError("unreachable")

    def _fill_once(self, part: PartFile, note: PartNote | None) -> Blob:
        control = self._control
        link = RoundTrip(self._session, first_byte(self._key, self._storage_type), control)
        widening = Widening(self._session.pace, "down", link.is_long)
        if note is not None and note.ranges:
            return self._fill_ranges(part, note, widening)
        start, crc, etag = (0, 0, None) if note is None else (*self._earlier(part, note), note.etag)
        own = StreamControl(control)
        stream = BlobStream(
            self._session, self._key, self._storage_type, control=own, start=start, etag=etag, listed=self._listed
        )
        control.phase, control.done_bytes = "starting", start
        with EarlySync(part, self._path.name) as disk, closing(stream.chunks()) as chunks:
            position = start
            waited_s = 0.0
            for chunk in chunks:
                if control.phase != "moving":
                    control.phase, control.total_bytes = "moving", stream.total
                    self._note(part, stream)
                    link.saw(stream.answered_s)
                crc = checksum.extend(crc, chunk)
                part.write(position, chunk)
                position += len(chunk)
                disk.wrote(position)
                control.done_bytes = position
                widening.note(len(chunk), stream.waited_s - waited_s)
                waited_s = stream.waited_s
                if stream.total is not None and widening.wanted(stream.total - position) > 1 and stream.is_fixed:
                    spans = Spans(stream.total, [Piece(0, position, position, crc)], self._session.pace.rule)
                    ranged = self._ranged(part, spans, stream.version, widening)
                    ranged.run((stream, chunks), own)
                    return self._end_ranged(ranged, spans)
            control.phase = "finishing"
            if start:
                part.truncate(position)  # an earlier process may have left more bytes than the blob has
        return _conclude(stream, crc, control)

    def _fill_ranges(self, part: PartFile, note: PartNote, widening: Widening) -> Blob:
        """Continue a part that came over several streams."""
        control = self._control
        spans = Spans(note.size_bytes, self._earlier_ranges(part, note), self._session.pace.rule)
        ranged = self._ranged(part, spans, note.etag, widening)
        control.phase, control.total_bytes = "moving", note.size_bytes
        self._note_journal(note.etag, note.size_bytes)
        ranged.run()
        return self._end_ranged(ranged, spans)

    def _ranged(self, part: PartFile, spans: Spans, etag: str, widening: Widening) -> RangedDownload:
        def keep(ranges: Ranges) -> None:
            if part.is_resumable:
                part.note(PartNote(self._purpose, etag, spans.total, ranges))

        return RangedDownload(
            self._session, self._key, self._storage_type, part, control=self._control, etag=etag, spans=spans,
            widening=widening, keep=keep,
        )  # fmt: skip

    def _end_ranged(self, ranged: RangedDownload, spans: Spans) -> Blob:
        self._control.phase = "finishing"
        stream, crc = ranged.described, spans.crc()
        if stream is None or crc is None:
            raise ProtocolError(f"the server did not send all of {self._key!r}", key=self._key)
        if stream.total not in (None, spans.total):
            raise PreconditionFailedError(f"{self._key!r} was overwritten while it was read", key=self._key)
        stream.position = spans.total
        return _conclude(stream, crc, self._control)

    def _earlier_ranges(self, part: PartFile, note: PartNote) -> list[Piece]:
        """Return the pieces that an earlier process left, read from the disk, the only sure source of their crc32c.

        The last byte of the blob is left out, so that the server is asked for it and sends the checksum too.
        """
        pieces = []
        size_bytes = min(part.size(), note.size_bytes - 1)
        for start, stop in note.ranges:
            if start < size_bytes:
                position, crc = self._read_back(part, start, min(stop, size_bytes))
                pieces.append(Piece(start, position, position, crc))
        self._control.note = f"resumed at {sum(piece.stop - piece.start for piece in pieces)} bytes"
        return pieces

    def _earlier(self, part: PartFile, note: PartNote) -> tuple[int, int]:
        """Return length and crc32c of the bytes that an earlier process left, read from the disk, the only sure source.

        At least the last byte is left out, so that the server is asked for it and sends the checksum of the blob too.
        """
        position, crc = self._read_back(part, 0, max(0, note.size_bytes - 1))
        self._control.note = f"resumed at {position} bytes"
        return position, crc

    def _read_back(self, part: PartFile, start: int, stop: int) -> tuple[int, int]:
        """Return where the bytes of the part from `start` end, at `stop` or before, and their crc32c."""
        crc, position = 0, start
        buffer = memoryview(bytearray(CHUNK_BYTES))
        with local_errors(self._path.name):
            while count := os.preadv(part.descriptor, [buffer[: stop - position]], position):
                self._control.check()
                crc = checksum.extend(crc, buffer[:count])
                position += count
        return position, crc

    def _note(self, part: PartFile, stream: BlobStream) -> None:
        blob, total = stream.blob, stream.total
        if not self._resume or blob is None or blob.etag is None or total is None or total < RESUMED_FROM_BYTES:
            return
        part.note(PartNote(self._purpose, blob.etag, total))
        if part.is_resumable:
            self._note_journal(blob.etag, total)

    def _note_journal(self, etag: str, total: int) -> None:
        transfer = UnfinishedTransfer(
            "download", self._purpose.server, self._storage_type, self._key, str(self._path.absolute()), total,
            now_text(), root=None if self._root is None else str(self._root.absolute()), etag=etag,
            user=self._session.server.user(), replaces=self._replaces,
        )  # fmt: skip
        if self._entry is None:
            self._entry = self._journal.entry(transfer)
        self._entry.note(transfer)
