"""GeoJSON: kind, count, bounds, area, and the shapes on a map; a cut file as far as its features go (RFC 7946)."""

import asyncio
import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.formats.json_text import decode_json
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.shapes import Shapes, draw_map

SNIFF_BYTES = 4096  # "type" may come after a name, a crs or a bbox
MAX_DEPTH = 8  # of nested geometry collections; real files have one level
PROPERTY_NAMES = 12  # named in the facts; more do not fit a pane

GEOMETRIES = "Point|MultiPoint|LineString|MultiLineString|Polygon|MultiPolygon|GeometryCollection"

_TYPE = re.compile(rf'"type"\s*:\s*"(?:FeatureCollection|Feature|{GEOMETRIES})"'.encode())
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_GAP = re.compile(r"[\s,\x1e]*")


class GeoJson:
    """GeoJSON: a FeatureCollection, a Feature, a bare geometry, or one Feature a line."""

    kind = "GeoJSON"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the blob is an object with a GeoJSON type near its start."""
        start = head[:SNIFF_BYTES].lstrip(b"\xef\xbb\xbf\x1e \t\r\n")
        return start[:1] == b"{" and _TYPE.search(start) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts and the map."""
        rest = await source.read(len(head), len(head) + source.bytes_left)
        raw = head + rest
        is_whole = len(raw) == source.size_bytes
        return await asyncio.to_thread(describe, raw, view, is_whole)


@dataclass
class Features:
    """The content of a file: its shapes, how many features, their geometries, the names of their properties."""

    shapes: Shapes = field(default_factory=Shapes)
    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    names: dict[str, None] = field(default_factory=dict)
    is_complete: bool = False


def describe(raw: bytes, view: View, is_whole: bool) -> Preview:
    """Return the preview of the bytes of a GeoJSON file, which may be cut."""
    read = read_shapes(decode_json(raw))
    facts = [
        ("features", f"{read.count:,}" if read.is_complete and is_whole else f"the first {read.count:,}"),
        ("geometry", ", ".join(f"{number:,} {visible(kind)}" for kind, number in read.kinds.most_common(4)) or "none"),
        *read.shapes.facts(),
    ]
    if read.names:
        shown = [visible(name, limit=30) for name in list(read.names)[:PROPERTY_NAMES]]
        facts.append(("properties", ", ".join(shown)))
    lines = draw_map(read.shapes, view.width, rows_left(view, facts))
    return Preview("GeoJSON", facts=tuple(facts), lines=tuple(lines), is_drawing=True)


def read_shapes(text: str) -> Features:
    """Return the content of a text that may be cut; raise PreviewError when it has no whole feature."""
    features, is_complete = read_features(text)
    if not features:
        raise PreviewError("no complete feature in the part that was read")
    read = Features(count=len(features), is_complete=is_complete)
    for feature in features:
        is_feature = feature.get("type") == "Feature"
        geometry = feature.get("geometry") if is_feature else feature
        if isinstance(geometry, dict):
            read.kinds[str(geometry.get("type"))[:40]] += 1
            if not read.shapes.is_full:
                add_geometry(read.shapes, geometry)
        properties = feature.get("properties")
        if is_feature and isinstance(properties, dict):
            read.names.update(dict.fromkeys(list(properties)[:PROPERTY_NAMES]))
    return read


def read_features(text: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the features or geometries of a text, and whether the text is complete."""
    decoder = json.JSONDecoder()
    start = _GAP.match(text)
    at = start.end() if start else 0
    opening = _FEATURES.search(text)
    if opening is None:
        return _read_series(decoder, text, at)
    found, is_complete = _read_series(decoder, text, opening.end())
    return found, is_complete


def _read_series(decoder: json.JSONDecoder, text: str, at: int) -> tuple[list[dict[str, Any]], bool]:
    found: list[dict[str, Any]] = []
    while True:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        if at >= len(text) or text[at] != "{":
            return found, at < len(text) or not found or text[-1:] in "\n}"
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            return found, False
        found.append(value)


def add_geometry(shapes: Shapes, geometry: dict[str, Any], depth: int = 0) -> None:
    """Add the coordinates of one geometry; leave out anything that is not a coordinate."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection" and depth < MAX_DEPTH:
        for part in _items(geometry.get("geometries")):
            if isinstance(part, dict):
                add_geometry(shapes, part, depth + 1)
    elif kind == "Polygon":
        shapes.add_polygon([_positions(ring) for ring in _items(coordinates)])
    elif kind == "MultiPolygon":
        for polygon in _items(coordinates):
            shapes.add_polygon([_positions(ring) for ring in _items(polygon)])
    elif kind == "LineString":
        shapes.add_path(_positions(coordinates))
    elif kind == "MultiLineString":
        for path in _items(coordinates):
            shapes.add_path(_positions(path))
    elif kind in ("Point", "MultiPoint"):
        for point in _positions([coordinates] if kind == "Point" else coordinates):
            shapes.add_point(point)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _positions(value: Any) -> list[Point]:
    return [
        (float(item[0]), float(item[1]))
        for item in _items(value)
        if isinstance(item, list)
        and len(item) >= 2
        and all(isinstance(number, int | float) and abs(number) < 1e12 and math.isfinite(number) for number in item[:2])
    ]
