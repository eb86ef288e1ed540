"""Puts the rows of a list in order, however many there are: in pieces, so that keys are answered in between, and from
a few bytes a row, which outlive the rows themselves."""

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from storage_tui.contract.models import Blob

Sort = Literal["key", "name", "size", "age", "expiry", "type"]
PIECE = 2000  # rows between two turns: a few milliseconds
ROWS_PER_S = 400_000  # on a machine of two cores; what it will cost is told from this
NEVER = float("inf")


@dataclass(slots=True)
class Facts:
    """What sorting needs of the rows of a page: 12 bytes a row mostly, and 8 more where blobs expire."""

    sizes: "array[int]"
    written: "array[float]"
    expires: "array[float] | None"
    folders: "array[int]"

    @classmethod
    def of(cls, rows: Sequence[object]) -> "Facts":
        """The facts of rows, each a Blob or a folder."""
        blobs = [row if isinstance(row, Blob) else None for row in rows]
        return cls(
            _packed([blob.size_bytes or 0 if blob else 0 for blob in blobs]),
            array("d", (blob.modified.timestamp() if blob and blob.modified else 0.0 for blob in blobs)),
            array("d", (blob.expires.timestamp() if blob and blob.expires else NEVER for blob in blobs))
            if any(blob and blob.expires for blob in blobs)
            else None,
            array("I", (place for place, blob in enumerate(blobs) if blob is None)),
        )


def _packed(sizes: list[int]) -> "array[int]":
    return array("I" if max(sizes, default=0) < 2**32 else "Q", sizes)


def column(pages: Sequence[Facts], names: Iterable[str], sort: Sort) -> Sequence[float]:
    """What this sort compares, a value a row, the smallest first; `names` are those of each page with rows, one a
    line, and only looked at where they are wanted."""
    if sort == "type":
        return _types(names)
    values = array("d")
    for facts in pages:
        if sort == "size":
            values.extend(-size for size in facts.sizes)
        elif sort == "age":
            values.extend(-moment for moment in facts.written)
        elif sort == "expiry":
            values.extend(facts.expires if facts.expires is not None else [NEVER] * len(facts.sizes))
    return values


def _types(pages: Iterable[str]) -> "array[int]":
    """The rank of each name's ending."""
    kinds: dict[str, int] = {}
    found = array("I")
    for names in pages:
        for name in names.split("\n"):
            found.append(kinds.setdefault(name.rpartition("/")[2].rpartition(".")[2].lower(), len(kinds)))
    ranks = {kinds[kind]: rank for rank, kind in enumerate(sorted(kinds))}
    return array("I", (ranks[kind] for kind in found))


def arranged(rows: "array[int]", values: Sequence[float], *, is_reversed: bool, into: "array[int]") -> Iterator[None]:
    """Move `rows` in the order of their values to `into`; rows of one value stay in their order, or turn round as a
    whole. Yields between pieces: whoever drives it may let others have a turn, or stop."""
    runs = []
    while rows:
        piece = rows[-PIECE:]
        del rows[-PIECE:]
        if is_reversed:
            piece.reverse()
        runs.append(array("I", sorted(piece, key=values.__getitem__, reverse=is_reversed)))
        yield
    if not is_reversed:
        runs.reverse()
    merged = heapq.merge(*runs, key=values.__getitem__, reverse=is_reversed)
    while piece_of_all := array("I", islice(merged, PIECE)):
        into.extend(piece_of_all)
        yield
