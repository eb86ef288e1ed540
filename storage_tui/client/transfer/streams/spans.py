"""Which bytes of a blob have moved, which are under way and which are left; and the crc32c of all, from the pieces."""

import threading
from dataclasses import dataclass, field

from storage_tui.client.http.pace import StreamRule
from storage_tui.contract import checksum
from storage_tui.contract.wire import Span


@dataclass(eq=False)
class Piece:
    """Bytes of the blob that one stream moves: those before `position` have moved, `crc` is their crc32c."""

    start: int
    stop: int
    position: int = field(default=-1)
    crc: int = 0

    def __post_init__(self) -> None:
        if self.position < 0:
            self.position = self.start


class Spans:
    """The bytes of one blob among several streams. Every method may be called from any thread.

    A stream takes a piece that nobody moves, or the end of the piece of another stream: so no stream is idle while
    another has much left. The pieces that have moved join into a few.
    """

    def __init__(self, total: int, moved: list[Piece], rule: StreamRule) -> None:
        self.total, self._rule = total, rule
        self._lock = threading.Lock()
        self._moved = sorted((piece for piece in moved if piece.position > piece.start), key=lambda one: one.start)
        self._active: set[Piece] = set()
        self._free = self._gaps()

    @property
    def moved_bytes(self) -> int:
        """Return how many bytes have moved."""
        with self._lock:
            return sum(piece.position - piece.start for piece in (*self._moved, *self._active))

    @property
    def left_bytes(self) -> int:
        """Return how many bytes have not moved."""
        return self.total - self.moved_bytes

    def take(self) -> Piece | None:
        """Return a piece to move: the first that is free, else a share of the largest one under way; None when there
        is nothing worth a request."""
        with self._lock:
            if self._free:
                span = self._free.pop(0)
                piece = Piece(span.start, span.stop)
            else:
                largest = max(self._active, key=lambda one: one.stop - one.position, default=None)
                left = 0 if largest is None else largest.stop - largest.position
                share = min(self._rule.share_bytes, left // 2)
                if largest is None or share < self._rule.least_share_bytes:
                    return None
                piece = Piece(largest.stop - share, largest.stop)
                largest.stop = piece.start
            self._active.add(piece)
            return piece

    def room(self, piece: Piece, most: int) -> int:
        """Return how many bytes of a piece may still move, `most` at most: its end may have been given away."""
        with self._lock:
            return max(0, min(most, piece.stop - piece.position))

    def advance(self, piece: Piece, chunk: memoryview) -> int:
        """Note that the bytes of a chunk have moved, as far as they belong to the piece; return how many do."""
        with self._lock:
            count = max(0, min(len(chunk), piece.stop - piece.position))
            piece.crc = checksum.extend(piece.crc, chunk[:count])
            piece.position += count
            return count

    def give_back(self, piece: Piece) -> None:
        """End the work on a piece: what has moved is kept, the rest is free, or belongs to the stream before it."""
        with self._lock:
            self._active.discard(piece)
            rest = Span(piece.position, piece.stop)
            if piece.position > piece.start:
                self._moved.append(Piece(piece.start, piece.position, piece.position, piece.crc))
                self._moved.sort(key=lambda one: one.start)
                self._join()
            if rest.size_bytes:
                before = next((one for one in self._active if one.stop == rest.start), None)
                if before is not None:
                    before.stop = rest.stop
                else:
                    self._free.append(rest)
                    self._free.sort(key=lambda span: span.start)

    def moved(self) -> list[Piece]:
        """Return copies of the pieces that have moved, also those of pieces under way, in order."""
        with self._lock:
            found = [Piece(one.start, one.position, one.position, one.crc) for one in (*self._moved, *self._active)]
        return sorted((one for one in found if one.stop > one.start), key=lambda one: one.start)

    def crc(self) -> int | None:
        """Return the crc32c of the whole blob; None while bytes are missing."""
        position = crc = 0
        for piece in self.moved():
            if piece.start != position:
                return None
            crc = checksum.combine(crc, piece.crc, piece.stop - piece.start)
            position = piece.stop
        return crc if position == self.total else None

    def _join(self) -> None:
        joined: list[Piece] = []
        for piece in self._moved:
            last = joined[-1] if joined else None
            if last is not None and last.position == piece.start:
                last.crc = checksum.combine(last.crc, piece.crc, piece.position - piece.start)
                last.stop = last.position = piece.position
            else:
                joined.append(piece)
        self._moved = joined

    def _gaps(self) -> list[Span]:
        gaps, position = [], 0
        for piece in self._moved:
            if piece.start > position:
                gaps.append(Span(position, piece.start))
            position = max(position, piece.position)
        return [*gaps, Span(position, self.total)] if position < self.total else gaps
