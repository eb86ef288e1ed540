"""The parts of one upload session, each over a connection of its own and each resumed by itself."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from storage_tui.client.control import StreamControl, TransferControl
from storage_tui.client.http.retry import Patience
from storage_tui.client.http.session import Session
from storage_tui.client.transfer.sources import Buffer, Source
from storage_tui.client.transfer.streams.part_calls import UploadState, put_part
from storage_tui.client.transfer.streams.team import Team
from storage_tui.client.transfer.streams.widening import Widening
from storage_tui.contract import checksum
from storage_tui.contract.errors import StorageError, TransferInterruptedError
from storage_tui.contract.wire import Span

PARTS_AT_MOST = 250  # of one upload: so few rows on the server, and each far larger than what a round trip costs


@dataclass
class _Part:
    """A part that is not whole: the server keeps the bytes before `offset`; `crc` is that of those before `summed`."""

    span: Span
    offset: int
    crc: int = 0
    summed: int = -1
    is_known: bool = True  # whether `offset` is what the server says

    def __post_init__(self) -> None:
        self.summed = self.span.start


class PartsUpload:
    """Sends what is missing of an upload session as parts, over as many streams as the rule says."""

    def __init__(
        self, session: Session, url: str, key: str, source: Source, state: UploadState, *, control: TransferControl,
        widening: Widening,
    ) -> None:  # fmt: skip
        assert source.size_bytes is not None
        self._session, self._url, self._key, self._source = session, url, key, source
        self._control, self._widening = control, widening
        self._size_bytes = source.size_bytes
        self._start = state.offset
        self._left = _plan(state, self._size_bytes)
        self._ended: list[_Part] = []
        self._lock = threading.Lock()
        self._moved_bytes = state.offset + sum(part.offset - part.span.start for part in self._left)
        self._team: Team

    def run(self) -> int:
        """Send the parts; return the crc32c of all bytes from the state's offset on. Raise StorageError."""
        self._control.done_bytes = self._moved_bytes
        with Team(self._control, self._widening, self._work) as self._team:
            self._team.moved(0, 0.0, self._size_bytes - self._moved_bytes)
            self._work(self._team.own)
        crc = 0
        for part in sorted(self._ended, key=lambda one: one.span.start):
            crc = checksum.combine(crc, part.crc, part.span.size_bytes)
        return crc

    def _work(self, control: StreamControl) -> None:
        while not self._team.is_surplus() and (part := self._take()) is not None:
            self._send(part, control)

    def _take(self) -> _Part | None:
        with self._lock:
            return self._left.pop(0) if self._left else None

    def _send(self, part: _Part, control: StreamControl) -> None:
        """Send a part to its end, whatever breaks meanwhile. Raise StorageError."""
        patience = Patience(self._session.policy, self._session.outage, control)
        while True:
            try:
                control.wait_while_paused()
                self._exchange(part, control)
                if part.is_known and part.offset == part.span.stop:
                    self._sum_up_to(part, part.span.stop, control)
                    with self._lock:
                        self._ended.append(part)
                    return
            except _PausedError:
                part.is_known = False
            except StorageError as exc:
                part.is_known = False
                patience.wait_after(exc, reached=part.offset)
                self._session.recover(exc)

    def _exchange(self, part: _Part, control: StreamControl) -> None:
        span = Span(part.offset, part.span.stop) if part.is_known else None
        if span is not None and not span.size_bytes:
            return
        content: Iterator[Buffer] = iter(()) if span is None else self._passing(part, span, control)
        offset = put_part(
            self._session, self._url, part.span, span, self._size_bytes, content, control=control, key=self._key
        )
        if span is not None and offset < span.stop:
            raise TransferInterruptedError("the server did not keep all of a part", key=self._key)
        self._set(part, offset)
        part.is_known = True

    def _passing(self, part: _Part, span: Span, control: StreamControl) -> Iterator[Buffer]:
        """Yield the bytes of a part, count and sum them; stop for a pause or a cancel."""
        self._sum_up_to(part, span.start, control)
        for chunk in self._source.chunks(span):
            for piece in self._session.pace.up.pieces(chunk, control):
                control.check()
                if control.is_paused:
                    raise _PausedError
                began = time.monotonic()
                yield piece
                self._sum(part, part.offset, piece)
                self._set(part, part.offset + len(piece))
                left_bytes = self._size_bytes - self._moved_bytes
                self._team.moved(len(piece), time.monotonic() - began, left_bytes)

    def _set(self, part: _Part, offset: int) -> None:
        with self._lock:
            self._moved_bytes += offset - part.offset
            part.offset = offset
            self._control.done_bytes = self._moved_bytes

    def _sum(self, part: _Part, position: int, piece: Buffer) -> None:
        new = position + len(piece) - part.summed
        if new > 0:
            part.crc = checksum.extend(part.crc, memoryview(piece)[len(piece) - new :])
            part.summed += new

    def _sum_up_to(self, part: _Part, stop: int, control: StreamControl) -> None:
        """Read the bytes that an earlier request or process has sent."""
        if part.summed < stop:
            for chunk in self._source.chunks(Span(part.summed, stop)):
                control.check()
                self._sum(part, part.summed, chunk)


class _PausedError(Exception):
    """The transfer was paused in the middle of a request."""


def _plan(state: UploadState, size_bytes: int) -> list[_Part]:
    """Return the parts that cover all that is missing: those that the server has, and new ones between them."""
    found, position = [], state.offset
    quantum = state.quantum_bytes
    steps = max(1, -(-(size_bytes - state.offset) // quantum) // PARTS_AT_MOST)

    def fill(stop: int) -> None:
        nonlocal position
        while position < stop:
            end = min(stop, (position // quantum + steps) * quantum)
            found.append(_Part(Span(position, end), position))
            position = end

    for part in state.parts:
        fill(part.span.start)
        found.append(_Part(part.span, part.offset))
        position = part.span.stop
    fill(size_bytes)
    return found
