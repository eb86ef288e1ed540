"""GeoParquet: the key `geo` of the footer, the boxes of its row groups, and the geometries of its first rows.

The versions 0.1 to 1.1 write the key; Parquet's own types GEOMETRY and GEOGRAPHY are known by the schema
(geoparquet.org; Apache Parquet, LogicalTypes).
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.decoding.tables.native_shapes import ENCODINGS
from storage_tui.previews.vector.layer import known_bounds
from storage_tui.previews.vector.reference import WGS84, Reference, of_code, of_projjson, of_wkt
from storage_tui.previews.vector.shapes import Bounds, Shapes
from storage_tui.previews.vector.wkb import read_geometry
from storage_tui.previews.vector.wkt_text import add_to

KEY = b"geo"
GEOMETRY, GEOGRAPHY = 17, 18  # logical types of Parquet
MOST_GROUPS = 2000  # whose boxes are drawn
FIELD_NAME, LOGICAL, PAIRS, SCHEMA, GROUPS = 4, 10, 5, 2, 4


@dataclass(frozen=True)
class GeoColumn:
    """The main geometry column: its name, its encoding, and what the file says of its shapes."""

    name: str
    encoding: str
    kinds: tuple[str, ...]
    reference: Reference | None
    bounds: Bounds | None
    others: tuple[str, ...]
    version: str
    covering: tuple[tuple[str, ...], ...]

    @property
    def is_read(self) -> bool:
        """Whether the shapes are read: as well-known binary, or in a native encoding."""
        return self.encoding.upper() == "WKB" or self.is_native

    @property
    def is_native(self) -> bool:
        """Whether the shapes are nested coordinates."""
        return self.encoding.lower() in ENCODINGS


def read_geo(footer: dict[int, Any]) -> GeoColumn | None:
    """Return the main geometry column of a footer; None without one, and where the key is no JSON of the form."""
    raw = next((pair.get(2, b"") for pair in footer.get(PAIRS, []) if pair.get(1) == KEY), None)
    if raw is None:
        return _of_schema(footer)
    try:
        told = json.loads(raw)
        columns = told["columns"]
        name = told.get("primary_column") or next(iter(columns))
        column = columns[name]
        kinds = column.get("geometry_types", column.get("geometry_type", []))
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration, RecursionError):
        return None
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return GeoColumn(
        name=str(name),
        encoding=str(column.get("encoding", "WKB")),
        kinds=tuple(map(str, kinds)),
        reference=_reference(column),
        bounds=_box(column.get("bbox")),
        others=tuple(str(other) for other in columns if other != name),
        version=str(told.get("version", told.get("schema_version", "not stated"))),
        covering=_covering(column),
    )


def _of_schema(footer: dict[int, Any]) -> GeoColumn | None:
    """Return the first column of Parquet's own types of geometry."""
    found = [(element, element[LOGICAL]) for element in footer.get(SCHEMA, [])
             if isinstance(element.get(LOGICAL), dict) and {GEOMETRY, GEOGRAPHY} & element[LOGICAL].keys()]  # fmt: skip
    if not found:
        return None
    names = [element.get(FIELD_NAME, b"").decode("utf-8", "replace") for element, _ in found]
    logical = found[0][1]
    told = logical.get(GEOMETRY, logical.get(GEOGRAPHY))
    crs = told.get(1, b"") if isinstance(told, dict) else b""
    text = crs.decode("utf-8", "replace") if isinstance(crs, bytes) else ""
    kind = "geometry" if GEOMETRY in logical else "geography"
    return GeoColumn(
        names[0], "WKB", (), _of_text(text, footer), None, tuple(names[1:]), f"Parquet's own type {kind}", ()
    )


def _of_text(text: str, footer: dict[int, Any]) -> Reference:
    """Return the reference system that the type names: none is OGC:CRS84, and `projjson:KEY` a pair of the footer."""
    if not text or "CRS84" in text.upper():
        return WGS84
    authority, _, code = text.partition(":")
    if authority.upper() in ("EPSG", "SRID") and code.isdigit() and len(code) < 7:
        return of_code(int(code))
    if authority == "projjson":
        pairs = {pair.get(1): pair.get(2, b"") for pair in footer.get(PAIRS, [])}
        text = pairs.get(code.encode(), b"").decode("utf-8", "replace")
    try:
        told = of_projjson(json.loads(text))
    except (ValueError, RecursionError):
        told = None
    return told or Reference(visible(text, limit=60) or "not named", is_geographic=None)


def _reference(column: dict[str, Any]) -> Reference | None:
    if "crs" not in column:
        return WGS84  # OGC:CRS84, as the specification says
    crs = column["crs"]
    if crs is None:
        return Reference("none: the file says that it is unknown", is_geographic=None)
    return of_wkt(crs) if isinstance(crs, str) else of_projjson(crs)  # a text before version 0.4


def _box(value: Any) -> Bounds | None:
    if not isinstance(value, list) or not all(type(number) in (int, float) for number in value):
        return None
    numbers = [*value[:2], *value[3:5]] if len(value) == 6 else value
    if len(numbers) == 4 and numbers[0] > numbers[2]:  # over the antimeridian
        numbers = [numbers[0], numbers[1], numbers[2] + 360, numbers[3]]
    return known_bounds(numbers)


def _covering(column: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the columns with the box of each row: xmin, ymin, xmax, ymax; none without them."""
    covering = column.get("covering")
    box = covering.get("bbox") if isinstance(covering, dict) else None
    if not isinstance(box, dict):
        return ()
    paths = [box.get(name) for name in ("xmin", "ymin", "xmax", "ymax")]
    if not all(isinstance(path, list) and path and all(isinstance(part, str) for part in path) for path in paths):
        return ()
    return tuple(tuple(path) for path in paths if isinstance(path, list))


def group_boxes(footer: dict[int, Any], column: GeoColumn, most: int = MOST_GROUPS) -> list[Bounds]:
    """Return the box of each row group that states one, of at most so many groups.

    The box is in the statistics of the covering columns, of the coordinates of a native encoding, or of the geometry
    itself (field 17 of its chunk).
    """
    found = []
    for group in footer.get(GROUPS, [])[:most]:
        by_path = {}
        for chunk in group.get(1, []):
            told = chunk.get(3)
            if isinstance(told, dict):
                path = tuple(part.decode("utf-8", "replace") for part in told.get(3, []) if isinstance(part, bytes))
                by_path[path] = told
        paths = column.covering or (_paths_of_coordinates(by_path, column.name) if column.is_native else ())
        box = _of_columns(by_path, paths) if paths else _of_statistics(by_path.get((column.name,)))
        if box is not None:
            found.append(box)
    return found


def _paths_of_coordinates(by_path: dict[tuple[str, ...], dict[int, Any]], name: str) -> tuple[tuple[str, ...], ...]:
    """Return the paths of x, y, x, y in a column of a native encoding; none where it has no such."""
    own = {path[-1]: path for path in by_path if len(path) > 1 and path[0] == name}
    return (own["x"], own["y"]) * 2 if {"x", "y"} <= own.keys() else ()


def _of_columns(by_path: dict[tuple[str, ...], dict[int, Any]], paths: Sequence[tuple[str, ...]]) -> Bounds | None:
    numbers = []
    for path, field in zip(paths, (6, 6, 5, 5), strict=True):  # the least of the least, the most of the most
        told = by_path.get(path, {})
        statistics = told.get(12)
        raw = statistics.get(field) if isinstance(statistics, dict) else None
        if not isinstance(raw, bytes) or len(raw) not in (4, 8):
            return None
        numbers.append(float(struct.unpack("<d" if len(raw) == 8 else "<f", raw)[0]))
    return known_bounds(numbers)


def _of_statistics(told: dict[int, Any] | None) -> Bounds | None:
    """Return the box of a chunk's GeospatialStatistics: xmin, xmax, ymin, ymax are its fields 1 to 4."""
    statistics = (told or {}).get(17)
    box = statistics.get(1) if isinstance(statistics, dict) else None
    if not isinstance(box, dict) or not all(isinstance(box.get(field), float) for field in (1, 2, 3, 4)):
        return None
    return known_bounds([box[1], box[3], box[2], box[4]])


def add_values(shapes: Shapes, values: Sequence[bytes]) -> int:
    """Add geometries in well-known binary; return how many of them are sound."""
    count = 0
    for value in values:
        try:
            add_to(shapes, read_geometry(value))
            count += 1
        except (ValueError, RecursionError):
            continue
    return count
