"""The parts of a Shapefile: header and shapes of the `.shp`, fields and rows of the `.dbf` (ESRI, July 1998; dBASE)."""

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from storage_tui.previews.base import PreviewError
from storage_tui.previews.reasons import reason_of
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.layer import known_bounds
from storage_tui.previews.vector.shapes import Bounds, Shapes, Taker

CODE = b"\x00\x00\x27\x0a"
HEADER_BYTES = 100
NULL, POINT, LINE, POLYGON, MULTIPOINT, PATCHES = 0, 1, 3, 5, 8, 31
TYPES = {0: "none", 1: "Point", 3: "LineString", 5: "Polygon", 8: "MultiPoint", 11: "Point Z", 13: "LineString Z",
         15: "Polygon Z", 18: "MultiPoint Z", 21: "Point M", 23: "LineString M", 25: "Polygon M", 28: "MultiPoint M",
         31: "MultiPatch"}  # fmt: skip
MOST_SHAPES = 5000
FIELDS = {"C": "text", "N": "number", "F": "number", "D": "date", "L": "bool", "M": "memo", "I": "int32",
          "B": "float64", "Y": "money", "T": "datetime", "@": "datetime", "O": "float64", "G": "binary",
          "+": "int32"}  # fmt: skip
MOST_FIELDS = 2048
MOST_ROWS = 1000
DRIVERS = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852",
           0x65: "cp866", 0x66: "cp865", 0x7A: "gbk", 0x7B: "cp932", 0x78: "big5", 0x79: "cp949", 0xC8: "cp1250",
           0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253"}  # fmt: skip
DEFAULT = "latin-1"  # of the driver of GDAL too


@dataclass(frozen=True)
class Main:
    """The header of a `.shp`: the kind of its shapes, its bounds, and its size in bytes as it says itself."""

    kind: int
    bounds: Bounds | None
    size_bytes: int


def read_main(head: bytes) -> Main:
    """Return the header; raise PreviewError where it is cut."""
    if len(head) < HEADER_BYTES:
        raise PreviewError("its header is cut")
    words, kind = struct.unpack_from(">I", head, 24)[0], struct.unpack_from("<i", head, 32)[0]
    return Main(kind, known_bounds(struct.unpack_from("<4d", head, 36)), 2 * words)


def count_of_index(head: bytes | None) -> int | None:
    """Return the number of shapes by the header of a `.shx`, eight bytes a shape; None without one."""
    if head is None or len(head) < 28 or not head.startswith(CODE):
        return None
    return max(0, 2 * int(struct.unpack_from(">I", head, 24)[0]) - HEADER_BYTES) // 8


def read_shapes(raw: bytes, shapes: Shapes) -> tuple[int, str]:
    """Add the shapes of the first bytes of a `.shp`; return how many they are, and a problem, "" without one."""
    at = HEADER_BYTES
    for count in range(MOST_SHAPES):
        if at + 8 > len(raw):
            return count, ""
        size = 2 * int(struct.unpack_from(">I", raw, at + 4)[0])
        if size < 4:
            return count, f"shape {count + 1:,} claims {size} bytes"
        if at + 8 + size > len(raw):
            return count, ""
        try:
            add_record(raw[at + 8 : at + 8 + size], shapes)
        except (struct.error, ValueError) as exc:
            return count, f"shape {count + 1:,} is damaged: {reason_of(exc)}"
        at += 8 + size
    return MOST_SHAPES, ""


def add_record(record: bytes, shapes: Taker) -> None:
    code = struct.unpack_from("<i", record)[0]
    kind = code % 10 if code != PATCHES else LINE
    if kind == NULL:
        return
    if kind == POINT:
        shapes_points = _points(record, 4, 1)
        for point in shapes_points:
            shapes.add_point(point)
        return
    if kind == MULTIPOINT:
        for point in _points(record, 40, struct.unpack_from("<i", record, 36)[0]):
            shapes.add_point(point)
        return
    if kind not in (LINE, POLYGON):
        raise ValueError(f"{code} is no kind of shape")
    parts, count = struct.unpack_from("<2i", record, 36)
    if parts < 0 or count < 0 or 44 + 4 * parts + 16 * count > len(record):
        raise ValueError(f"{parts:,} parts and {count:,} points do not fit it")
    starts = list(struct.unpack_from(f"<{parts}i", record, 44))
    if code == PATCHES:  # the kinds of the patches come before the points
        points = _points(record, 44 + 8 * parts, count)
    else:
        points = _points(record, 44 + 4 * parts, count)
    lines = [points[start:stop] for start, stop in zip(starts, [*starts[1:], count], strict=True) if 0 <= start < stop]
    if kind == LINE:
        for line in filter(None, lines):
            shapes.add_path(line)
        return
    for rings in _polygons(lines):
        shapes.add_polygon(rings)


def _points(record: bytes, at: int, count: int) -> list[Point]:
    if count < 0 or at + 16 * count > len(record):
        raise ValueError(f"{count:,} points do not fit it")
    found = struct.iter_unpack("<2d", record[at : at + 16 * count])
    return [(x, y) for x, y in found if abs(x) < 1e12 and abs(y) < 1e12]


def _polygons(rings: list[list[Point]]) -> Iterator[list[list[Point]]]:
    """Yield the rings of each polygon: one that goes with the clock is an outer ring, and those after it its holes."""
    polygon: list[list[Point]] = []
    for ring in rings:
        pairs = zip(ring, [*ring[1:], *ring[:1]], strict=True)
        is_outer = sum((x2 - x1) * (y2 + y1) for (x1, y1), (x2, y2) in pairs) >= 0
        if is_outer and polygon:
            yield polygon
            polygon = []
        polygon.append(ring)
    if polygon:
        yield polygon


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a `.dbf`: its name, its letter, the digits after its point, and its bytes in a row."""

    name: str
    kind: str
    digits: int
    at: int
    size_bytes: int

    @property
    def words(self) -> str:
        """The type in words."""
        if self.kind == "N" and not self.digits:
            return f"int{64 if self.size_bytes > 9 else 32}"
        return FIELDS.get(self.kind, f"type {self.kind}")


@dataclass(frozen=True, slots=True)
class AttributesHead:
    """The head of a `.dbf`: the number of its rows, where they begin, the bytes of each, and its fields."""

    count: int
    start: int
    row_bytes: int
    codec: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Attributes:
    """The first rows of a `.dbf`: the number of all rows, and names and types of its fields."""

    count: int
    fields: list[tuple[str, str]]
    rows: list[tuple[str, ...]]
    codec: str


def attribute_rows(raw: bytes, told: str) -> Iterator[dict[str, str]]:
    """Yield the values of each row of a `.dbf` by the names of its fields, as far as its bytes go."""
    head = read_attributes_head(raw, told)
    if head is not None:
        names = [field.name for field in head.fields]
        for row in _rows(raw, head):
            yield dict(zip(names, row, strict=True))


def _rows(raw: bytes, head: AttributesHead) -> Iterator[tuple[str, ...]]:
    for number in range(head.count if head.row_bytes else 0):
        row = raw[head.start + number * head.row_bytes : head.start + (number + 1) * head.row_bytes]
        if len(row) < head.row_bytes:
            return
        yield tuple(
            row[field.at : field.at + field.size_bytes].decode(head.codec, "replace").strip("\0 ")
            for field in head.fields
        )


def read_attributes_head(raw: bytes, told: str) -> AttributesHead | None:
    """Return the head in the first bytes of a `.dbf`; None where they are no `.dbf`. `told` is the text of a `.cpg`."""
    if len(raw) < 33 or raw[0] & 0x07 not in (2, 3, 4, 5):
        return None
    count, header_bytes, row_bytes = struct.unpack_from("<IHH", raw, 4)
    codec = codec_of(told) or DRIVERS.get(raw[29], DEFAULT)
    fields: list[Field] = []
    at, place = 32, 1
    while at + 32 <= min(len(raw), header_bytes) and raw[at] != 0x0D and len(fields) < MOST_FIELDS:
        name = raw[at : at + 11].partition(b"\0")[0].decode(codec, "replace")
        kind, size, digits = chr(raw[at + 11]), raw[at + 16], raw[at + 17]
        if kind == "C":
            size, digits = size + (digits << 8), 0
        fields.append(Field(name, kind, digits, place, size))
        at, place = at + 32, place + size
    return AttributesHead(count, header_bytes, row_bytes, codec, tuple(fields))


def read_attributes(raw: bytes, told: str) -> Attributes | None:
    """Return the first rows in the first bytes of a `.dbf`; None where they are no `.dbf`. `told` is the text of a
    `.cpg`."""
    head = read_attributes_head(raw, told)
    if head is None:
        return None
    rows = list(islice(_rows(raw, head), MOST_ROWS))
    return Attributes(head.count, [(field.name, field.words) for field in head.fields], rows, head.codec)


def codec_of(told: str) -> str:
    """Return the codec of the text of a `.cpg`, such as `UTF-8`, `1252` or `ISO88591`; "" for an unknown one."""
    name = told.strip().lower().removeprefix("ansi ")
    for form in (
        name,
        f"cp{name}",
        name.replace("iso", "iso-").replace("8859", "8859-", 1),
        name.replace("iso-8859", "iso8859-"),
    ):
        try:
            return codecs.lookup(form).name if form else ""
        except (LookupError, ValueError):
            continue
    return ""
