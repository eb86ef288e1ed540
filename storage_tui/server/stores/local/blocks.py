"""Checksums of the blocks of a blob file, so that a part of a blob can be checked without reading the whole blob.

The file is divided into segments, with one row each, and a segment into blocks, with four bytes of crc32c each. The
crc32c of a block that is not full yet is also the state from which an upload continues. A blob of at most WHOLE_BYTES
needs no rows: to check a part, the whole blob is read and checked against its checksum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE

BLOCK_BYTES = 64 * 1024  # the least that a range read has to read; the checksums take 0.006 % of the blobs
BLOCKS_IN_SEGMENT = 256
SEGMENT_BYTES = BLOCK_BYTES * BLOCKS_IN_SEGMENT  # as much as an upload writes between two checkpoints
WHOLE_BYTES = READ_SIZE
CRC_BYTES = 4

_KEEP = "INSERT INTO sums (id, segment, crcs) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET crcs = excluded.crcs"
_FIND = "SELECT segment, crcs FROM sums WHERE id = ? AND segment BETWEEN ? AND ? ORDER BY segment"
_COPY = "INSERT INTO sums (id, segment, crcs) SELECT ?, segment, crcs FROM sums WHERE id = ?"

Row = tuple[int, bytes]  # the number of a segment and its checksums


@dataclass(frozen=True, slots=True)
class Written:
    """The state of a written file: its bytes, their crc32c, and the crc32c of the last block if that is not full."""

    offset: int = 0
    crc: int = 0
    partial: int = 0


class Blocks:
    """The checksums of a file while it grows. One thread extends; others may take the rows of the written bytes."""

    def __init__(self, offset: int = 0, tail: bytes = b"") -> None:
        """Start at `offset`. `tail` is the row of the segment in which `offset` lies; without it no checksums are known
        from here on."""
        number, inside = divmod(offset, SEGMENT_BYTES)
        full, self._fill = divmod(inside, BLOCK_BYTES)
        self.is_known = len(tail) == blocks_in(inside) * CRC_BYTES
        self._segments: dict[int, bytearray] = {number: bytearray(tail[: full * CRC_BYTES])}
        self._number = number
        self.partial = int.from_bytes(tail[full * CRC_BYTES :], "big")

    def extend(self, chunk: bytes | memoryview) -> None:
        """Add the bytes that follow."""
        view = memoryview(chunk)
        while view:
            piece = view[: BLOCK_BYTES - self._fill]
            self.partial = checksum.extend(self.partial, piece)
            self._fill += len(piece)
            view = view[len(piece) :]
            if self._fill == BLOCK_BYTES:
                crcs = self._segments.setdefault(self._number, bytearray())
                crcs += self.partial.to_bytes(CRC_BYTES, "big")
                self._number += len(crcs) == BLOCKS_IN_SEGMENT * CRC_BYTES
                self._fill = self.partial = 0

    def rows(self, durable: int, written: Written) -> list[Row]:
        """Return the rows that have changed between two offsets; empty when the beginning is not known."""
        if not self.is_known:
            return []
        rows = []
        for number in range(durable // SEGMENT_BYTES, segments_in(written.offset)):
            inside = min(written.offset - number * SEGMENT_BYTES, SEGMENT_BYTES)
            crcs = bytes(self._segments.get(number, b"")[: inside // BLOCK_BYTES * CRC_BYTES])
            rows.append((number, crcs + (written.partial.to_bytes(CRC_BYTES, "big") if inside % BLOCK_BYTES else b"")))
        return rows

    def forget(self, durable: int) -> None:
        """Forget the segments whose rows are stored and will not change any more."""
        for number in [number for number in list(self._segments) if (number + 1) * SEGMENT_BYTES <= durable]:
            del self._segments[number]


@dataclass(frozen=True, slots=True)
class BlockSums:
    """The checksums of consecutive blocks; the first block begins at `start`."""

    start: int
    crcs: bytes

    def is_good(self, offset: int, piece: memoryview) -> bool:
        """Return whether the bytes from `offset` are the stored bytes. They are whole blocks; the last block of a file
        may be shorter."""
        for inside in range(0, len(piece), BLOCK_BYTES):
            place = (offset + inside - self.start) // BLOCK_BYTES * CRC_BYTES
            wanted = self.crcs[place : place + CRC_BYTES]
            if checksum.extend(0, piece[inside : inside + BLOCK_BYTES]).to_bytes(CRC_BYTES, "big") != wanted:
                return False
        return True


def rows_of(content: bytes) -> list[Row]:
    """Return the rows of a blob that is in memory."""
    if len(content) <= WHOLE_BYTES:
        return []
    blocks = Blocks()
    blocks.extend(content)
    return blocks.rows(0, Written(len(content), 0, blocks.partial))


def keep(connection: apsw.Connection, blob_id: str, rows: Sequence[Row]) -> None:
    """Write the rows of a blob, in the transaction of the writer."""
    for number, crcs in rows:
        connection.execute(_KEEP, (blob_id, number, crcs))


def copy(connection: apsw.Connection, source_id: str, blob_id: str) -> None:
    """Copy the rows of a blob to another blob of the same bytes."""
    connection.execute(_COPY, (blob_id, source_id))


def drop(connection: apsw.Connection, blob_ids: list[str]) -> None:
    """Delete the rows of blobs whose files are removed."""
    connection.executemany("DELETE FROM sums WHERE id = ?", [(blob_id,) for blob_id in blob_ids])


def drop_span(connection: apsw.Connection, blob_id: str, span: Span) -> None:
    """Delete the rows of the segments of a span, which begins with a segment."""
    first, last = span.start // SEGMENT_BYTES, segments_in(span.stop) - 1
    connection.execute("DELETE FROM sums WHERE id = ? AND segment BETWEEN ? AND ?", (blob_id, first, last))


def read_tail(connection: apsw.Connection, blob_id: str, offset: int) -> bytes:
    """Return the row of the segment in which the offset lies; empty where there is none, or where the offset is the
    start of a segment: a row there is of other bytes."""
    number, inside = divmod(offset, SEGMENT_BYTES)
    if not inside:
        return b""
    row: Any = connection.execute(_FIND, (blob_id, number, number)).fetchone()
    return b"" if row is None else row[1]


def read_rows(connection: apsw.Connection, blob_id: str) -> list[Row]:
    """Return all rows of a blob."""
    rows: list[Any] = connection.execute("SELECT segment, crcs FROM sums WHERE id = ?", (blob_id,)).fetchall()
    return rows


def find(connection: apsw.Connection, blob_id: str, size_bytes: int, span: Span) -> BlockSums | None:
    """Return the checksums of the blocks that the span touches; None when some of them are not known."""
    first, last = span.start // SEGMENT_BYTES, segments_in(span.stop) - 1
    rows: list[Any] = connection.execute(_FIND, (blob_id, first, last)).fetchall()
    if [number for number, _ in rows] != list(range(first, last + 1)):
        return None
    for number, crcs in rows:
        if len(crcs) != blocks_in(min(size_bytes - number * SEGMENT_BYTES, SEGMENT_BYTES)) * CRC_BYTES:
            return None
    return BlockSums(first * SEGMENT_BYTES, b"".join(crcs for _, crcs in rows))


def blocks_in(size_bytes: int) -> int:
    """Return the number of blocks in so many bytes; the last block may not be full."""
    return -(-size_bytes // BLOCK_BYTES)


def segments_in(size_bytes: int) -> int:
    """Return the number of segments in so many bytes."""
    return -(-size_bytes // SEGMENT_BYTES)
