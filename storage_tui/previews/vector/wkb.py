"""Well-known binary: a geometry as bytes, of the standard (OGC 06-103r4, clause 8) and of PostGIS (EWKB)."""

import math
import struct

from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.wkt_text import AREAS, LINES, MAX_DEPTH, CutError, Geometry, arcs, joined

CODES = {1: "POINT", 2: "LINESTRING", 3: "POLYGON", 4: "MULTIPOINT", 5: "MULTILINESTRING", 6: "MULTIPOLYGON",
         7: "GEOMETRYCOLLECTION", 8: "CIRCULARSTRING", 9: "COMPOUNDCURVE", 10: "CURVEPOLYGON", 11: "MULTICURVE",
         12: "MULTISURFACE", 15: "POLYHEDRALSURFACE", 16: "TIN", 17: "TRIANGLE"}  # fmt: skip
HAS_Z, HAS_M, HAS_SRID = 0x80000000, 0x40000000, 0x20000000  # of PostGIS; the standard adds 1000, 2000 or 3000


def read_geometry(data: bytes, at: int = 0, depth: int = 0) -> Geometry:
    """Return the geometry that begins at a place; raise CutError where the bytes end too early, ValueError if wrong."""
    if depth > MAX_DEPTH:
        raise ValueError("too many collections in collections")
    order = {0: ">", 1: "<"}.get(data[at]) if at < len(data) else None
    if order is None:
        raise CutError if at >= len(data) else ValueError("no byte order")
    (code,), at = _take(f"{order}I", data, at + 1)
    plain, dimensions = code & 0x0FFFFFFF, 2 + bool(code & HAS_Z) + bool(code & HAS_M)
    if 1000 <= plain < 4000:
        dimensions, plain = 4 if plain >= 3000 else 3, plain % 1000
    kind = CODES.get(plain)
    if kind is None:
        raise ValueError(f"{plain} is no geometry")
    found = Geometry(kind)
    if code & HAS_SRID:
        (found.srid,), at = _take(f"{order}i", data, at)
    if kind == "POINT":
        line, found.stop = _line(order, 1, dimensions, data, at)
        found.lines.append(line)
        return found
    (count,), at = _take(f"{order}I", data, at)
    if kind in LINES:
        line, at = _line(order, count, dimensions, data, at)
        found.lines.append(arcs(line) if kind == "CIRCULARSTRING" else line)
    elif kind in AREAS and kind != "CURVEPOLYGON":
        for _ in range(count):
            (positions,), at = _take(f"{order}I", data, at)
            line, at = _line(order, positions, dimensions, data, at)
            found.lines.append(line)
    else:
        for _ in range(count):
            part = read_geometry(data, at, depth + 1)
            at = part.stop
            if kind == "CURVEPOLYGON":
                found.lines.append(joined(part))
            else:
                found.parts.append(part)
    found.stop = at
    return found


def _line(order: str, count: int, dimensions: int, data: bytes, at: int) -> tuple[list[Point], int]:
    """Return positions and the place after them, without the positions that are nowhere, as of an empty point."""
    size = 8 * dimensions
    if at + count * size > len(data):
        raise CutError
    found = struct.iter_unpack(f"{order}{dimensions}d", data[at : at + count * size])
    line = [(numbers[0], numbers[1]) for numbers in found]
    known = [(x, y) for x, y in line if math.isfinite(x) and math.isfinite(y) and abs(x) < 1e12 and abs(y) < 1e12]
    return known, at + count * size


def _take(form: str, data: bytes, at: int) -> tuple[tuple[int, ...], int]:
    stop = at + struct.calcsize(form)
    if stop > len(data):
        raise CutError
    return struct.unpack(form, data[at:stop]), stop
