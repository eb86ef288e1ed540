"""Rows of shapes: GDAL writes and states through pyogrio, pyarrow GeoParquet, pystac STAC."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pyogrio
import pyogrio.raw
import pystac

from storage_tui.previews.base import MIB
from storage_tui.previews.vector.shapes import bounds_text
from tests.previews.facts.row import Row, Stated, known, of_bytes
from tests.previews.samples import SAMPLES
from tests.previews.vector import geo_files


def written(name: str, driver: str, epsg: int = 4326) -> Callable[[Path], Path]:
    """Return what writes ten shapes with three fields."""
    kind = "Point" if driver == "GPX" else "Polygon"
    return lambda folder: geo_files.write(folder, name, driver, epsg=epsg, kind=kind)


def of_pyogrio(path: Path) -> Stated:
    """Count, kind, place, reference and fields of a layer, and the values of its rows where they are shown."""
    info = pyogrio.read_info(path, force_feature_count=True, force_total_bounds=True)
    is_geographic = info["crs"] == "EPSG:4326"
    facts = {
        "features": f"{info['features']:,}",
        "geometry": info["geometry_type"],
        "bounds" if is_geographic else "extent": bounds_text(tuple(info["total_bounds"]), is_geographic=is_geographic),
    }
    _, _, _, values = pyogrio.raw.read(path)
    rows = [list(map(str, row)) for row in zip(*values[:2], strict=True)]
    return Stated(facts, columns=list(info["fields"]), rows=rows)


def of_pyogrio_places(path: Path) -> Stated:
    """Count and place of a layer of XML."""
    layer = "waypoints" if path.suffix == ".gpx" else 0
    info = pyogrio.read_info(path, layer=layer, force_feature_count=True, force_total_bounds=True)
    words = {".gpx": "waypoints", ".kml": "placemarks, 1 folder", ".kmz": "placemarks"}[path.suffix]
    return Stated(
        {
            "elements": f"{info['features']} {words}",
            "bounds": bounds_text(tuple(info["total_bounds"]), is_geographic=True),
        }
    )


def of_pyogrio_layers(path: Path) -> Stated:
    """The layer of a GeoPackage."""
    found = of_pyogrio(path)
    return Stated({"features": found.facts["features"], "bounds": found.facts["bounds"]})


def of_pyogrio_tiles(path: Path) -> Stated:
    """Name and zooms of vector tiles, as GDAL states them."""
    info = pyogrio.read_info(path)
    told = info["dataset_metadata"] or {}
    return Stated({"name": info["layer_name"], "zooms": f"{told.get('minzoom', 0)} to {told.get('maxzoom', 5)}"})


def of_pyarrow(path: Path) -> Stated:
    """The key `geo` of the footer, and the rows."""
    told = pyarrow.parquet.ParquetFile(path)
    geo = json.loads(told.schema_arrow.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    return Stated(
        {
            "rows": f"{told.metadata.num_rows} in {told.metadata.num_row_groups} row groups",
            "GeoParquet": geo["version"],
            "bounds": bounds_text(tuple(column["bbox"]), is_geographic=True),
            "geometry": column["geometry_types"][0],
            "column": f"{geo['primary_column']}, {column['encoding']}",
            "boxes": "of 3 row groups",
        }
    )


def item(folder: Path) -> Path:
    """An item by pystac."""
    path = folder / "item.json"
    path.write_text(json.dumps(pystac.Item.from_dict(geo_files.ITEM).to_dict()))
    return path


def of_pystac(path: Path) -> Stated:
    """The facts of an item."""
    told = pystac.Item.from_dict(json.loads(path.read_text()))
    assert told.datetime is not None and told.bbox is not None
    assets = [["asset", name, asset.media_type or "", asset.href] for name, asset in told.assets.items()]
    return Stated(
        {
            "id": told.id,
            "collection": told.collection_id or "",
            "date": f"{told.datetime:%Y-%m-%dT%H:%M:%SZ}",
            "bounds": bounds_text(tuple(told.bbox), is_geographic=True),
            "assets": str(len(told.assets)),
        },
        columns=["kind", "name", "type", "href"],
        rows=assets,
    )


def collection(folder: Path) -> Path:
    """A collection by pystac."""
    path = folder / "collection.json"
    path.write_text(json.dumps(pystac.Collection.from_dict(geo_files.COLLECTION).to_dict()))
    return path


def of_pystac_collection(path: Path) -> Stated:
    """The facts of a collection."""
    told = pystac.Collection.from_dict(json.loads(path.read_text()))
    start = told.extent.temporal.intervals[0][0]
    assert start is not None
    return Stated(
        {
            "id": told.id,
            "license": told.license,
            "dates": f"{start:%Y-%m-%dT%H:%M:%SZ} to open",
            "bounds": bounds_text(tuple(told.extent.spatial.bboxes[0]), is_geographic=True),
        }
    )


def of_pyogrio_text(path: Path) -> Stated:
    """Count and place of a GeoJSON."""
    info = pyogrio.read_info(path, force_feature_count=True, force_total_bounds=True)
    return Stated(
        {
            "features": str(info["features"]),
            "properties": ", ".join(info["fields"]),
            "bounds": bounds_text(tuple(info["total_bounds"]), is_geographic=True),
        }
    )


DATABASE = {"requests": 12, "size_bytes": MIB, "why": "the pages of a tree of SQLite lie anywhere"}
ROWS = (
    Row("FlatGeobuf", "pyogrio", written("a.fgb", "FlatGeobuf"), of_pyogrio),
    Row("FlatGeobuf", "pyogrio", written("a.fgb", "FlatGeobuf", 32633), of_pyogrio),
    Row("Shapefile", "pyogrio", written("a.shp", "ESRI Shapefile"), of_pyogrio, requests=5, why="it is five files"),
    Row(
        "Shapefile",
        "pyogrio",
        written("a.shp", "ESRI Shapefile", 32633),
        of_pyogrio,
        requests=5,
        why="it is five files",
    ),
    Row("zipped Shapefile", "pyogrio", written("a.shz", "ESRI Shapefile"), of_pyogrio),
    Row("GeoPackage", "pyogrio", written("a.gpkg", "GPKG"), of_pyogrio_layers, **DATABASE),
    Row("MBTiles", "pyogrio", written("a.mbtiles", "MBTiles"), of_pyogrio_tiles, **DATABASE),
    Row("PMTiles", "pyogrio", written("a.pmtiles", "PMTiles"), of_pyogrio_tiles),
    Row("KML", "pyogrio", written("a.kml", "KML"), of_pyogrio_places),
    Row("KMZ", "pyogrio", written("a.kmz", "LIBKML"), of_pyogrio_places),
    Row("GPX", "pyogrio", written("a.gpx", "GPX"), of_pyogrio_places),
    Row("GeoJSON", "pyogrio", written("a.geojson", "GeoJSON"), of_pyogrio_text),
    Row("GeoParquet", "pyarrow", of_bytes("a.parquet", geo_files.geoparquet), of_pyarrow),
    Row("STAC item", "pystac", item, of_pystac),
    Row("STAC collection", "pystac", collection, of_pystac_collection),
    Row(
        "WKT",
        "the standard",
        of_bytes("a.wkt", SAMPLES["WKT"][0]),
        known({"geometry": "1 POLYGON, 1 POINT", "SRID": "4326"}),
    ),
    Row(
        "WKB in hexadecimal digits",
        "the standard",
        of_bytes("a", SAMPLES["WKB in hexadecimal digits"][0]),
        known({"geometry": "2 POINT"}),
    ),
)
