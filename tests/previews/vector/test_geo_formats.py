"""The formats of shapes beside GeoJSON: facts as the reference libraries state them, few reads, and hostile files."""

import io
import json
import sqlite3
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from storage_tui.contract.models import Blob
from storage_tui.previews import Preview, Source, preview
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.vector.reference import of_wkt
from storage_tui.previews.vector.shapes import bounds_text
from tests import wanted
from tests.previews.ranges import Ranges, plain, show
from tests.previews.test_hostile_formats import CPU_S, judged
from tests.previews.vector import geo_files

DRIVERS = {
    "a.fgb": "FlatGeobuf", "a.shp": "ESRI Shapefile", "a.shz": "ESRI Shapefile", "a.gpkg": "GPKG", "a.kml": "KML",
    "b.kml": "LIBKML", "a.kmz": "LIBKML", "a.gpx": "GPX",
}  # fmt: skip


async def opened(path: Path) -> tuple[Preview, Source]:
    """The preview of a file with all that lies beside it, and what it cost."""
    files = LocalFiles()
    source = Source(files, await files.stat(str(path)))
    return await preview(source, width=80, height=40), source


async def test_values_are_those_that_gdal_wrote(tmp_path: Path) -> None:
    raw = wanted.module("pyogrio.raw")
    for name in ("a.fgb", "a.shp"):
        path = geo_files.write(tmp_path, name, DRIVERS[name])
        _, _, _, columns = raw.read(path)
        shown, _ = await opened(path)
        assert shown.cells is not None and shown.cells.columns == tuple(geo_files.FIELDS)
        found = [(row[0], int(row[1]), float(row[2])) for row in shown.cells.rows]
        expected = list(zip(*(column.tolist() for column in columns), strict=True))
        assert [row[:2] for row in found] == [row[:2] for row in expected]
        assert [row[2] for row in found] == pytest.approx([row[2] for row in expected])


async def test_a_large_file_costs_two_reads_and_says_how_much_is_on_the_map(tmp_path: Path) -> None:
    path = geo_files.write(tmp_path, "large.fgb", "FlatGeobuf", count=20_000)
    shown, source = await opened(path)
    facts = dict(shown.facts)
    assert facts["features"] == "20,000" and "on the map" in shown.note
    assert source.requests == 2 and source.bytes_read <= 256 * 1024 < path.stat().st_size
    path = geo_files.write(tmp_path, "large.gpkg", "GPKG", count=20_000)
    shown, source = await opened(path)
    assert dict(shown.facts)["features"] == "20,000" and "the first 300 shapes of large" in shown.note
    assert source.requests <= 12 and source.bytes_read <= 1024 * 1024 < path.stat().st_size


async def test_the_files_of_a_shapefile_are_found_and_missing_ones_are_left_out(tmp_path: Path) -> None:
    geo_files.write(tmp_path, "a.shp", "ESRI Shapefile")
    path = tmp_path / "A.SHP"
    for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
        (tmp_path / f"a{suffix}").rename(path.with_suffix(suffix.upper()))
    assert dict((await opened(path))[0].facts)["files"] == ".shp, .dbf, .prj, .shx, .cpg"
    for suffix in (".DBF", ".PRJ", ".CPG"):
        path.with_suffix(suffix).unlink()
    shown, _ = await opened(path)
    facts = dict(shown.facts)
    assert facts["files"] == ".shp, .shx" and facts["features"] == "10" and "fields" not in facts
    path.with_suffix(".SHX").unlink()
    assert dict((await opened(path))[0].facts)["features"] == "10"


async def test_a_member_of_an_archive_has_no_blob_of_the_store_beside_it() -> None:
    content = geo_files.made("ESRI Shapefile", "fields.shp")
    ranges = Ranges.of(content)
    source = Source(ranges, Blob("a.zip!/fields.shp", "data", len(content)), is_alone=True)
    shown = await preview(source, width=60, height=20)
    assert dict(shown.facts)["files"] == ".shp" and len(ranges.asked) == 1


async def test_geoparquet_is_on_the_map_with_the_boxes_of_its_row_groups() -> None:
    parquet = wanted.module("pyarrow.parquet")
    content = geo_files.geoparquet()
    told = parquet.ParquetFile(io.BytesIO(content))
    geo = json.loads(told.schema_arrow.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    shown = await show(content, width=80, height=40)
    facts = dict(shown.facts)
    assert shown.kind == "GeoParquet" and facts["column"] == "geometry, WKB" and facts["GeoParquet"] == geo["version"]
    assert facts["rows"] == f"{told.metadata.num_rows:,} in {told.metadata.num_row_groups} row groups"
    assert facts["bounds"] == bounds_text(tuple(column["bbox"]), is_geographic=True)
    assert facts["boxes"] == "of 3 row groups" and facts["geometry"] == "Polygon" and shown.is_drawing
    assert shown.cells is not None and shown.cells.rows[0][0] == "f0"
    older = dict((await show(geo_files.geoparquet("1.0.0"), width=80, height=40)).facts)
    assert "boxes" not in older and older["bounds"] == facts["bounds"]


async def test_stac_items_collections_and_catalogs() -> None:
    shown = await show(geo_files.stac(geo_files.ITEM), "a.json", width=80, height=40)
    facts = dict(shown.facts)
    assert shown.kind == "STAC item" and shown.is_drawing
    assert facts["bounds"] == "45°N to 46°N, 11°E to 12°E" and facts["cloud cover"] == "4.2 %"
    assert facts["assets"] == "2" and facts["links"] == "1 self, 1 collection" and facts["extensions"] == "eo"
    assert shown.cells is not None and shown.cells.rows[0] == ("asset", "B04", "image/tiff", "./B04.tif")
    assert "./B04.tif" in plain(shown) and "../collection.json" in plain(shown)
    shown = await show(geo_files.stac(geo_files.COLLECTION), "a.json", width=80, height=40)
    facts = dict(shown.facts)
    assert shown.kind == "STAC collection" and facts["dates"] == "2015-06-27T10:25:31Z to open"
    assert facts["bounds"] == "50°S to 30°S, 170°E to 170°W" and facts["links"] == "3 item"
    assert (await show(geo_files.stac(geo_files.CATALOG), "a.json")).kind == "STAC catalog"
    assert (await show(b'{"a": {"stac_version": "1.0.0"}}', "a.json")).kind == "JSON"
    assert (await show(b'{"stac_version": 3, "type": "Feature"}', "a.json")).kind == "JSON"


async def test_gpx_tracks_and_times() -> None:
    shown = await show(geo_files.GPX, "a.gpx", width=60, height=30)
    facts = dict(shown.facts)
    assert facts["elements"] == "1 waypoint, 1 track, 1 segment, 2 track points" and facts["written by"] == "walker"
    assert facts["times"] == "2024-07-01T08:00:00Z to 2024-07-01T10:00:00Z" and facts["names"] == "Hut, Ridge"
    assert (await show(geo_files.GPX.decode().encode("utf-16"), "a")).kind == "GPX"


async def test_pmtiles_and_mbtiles_say_what_gdal_wrote(tmp_path: Path) -> None:
    pyogrio = wanted.module("pyogrio")
    for name, driver in (("a.pmtiles", "PMTiles"), ("a.mbtiles", "MBTiles")):
        path = geo_files.write(tmp_path, name, driver)
        shown, source = await opened(path)
        facts = dict(shown.facts)
        box = bounds_text((5.0, 45.0, 14.8, 45.8), is_geographic=True)
        assert (facts["bounds"], facts["zooms"], facts["name"]) == (box, "0 to 5", "a")
        assert pyogrio.read_info(path)["layer_name"] == "a" and source.requests <= 2
    assert facts["format"] == "pbf" and shown.kind == "MBTiles"


async def test_a_database_with_a_write_ahead_log_is_read_without_it(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table seen (id integer)")
    connection.close()
    shown, _ = await opened(tmp_path / "a.db")
    assert dict(shown.facts)["tables"] == "1" and dict(shown.facts)["journal"] == "write-ahead log" and not shown.note


async def test_a_zip_with_a_folder_first_and_one_without_shapes() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive, zipfile.ZipFile(io.BytesIO(geo_files.zipped(".zip"))) as made:
        archive.mkdir("delivery")
        for name in made.namelist():
            archive.writestr(name, made.read(name))
    assert (await show(output.getvalue())).kind == "zipped Shapefile"
    assert (await show(zipped("a.dbf", b"no table"))).kind == "zip"
    assert (await show(zipped("a.kml", b"<html>"), "a.kmz")).kind == "zip"


async def test_a_plain_database_lists_the_tables_of_all_its_pages() -> None:
    connection = sqlite3.connect(":memory:")
    for at in range(60):
        connection.execute(f"create table observations_{at} (id integer, what text, remark text default '{'x' * 90}')")
    shown = await show(connection.serialize(), width=80, height=40)
    assert shown.kind == "SQLite" and dict(shown.facts)["tables"] == "60" and not shown.note
    assert shown.cells is not None and shown.cells.rows[59][1] == "observations_59"


def evil_database(*statements: str) -> bytes:
    """A database whose tables are not what they are named for."""
    connection = sqlite3.connect(":memory:")
    columns = "srs_name, srs_id, organization, organization_coordsys_id, definition"
    for statement in (f"create table gpkg_spatial_ref_sys ({columns})", *statements):
        connection.execute(statement)
    content = connection.serialize()
    connection.close()
    return content


ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n)"
EVIL: dict[str, Callable[[], bytes]] = {
    "laughs inside KMZ": lambda: zipped("doc.kml", b'<!DOCTYPE k [<!ENTITY a "b">]><kml>&a;</kml>'),
    "deep KML": lambda: b"<kml>" + b"<Folder>" * 50_000,
    "wide KML": lambda: b"<kml><Placemark><Point><coordinates>" + b"nan,1e400 1,2,3 x " * 20_000,
    "KML of the wrong kind": lambda: b"<kml></gpx>",
    "a view without an end": lambda: evil_database(f"create view gpkg_contents as {ENDLESS} select * from n"),
    "metadata without an end": lambda: evil_database(
        "create table tiles (zoom_level)",
        f"create view metadata as {ENDLESS} select x as name, x as value from n where x < 0",
    ),
    "contents of a bomb": lambda: evil_database(
        "create table gpkg_contents as select 'a' as table_name, 'features' as data_type, 'x' as srs_id, "
        "9e999 as min_x, 'a' as min_y, null as max_x, zeroblob(5000000) as max_y"
    ),
    "GeoParquet of lies": lambda: geo_files.geoparquet().replace(b'"Polygon"', b'{"a":12}9').replace(b"WKB", b"W\x00B"),
    "FlatGeobuf of counts": lambda: geo_files.made("FlatGeobuf").replace(struct.pack("<Q", 10), b"\xff" * 8),
    "Shapefile of parts": lambda: geo_files.made("ESRI Shapefile", "fields.shp").replace(
        struct.pack("<2i", 2, 10), struct.pack("<2i", 2**31 - 1, 2**31 - 1)
    ),
    "STAC of large numbers": lambda: geo_files.stac({**geo_files.ITEM, "bbox": [10**400, -(10**400), 1e308, 5]}),
    "STAC of numbers": lambda: (
        b'{"stac_version":"1","type":"Collection","links":[3,{}],"extent":{"spatial":{"bbox":[[1e999,"a",null,{}]]},'
        b'"temporal":{"interval":[[{},[]]]}},"keywords":[{}],"stac_extensions":[1,null]}'
    ),
    "PMTiles of metadata": lambda: (
        b"PMTiles\x03" + struct.pack("<11Q", 127, 0, 127, 4, *[2**63] * 7) + bytes(31) + b"\x1f\x8b\0\0"
    ),
}  # fmt: skip


def zipped(name: str, content: bytes) -> bytes:
    """One member."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return output.getvalue()


async def test_hostile_files_end_with_one_line() -> None:
    for name, make in EVIL.items():
        begun = time.process_time()
        await cheap(make())
        assert time.process_time() - begun < CPU_S, name


async def cheap(content: bytes) -> Preview:
    """The preview, after all that holds of any, with the reads that a database may cost."""
    ranges = Ranges.of(content)
    shown = await preview(ranges.source(), width=80, height=24)
    assert shown.lines or shown.facts or shown.note
    assert len(ranges.asked) <= 12 and sum(stop - start for start, stop in ranges.asked) <= 1024 * 1024
    assert "\x1b" not in plain(shown) and len(shown.note) < 300
    return shown


async def test_a_query_without_an_end_is_ended_and_that_is_said() -> None:
    shown = await cheap(EVIL["metadata without an end"]())
    assert shown.note == "not all is read: a query takes too long" and dict(shown.facts)["tables"] == "2"


async def test_entities_are_not_read_and_that_is_said() -> None:
    shown = await judged(EVIL["laughs inside KMZ"]())
    assert "document type" in plain(shown) and not shown.is_damaged


@pytest.mark.parametrize(
    ("text", "name", "is_geographic"),
    [('GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]]', "EPSG:4326, WGS 84", True),
     ('PROJCRS["A",BASEGEOGCRS["B",ID["EPSG",4326]],ID["EPSG",3035]]', "EPSG:3035, A", False),
     ('PROJCS["WGS_1984_UTM_Zone_10S",GEOGCS["GCS_WGS_1984"]]', "EPSG:32710, WGS 1984 UTM Zone 10S", False),
     ('PROJCS["Local",GEOGCS["X",AUTHORITY["EPSG","4326"]],UNIT["m",1]]', "Local", False),
     ("+proj=utm +zone=33", "+proj=utm +zone=33", None)],
)  # fmt: skip
def test_reference_systems_of_text(text: str, name: str, is_geographic: bool | None) -> None:
    found = of_wkt(text)
    assert found is not None and (found.name, found.is_geographic) == (name, is_geographic)
    assert of_wkt(" \0") is None
