"""The ranges of a blob into one file, each over a connection of its own."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Self

from storage_tui.client.control import StreamControl, TransferControl
from storage_tui.client.http.session import Session
from storage_tui.client.transfer.blob_stream import BlobStream, RangeIgnoredError
from storage_tui.client.transfer.early_sync import sync_data
from storage_tui.client.transfer.part_file import PartFile, local_errors
from storage_tui.client.transfer.streams.spans import Piece, Spans
from storage_tui.client.transfer.streams.team import Team
from storage_tui.client.transfer.streams.widening import Widening
from storage_tui.contract.errors import StorageError

KEPT_BYTES = 8 * 1024 * 1024  # a kill loses about as much: then the note names the bytes that are on the disk

Ranges = tuple[tuple[int, int], ...]


class RangedDownload:
    """Fills the gaps of a part with the version `etag` of a blob, over as many streams as the rule says.

    `keep` writes the ranges that are on the disk into the note of the part. The blob's description is that of
    `described`, the first stream that has an answer.
    """

    def __init__(
        self, session: Session, key: str, storage_type: str, part: PartFile, *, control: TransferControl, etag: str,
        spans: Spans, widening: Widening, keep: Callable[[Ranges], None],
    ) -> None:  # fmt: skip
        self._session, self._key, self._storage_type = session, key, storage_type
        self._part, self._control, self._etag = part, control, etag
        self._spans, self._widening = spans, widening
        self._kept = _Kept(part, key, spans, keep)
        self._team: Team
        self.described: BlobStream | None = None

    def run(
        self, first: tuple[BlobStream, Generator[memoryview, None, None]] | None = None,
        own: StreamControl | None = None,
    ) -> None:  # fmt: skip
        """Download what is missing. `first` is a stream that stands at the start of the first gap and has no end."""
        if first is not None:
            self.described = first[0]
        self._part.extend(self._spans.total)
        self._control.done_bytes = self._spans.moved_bytes
        with self._kept, Team(self._control, self._widening, self._work, own) as self._team:
            if first is not None:
                piece = self._spans.take()
                assert piece is not None
                try:
                    self._write(piece, *first)
                finally:
                    self._spans.give_back(piece)
            self._work(self._team.own)
            while self._team.have_ended() and (left_bytes := self._spans.left_bytes):
                self._work(self._team.own)  # what a stream too many gave back when this one had nothing to take
                if self._spans.left_bytes == left_bytes:
                    break

    def _work(self, control: StreamControl) -> None:
        while not self._team.is_surplus() and (piece := self._spans.take()) is not None:
            is_own = control is self._team.own
            try:
                while self._spans.room(piece, 1):
                    stream = BlobStream(
                        self._session, self._key, self._storage_type, control=control, start=piece.position,
                        stop=piece.stop, etag=self._etag, may_skip=is_own,
                    )  # fmt: skip
                    if not self._write(piece, stream, stream.chunks()):
                        return
            except RangeIgnoredError:
                self._widening.end()
                return
            finally:
                self._spans.give_back(piece)

    def _write(self, piece: Piece, stream: BlobStream, chunks: Generator[memoryview, None, None]) -> bool:
        """Write what the stream gives, as far as the piece goes; return False when the stream is one too many."""
        waited_s = stream.waited_s
        with closing(chunks):
            for chunk in chunks:
                self._part.write(piece.position, chunk)
                count = self._spans.advance(piece, chunk)
                self.described = self.described or stream
                self._control.done_bytes = moved_bytes = self._spans.moved_bytes
                self._kept.wrote(moved_bytes)
                self._team.moved(count, stream.waited_s - waited_s, self._spans.total - moved_bytes)
                waited_s = stream.waited_s
                if not self._spans.room(piece, 1):
                    return True
                if self._team.is_surplus():
                    return False
        return True


class _Kept:
    """Syncs what is written and notes its ranges, in a thread of its own. The end of the block raises its error."""

    def __init__(self, part: PartFile, name: str, spans: Spans, keep: Callable[[Ranges], None]) -> None:
        self._part, self._name, self._spans, self._keep = part, name, spans, keep
        self._noted = spans.moved_bytes
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._keep(self._ranges())
        return self

    def wrote(self, moved_bytes: int) -> None:
        """Report how many bytes are written in all."""
        if moved_bytes - self._noted < KEPT_BYTES:
            return
        with self._lock:
            if moved_bytes - self._noted >= KEPT_BYTES and (self._thread is None or not self._thread.is_alive()):
                self._noted = moved_bytes
                self._thread = threading.Thread(target=self._note, name="storage-tui-sync", daemon=True)
                self._thread.start()

    def __exit__(self, kind: object, *_: object) -> None:
        if self._thread is not None:
            self._thread.join()
        if kind is not None:
            try:
                self._keep(self._ranges())
            except StorageError:
                return  # the disk is full: the note of before holds fewer bytes
        elif self._error is not None:
            raise self._error

    def _note(self) -> None:
        try:
            ranges = self._ranges()
            with local_errors(self._name):
                sync_data(self._part.descriptor)
            self._keep(ranges)
        except Exception as exc:
            self._error = exc  # a later sync would not report it again

    def _ranges(self) -> Ranges:
        ranges: list[tuple[int, int]] = []
        for piece in self._spans.moved():
            if ranges and ranges[-1][1] == piece.start:
                ranges[-1] = (ranges[-1][0], piece.stop)
            else:
                ranges.append((piece.start, piece.stop))
        return tuple(ranges)
