"""Feather version 1: columns and rows from the metadata at the end (Apache Arrow, `feather.fbs`).

The values of a column lie in one piece, each column after the other: the first rows of a large file lie all over the
file, and are shown of a file that is read whole.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Cells, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.table.first_rows import FULL_ROWS, ROWS, first_note, read_footer
from storage_tui.previews.table.flatbuffer import Table
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"FEA1"
COLUMNS = 300  # shown at most
DESCRIPTION, COUNT, FIELDS = 0, 1, 2  # fields of the root
NAME, VALUES, KIND, DETAILS = 0, 1, 2, 3  # of a column
TYPE, ENCODING, OFFSET, LENGTH, MISSING, SIZE = range(6)  # of an array
TYPES: tuple[tuple[str, str], ...] = (
    ("bool", ""), ("int8", "b"), ("int16", "h"), ("int32", "i"), ("int64", "q"), ("uint8", "B"), ("uint16", "H"),
    ("uint32", "I"), ("uint64", "Q"), ("float32", "f"), ("float64", "d"), ("text", ""), ("binary", ""),
    ("category", "i"), ("timestamp", "q"), ("date", "i"), ("time", "q"), ("large text", ""), ("large binary", ""),
)  # fmt: skip
"""By number: the name, and the struct format of a value of fixed size."""
LONG_OFFSETS = (17, 18)
CATEGORY, TIMESTAMP, DATE, TIME = 1, 2, 3, 4  # what the metadata of a column may be
UNITS = (("s", 1), ("ms", 10**3), ("µs", 10**6), ("ns", 10**9))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT_CHARS = 200


class Feather:
    """A Feather file of version 1; version 2 is an Arrow file."""

    kind = "Feather 1"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return columns and types, with one read at the end, and the first rows of a file that is read whole."""
        raw, _ = await read_footer(source, head, MAGIC)
        root = Table.root(raw)
        count = root.integer(COUNT, "<q")
        columns = [_column(table) for table in root.tables(FIELDS, COLUMNS)]
        facts = [("rows", f"{count:,}"), ("columns", f"{root.count(FIELDS):,}")]
        description = root.text(DESCRIPTION)
        facts += [("description", visible(description, limit=80))] if description else []
        named = [(column.name, column.words, f"{column.missing:,}" if column.missing else "") for column in columns]
        lines = grid_lines(("column", "type", "missing"), named, right=frozenset((2,)))
        size = source.size_bytes or len(head)
        if size > len(source.kept(0, size)) + source.bytes_left:
            note = "no rows: its columns lie one after the other, and the file is larger than what a preview reads"
            return Preview(self.kind, facts=tuple(facts), lines=tuple(lines), note=note)
        content = await source.read(0, size)
        shown = min(count, FULL_ROWS if view.is_full else ROWS)
        try:
            values = [column.first(content, shown) for column in columns]
        except (struct.error, IndexError, PreviewError) as exc:
            reason = str(exc) if isinstance(exc, PreviewError) else "a column is not where it says"
            return Preview(self.kind, facts=tuple(facts), lines=tuple(lines), note=f"no rows: {reason}")
        heads = tuple(column.name for column in columns)
        rows = tuple(zip(*values, strict=True))
        table = grid_lines(heads, rows, right=frozenset(at for at, column in enumerate(columns) if column.is_number))
        note = first_note(shown, is_all=shown == count) if view.is_full else ""
        return Preview(
            self.kind, facts=tuple(facts), lines=(*table, Text(""), *lines), note=note,
            cells=Cells(heads, rows),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its values, and what its metadata says of them."""

    name: str
    values: "Values"
    levels: "Values | None" = None
    unit: int = 0
    zone: str = ""
    form: int = 0

    @property
    def missing(self) -> int:
        """How many values are missing."""
        return self.values.missing

    @property
    def is_number(self) -> bool:
        """Whether the values are plain numbers."""
        return not self.form and self.values.code != ""

    @property
    def words(self) -> str:
        """The type in words."""
        if self.form == CATEGORY:
            return "category" if self.levels is None else f"category of {self.levels.length:,}"
        if self.form in (TIMESTAMP, TIME):
            zone = f", {visible(self.zone, limit=40)}" if self.zone else ""
            return f"{'timestamp' if self.form == TIMESTAMP else 'time'} in {UNITS[self.unit % 4][0]}{zone}"
        return "date" if self.form == DATE else self.values.words

    def first(self, content: bytes, count: int) -> list[str]:
        """Return the first values as text; raise struct.error, IndexError or PreviewError where they are not there."""
        found = self.values.first(content, count)
        if self.form == CATEGORY and self.levels is not None:
            if self.levels.length > len(content):
                raise PreviewError("its levels are more than its bytes")
            levels = self.levels.first(content, self.levels.length)
            return ["" if code is None else _text(levels[code]) if code >= 0 else "" for code in found]
        return ["" if value is None else self._value(value) for value in found]

    def _value(self, value: Any) -> str:
        try:
            if self.form == TIMESTAMP:
                seconds, part = divmod(value, UNITS[self.unit % 4][1])
                moment = EPOCH + timedelta(seconds=seconds, microseconds=part * 10**6 // UNITS[self.unit % 4][1])
                return moment.replace(tzinfo=None).isoformat(" ")
            if self.form == DATE:
                return str(date(1970, 1, 1) + timedelta(days=value))
        except (OverflowError, ValueError):
            return str(value)
        return _text(value)


@dataclass(frozen=True, slots=True)
class Values:
    """One array: a bitmap of the values that are there, if some are missing, offsets of texts, then the values."""

    kind: int
    start: int
    length: int
    missing: int
    size_bytes: int

    @property
    def words(self) -> str:
        """The type in words."""
        return TYPES[self.kind][0] if 0 <= self.kind < len(TYPES) else f"type {self.kind}"

    @property
    def code(self) -> str:
        """The struct format of one value; empty for texts and bits."""
        return TYPES[self.kind][1] if 0 <= self.kind < len(TYPES) else ""

    def first(self, content: bytes, count: int) -> list[Any]:
        """Return the first values, None for those that are missing."""
        if not 0 <= count <= self.length or self.start < 0 or self.start + max(0, self.size_bytes) > len(content):
            raise PreviewError("a column is not where it says")
        at = self.start
        if not self.missing:
            return self._plain(content, at, count)
        found = self._plain(content, at + _padded((self.length + 7) // 8), count)
        return [value if _bit(content, at, number) else None for number, value in enumerate(found)]

    def _plain(self, content: bytes, at: int, count: int) -> list[Any]:
        if self.code:
            return list(struct.unpack_from(f"<{count}{self.code}", content, at))
        if self.words == "bool":
            return [_bit(content, at, number) for number in range(count)]
        if not 0 <= self.kind < len(TYPES):
            raise LimitError(f"values of {self.words} are not read here")
        wide = self.kind in LONG_OFFSETS
        ends = struct.unpack_from(f"<{count + 1}{'q' if wide else 'i'}", content, at)
        base = at + _padded((self.length + 1) * (8 if wide else 4))
        return [content[base + start : base + stop] for start, stop in pairwise(ends)]


def _bit(content: bytes, at: int, number: int) -> bool:
    return bool(content[at + number // 8] >> number % 8 & 1)


def _padded(size: int) -> int:
    return (size + 7) // 8 * 8


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value[: 4 * TEXT_CHARS].decode("utf-8", "replace")[:TEXT_CHARS]
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _column(table: Table) -> Column:
    values = table.table(VALUES)
    if values is None:
        raise PreviewError("a column has no values")
    form, details = table.integer(KIND, "<B"), table.table(DETAILS)
    levels, unit, zone = None, 0, ""
    if details is not None and form == CATEGORY:
        inner = details.table(0)
        levels = None if inner is None else _values(inner)
    elif details is not None and form in (TIMESTAMP, TIME):
        unit, zone = details.integer(0, "<b"), details.text(1) if form == TIMESTAMP else ""
    return Column(table.text(NAME), _values(values), levels, unit, zone, form)


def _values(array: Table) -> Values:
    return Values(array.integer(TYPE, "<b"), *(array.integer(field, "<q") for field in (OFFSET, LENGTH, MISSING, SIZE)))
