"""The grammar of well-known text: geometries one after the other, as far as the text goes (OGC 06-103r4, SQL/MM).

Curves become lines of short steps. Numbers after the first two of a position, heights and measures, are left out.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.shapes import Taker

MAX_DEPTH = 16  # of collections in collections; real files have two levels
ARC_STEPS = 64  # of an arc between two positions
MAX_SRID_DIGITS = 6

POINTS = frozenset(("POINT", "MULTIPOINT"))
LINES = frozenset(("LINESTRING", "LINEARRING", "CIRCULARSTRING"))
AREAS = frozenset(("POLYGON", "TRIANGLE", "CURVEPOLYGON"))
PARTS = {"MULTIPOINT": "POINT", "MULTILINESTRING": "LINESTRING", "MULTIPOLYGON": "POLYGON", "MULTICURVE": "LINESTRING",
         "MULTISURFACE": "POLYGON", "TIN": "TRIANGLE", "POLYHEDRALSURFACE": "POLYGON", "GEOMETRYCOLLECTION": "",
         "COMPOUNDCURVE": "LINESTRING"}  # fmt: skip
"""The kinds with parts, and the kind of a part that has no name of its own."""
KINDS = frozenset((*POINTS, *LINES, *AREAS, *PARTS))

_WORD = re.compile(r"\s*([A-Za-z]+)")
_BLANK = re.compile(r"\s*")
_BETWEEN = re.compile(r"[\s,;\"']*")
_SRID = re.compile(rf"\s*SRID\s*=\s*(-?\d{{1,{MAX_SRID_DIGITS}}})\s*;", re.IGNORECASE)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)"
_POSITION = re.compile(rf"\s*({_NUMBER})\s+({_NUMBER})((?:\s+(?:{_NUMBER})){{0,2}})\s*(?=[,)])", re.IGNORECASE)


class CutError(ValueError):
    """The text ends inside a geometry."""


@dataclass
class Geometry:
    """One geometry: its kind, its positions by lines or rings, and its parts."""

    kind: str
    lines: list[list[Point]] = field(default_factory=list)
    parts: list["Geometry"] = field(default_factory=list)
    srid: int | None = None
    stop: int = 0

    @property
    def has_height(self) -> bool:
        """Whether the solid of this geometry has more than one side above the same place."""
        return self.kind == "POLYHEDRALSURFACE"


def read_geometries(text: str) -> Iterator[Geometry]:
    """Yield geometries until the end; raise CutError where the text ends too early, ValueError where it is wrong."""
    at = _after(_BETWEEN, text, 0)
    srid: int | None = None
    while at < len(text):
        told = _SRID.match(text, at)
        if told is not None:
            srid, at = int(told[1]), told.end()
        geometry = _tagged(text, at, 0)
        geometry.srid = srid
        yield geometry
        at = _after(_BETWEEN, text, geometry.stop)


def positions_of(text: str) -> list[Point]:
    """Return the positions in a text that is cut inside its first geometry, in their order."""
    pairs = ((float(found[1]), float(found[2])) for found in _POSITION.finditer(text))
    return [(x, y) for x, y in pairs if abs(x) < 1e12 and abs(y) < 1e12]


def _tagged(text: str, at: int, depth: int) -> Geometry:
    """Read a geometry with its name: `POINT Z (1 2 3)`."""
    word = _WORD.match(text, at)
    if word is None:
        raise CutError if not text[at:].strip() else ValueError(f"no geometry at character {at:,}")
    name, at = word[1].upper(), word.end()
    forms = (name, name.removesuffix("ZM"), name.removesuffix("Z"), name.removesuffix("M"))
    kind = next((form for form in forms if form in KINDS), "")
    if not kind:
        is_cut = at == len(text) and any(each.startswith(name) for each in KINDS)
        raise CutError if is_cut else ValueError(f"{word[1][:20]!a} is no geometry")
    more = _WORD.match(text, at)
    if more is not None and more[1].upper() in ("Z", "M", "ZM"):
        at = more.end()
    return _body(kind, text, at, depth)


def _body(kind: str, text: str, at: int, depth: int) -> Geometry:
    """Read what follows the name: `EMPTY`, or parts in brackets."""
    if depth > MAX_DEPTH:
        raise ValueError("too many collections in collections")
    found = Geometry(kind)
    word = _WORD.match(text, at)
    if word is not None and word[1].upper() == "EMPTY":
        found.stop = word.end()
        return found
    at = _expect(text, at, "(")
    if kind in PARTS:
        at = _parts(found, text, at, depth)
    elif kind in AREAS:
        while True:
            ring, at = _ring(kind, text, at, depth)
            found.lines.append(ring)
            at = _after(_BLANK, text, at)
            if text[at : at + 1] != ",":
                break
            at += 1
        at = _expect(text, at, ")")
    else:
        line, at = _positions(text, at)
        found.lines.append(arcs(line) if kind == "CIRCULARSTRING" else line)
    found.stop = at
    return found


def _parts(found: Geometry, text: str, at: int, depth: int) -> int:
    """Read the parts of a kind that has parts; return the place after the closing bracket."""
    while True:
        at = _after(_BLANK, text, at)
        if text[at : at + 1].isalpha():
            part = _tagged_or_empty(PARTS[found.kind], text, at, depth)
        elif found.kind == "MULTIPOINT" and text[at : at + 1] != "(":
            position, at = _position(text, at)
            part = Geometry("POINT", [[position]] if position is not None else [], stop=at)
        else:
            if not PARTS[found.kind]:
                raise CutError if at >= len(text) else ValueError(f"no geometry at character {at:,}")
            part = _body(PARTS[found.kind], text, at, depth + 1)
        found.parts.append(part)
        at = _after(_BLANK, text, part.stop)
        if text[at : at + 1] != ",":
            return _expect(text, at, ")")
        at += 1


def _tagged_or_empty(kind: str, text: str, at: int, depth: int) -> Geometry:
    word = _WORD.match(text, at)
    if kind and word is not None and word[1].upper() == "EMPTY":
        return Geometry(kind, stop=word.end())
    return _tagged(text, at, depth + 1)


def _ring(kind: str, text: str, at: int, depth: int) -> tuple[list[Point], int]:
    """Read a ring: positions in brackets, or a curve with its name where the polygon may have curves."""
    at = _after(_BLANK, text, at)
    if kind == "CURVEPOLYGON" and text[at : at + 1].isalpha():
        curve = _tagged_or_empty("LINESTRING", text, at, depth)
        return joined(curve), curve.stop
    if text[at : at + 5].upper() == "EMPTY":
        return [], at + 5
    return _positions(text, _expect(text, at, "("))


def joined(curve: Geometry) -> list[Point]:
    """Return the positions of a curve, whose parts follow one another."""
    line = [point for part in curve.lines for point in part]
    for part in curve.parts:
        more = joined(part)
        line += more[1:] if line and more and line[-1] == more[0] else more
    return line


def _positions(text: str, at: int) -> tuple[list[Point], int]:
    """Read positions up to the closing bracket; return them and the place after the bracket."""
    line = []
    while True:
        position, at = _position(text, at)
        if position is not None:
            line.append(position)
        at = _after(_BLANK, text, at)
        if text[at : at + 1] != ",":
            return line, _expect(text, at, ")")
        at += 1


def _position(text: str, at: int) -> tuple[Point | None, int]:
    """Read one position; return None for a position that is nowhere (`nan nan`)."""
    found = _POSITION.match(text, at)
    if found is None:
        rest = text[at : at + 200]
        is_cut = at + len(rest) == len(text) and re.fullmatch(r"[\s\d.eE+\-]*", rest) is not None
        raise CutError if is_cut else ValueError(f"no position at character {at:,}")
    x, y = float(found[1]), float(found[2])
    is_somewhere = math.isfinite(x) and math.isfinite(y) and abs(x) < 1e12 and abs(y) < 1e12
    return ((x, y) if is_somewhere else None), found.end()


def _expect(text: str, at: int, mark: str) -> int:
    at = _after(_BLANK, text, at)
    if text[at : at + 1] == mark:
        return at + 1
    raise CutError if at >= len(text) else ValueError(f"{mark} is missing at character {at:,}")


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match is not None else at


def arcs(line: list[Point]) -> list[Point]:
    """Return a line along the arcs through each three positions, of which the last begins the next arc."""
    found = line[:1]
    for start, middle, end in zip(line[0::2], line[1::2], line[2::2], strict=False):
        found += _arc(start, middle, end)
    return found


def _arc(start: Point, middle: Point, end: Point) -> list[Point]:
    """Return the positions of an arc after its start; a whole circle where it ends at its start."""
    (ax, ay), (bx, by), (cx, cy) = start, middle, end
    if start == end:
        x, y, turn = (ax + bx) / 2, (ay + by) / 2, 2 * math.pi
    else:
        twice = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
        if abs(twice) < 1e-12:
            return [middle, end]
        squares = [px * px + py * py for px, py in (start, middle, end)]
        x = (squares[0] * (by - cy) + squares[1] * (cy - ay) + squares[2] * (ay - by)) / twice
        y = (squares[0] * (cx - bx) + squares[1] * (ax - cx) + squares[2] * (bx - ax)) / twice
        begin, stop = math.atan2(ay - y, ax - x), math.atan2(cy - y, cx - x)
        turn = (stop - begin) % (2 * math.pi) if twice > 0 else -((begin - stop) % (2 * math.pi))
    begin, radius = math.atan2(ay - y, ax - x), math.hypot(ax - x, ay - y)
    steps = [begin + turn * step / ARC_STEPS for step in range(1, ARC_STEPS)]
    return [*((x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in steps), end]


def add_to(shapes: Taker, geometry: Geometry) -> None:
    """Add one geometry with its parts."""
    shapes.has_area = shapes.has_area and not geometry.has_height
    if geometry.kind in AREAS:
        shapes.add_polygon(geometry.lines)
    elif geometry.kind in POINTS:
        for point in (point for line in geometry.lines for point in line):
            shapes.add_point(point)
    else:
        for line in geometry.lines:
            shapes.add_path(line)
    for part in geometry.parts:
        add_to(shapes, part)
