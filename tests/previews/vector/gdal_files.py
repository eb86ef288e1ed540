"""Real files of the formats that GDAL alone reads: by GDAL's own drivers through pyogrio, and a few by hand."""

import contextlib
import io
import json
import struct
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path

import numpy

from tests import wanted
from tests.previews.vector.geo_files import point, polygon

OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6" generator="tests"><bounds minlat="45" minlon="7" maxlat="46" maxlon="8"/>
<node id="1" lat="45.1" lon="7.1"><tag k="name" v="Feld &#252;0"/></node>
<node id="2" lat="45.5" lon="7.5"/><node id="3" lat="45.5" lon="7.9"/>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/></way>
<way id="2"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/></way></osm>"""
E00 = (
    "EXP  0 /FIELDS.E00\nLAB  2\n         1         0 7.0000000E+00 4.5000000E+01\n 7.0000000E+00 4.5000000E+01"
    " 7.0000000E+00 4.5000000E+01\n        -1         0 0.0000000E+00 0.0000000E+00\nEOS\n"
)
TOPOLOGY = {
    "type": "Topology",
    "objects": {"fields": {"type": "GeometryCollection", "geometries": [
        {"type": "LineString", "arcs": [0], "properties": {"name": "Feld ü0"}},
        {"type": "Point", "coordinates": [7.5, 45.25], "properties": {"name": "Feld ü1"}},
    ]}},
    "arcs": [[[7, 45], [8, 46]]],
}  # fmt: skip
ESRI = {
    "geometryType": "esriGeometryPoint", "spatialReference": {"wkid": 4326},
    "fields": [{"name": "name", "type": "esriFieldTypeString"}],
    "features": [{"attributes": {"name": f"Feld ü{at}"}, "geometry": {"x": 7 + at, "y": 45}} for at in range(3)],
}  # fmt: skip
WRITTEN = {
    "MapInfo TAB": ("fields.tab", "MapInfo File"), "MapInfo MIF": ("fields.mif", "MapInfo File"),
    "GML": ("fields.gml", "GML"), "GMT": ("fields.gmt", "OGR_GMT"), "JUMP": ("fields.jml", "JML"),
    "MapML": ("fields.mapml", "MapML"), "GeoRSS": ("fields.rss", "GeoRSS"), "DXF": ("fields.dxf", "DXF"),
    "DGN": ("fields.dgn", "DGN"), "S-57 chart": ("fields.000", "S57"),
    "file geodatabase": ("fields.gdb", "OpenFileGDB"),
}  # fmt: skip
WITHOUT_FIELDS = ("GeoRSS", "DXF", "DGN", "S57")
LINES = ("DXF", "DGN")


def write(folder: Path, name: str, driver: str, *, count: int = 10, epsg: int = 4326) -> Path:
    """Write some shapes by a driver; return the path."""
    raw = wanted.module("pyogrio.raw")
    kind = "LineString" if driver in LINES else "Polygon" if driver != "GeoRSS" else "Point"
    west, south, scale = (7.0, 45.0, 1.0) if epsg == 4326 else (500_000.0, 5_000_000.0, 1000.0)
    places = [(west + at % 100 * scale, south + at // 100 * scale) for at in range(count)]
    shapes = [line(x, y) if driver in LINES else point(x, y) if kind == "Point" else polygon(x, y, 0.8 * scale)
              for x, y in places]  # fmt: skip
    fields = [] if driver in WITHOUT_FIELDS else ["name", "count"]
    values = [numpy.array([f"Feld ü{at}" for at in range(count)], dtype=object), numpy.arange(count, dtype="i4")]
    with contextlib.suppress(raw.DataSourceError, wanted.module("pyogrio.errors").DataLayerError):  # S-57: a head alone
        raw.write(
            folder / name, numpy.array(shapes, dtype=object), values[: len(fields)], fields, driver=driver,
            geometry_type=kind, crs=f"EPSG:{epsg}",
        )  # fmt: skip
    return folder / name


def line(x: float, y: float) -> bytes:
    """A line in well-known binary."""
    return struct.pack("<BII4d", 1, 2, 2, x, y, x + 1, y + 1)


@cache
def made(kind: str) -> bytes:
    """The bytes of a file; a geodatabase is zipped."""
    by_hand = {
        "OpenStreetMap": OSM.encode(), "OpenStreetMap PBF": pbf(), "Arc/Info E00": E00.encode(),
        "TopoJSON": json.dumps(TOPOLOGY).encode(), "Esri JSON": json.dumps(ESRI).encode(),
    }  # fmt: skip
    if kind in by_hand:
        return by_hand[kind]
    name, driver = WRITTEN[kind]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), name, driver)
        if path.is_file():
            return path.read_bytes()
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(path.iterdir()):
                archive.write(part, f"{path.name}/{part.name}")
        return output.getvalue()


def field(number: int, value: bytes | int) -> bytes:
    """A field of protobuf."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    """A number of protobuf."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def pbf(blocks: int = 1) -> bytes:
    """Blocks of 100 nodes with a name each, in the form of OpenStreetMap's PBF."""
    header = field(4, b"OsmSchema-V0.6") + field(4, b"DenseNodes") + field(16, b"tests")
    found = block(b"OSMHeader", header)
    for number in range(blocks):
        steps = [1000 * (number + 1) * 100 if not at else 2 for at in range(100)]
        ids = b"".join(map(varint, steps))
        latitudes = b"".join(varint(2 * 450_000_000 if not at else 2 * 100_000) for at in range(100))
        longitudes = b"".join(varint(2 * 70_000_000 if not at else 2 * 100_000) for at in range(100))
        tags = b"".join(varint(1) + varint(2) + varint(0) for _ in range(100))
        dense = field(1, ids) + field(8, latitudes) + field(9, longitudes) + field(10, tags)
        strings = b"".join(field(1, text) for text in (b"", b"name", "Feld ü".encode()))
        found += block(b"OSMData", field(1, strings) + field(2, field(2, dense)))
    return found


def block(kind: bytes, content: bytes) -> bytes:
    """A block of a PBF: its length, its head, and what is packed."""
    blob = field(2, len(content)) + field(3, zlib.compress(content, 0))
    head = field(1, kind) + field(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


FILES = {
    "MapInfo MIF": ("fields.mif", "EPSG:4326"), "GML": ("fields.gml", "EPSG:4326"), "GMT": ("fields.gmt", "EPSG:4326"),
    "JUMP": ("fields.jml", "EPSG:4326"), "MapML": ("fields.mapml", "EPSG:4326"), "GeoRSS": ("fields.rss", "EPSG:4326"),
    "DXF": ("fields.dxf", "AC1018"), "DGN": ("fields.dgn", "elements"), "S-57 chart": ("fields.000", "DSID"),
    "file geodatabase": ("fields.gdb.zip", "EPSG:4326"), "OpenStreetMap": ("fields.osm", "lines"),
    "OpenStreetMap PBF": ("fields.osm.pbf", "points"), "Arc/Info E00": ("fields.e00", "LAB"),
    "TopoJSON": ("fields.topojson", "7°E to 8°E"), "Esri JSON": ("fields.json", "EPSG:4326"),
}  # fmt: skip
"""By kind: the name of a file, and a word that its preview has."""
