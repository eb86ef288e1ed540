"""Rows, branches and the root: sums by ranges of names, and their content in the bucket.

The rows of a pair, one after the other, cover every name that a blob can have: a row begins after the end of the row
before, and the last row ends at PAST_ALL. A leaf holds the rows of one branch, and the root all branches. Where one of
them is damaged or lost, its range becomes one stale row, whose blobs are then listed.
"""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise, takewhile
from typing import Any, TypeVar

from storage_tui.server.stores.s3.names import PAST_ALL
from storage_tui.server.stores.s3.protocol.bucket import LIST_LIMIT

T = TypeVar("T")

_DELIMITER = "/"


@dataclass(frozen=True, slots=True)
class Shape:
    """How many names one list returns, how many rows a leaf has at most, and how many sums of folders a row has, whose
    names have `part_characters` together; a row of more folders is listed when they are asked for."""

    list_names: int = LIST_LIMIT
    leaf_rows: int = 500  # about 50 kB, which a change of one blob replaces; 2 MB with the longest names
    parts: int = 32
    part_characters: int = 1500

    @property
    def full_row(self) -> int:
        """How many blobs a new row has at most, so that one list finds them also when some were added."""
        return 3 * self.list_names // 4

    @property
    def small(self) -> int:
        """How many blobs two rows have that are joined when one of them is listed again."""
        return self.list_names // 4


@dataclass(frozen=True, slots=True)
class Sum:
    """Blobs and bytes, and the times of the first and last write in seconds since 1970; None when they are unknown."""

    count: int = 0
    size_bytes: int = 0
    oldest: float | None = None
    newest: float | None = None

    def __add__(self, other: "Sum") -> "Sum":
        if not self.count or not other.count:
            return self if self.count else other
        size_bytes, count = self.size_bytes + other.size_bytes, self.count + other.count
        if self.oldest is None or self.newest is None or other.oldest is None or other.newest is None:
            return Sum(count, size_bytes)
        return Sum(count, size_bytes, min(self.oldest, other.oldest), max(self.newest, other.newest))

    def to_json(self) -> list[Any]:
        """Return the sum as the content of a leaf has it."""
        return [self.count, self.size_bytes, self.oldest, self.newest]


NOTHING = Sum()


@dataclass(frozen=True, slots=True)
class Found:
    """A listed blob: its name without the root of its pair, and its sum."""

    name: str
    total: Sum


@dataclass(frozen=True, slots=True)
class Row:
    """The sum of the blobs whose names are after the end of the row before, up to `end`.

    All these names begin with `folder`, and `parts` are the sums by the next folder; "" stands for the blobs that are
    in no further folder. `parts` is empty when all blobs are such ones, None when there are very many.
    """

    end: str
    total: Sum = NOTHING
    folder: str = ""
    parts: dict[str, Sum] | None = field(default_factory=dict)
    is_stale: bool = False

    def to_json(self) -> list[Any]:
        """Return the row as the content of a leaf has it."""
        parts = None if self.parts is None else {name: part.to_json() for name, part in self.parts.items()}
        return [self.end, *self.total.to_json(), self.folder, parts, int(self.is_stale)]


def stale(end: str, known: Sum = NOTHING) -> Row:
    """Return a row whose blobs are to be listed; `known` is what an earlier list found."""
    return Row(end, known, is_stale=True)


@dataclass(frozen=True, slots=True)
class Branch:
    """The rows of one leaf, as the root describes them: where they end, the sum of all, the folder that all names begin
    with, and how many rows are stale."""

    end: str
    leaf: str
    total: Sum
    folder: str
    stale_rows: int

    @staticmethod
    def of(leaf: str, rows: Sequence[Row]) -> "Branch":
        """Return the branch of the rows in a leaf."""
        total = sum((row.total for row in rows), NOTHING)
        folders = [row.folder for row in rows if row.total.count]
        folder = _shared_folder(min(folders), max(folders)) if folders else ""
        return Branch(rows[-1].end, leaf, total, folder, sum(row.is_stale for row in rows))


@dataclass(frozen=True, slots=True)
class Root:
    """The branches of a pair, in order, and the leaves that the root before this one had and this one has not. Each
    root that is stored has another `mark`, so that its object has another ETag also when nothing else changes."""

    branches: tuple[Branch, ...]
    gone: tuple[str, ...] = ()
    mark: str = field(default_factory=partial(secrets.token_hex, 8))

    def to_json(self) -> bytes:
        """Return the content of the root."""
        rows = [[one.end, one.leaf, *one.total.to_json(), one.folder, one.stale_rows] for one in self.branches]
        return json.dumps({"branches": rows, "gone": self.gone, "mark": self.mark}).encode()


def parse_root(content: bytes) -> Root | None:
    """Return the root in an object's content; None when it is damaged."""
    try:
        raw = json.loads(content)
        branches = tuple(
            Branch(str(end), str(leaf), _sum(total), str(folder), int(stale_rows))
            for end, leaf, *total, folder, stale_rows in raw["branches"]
        )
        gone, mark = tuple(str(leaf) for leaf in raw["gone"]), str(raw["mark"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_whole = _is_whole([one.end for one in branches]) and branches[-1].end == PAST_ALL
    return Root(branches, gone, mark) if is_whole else None


def format_rows(rows: Iterable[Row]) -> bytes:
    """Return the content of a leaf."""
    return json.dumps([row.to_json() for row in rows]).encode()


def parse_rows(content: bytes, end: str) -> list[Row] | None:
    """Return the rows in a leaf's content, of which the last ends at `end`; None when it is damaged."""
    try:
        rows = [
            Row(
                str(ends), _sum(total), str(folder),
                None if parts is None else {str(name): _sum(part) for name, part in parts.items()}, bool(is_stale),
            )
            for ends, *total, folder, parts, is_stale in json.loads(content)
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return rows if _is_whole([row.end for row in rows]) and rows[-1].end == end else None


def rows_of(found: Sequence[Found], end: str, shape: Shape) -> list[Row]:
    """Return the rows of blobs that were listed in order, of which the last row ends at `end`."""
    *pieces, last = cut(found, max(-(-len(found) // shape.full_row), 1))
    rows = [_row(piece, piece[-1].name, shape) for piece in pieces]
    if end != PAST_ALL or not last:
        return [*rows, _row(last, end, shape)]
    return [*rows, _row(last, last[-1].name, shape), Row(end)]  # names that come later are mostly after all of these


def cut(items: Sequence[T], count: int) -> list[Sequence[T]]:
    """Return the items in so many pieces of about the same length."""
    cuts = [len(items) * number // count for number in range(count + 1)]
    return [items[start:stop] for start, stop in pairwise(cuts)]


def _row(found: Sequence[Found], end: str, shape: Shape) -> Row:
    if not found:
        return Row(end)
    folder = _shared_folder(found[0].name, end)
    total, parts = NOTHING, dict[str, Sum]()
    for one in found:
        total += one.total
        stop = one.name.find(_DELIMITER, len(folder))
        part = "" if stop == -1 else one.name[len(folder) : stop + 1]
        parts[part] = parts.get(part, NOTHING) + one.total
    if list(parts) == [""]:
        return Row(end, total, folder)
    is_short = len(parts) <= shape.parts and sum(map(len, parts)) <= shape.part_characters
    return Row(end, total, folder, parts if is_short else None)


def _shared_folder(first: str, last: str) -> str:
    """Return the folder that both names begin with, and so all names between them."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return first[: first.rfind(_DELIMITER, 0, same) + 1]


def _sum(raw: Any) -> Sum:
    count, size_bytes, oldest, newest = raw
    times = (None if moment is None else float(moment) for moment in (oldest, newest))
    return Sum(int(count), int(size_bytes), *times)


def _is_whole(ends: Sequence[str]) -> bool:
    return bool(ends) and all(one < other for one, other in pairwise(ends))
