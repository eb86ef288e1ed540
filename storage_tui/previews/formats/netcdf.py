"""Classic NetCDF: dimensions, attributes, variables, and the extents of its coordinates.

Source: NetCDF Classic Format Specification, CDF-1, 2 and 5.
"""

import asyncio
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, MIB, Budget, BudgetError, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.raster.cubes.axis_words import MOST_COORDINATES, axis_words
from storage_tui.previews.table.grid import grid_lines

BUDGET = Budget(requests=8, size_bytes=MIB)  # a header of thousands of variables; most take one read, coordinates more
NEAR_BYTES = 4 * KIB  # the first two values of a coordinate come with one read where they lie so near
TYPES = {1: ("int8", "b"), 2: ("char", "s"), 3: ("int16", "h"), 4: ("int32", "i"), 5: ("float32", "f"),
         6: ("float64", "d"), 7: ("uint8", "B"), 8: ("uint16", "H"), 9: ("uint32", "I"), 10: ("int64", "q"),
         11: ("uint64", "Q")}  # fmt: skip
OLD_TYPES = 6  # the last type of CDF-1 and CDF-2
DIMENSIONS, VARIABLES, ATTRIBUTES = 10, 11, 12
MAX_ITEMS = 20_000  # dimensions, variables or attributes; more of them make a header that no preview reads
SHOWN_ATTRIBUTES = 6
CELLS = 64  # of a column: names differ at their end
SHOWN_VALUES = 6  # of one attribute


class NetCdf:
    """Classic NetCDF: its header has everything but the values."""

    kind = "NetCDF"
    budget = BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the signature and a known version."""
        return head[:3] == b"CDF" and head[3:4] in (b"\x01", b"\x02", b"\x05")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview from the header, with further reads for one that is longer than the first read.

        The first and last values of coordinates cost at most two reads each, where these lie behind the first read.
        """
        raw, size = head, source.size_bytes or len(head)
        while True:
            try:
                header = await asyncio.to_thread(read_header, raw, size)
                shown = describe(header)
                return replace(shown, facts=(*shown.facts, *await coordinates(source, header)))
            except ShortError:
                if len(raw) >= size:
                    raise PreviewError("its header is cut") from None
                if not source.bytes_left:
                    raise LimitError(f"its header is longer than the {size_text(len(raw))} that are read") from None
            raw += await source.read(len(raw), min(size, 4 * len(raw), len(raw) + source.bytes_left))


def describe(header: "Header") -> Preview:
    """Return the preview of a header, without what lies behind it."""
    sides = [f"{visible(side.name)} {header.length_text(side)}" for side in header.dimensions]
    facts = [("dimensions", ", ".join(sides) or "none")]
    shown = header.attributes[:SHOWN_ATTRIBUTES]
    facts += [(visible(one.name, limit=16), visible(one.text, limit=80)) for one in shown]
    rows = []
    for variable in header.variables:
        lengths = [f"{side.name} {header.length(side)}" for side in variable.sides]
        rows.append((variable.name, variable.kind, " × ".join(lengths) or "scalar"))
    lines = grid_lines(("variable", "type", "dimensions"), rows, cells=CELLS)
    return Preview(NetCdf.kind, facts=tuple(facts), lines=tuple(lines))


async def coordinates(source: Source, header: "Header") -> list[tuple[str, str]]:
    """Return the first coordinates in words, as far as the budget reaches. Raises an error of the client."""
    own = [one for one in header.variables if [side.name for side in one.sides] == [one.name] and one.code != "s"]
    found = []
    for variable in own[:MOST_COORDINATES]:
        count = variable.sides[0].length or header.records or 0
        texts = {one.name: one.text for one in variable.attributes}
        values = await _ends(source, header, variable, count) if count else []
        words = axis_words(count, values, texts.get("units"), texts.get("calendar")) if values else ""
        found += [(visible(variable.name, limit=16), words)] if words else []
    return found


async def _ends(source: Source, header: "Header", variable: "Variable", count: int) -> list[int | float]:
    """Return the first, second and last value of a variable of one dimension; none past the budget or the end."""
    step = header.record_bytes if variable.is_record else variable.value_bytes
    values: list[int | float] = []
    groups = [[0, 1], [count - 1]] if count > 2 and step <= NEAR_BYTES else [[at] for at in sorted({0, count - 1})]
    for places in groups:
        start = variable.begin + places[0] * step
        stop = variable.begin + places[-1] * step + variable.value_bytes
        try:
            raw = await source.read(start, stop)
        except BudgetError:
            return []
        if len(raw) < stop - start:
            return []
        values += [struct.unpack_from(f">{variable.code}", raw, (at - places[0]) * step)[0] for at in places]
    return values


def read_header(raw: bytes, size_bytes: int) -> "Header":
    """Return the header of a file of this size; raise PreviewError for an invalid header, ShortError for a cut one."""
    return _Reader(raw).header(size_bytes)


class ShortError(Exception):
    """The header goes on after the bytes that were read."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its value in words, and the first numbers of a value that is no text."""

    name: str
    text: str
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """A dimension; the length 0 is the growing one."""

    name: str
    length: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: its type in words and as struct format, its dimensions, its attributes, where its values begin."""

    name: str
    kind: str
    sides: tuple[Side, ...]
    code: str
    value_bytes: int
    attributes: list[Attribute]
    begin: int

    @property
    def is_record(self) -> bool:
        """Whether the variable grows with the records."""
        return bool(self.sides) and not self.sides[0].length

    @property
    def size_bytes(self) -> int:
        """The size of all values, or of those of one record."""
        return math.prod(side.length for side in self.sides[self.is_record :]) * self.value_bytes


@dataclass(frozen=True, slots=True)
class Header:
    """All of a header. `records` is None where the length of the file does not say how many there are."""

    dimensions: list[Side]
    attributes: list[Attribute]
    variables: list[Variable]
    records: int | None

    def length(self, side: Side) -> str:
        """Return the length of a dimension, which is the number of records for the growing one."""
        return f"{side.length:,}" if side.length else "?" if self.records is None else f"{self.records:,}"

    @property
    def record_bytes(self) -> int:
        """The size of one record of all variables; a single one is not padded to four bytes."""
        return _record_bytes(self.variables)

    def length_text(self, side: Side) -> str:
        """Return the length of a dimension, and whether the dimension grows."""
        return self.length(side) + ("" if side.length else " (grows)")


class _Reader:
    """A reader of the header: big-endian numbers, names and values padded to four bytes."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 4
        self._is_wide = raw[3] == 5
        self._count_bytes = 8 if self._is_wide else 4
        self._offset_bytes = 4 if raw[3] == 1 else 8

    def header(self, size_bytes: int) -> Header:
        """Return the header of a file of this size."""
        records = self._number(self._count_bytes)
        dimensions = self._items(DIMENSIONS, self._dimension)
        attributes = self._items(ATTRIBUTES, self._attribute)
        variables = self._items(VARIABLES, lambda: self._variable(dimensions))
        is_streamed = records == (1 << 8 * self._count_bytes) - 1
        return Header(dimensions, attributes, variables, _streamed(variables, size_bytes) if is_streamed else records)

    def _number(self, size: int) -> int:
        raw = self._raw[self._at : self._at + size]
        if len(raw) < size:
            raise ShortError
        self._at += size
        return int.from_bytes(raw, "big")

    def _count(self) -> int:
        return self._number(self._count_bytes)

    def _items(self, tag: int, read: Callable[[], Any]) -> list[Any]:
        """Return the list with this tag; an absent list is two zeros."""
        found, count = self._number(4), self._count()
        if found != tag and (found or count):
            raise PreviewError("its header is damaged")
        if count > MAX_ITEMS:
            raise PreviewError(f"its header claims {count:,} items in one list")
        return [read() for _ in range(count)]

    def _name(self) -> str:
        return self._padded(self._count()).decode("utf-8", "replace")

    def _padded(self, size: int) -> bytes:
        """Return `size` bytes and skip their padding to four."""
        if size > len(self._raw) - self._at:
            raise ShortError
        start = self._at
        self._at += (size + 3) // 4 * 4
        return self._raw[start : start + size]

    def _dimension(self) -> Side:
        return Side(self._name(), self._count())

    def _type(self) -> tuple[str, str, int]:
        """Return name, struct format and size of a type."""
        number = self._number(4)
        if number not in TYPES or (number > OLD_TYPES and not self._is_wide):
            raise PreviewError(f"its header names type {number}, which does not exist")
        name, code = TYPES[number]
        return name, code, struct.calcsize(f">{code}")

    def _attribute(self) -> Attribute:
        """Return name and value of an attribute: the text, or the first numbers."""
        name = self._name()
        kind, code, size = self._type()
        count = self._count()
        raw = self._padded(count * size)
        if kind == "char":
            return Attribute(name, raw.decode("utf-8", "replace").rstrip("\x00"))
        values = struct.unpack_from(f">{min(count, SHOWN_VALUES)}{code}", raw)
        text = ", ".join(f"{value:.6g}" if isinstance(value, float) else str(value) for value in values)
        return Attribute(name, text + (f", … {count:,} in all" if count > SHOWN_VALUES else ""), values)

    def _variable(self, dimensions: list[Side]) -> Variable:
        name = self._name()
        count = self._count()
        if count > len(self._raw):
            raise ShortError
        places = [self._count() for _ in range(count)]
        attributes = self._items(ATTRIBUTES, self._attribute)
        kind, code, size = self._type()
        self._count()  # its size, which is wrong for a large variable: the dimensions say the size
        begin = self._number(self._offset_bytes)
        if any(place >= len(dimensions) for place in places):
            raise PreviewError(f"its variable {name!a} names a dimension that does not exist")
        sides = tuple(dimensions[place] for place in places)
        return Variable(name, kind, sides, code, size, attributes, begin)


def _streamed(variables: list[Variable], size_bytes: int) -> int | None:
    """Return the number of records that a file of this size holds, as its writer did not say it."""
    step = _record_bytes(variables)
    if not step:
        return None
    return max(0, size_bytes - min(variable.begin for variable in variables if variable.is_record)) // step


def _record_bytes(variables: list[Variable]) -> int:
    growing = [variable for variable in variables if variable.is_record]
    if len(growing) == 1:
        return growing[0].size_bytes  # records of one variable are not padded
    return sum((variable.size_bytes + 3) // 4 * 4 for variable in growing)
