"""FlatGeobuf: count, bounds, reference and fields of the header, and the first features on the map (flatgeobuf.org)."""

import asyncio
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from storage_tui.contract.visible import visible
from storage_tui.previews.base import (
    HEADER_BUDGET,
    MIB,
    Cells,
    LimitError,
    Preview,
    PreviewError,
    Source,
    View,
)
from storage_tui.previews.reasons import reason_of
from storage_tui.previews.table.flatbuffer import Table
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.layer import Layer, draw_layer, known_bounds
from storage_tui.previews.vector.reference import Reference, of_code, of_wkt
from storage_tui.previews.vector.shapes import Taker

MAGIC = b"fgb\x03fgb"  # and the number of a patch
START = 12  # the magic, and the size of the header
MOST_HEADER = 10 * MIB  # what the reference implementation reads at most
MOST_COLUMNS = 4096
MOST_FEATURES = 1000
MOST_POINTS = 200_000  # of one geometry
NODE_BYTES = 40  # of the index: a box and a place
MAX_DEPTH = 8  # of collections in collections
NODE_SIZE = 16
VALUE_CHARS = 200

NAME, ENVELOPE, GEOMETRY_TYPE, HAS_Z, COLUMNS, COUNT, INDEX, CRS, TITLE, DESCRIPTION = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
GEOMETRIES = ("any", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
              "GeometryCollection", "CircularString", "CompoundCurve", "CurvePolygon", "MultiCurve", "MultiSurface",
              "Curve", "Surface", "PolyhedralSurface", "TIN", "Triangle")  # fmt: skip
TYPES = ("int8", "uint8", "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "text",
         "json", "datetime", "binary")  # fmt: skip
FORMS = "bB?hHiIqQfd"  # of the types with a fixed size
TEXTS = (11, 12, 13)


class FlatGeobuf:
    """FlatGeobuf: the header, and the features that the first reads reach."""

    kind = "FlatGeobuf"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one more read, of the first features behind the index."""
        size = int.from_bytes(head[8:START], "little")
        if size > MOST_HEADER:
            raise PreviewError(f"its header claims {size:,} bytes")
        if START + size > len(head):
            if START + size > source.bytes_left + len(head):
                raise LimitError("its header is longer than a preview reads")
            head = await source.read(0, START + size)
        header = read_header(head[START : START + size])
        begin = START + size + header.index_bytes
        raw = b""
        if source.bytes_left and begin < (source.size_bytes or 0):
            room = source.bytes_left + len(source.kept(begin, source.size_bytes or begin))
            raw = await source.read(begin, min(begin + room, source.size_bytes or begin))
        else:
            raw = source.kept(begin, source.size_bytes or begin)
        return await asyncio.to_thread(_describe, header, raw, view)


@dataclass(frozen=True)
class Header:
    """The header: its layer, its columns with the numbers of their types, and the size of the index behind it."""

    layer: Layer
    columns: list[tuple[str, int]]
    geometry_type: int
    index_bytes: int
    title: str


def read_header(raw: bytes) -> Header:
    """Return the header; raise PreviewError, or struct.error where it is cut."""
    table = Table.root(raw)
    kind = table.integer(GEOMETRY_TYPE, "<B")
    columns = [(column.text(0), column.integer(1, "<B")) for column in table.tables(COLUMNS, MOST_COLUMNS)]
    numbers = [float(number) for (number,) in table.structs(ENVELOPE, "<d", 4)]
    count = table.integer(COUNT, "<Q")
    layer = Layer(
        geometry=(GEOMETRIES[kind] if kind < len(GEOMETRIES) else f"kind {kind}")
        + (" Z" if table.integer(HAS_Z, "<B") else ""),
        count=count or None,
        reference=_reference(table.table(CRS)),
        bounds=known_bounds(numbers),
        fields=[(name, TYPES[code] if code < len(TYPES) else f"type {code}") for name, code in columns],
    )
    return Header(
        layer,
        columns,
        kind,
        index_bytes(count, table.integer(INDEX, "<H", NODE_SIZE)),
        table.text(TITLE) or table.text(NAME),
    )


def index_bytes(count: int, node_size: int) -> int:
    """Return the size of the tree over so many features: none without an index."""
    if not count or not node_size:
        return 0
    node_size = max(2, node_size)
    nodes = level = count
    while level != 1:
        level = -(-level // node_size)
        nodes += level
    return nodes * NODE_BYTES


def _reference(crs: Table | None) -> Reference | None:
    if crs is None:
        return None
    organisation, code, name = crs.text(0), crs.integer(1), crs.text(2)
    told = of_wkt(crs.text(4))
    if organisation.upper() in ("EPSG", "") and code > 0:
        known = of_code(code)
        words = f"{known.name}, {visible(name, limit=60)}" if name else known.name
        return Reference(words, known.is_geographic if told is None else told.is_geographic, code)
    return told or Reference(visible(name or f"{organisation}:{code}", limit=60), is_geographic=None)


def _describe(header: Header, raw: bytes, view: View) -> Preview:
    layer, rows = header.layer, list[tuple[str, ...]]()
    note = ""
    try:
        for feature in features(raw):
            geometry = feature.table(0)
            if geometry is not None:
                add_geometry(layer.shapes, geometry, header.geometry_type)
            rows.append(row_of(feature, header.columns))
    except (struct.error, PreviewError, ValueError, IndexError) as exc:
        note = f"a feature is damaged after the first {len(rows):,}: {visible(reason_of(exc), limit=60)}"
    layer.is_all = bool(rows) and layer.count == len(rows)
    if not note and not layer.is_all and rows:
        note = f"the first {len(rows):,} on the map"
    cells = Cells(tuple(name for name, _ in header.columns), tuple(rows)) if rows and header.columns else None
    more = [("title", visible(header.title, limit=80))] if header.title else []
    return draw_layer("FlatGeobuf", layer, view, more=more, note=note, cells=cells)


def features(raw: bytes) -> Iterator[Table]:
    """Yield the features that are whole in these bytes."""
    at = 0
    for _ in range(MOST_FEATURES):
        size = int.from_bytes(raw[at : at + 4], "little")
        if not size or at + 4 + size > len(raw):
            return
        yield Table.root(raw[at + 4 : at + 4 + size])
        at += 4 + size


def add_geometry(shapes: Taker, geometry: Table, kind: int, depth: int = 0) -> None:
    """Add one geometry; `kind` is that of the layer, and 0 where each geometry has its own."""
    kind = geometry.integer(6, "<B") or kind
    if depth < MAX_DEPTH:
        for part in geometry.tables(7, MOST_COLUMNS):
            add_geometry(shapes, part, {6: 3, 5: 2, 4: 1}.get(kind, 0), depth + 1)
    numbers = [number for (number,) in geometry.structs(1, "<d", 2 * MOST_POINTS)]
    points = [
        (float(x), float(y))
        for x, y in zip(numbers[::2], numbers[1::2], strict=False)
        if abs(x) < 1e12 and abs(y) < 1e12
    ]
    if not points:
        return
    lines, start = list[list[Point]](), 0
    for (stop,) in geometry.structs(0, "<I", MOST_POINTS):
        lines.append(points[start:stop])
        start = stop
    lines = lines or [points]
    if kind in (3, 17):
        shapes.add_polygon(lines)
    elif kind in (1, 4):
        for point in points:
            shapes.add_point(point)
    else:
        for line in filter(None, lines):
            shapes.add_path(line)


def row_of(feature: Table, columns: list[tuple[str, int]]) -> tuple[str, ...]:
    """Return the values of a feature as text, in the order of the columns."""
    raw = feature.bytes(1)
    found, at = [""] * len(columns), 0
    while at + 2 <= len(raw):
        index = int.from_bytes(raw[at : at + 2], "little")
        at += 2
        if index >= len(columns):
            raise PreviewError(f"it has a value of column {index + 1:,}")
        code = columns[index][1]
        if code < len(FORMS):
            (value,) = struct.unpack_from(f"<{FORMS[code]}", raw, at)
            found[index], at = str(value), at + struct.calcsize(f"<{FORMS[code]}")
            continue
        size = int.from_bytes(raw[at : at + 4], "little")
        value = raw[at + 4 : at + 4 + size]
        found[index] = value[:VALUE_CHARS].decode("utf-8", "replace") if code in TEXTS else f"{size:,} bytes"
        at += 4 + size
    return tuple(found)
