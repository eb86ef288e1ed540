"""GeoJSON: kind, count, bounds, area, and the shapes on a map; a cut file as far as its features go (RFC 7946)."""

import asyncio
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.formats.json_text import JsonText
from storage_tui.previews.text.encoding import decode_head
from storage_tui.previews.text.json_object import JsonObject, read_object, skip_gap
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.map import draw_map
from storage_tui.previews.vector.reference import Reference, of_crs
from storage_tui.previews.vector.shapes import Shapes, Taker

SNIFF_BYTES = 4096  # blanks, marks and separators may come before the first bracket
MAX_DEPTH = 8  # of nested geometry collections; real files have one level
PROPERTY_NAMES = 12  # named in the facts; more do not fit a pane
LOOKED_AT = 10  # features that must look like features; a list of anything else differs from the first on

DEPTHS = {"Point": 1, "MultiPoint": 2, "LineString": 2, "MultiLineString": 3, "Polygon": 3, "MultiPolygon": 4,
          "GeometryCollection": 1}  # fmt: skip
"""The depth of the lists of coordinates of each kind of geometry (RFC 7946, 3.1)."""
GEOMETRIES = frozenset(DEPTHS)

_POSITION = re.compile(r"\[\s*(-?[\d.]+(?:[eE][-+]?\d+)?)\s*,\s*(-?[\d.]+(?:[eE][-+]?\d+)?)\s*[\],]")
_CUT_GEOMETRY = re.compile(r'"coordinates"\s*:\s*\[')
_CUT_TYPE = re.compile(r'"type"\s*:\s*"(\w+)"')


class GeoJson:
    """GeoJSON: a FeatureCollection, a Feature, a bare geometry, or a sequence of these (RFC 8142, or one a line)."""

    kind = "GeoJSON"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the blob is an object of a GeoJSON type, judged by its own members and not by those inside."""
        if b"{" not in head[:SNIFF_BYTES]:
            return False
        text, _ = decode_head(head)
        at = skip_gap(text, 0)
        return text[at : at + 1] == "{" and type_of(read_object(text, at, "features")) != ""

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts and the map; JSON lines when the rest of the object shows that it is no GeoJSON."""
        rest = await source.read(len(head), len(head) + source.bytes_left)
        raw = head + rest
        is_whole = len(raw) == source.size_bytes
        shown = await asyncio.to_thread(describe, raw, view, is_whole)
        return await JsonText().show(source, head, view) if shown is None else shown


@dataclass
class Features:
    """The content of a file: its shapes, how many features, their geometries, the names of their properties.

    `known` are the objects of GeoJSON in a sequence, `others` the ones that are none.
    `problem` is a sentence about the place at which the text ends too early or is no JSON; empty when all was read.
    """

    shapes: Shapes = field(default_factory=Shapes)
    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    names: dict[str, None] = field(default_factory=dict)
    reference: Reference | None = None
    is_cut_feature: bool = False
    known: int = 0
    others: int = 0
    problem: str = ""


def type_of(found: JsonObject) -> str:
    """Return the GeoJSON type of an object, which may be cut; empty when the object is something else."""
    kind = found.members.get("type")
    if kind == "FeatureCollection" or ("type" not in found.members and not found.is_whole and found.has_list):
        return "FeatureCollection" if _holds_features(found, kind is not None) else ""
    if kind == "Feature":
        geometry = found.members.get("geometry", found)
        is_geometry = geometry is None or (isinstance(geometry, dict) and _is_geometry(geometry))
        return kind if is_geometry or (geometry is found and not found.is_whole) else ""
    if isinstance(kind, str) and kind in GEOMETRIES:
        name = "geometries" if kind == "GeometryCollection" else "coordinates"
        is_there = _is_deep(found.members.get(name), DEPTHS[kind]) or (not found.is_whole and name not in found.members)
        return kind if is_there else ""
    is_cut = "type" not in found.members and found.cut_key in ("geometry", "coordinates")
    if is_cut and found.cut_key == "geometry" and _CUT_GEOMETRY.search(found.cut[:200]):
        return "Feature"  # sorted names: the type comes after a geometry that is longer than the text
    return ""


def _is_geometry(geometry: dict[str, Any]) -> bool:
    """Return whether an object has the type and the coordinates of a geometry."""
    kind = geometry.get("type")
    if not isinstance(kind, str) or kind not in GEOMETRIES:
        return False
    return _is_deep(geometry.get("geometries" if kind == "GeometryCollection" else "coordinates"), DEPTHS[kind])


def _is_deep(value: Any, depth: int) -> bool:
    """Return whether a value is a list, and its first items are lists down to a depth, unless a list is empty."""
    return isinstance(value, list) and (depth == 1 or not value or _is_deep(value[0], depth - 1))


def _holds_features(found: JsonObject, is_told: bool) -> bool:
    """Return whether the list of an object holds features; `is_told` is true when its type says so."""
    if not found.has_list:
        return is_told and not found.is_whole
    if not found.items:
        if not is_told:
            return _CUT_GEOMETRY.search(found.cut[:400]) is not None and '"attributes"' not in found.cut[:400]
        return not found.cut or found.is_whole or found.cut.startswith("{")
    return all(
        isinstance(item, dict) and item.get("type") == "Feature" and "geometry" in item
        for item in found.items[:LOOKED_AT]
    )


def describe(raw: bytes, view: View, is_whole: bool) -> Preview | None:
    """Return the preview of the bytes of a GeoJSON file, which may be cut; None when they are no GeoJSON."""
    text, encoding = decode_head(raw)
    read = read_features(text)
    if read is None:
        return None
    is_all = is_whole and not read.problem
    counted = f"{read.count:,}" if is_all else f"the first {read.count:,}"
    if read.is_cut_feature:
        counted = f"the first one, as far as its first {size_text(len(raw))} go"
    facts = [("features", counted), ("geometry", _kinds_text(read.kinds)), *read.shapes.facts()]
    if read.reference is not None:
        facts.insert(2, ("reference", read.reference.name))
    if read.others:
        facts.insert(1, ("beside them", f"{plural(read.others, 'record')} of other JSON"))
    if read.names:
        shown = [visible(name, limit=30) for name in list(read.names)[:PROPERTY_NAMES]]
        facts.append(("properties", ", ".join(shown)))
    if encoding:
        facts.append(("encoding", encoding))
    lines = draw_map(read.shapes, view.width, rows_left(view, facts))
    note = read.problem if is_whole else ""
    return Preview("GeoJSON", facts=tuple(facts), lines=tuple(lines), note=note, is_drawing=True, is_damaged=bool(note))


def _kinds_text(kinds: Counter[str]) -> str:
    shown = [f"{number:,} {visible(kind) or 'without one'}" for kind, number in kinds.most_common(4)]
    return ", ".join(shown) or "none"


def read_shapes(text: str) -> Features:
    """Return the content of a text that may be cut; raise PreviewError when it is no GeoJSON."""
    read = read_features(text)
    if read is None:
        raise PreviewError("is no GeoJSON")
    return read


def read_features(text: str) -> Features | None:
    """Return the content of a text that may be cut; None when its first object is no GeoJSON."""
    read = Features()
    at = skip_gap(text, 0)
    while text[at : at + 1] == "{":
        found = read_object(text, at, "features")
        kind = type_of(found)
        if not kind and not read.known:
            return None
        read.known, read.others = read.known + bool(kind), read.others + (not kind and found.is_whole)
        _add_object(read, found, kind)
        if not found.is_whole:
            read.problem = f"not JSON from character {found.end:,} on, or cut there"
            return read
        at = skip_gap(text, found.end)
    if at < len(text):
        read.problem = f"not JSON from character {at:,} on"
    return read


def _add_object(read: Features, found: JsonObject, kind: str) -> None:
    """Add a FeatureCollection, a Feature or a geometry."""
    if "crs" in found.members:
        read.reference = of_crs(found.members["crs"])
        read.shapes.is_degrees = read.reference.is_geographic
    if kind == "FeatureCollection":
        for feature in found.items:
            if isinstance(feature, dict):
                _add_feature(read, feature)
    elif kind == "Feature" and (found.is_whole or "geometry" in found.members):
        _add_feature(read, found.members)
    elif kind and found.is_whole:
        read.count += 1
        _add_geometry(read, found.members)
    if not found.is_whole and not read.count:
        _add_cut(read, found.cut)


def _add_feature(read: Features, feature: dict[str, Any]) -> None:
    read.count += 1
    _add_geometry(read, feature.get("geometry"))
    properties = feature.get("properties")
    if isinstance(properties, dict):
        read.names.update(dict.fromkeys(list(properties)[:PROPERTY_NAMES]))


def _add_geometry(read: Features, geometry: Any) -> None:
    if isinstance(geometry, dict):
        read.kinds[str(geometry.get("type"))[:40]] += 1
        add_geometry(read.shapes, geometry)
    else:
        read.kinds[""] += 1


def _add_cut(read: Features, cut: str) -> None:
    """Add the beginning of a feature that is longer than the text: the line of its positions, without an area."""
    opening = _CUT_GEOMETRY.search(cut)
    positions = [(float(x), float(y)) for x, y in _POSITION.findall(cut, opening.end() - 1 if opening else 0)]
    read.is_cut_feature = True
    kinds = [kind for kind in _CUT_TYPE.findall(cut[: opening.start() if opening else 0]) if kind in GEOMETRIES]
    read.kinds[kinds[-1] if kinds else "of an unknown kind"] += 1
    read.shapes.add_path([point for point in positions if _is_position(point)])


def add_geometry(shapes: Taker, geometry: dict[str, Any], depth: int = 0) -> None:
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
        if isinstance(item, list) and len(item) >= 2 and _is_position(item)
    ]


def _is_position(position: Any) -> bool:
    return all(type(number) in (int, float) and abs(number) < 1e12 and math.isfinite(number) for number in position[:2])
