"""The sorting of a list of any number of rows.

The work is done in pieces, so that keys are answered in between. It uses a few bytes a row, which are kept even when
the rows are dropped.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from mmap import mmap
from typing import Any, Literal

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Blob

Sort = Literal["key", "name", "size", "age", "expiry", "type"]
PIECE = 2000  # rows between two turns of the event loop: a few milliseconds
ROWS_PER_S = 400_000  # on a machine of two cores; estimates of the time come from this number
NEVER = float("inf")
SAMPLE, BUCKET_SAMPLES = 4096, 8  # buckets of about count/512 rows: a piece of a list of a million
SPREAD = 2_654_435_761  # an odd multiplier without a pattern (Knuth, 6.4), so that the sample has none


@dataclass(slots=True)
class Facts:
    """The values for sorting the rows of a page: mostly 12 bytes a row, and 8 more where blobs expire."""

    sizes: "array[int]"
    written: "array[float]"
    expires: "array[float] | None"
    folders: "array[int]"

    @classmethod
    def of(cls, rows: Sequence[object]) -> "Facts":
        """Return the facts of rows, each a Blob or a folder."""
        blobs = [row if isinstance(row, Blob) else None for row in rows]
        return cls(
            _packed([blob.size_bytes or 0 if blob else 0 for blob in blobs]),
            array("d", (blob.modified.timestamp() if blob and blob.modified else 0.0 for blob in blobs)),
            array("d", (blob.expires.timestamp() if blob and blob.expires else NEVER for blob in blobs))
            if any(blob and blob.expires for blob in blobs)
            else None,
            array("I", (place for place, blob in enumerate(blobs) if blob is None)),
        )

    def of_row(self, place: int) -> tuple[int, datetime | None, datetime | None]:
        """Return size, time of the write and expiry of one row; None for an unknown value."""
        written, expires = self.written[place], NEVER if self.expires is None else self.expires[place]
        return (
            self.sizes[place],
            _moment(written) if written else None,
            _moment(expires) if expires != NEVER else None,
        )

    @classmethod
    def of_columns(cls, page: ColumnPage) -> "Facts":
        """Return the facts of a page that came as columns."""
        return cls(
            _packed(page.sizes),
            array("d", [millis / 1000 for millis in page.modified]),
            None if page.expires is None else array("d", [millis / 1000 or NEVER for millis in page.expires]),
            page.prefixes,
        )


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None  # the ends of the calendar, as a server writes one for "never"


def _packed(sizes: Sequence[int]) -> "array[int]":
    return array("I" if max(sizes, default=0) < 2**32 else "Q", sizes)


def column(
    pages: Sequence[Facts], names: Iterable[str], sort: Sort, *, piece_rows: int = PIECE
) -> Generator[None, None, "memoryview[float]"]:
    """Return the values that this sort compares, one a row, the smallest first. Yields after each page.

    `names` has the names of each page with rows, one a line; they are only read when the sort needs them.
    """
    count = sum(len(facts.written) for facts in pages)
    if sort == "type":
        return (yield from _types(names, _scratch(count, "I"), piece_rows))
    values, at = _scratch(count, "d"), 0
    for facts in pages:
        if sort == "size":
            found: Iterable[float] = (-size for size in facts.sizes)
        elif sort == "age":
            found = (-moment for moment in facts.written)
        else:
            found = facts.expires if facts.expires is not None else [NEVER] * len(facts.written)
        values[at : at + len(facts.written)] = array("d", found)
        at += len(facts.written)
        yield
    return values


def _types(
    pages: Iterable[str], values: "memoryview[Any]", piece_rows: int
) -> Generator[None, None, "memoryview[Any]"]:
    """Return the rank of each name's ending."""
    kinds: dict[str, int] = {}
    at = 0
    for names in pages:
        for name in names.split("\n"):
            values[at] = kinds.setdefault(name.rpartition("/")[2].rpartition(".")[2].lower(), len(kinds))
            at += 1
        yield
    ranks = {kinds[kind]: rank for rank, kind in enumerate(sorted(kinds))}
    for start in range(0, len(values), piece_rows):
        piece = values[start : start + piece_rows]
        values[start : start + piece_rows] = array("I", [ranks[kind] for kind in piece])
        yield
    return values


def _scratch(count: int, kind: Literal["d", "I", "H"]) -> "memoryview[Any]":
    """Return numbers in memory that goes back to the system after use; arrays would keep it."""
    return memoryview(mmap(-1, max(1, count) * array(kind).itemsize)).cast(kind)[:count]


def arranged(
    rows: Sequence[int], values: "memoryview[float]", *, is_reversed: bool, piece_rows: int = PIECE
) -> Generator[None, None, "array[int]"]:
    """Return `rows` in the order of their values; rows of one value stay in their order, or are reversed as a whole.

    Yields between pieces of `piece_rows`: the caller may then let others have a turn, or stop.

    Each row goes into its bucket, and each bucket is sorted in place, which takes 14 bytes a row in all. Rows with
    exactly the value of a border need no sorting, so many rows of one value make no large bucket.
    """
    count = len(rows)
    sample = sorted(values[rows[at * SPREAD % count]] for at in range(min(count, SAMPLE)))
    borders = sorted(set(sample[BUCKET_SAMPLES::BUCKET_SAMPLES]))
    buckets, sizes = _scratch(count, "H"), [0] * (2 * len(borders) + 1)
    for start in range(0, count, piece_rows):
        piece = [values[row] for row in rows[start : start + piece_rows]]
        found = array("H", [bisect_left(borders, value) + bisect_right(borders, value) for value in piece])
        buckets[start : start + piece_rows] = found
        for bucket in found:
            sizes[bucket] += 1
        yield
    ends = [0, *accumulate(sizes)]
    placed, following = array("I", [0]) * count, ends[:-1]
    for start in range(0, count, piece_rows):
        end = start + piece_rows
        for row, bucket in zip(rows[start:end], buckets[start:end], strict=True):
            placed[following[bucket]] = row
            following[bucket] += 1
        yield
    del buckets
    sorted_rows = 0
    for start, end in zip(ends[0::2], ends[1::2], strict=True):  # every other bucket holds only the value of a border
        placed[start:end] = array("I", sorted(placed[start:end], key=values.__getitem__))
        sorted_rows += end - start
        if sorted_rows >= piece_rows:
            sorted_rows = 0
            yield
    if is_reversed:
        placed.reverse()
    return placed
