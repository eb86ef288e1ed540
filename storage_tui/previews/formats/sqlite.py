"""SQLite: the facts of the header, and the tables; the layers of a GeoPackage, and the zooms of MBTiles.

The header and a schema that fits the first page are read here (SQLite file format, 1.3, 1.6). All else is read by
SQLite itself in the decoding process, through ranges (OGC 12-128r19, GeoPackage; MBTiles 1.3).
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import MIB, Budget, Cells, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.table.grid import grid_lines
from storage_tui.previews.vector.geoparquet import add_values
from storage_tui.previews.vector.layer import Layer, draw_layer, known_bounds
from storage_tui.previews.vector.reference import WGS84, Reference, of_code, of_wkt
from storage_tui.previews.vector.shapes import Bounds, bounds_text
from storage_tui.previews.vector.tiles.drawing import draw_tile

MAGIC = b"SQLite format 3\x00"
LEAF_TABLE = 0x0D
ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
GEOPACKAGE, MBTILES = "GeoPackage", "MBTiles"
APPLICATIONS = {b"GPKG": GEOPACKAGE, b"GP10": GEOPACKAGE, b"GP11": GEOPACKAGE, b"MPBX": MBTILES}
MOST_ROWS = 500  # read of the first page at most; a page of 64 KiB holds fewer
HEADS = ("type", "name", "definition")
BUDGET = Budget(requests=12, size_bytes=MIB)  # pages of a database lie all over the file: one request each at worst
SHAPES = 300  # of the first layer, in the pane
FULL_SHAPES = 3000
GEO_MAGIC = b"GP"  # of a geometry in a GeoPackage, and 8 bytes or more before the well-known binary
ENVELOPES = (0, 32, 48, 48, 64)  # bytes of the box by its code
LAYER_HEADS = ("layer", "kind", "features", "reference", "extent")
TILE_FACTS = ("name", "description", "format", "type", "attribution")


class SqliteHeader:
    """SQLite: the facts of the header, and what its tables say."""

    kind = "SQLite"
    budget = BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview: the header from the first read, and the tables with as many reads as they need."""
        shown = describe(head)
        job = {"job": "database", "rows": FULL_SHAPES if view.is_full else SHAPES}
        try:
            told, raw = await DECODER.decode(job, b"", source=source)
        except LimitError as exc:
            return replace(shown, note=shown.note and f"{shown.note}: {exc}")
        except PreviewError as exc:
            if shown.cells is None:
                raise
            return replace(shown, note=f"SQLite does not read it: {visible(str(exc), limit=80)}")
        note = f"not all is read: {visible(told['refused'], limit=80)}" if told["refused"] else ""
        if told["contents"]:
            return await asyncio.to_thread(_geopackage, shown, told, raw, note, view)
        if told["metadata"]:
            layer, facts, cells, below = _tiles(shown, told)
            if told["tile"] is None:
                return draw_layer(MBTILES, layer, view, more=facts, note=note, cells=cells, below=below)
            zoom, column, row = told["tile"]
            return await draw_tile(
                MBTILES, layer, (zoom, column, row), raw, view, more=facts, note=note, cells=cells, below=below
            )
        rows = [[str(kind), str(name), " ".join(str(sql or "").split())] for kind, name, sql in told["schema"]]
        counts = [("tables", f"{sum(row[0] == 'table' for row in rows):,}")] if rows else []
        return replace(_with_schema(shown, rows), facts=(*shown.facts, *counts), note=note)


def describe(head: bytes) -> Preview:
    """Return the preview of the header, and of a schema that fits the first page; raise PreviewError for no header."""
    if len(head) < 100:
        raise PreviewError("its header is cut")
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    if page_bytes < 512 or page_bytes & (page_bytes - 1):
        raise PreviewError(f"a page of {page_bytes} bytes is not an SQLite page")
    pages = int.from_bytes(head[28:32], "big")
    codec = ENCODINGS.get(int.from_bytes(head[56:60], "big"), "utf-8")
    facts = [
        ("pages", f"{pages:,} of {page_bytes:,} bytes"),
        ("encoding", codec.upper()),
        ("journal", "write-ahead log" if head[18] == 2 else "rollback"),
        ("version", _version(int.from_bytes(head[96:100], "big"))),
    ]
    if user_version := int.from_bytes(head[60:64], "big"):
        facts.append(("user version", str(user_version)))
    shown = Preview(APPLICATIONS.get(head[68:72], SqliteHeader.kind), facts=tuple(facts))
    if head[100:101] != bytes([LEAF_TABLE]) or len(head) < page_bytes:
        return replace(shown, note="its schema begins on another page")
    try:
        return _with_schema(shown, list(read_schema(head[:page_bytes], codec)))
    except (IndexError, ValueError):
        return replace(shown, note="its schema is not read")


def _with_schema(shown: Preview, rows: list[list[str]]) -> Preview:
    if not rows:
        return shown
    return replace(shown, lines=tuple(grid_lines(HEADS, rows)), cells=Cells(HEADS, tuple(map(tuple, rows))))


def _geopackage(shown: Preview, told: dict[str, Any], raw: bytes, note: str, view: View) -> Preview:
    """Return the preview of a GeoPackage: its layers as a table, and the shapes of the first on the map."""
    geometries = {row[0]: (row[1], row[2]) for row in told["geometries"]}
    counts = {row[0]: row[1] for row in told["counts"]}
    rows, main = [], Layer()
    for name, kind, srs, west, south, east, north, srs_name, organisation, code, definition in told["contents"]:
        reference = reference_of(srs, srs_name, organisation, code, definition)
        bounds = known_box([west, south, east, north])
        geometry = str(geometries[name][1]).title() if name in geometries else str(kind)
        count = counts.get(name)
        layer = Layer(geometry, count if isinstance(count, int) else None, reference, bounds)
        extent = "" if bounds is None else bounds_text(bounds, is_geographic=layer.is_geographic)
        words = "" if reference is None else reference.name
        rows.append((str(name), geometry, "" if layer.count is None else f"{layer.count:,}", words, extent))
        if told["geometries"] and name == told["geometries"][0][0]:
            main = layer
    facts = [("layers", f"{len(rows):,}"), *shown.facts]
    main.shapes.is_degrees = None if main.reference is None else main.reference.is_geographic
    ends = accumulate(told["sizes"], initial=0)
    values = [well_known(raw[start:stop]) for start, stop in pairwise(ends)]
    count = add_values(main.shapes, [value for value in values if value])
    main.is_all = bool(count) and main.count == count
    if count and not main.is_all:
        note = " · ".join(filter(None, (f"the first {count:,} shapes of {told['geometries'][0][0]} on the map", note)))
    lines, cells = grid_lines(LAYER_HEADS, rows), Cells(LAYER_HEADS, tuple(rows))
    return draw_layer(GEOPACKAGE, main, view, more=facts, note=visible(note), cells=cells, below=lines)


def _tiles(shown: Preview, told: dict[str, Any]) -> tuple[Layer, list[tuple[str, str]], Cells, list[Text]]:
    """Return what the metadata of MBTiles say: the bounds, the facts, and all of them as a table."""
    metadata = {str(name): str(value) for name, value in told["metadata"]}
    facts = [(name, visible(metadata[name], limit=120)) for name in TILE_FACTS if metadata.get(name)]
    low, high = metadata.get("minzoom"), metadata.get("maxzoom")
    if (low is None or high is None) and len(told["zooms"]) == 2:
        low, high = (str(zoom) for zoom in told["zooms"])
    if low is not None and high is not None:
        facts.append(("zooms", visible(f"{low} to {high}", limit=20)))
    bounds = known_box(metadata.get("bounds", "").split(","))
    layer = Layer(reference=WGS84 if bounds is not None else None, bounds=bounds)
    heads = ("name", "value")
    cells = Cells(heads, tuple(metadata.items()))
    lines = grid_lines(heads, list(metadata.items()))
    return layer, [*facts, *shown.facts], cells, lines


def known_box(values: list[Any]) -> Bounds | None:
    """Return the bounds in four values of any type; None where they are none."""
    try:
        return known_bounds([float(value) for value in values])
    except (ValueError, TypeError, OverflowError):
        return None


def reference_of(srs: Any, name: Any, organisation: Any, code: Any, definition: Any) -> Reference | None:
    """Return a row of gpkg_spatial_ref_sys; -1 and 0 are the undefined systems of the specification (table 3)."""
    if srs in (-1, 0, None):
        return Reference("not stated", is_geographic=srs == 0 or None)
    words = visible(str(name or f"srs {srs}"), limit=60)
    found = of_wkt(str(definition)) if definition and str(definition) != "undefined" else None
    if str(organisation).upper() == "EPSG" and isinstance(code, int) and code > 0:
        known = of_code(code)
        is_geographic = known.is_geographic if found is None else found.is_geographic
        return Reference(f"{known.name}, {words}", is_geographic, code)
    return Reference(words, None if found is None else found.is_geographic)


def well_known(value: bytes) -> bytes:
    """Return the well-known binary of a geometry in a GeoPackage; nothing where it is none (clause 2.1.3)."""
    if not value.startswith(GEO_MAGIC) or len(value) < 8:
        return b""
    code = value[3] >> 1 & 7
    return value[8 + ENVELOPES[code] :] if code < len(ENVELOPES) else b""


def read_schema(page: bytes, codec: str) -> Iterator[list[str]]:
    """Yield type, name and statement of every row of the schema on the first page."""
    count = int.from_bytes(page[103:105], "big")
    for index in range(min(count, MOST_ROWS)):
        at = int.from_bytes(page[108 + 2 * index : 110 + 2 * index], "big")
        _, at = _varint(page, at)
        _, at = _varint(page, at)
        header_bytes, place = _varint(page, at)
        body = at + header_bytes
        values: list[str] = []
        while place < at + header_bytes and len(values) < 5:
            kind, place = _varint(page, place)
            size = (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]
            raw = page[body : body + size]
            values.append(raw.decode(codec, "replace") if kind >= 13 and kind % 2 else "")
            body += size
        if len(values) == 5:
            yield [values[0], values[1], " ".join(values[4].split())]


def _varint(page: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        byte = page[at + step]
        if step == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value, at + 9


def _version(number: int) -> str:
    return f"written by {number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}" if number else "unknown"
