"""Real files by the libraries of their formats, and small writers of our own where a library would be large."""

import bz2
import gzip
import importlib
import io
import json
import lzma
import sqlite3
import sys
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache

import h5py
import numpy
from PIL import Image, ImageDraw

from storage_tui.demo import files, shapes
from storage_tui.demo.tiff import INT, UINT, Raster, write_tiff
from tests.previews.vector import geo_files


def picture(mode: str = "RGB", size: tuple[int, int] = (120, 80)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, (220, 20, 20))
    ImageDraw.Draw(image).rectangle((size[0] // 2, 0, *size), fill=(20, 20, 220))
    return image.convert(mode)


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """A picture file by Pillow."""
    output = io.BytesIO()
    picture(mode).save(output, kind, **options)
    return output.getvalue()


def array(values: object, **options: object) -> bytes:
    """An .npy by numpy."""
    output = io.BytesIO()
    numpy.save(output, numpy.asarray(values, **options))
    return output.getvalue()


def arrays() -> bytes:
    """An .npz by numpy."""
    output = io.BytesIO()
    numpy.savez_compressed(output, image=numpy.zeros((40, 50, 3), "u1"), weights=numpy.ones(9))
    return output.getvalue()


def zipped() -> bytes:
    """A zip by zipfile."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("delivery/readme.txt", "hello " * 100)
        archive.writestr("delivery/vector/fields.geojson", "{}")
    return output.getvalue()


def tarred() -> bytes:
    """A tar by tarfile, with a long name."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("run/config.json", "run/" + "long" * 40 + "/log.txt"):
            member = tarfile.TarInfo(name)
            member.size = 700
            archive.addfile(member, io.BytesIO(bytes(700)))
    return output.getvalue()


def database() -> bytes:
    """A database by sqlite3."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table scenes (id text primary key, cloud real)")
    content = connection.serialize()
    connection.close()
    return content


def geotiff(bands: int = 3) -> bytes:
    """A tiled GeoTIFF with overviews by the writer of the demo."""
    place = (710_240.0, 4_117_620.0, 10.0, 32610)
    if bands == 3:
        return write_tiff(Raster(picture(size=(700, 500)), lambda tile: tile.tobytes(), 3, 8, UINT, *place))
    grey = picture("L", (700, 500)).convert("I")
    from storage_tui.demo.terrain import int16_bytes

    return write_tiff(Raster(grey, int16_bytes, 1, 16, INT, *place, nodata="-9"))


TABLE = b"date,site,ndvi\n" + b"".join(b"2024-07-%02d,S%d,0.%03d\n" % (day, day % 4, day * 31) for day in range(1, 29))
JSON_LINES = b"".join(json.dumps({"id": number, "ok": True}).encode() + b"\n" for number in range(50))
WKT = b"SRID=4326;POLYGON ((10 45, 12 45, 12 47, 10 47, 10 45))\nPOINT (11 46)\n"
NETCDF = (
    b"CDF\x01\0\0\0\0" + b"\0\0\0\x0a\0\0\0\x01" + b"\0\0\0\x03lat\0\0\0\0\x0a" + bytes(8)
    + b"\0\0\0\x0b\0\0\0\x01" + b"\0\0\0\x03sst\0\0\0\0\x01\0\0\0\0" + bytes(8) + b"\0\0\0\x05\0\0\0\x28\0\0\0\x50"
    + bytes(40)
)  # fmt: skip


def zstandard(content: bytes) -> bytes:
    """A frame by Python's own zstd, or by what the extra `preview` installs where it has none."""
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    packed: bytes = importlib.import_module(name).compress(content)
    return packed


def hdf5(libver: str = "earliest", groups: int = 2) -> bytes:
    """Groups and datasets by h5py, in the old form (trees and heaps of names) or the new one (links in headers)."""
    output = io.BytesIO()
    with h5py.File(output, "w", libver=libver) as file:
        for number in range(groups):
            file[f"run{number}/temperature"] = numpy.zeros((24, 10 + number), "f4")
        file["flags"] = numpy.zeros(5, ">i2")
    return output.getvalue()


def parquet() -> bytes:
    """The smallest Parquet file: one column of int64 in the schema, 100 rows claimed, no row group."""
    root = b"\x48\x04root\x15\x02\x00"  # field 4: name, field 5: one child
    column = b"\x15\x04\x25\x00\x18\x02id\x00"  # field 1: int64, field 3: required, field 4: name
    footer = b"\x15\x02\x19\x2c" + root + column + b"\x16\xc8\x01\x19\x0c\x28\x05tests\x00"
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def arrow() -> bytes:
    """An Arrow file by arro3."""
    import arro3.core
    import arro3.io

    names = ["id", "name"]
    columns = [
        arro3.core.Array.from_numpy(numpy.arange(3, dtype="u2")),
        arro3.core.Array(["a", "b", "c"], arro3.core.DataType.utf8()),
    ]
    output = io.BytesIO()
    arro3.io.write_ipc(arro3.core.Table.from_arrays(columns, names=names), output)
    return output.getvalue()


def arrow_stream() -> bytes:
    """An Arrow stream by arro3."""
    import arro3.core
    import arro3.io

    output = io.BytesIO()
    column = arro3.core.Array.from_numpy(numpy.arange(3, dtype="u4"))
    arro3.io.write_ipc_stream(arro3.core.Table.from_arrays([column], names=["id"]), output)
    return output.getvalue()


_MADE: dict[str, tuple[Callable[[], bytes], str]] = {
    "PNG": (lambda: encoded("PNG"), "pixels: 120 × 80, RGB"),
    "JPEG": (lambda: encoded("JPEG"), "pixels: 120 × 80, RGB"),
    "WebP": (lambda: encoded("WEBP", lossless=True), "pixels: 120 × 80, RGB"),
    "GIF": (lambda: encoded("GIF", "P"), "pixels: 120 × 80, palette"),
    "BMP": (lambda: encoded("BMP"), "pixels: 120 × 80, RGB"),
    "TIFF": (lambda: encoded("TIFF"), "pixels: 120 × 80, 3 bands of uint8"),
    "GeoTIFF": (geotiff, "reference: EPSG:32610, WGS 84 / UTM zone 10N"),
    "zip": (zipped, "fields.geojson"),
    "NumPy archive": (arrays, "image.npy  uint8, 40 × 50 × 3"),
    "NumPy array": (lambda: array([[1.5, 2.5], [3.5, float("nan")]]), "values: 1.5 to 3.5, mean 2.5, 1 not finite"),
    "gzip": (lambda: gzip.compress(TABLE), "inside: CSV"),
    "bzip2": (lambda: bz2.compress(JSON_LINES), "inside: JSON Lines"),
    "xz": (lambda: lzma.compress(WKT), "inside: WKT"),
    "zstd": (lambda: zstandard(TABLE), "inside: CSV"),
    "lz4": (lambda: b"\x04\x22\x4d\x18" + bytes(range(200)), "04 22 4d 18"),
    "tar": (tarred, "long" * 40 + "/"),
    "Parquet": (parquet, "rows: 100 in 0 row groups"),
    "Arrow": (arrow, "uint16"),
    "Arrow stream": (arrow_stream, "uint32"),
    "SQLite": (database, "CREATE TABLE scenes"),
    "HDF5": (hdf5, "/run1/temperature  float32            24 × 11"),
    "NetCDF": (lambda: NETCDF, "sst       float32  lat 10"),
    "FlatGeobuf": (lambda: geo_files.made("FlatGeobuf"), "fields: name text, count int32, ndvi float64"),
    "PMTiles": (lambda: geo_files.made("PMTiles", "fields.pmtiles"), "zooms: 0 to 5"),
    "Shapefile": (lambda: geo_files.made("ESRI Shapefile", "fields.shp"), "features: 10"),
    "zipped Shapefile": (lambda: geo_files.zipped(".zip"), "reference: EPSG:4326, GCS WGS 1984"),
    "KML": (lambda: geo_files.made("KML", "fields.kml"), "elements: 10 placemarks, 1 folder"),
    "KMZ": (lambda: geo_files.zipped(".kmz"), "geometry: 10 Polygon"),
    "STAC item": (lambda: geo_files.stac(geo_files.ITEM), "date: 2024-07-01T10:00:00Z"),
    "PDF": (files.document, "title: Field protocol 2024"),
    "pickle": (files.model, "imports: datetime.datetime"),
    "GeoJSON": (shapes.fields, "features: 84"),
    "WKT": (lambda: WKT, "SRID: 4326"),
    "WKB in hexadecimal digits": (lambda: b"0101000000000000000000F03F0000000000000040\n" * 2, "geometry: 2 POINT"),
    "JSON": (lambda: b'{"a": [1, 2], "b": {"c": null}}', '{"a": [1, 2], "b": {"c": null}}'),
    "JSON Lines": (lambda: JSON_LINES, "records: 50"),
    "CSV": (lambda: TABLE, "date        text  number"),
    "TSV": (lambda: TABLE.replace(b",", b"\t"), "columns: 3, separated by tabs"),
    "text": (lambda: "Grüße aus dem Tal\nzweite Zeile\n".encode(), "Grüße aus dem Tal"),
    "binary": (lambda: bytes(range(256)) * 4, "20 21 22 23"),
}
SAMPLES = {kind: (cache(make), line) for kind, (make, line) in _MADE.items()}
"""By kind: a file whose name says nothing, made once a process, and a line of what is shown of it."""
