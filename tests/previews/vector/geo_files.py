"""Real files of shapes: by GDAL through pyogrio, by pyarrow, and by small writers of JSON and XML."""

import io
import json
import struct
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy

from tests import wanted

FIELDS = ["name", "count", "ndvi"]


def polygon(west: float, south: float, side: float) -> bytes:
    """A square with a hole, in well-known binary."""
    rings: list[list[tuple[float, float]]] = [
        [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)],
        [(0.3, 0.3), (0.3, 0.6), (0.6, 0.6), (0.6, 0.3), (0.3, 0.3)],
    ]
    found = struct.pack("<BII", 1, 3, len(rings))
    for ring in rings:
        found += struct.pack("<I", len(ring))
        found += b"".join(struct.pack("<2d", west + x * side, south + y * side) for x, y in ring)
    return found


def point(x: float, y: float) -> bytes:
    """A point in well-known binary."""
    return struct.pack("<BI2d", 1, 1, x, y)


def write(folder: Path, name: str, driver: str, *, count: int = 10, epsg: int = 4326, kind: str = "Polygon") -> Path:
    """Write a layer of `count` shapes with three fields; return its path."""
    raw = wanted.module("pyogrio.raw")
    scale, west, south = (1.0, 5.0, 45.0) if epsg == 4326 else (1000.0, 500_000.0, 5_000_000.0)
    places = [(west + at % 200 * scale, south + at // 200 * scale) for at in range(count)]
    shapes = [polygon(x, y, 0.8 * scale) if kind == "Polygon" else point(x, y) for x, y in places]
    values = [
        numpy.array([f"Feld ü{at}" for at in range(count)], dtype=object), numpy.arange(count, dtype="i4"),
        numpy.linspace(0, 1, count),
    ]  # fmt: skip
    taken = 1 if driver == "GPX" else len(FIELDS)
    options = {"layer": "waypoints"} if driver == "GPX" else {}
    raw.write(
        folder / name, numpy.array(shapes, dtype=object), values[:taken], FIELDS[:taken], driver=driver,
        geometry_type=kind, crs=f"EPSG:{epsg}", **options,
    )  # fmt: skip
    return folder / name


@cache
def made(driver: str, name: str = "fields.fgb") -> bytes:
    """The bytes of a file by a driver of GDAL."""
    with tempfile.TemporaryDirectory() as folder:
        kind = "Point" if driver == "GPX" else "Polygon"
        return write(Path(folder), name, driver, kind=kind).read_bytes()


@cache
def zipped(suffix: str) -> bytes:
    """A Shapefile in a zip, or a KMZ, of one folder."""
    output = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        if suffix == ".kmz":
            write(Path(folder), "doc.kml", "KML")
        else:
            write(Path(folder), "fields.shp", "ESRI Shapefile")
        for path in sorted(Path(folder).iterdir()):
            archive.write(path, f"delivery/{path.name}" if suffix != ".kmz" else path.name)
    return output.getvalue()


@cache
def geoparquet(version: str = "1.1.0", groups: int = 3) -> bytes:
    """A GeoParquet by pyarrow: ten squares in some row groups, with their boxes in a column."""
    arrow, parquet = wanted.module("pyarrow"), wanted.module("pyarrow.parquet")
    places = [(5.0 + at, 45.0) for at in range(10)]
    boxes = [{"xmin": x, "ymin": y, "xmax": x + 0.5, "ymax": y + 0.5} for x, y in places]
    table = arrow.table({
        "name": [f"f{at}" for at in range(10)],
        "geometry": arrow.array([polygon(x, y, 0.5) for x, y in places], arrow.binary()),
        "bbox": boxes,
    })  # fmt: skip
    column: dict[str, object] = {"encoding": "WKB", "geometry_types": ["Polygon"], "bbox": [5.0, 45.0, 14.5, 45.5]}
    if version == "1.1.0":
        column["covering"] = {"bbox": {name: ["bbox", name] for name in ("xmin", "ymin", "xmax", "ymax")}}
    geo = {"version": version, "primary_column": "geometry", "columns": {"geometry": column}}
    output = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata({"geo": json.dumps(geo)}), output, row_group_size=-(-10 // groups)
    )
    return output.getvalue()


ITEM = {
    "stac_version": "1.0.0", "stac_extensions": ["https://stac-extensions.github.io/eo/v1.1.0/schema.json"],
    "type": "Feature", "id": "S2A_32TQM_20240701", "collection": "sentinel-2-l2a", "bbox": [11, 45, 12, 46],
    "geometry": {"type": "Polygon", "coordinates": [[[11, 45], [12, 45], [12, 46], [11, 46], [11, 45]]]},
    "properties": {"datetime": "2024-07-01T10:00:00Z", "platform": "sentinel-2a", "eo:cloud_cover": 4.2},
    "links": [{"rel": "self", "href": "./item.json"}, {"rel": "collection", "href": "../collection.json"}],
    "assets": {"B04": {"href": "./B04.tif", "type": "image/tiff", "title": "Red"}, "thumb": {"href": "./t.jpg"}},
}  # fmt: skip
COLLECTION = {
    "stac_version": "1.0.0", "type": "Collection", "id": "sentinel-2-l2a", "license": "proprietary",
    "description": "Surface reflectance", "links": [{"rel": "item", "href": "./a.json"}] * 3,
    "extent": {"spatial": {"bbox": [[170, -50, -170, -30], [170, -50, 180, -30]]},
               "temporal": {"interval": [["2015-06-27T10:25:31Z", None]]}},
}  # fmt: skip
CATALOG = {"stac_version": "1.0.0", "type": "Catalog", "id": "root", "description": "All", "links": []}
GPX = (
    b'<?xml version="1.0"?><gpx version="1.1" creator="walker" xmlns="http://www.topografix.com/GPX/1/1"><metadata>'
    b'<name>Walk</name></metadata><wpt lat="46.1" lon="11.2"><name>Hut</name></wpt><trk><name>Ridge</name><trkseg>'
    b'<trkpt lat="46.0" lon="11.0"><time>2024-07-01T08:00:00Z</time></trkpt><trkpt lat="46.2" lon="11.3">'
    b"<time>2024-07-01T10:00:00Z</time></trkpt></trkseg></trk></gpx>"
)


def stac(told: dict[str, object]) -> bytes:
    """The JSON of an object."""
    return json.dumps(told, indent=1).encode()
