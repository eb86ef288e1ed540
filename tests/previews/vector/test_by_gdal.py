"""Files of shapes that GDAL alone reads: facts as pyogrio states them, few reads, features, and hostile files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storage_tui.previews import Preview, Source, preview
from storage_tui.previews.base import MIB, View
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.stores.recognise import preview_prefix
from storage_tui.previews.vector.atlas.reading import read_layers
from storage_tui.previews.vector.by_gdal import NO_RANGES, whole_blocks
from storage_tui.previews.vector.shapes import bounds_text
from tests import wanted
from tests.previews.heads.damage import judged, variants
from tests.previews.ranges import Ranges, plain, show
from tests.previews.stores.trees import Tree
from tests.previews.vector import gdal_files

WRITTEN = [name for name, _ in gdal_files.WRITTEN.values() if not name.endswith((".000", ".gdb"))]
WITHOUT = """
import asyncio, sys
sys.modules["pyogrio"] = None
from tests.previews.ranges import plain, show
print(plain(asyncio.run(show(sys.stdin.buffer.read(), "a.dxf"))))
"""
DRIVERS = """
from storage_tui.previews.decoding.geo import vectors
vectors.prepare()
import pyogrio.core
assert set(pyogrio.core.list_drivers()) == vectors.DRIVERS, pyogrio.core.list_drivers()
"""


async def opened(path: Path) -> tuple[Preview, Source]:
    """The preview of a file with all that lies beside it, and what it cost."""
    files = LocalFiles()
    source = Source(files, await files.stat(str(path)))
    return await preview(source, width=100, height=40), source


async def test_facts_are_those_of_pyogrio(tmp_path: Path) -> None:
    pyogrio = wanted.module("pyogrio")
    for name, driver in gdal_files.WRITTEN.values():
        for epsg in (4326, 32633) if name in ("fields.tab", "fields.gmt", "fields.gml") else (4326,):
            folder = tmp_path / f"{name}{epsg}"
            folder.mkdir()
            path = gdal_files.write(folder, name, driver, epsg=epsg)
            if name not in WRITTEN:
                continue
            told = pyogrio.read_info(path, force_feature_count=True, force_total_bounds=True)
            shown, source = await opened(path)
            facts = dict(shown.facts)
            assert not shown.is_damaged and not shown.note and shown.is_drawing, plain(shown)
            assert (facts["features"], facts["geometry"]) == (f"{told['features']:,}", told["geometry_type"])
            bounds = bounds_text(tuple(told["total_bounds"]), is_geographic=epsg == 4326)
            assert bounds in (facts["bounds"], facts.get("extent")), name
            assert facts.get("reference", "").startswith(told["crs"] or "")
            named = [field.rpartition(" ")[0] for field in facts["fields"].split(", ")]
            assert named == list(told["fields"])[:24], name
            assert source.requests <= (4 if name == "fields.tab" else 2)


async def test_shapes_and_rows_are_those_of_pyogrio(tmp_path: Path) -> None:
    raw = wanted.module("pyogrio.raw")
    for name in WRITTEN:
        driver = next(driver for own, driver in gdal_files.WRITTEN.values() if own == name)
        path = gdal_files.write(tmp_path, name, driver, count=170)
        meta, _, shapes, values = raw.read(path, datetime_as_string=True)
        shown, _ = await opened(path)
        rows = [] if shown.cells is None else shown.cells.rows
        assert [row[0] for row in rows] == [str(value or "") for value in values[0][:200]], name
        files = LocalFiles()
        layers = await read_layers(Source(files, await files.stat(str(path))))
        ((_, found),) = layers
        assert found.count == len(shapes) == 170 and found.told.is_all, name
        known = [{field: column[at] for field, column in zip(meta["fields"], values, strict=True)} for at in (0, 169)]
        for at, one in zip((0, 169), known, strict=True):
            assert "name" not in one or found.properties(at)["name"] == one["name"]
        assert found.box_of(3) is not None


async def test_a_geodatabase_is_shown_as_a_folder_and_as_a_zip(tmp_path: Path) -> None:
    path = gdal_files.write(tmp_path, "fields.gdb", "OpenFileGDB")
    blobs = {f"fields.gdb/{part.name}": part.read_bytes() for part in path.iterdir()}
    tree = Tree(blobs)
    found = await preview_prefix(tree, "fields.gdb/", view=View(width=100, height=40))
    assert found is not None
    shown, prefix = found
    facts = dict(shown.facts)
    assert (shown.kind, facts["features"], facts["reference"]) == ("file geodatabase", "10", "EPSG:4326")
    assert shown.is_drawing and prefix.requests <= 32 and shown.cells is not None
    assert [row[0] for row in shown.cells.rows] == [f"Feld ü{at}" for at in range(10)]
    zipped = await show(gdal_files.made("file geodatabase"), "fields.gdb.zip")
    assert [dict(zipped.facts)[name] for name in ("features", "bounds")] == [facts["features"], facts["bounds"]]


async def test_a_damaged_geodatabase_ends_in_a_line(tmp_path: Path) -> None:
    path = gdal_files.write(tmp_path, "fields.gdb", "OpenFileGDB")
    blobs = {f"a.gdb/{part.name}": part.read_bytes() for part in path.iterdir()}
    for name in ("a00000001.gdbtable", "a00000009.gdbtable", "a00000009.gdbtablx"):
        for content in list(variants(blobs[f"a.gdb/{name}"], name))[::3]:
            found = await preview_prefix(Tree(blobs | {f"a.gdb/{name}": content}), "a.gdb/")
            assert found is not None and found[0].facts
    large = Tree(blobs | {"a.gdb/a00000009.gdbtable": bytes(2 * MIB)})
    found = await preview_prefix(large, "a.gdb/")
    assert found is not None and "past the limit" in plain(found[0])
    many = Tree(blobs | {f"a.gdb/a{at:08x}.gdbtable": b"x" for at in range(20, 60)})
    found = await preview_prefix(many, "a.gdb/")
    assert found is not None and "it has more files than the" in found[0].note


async def test_files_beside_a_tab_are_needed_and_may_be_damaged(tmp_path: Path) -> None:
    path = gdal_files.write(tmp_path, "fields.tab", "MapInfo File")
    parts = {suffix: path.with_suffix(suffix).read_bytes() for suffix in (".dat", ".map", ".id")}
    for suffix, whole in parts.items():
        for content in list(variants(whole, suffix))[::2]:
            path.with_suffix(suffix).write_bytes(content)
            shown, _ = await opened(path)
            assert shown.facts and shown.kind in ("MapInfo TAB", "GDAL vector")
        path.with_suffix(suffix).unlink()
        shown, _ = await opened(path)
        assert shown.facts
        path.with_suffix(suffix).write_bytes(whole)


async def test_a_part_of_a_large_file_is_shown_where_that_is_a_file(tmp_path: Path) -> None:
    content = gdal_files.pbf(1100)
    assert len(content) > MIB
    ranges = Ranges.of(content)
    shown = await preview(ranges.source("a.osm.pbf"), width=100, height=40)
    facts = dict(shown.facts)
    assert facts["features"].startswith("at least ") and "its first" in shown.note and shown.is_drawing
    assert sum(stop - start for start, stop in ranges.asked) <= MIB
    assert whole_blocks(content[:5000]) == content[: len(whole_blocks(content[:5000]))]
    path = gdal_files.write(tmp_path, "a.dxf", "DXF", count=12_000)
    shown, source = await opened(path)
    assert source.bytes_read <= MIB and dict(shown.facts)["features"].startswith("at least ")
    path = gdal_files.write(tmp_path, "a.gml", "GML", count=6000)
    shown, source = await opened(path)
    assert shown.kind == "GML" and "has no index" in shown.note and source.bytes_read <= MIB


async def test_hostile_files_end_in_a_line() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    gml = gdal_files.made("GML")
    shown = await judged(gml.replace(b'<?xml version="1.0" encoding="utf-8" ?>', bomb), "a.gml")
    assert "document type" in plain(shown)
    for schema in (b"/etc/passwd", b"http://127.0.0.1:9/a.xsd", b"/vsicurl/http://127.0.0.1:9/a.xsd"):
        shown = await judged(gml.replace(b"fields.xsd", schema), "a.gml")
        assert dict(shown.facts)["features"] == "10" and "root:" not in plain(shown)
    deep = json.dumps(gdal_files.TOPOLOGY).replace("[[[7", "[" * 50_000 + "7").encode()
    await judged(deep, "a.topojson")
    await judged(json.dumps(gdal_files.TOPOLOGY).replace("[0]", "[99999999999]").encode(), "a.topojson")
    loop = {**gdal_files.TOPOLOGY, "objects": {"a": {"type": "LineString", "arcs": [0, -1] * 50_000}}}
    await judged(json.dumps(loop).encode(), "a.topojson")
    await judged(gdal_files.OSM.replace('<nd ref="2"/>', '<nd ref="2"/>' * 5000).encode(), "a.osm")


async def test_no_other_driver_and_no_other_name_is_taken() -> None:
    for driver, name in (("OGR_VRT", "a.vrt"), ("DXF", "../a.dxf"), ("DXF", "/etc/passwd"), ("HTTP", "a")):
        job = {"job": "vectors", "driver": driver, "files": [[name, 3]], "most": 1}
        with pytest.raises(Exception, match=r"no driver reads it|a name of a file that is none"):
            await DECODER.decode(job | NO_RANGES, b"abc")


def test_no_driver_is_left_that_opens_other_files() -> None:
    run = subprocess.run([sys.executable, "-c", DRIVERS], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


async def test_layers_of_a_map_are_those_with_shapes() -> None:
    layers = await read_layers(Ranges.of(gdal_files.made("OpenStreetMap")).source("a.osm"))
    assert [(name, found.count) for name, found in layers] == [("points", 1), ("lines", 1), ("multipolygons", 1)]
    assert layers[2][1].kind_of(0) == "area" and layers[1][1].properties(0)["highway"] == "primary"


def test_without_the_extra_the_header_is_shown_and_a_line_names_it() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT], input=gdal_files.made("DXF"), capture_output=True, check=True)
    text = run.stdout.decode()
    assert "DXF\nversion: AC1018" in text and "pip install 'storage-tui[geo]' shows more" in text
