"""Well-known text: one geometry, or one a line, on the same map as GeoJSON (OGC 06-103r4)."""

import asyncio
import re
from collections import Counter

from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.formats.json_text import decode_json
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.shapes import Shapes, draw_map

_KIND = "(?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION"
_START = re.compile(rb"\s*(?:SRID=\d+;)?\s*(?:" + _KIND.encode() + rb")\s*(?:Z|M|ZM)?\s*\(", re.IGNORECASE)
_GEOMETRY = re.compile(rf"(SRID=(\d{{1,6}});)?\s*\b({_KIND})\s*(?:ZM|Z|M)?\s*\(", re.IGNORECASE)
_PART = re.compile(r"\(\s*([-+0-9.eE][-+0-9.eE,\s]*)\)")
_EXTRA = r"(?:\s+[-+0-9.eE]+)*"
_PAIR = re.compile(rf"([-+0-9.eE]+)\s+([-+0-9.eE]+){_EXTRA}")


class WellKnownText:
    """Well-known text: POINT, LINESTRING, POLYGON and their multiples; EWKT's SRID is shown."""

    kind = "WKT"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the text begins with a geometry."""
        return _START.match(head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts and the map."""
        rest = await source.read(len(head), len(head) + source.bytes_left)
        return await asyncio.to_thread(describe, decode_json(head + rest), view)


def describe(text: str, view: View) -> Preview:
    """Return the preview of a text of geometries, which may be cut."""
    shapes, kinds, reference = read_wkt(text)
    facts = [("geometry", ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common(4))), *shapes.facts()]
    if reference:
        facts.insert(1, ("SRID", reference))
    lines = draw_map(shapes, view.width, rows_left(view, facts))
    return Preview("WKT", facts=tuple(facts), lines=tuple(lines), is_drawing=True)


def read_wkt(text: str) -> tuple[Shapes, Counter[str], str]:
    """Return shapes, geometries by name, and the reference of EWKT; raise PreviewError without a whole geometry."""
    shapes = Shapes()
    kinds: Counter[str] = Counter()
    reference = ""
    openings = list(_GEOMETRY.finditer(text))
    for opening, following in zip(openings, [*openings[1:], None], strict=True):
        kind = opening[3].upper()
        kinds[kind] += 1
        reference = reference or (opening[2] or "")
        stop = following.start() if following else len(text)
        if kind != "GEOMETRYCOLLECTION" and not shapes.is_full:
            _add(shapes, kind, text[opening.end() - 1 : stop])
    if not shapes.taken:
        raise PreviewError("no complete geometry in the part that was read")
    return shapes, kinds, reference


def _add(shapes: Shapes, kind: str, body: str) -> None:
    parts = [_points(part) for part in _PART.findall(body)]
    if kind.endswith("POINT"):
        for part in parts:
            for point in part:
                shapes.add_point(point)
    elif kind.endswith("LINESTRING"):
        for part in parts:
            shapes.add_path(part)
    elif kind == "POLYGON":
        shapes.add_polygon(parts)
    else:
        for polygon in re.split(r"\)\s*\)\s*,\s*\(\s*\(", body):
            shapes.add_polygon([_points(part) for part in _PART.findall(f"(({polygon.strip('() ')}))")] or [])


def _points(part: str) -> list[Point]:
    return [(float(x), float(y)) for x, y in _PAIR.findall(part) if abs(float(x)) < 1e12 and abs(float(y)) < 1e12]
