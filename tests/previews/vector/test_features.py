"""The features of a map: read from real files of GDAL, brought to degrees, thinned, found and drawn."""

import json
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from storage_tui.previews import Source
from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.features.thinning import FINEST, PIECE, levels_of
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.vector.atlas.dots import CHOSEN, FIRST_LAYER, Dots, draw, draw_ground, level_for
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.reading import read_layer, read_layers
from storage_tui.previews.vector.atlas.view import MapView
from tests import wanted
from tests.previews.ranges import Ranges
from tests.previews.vector import geo_files

DRIVERS = {"a.fgb": "FlatGeobuf", "a.gpkg": "GPKG", "a.geojson": "GeoJSON", "a.shp": "ESRI Shapefile", "a.kml": "KML"}
BOX = (7.5, 44.5, 9.1, 45.5)


async def local(path: Path) -> Source:
    """A source over a file of this machine, with the files beside it."""
    files = LocalFiles()
    return Source(files, await files.stat(str(path), "local"))


async def features_of(content: bytes, name: str) -> Features:
    """The only layer of some bytes."""
    ((_, found),) = await read_layers(Ranges.of(content).source(name))
    return found


def collection(features: list[dict[str, Any]], **more: Any) -> bytes:
    """A FeatureCollection of GeoJSON."""
    return json.dumps({"type": "FeatureCollection", **more, "features": features}).encode()


def point(x: float, y: float, **values: Any) -> dict[str, Any]:
    """A feature of one point."""
    return {"type": "Feature", "properties": values, "geometry": {"type": "Point", "coordinates": [x, y]}}


@pytest.mark.parametrize("name", DRIVERS)
async def test_features_and_properties_are_those_of_the_file(tmp_path: Path, name: str) -> None:
    path = geo_files.write(tmp_path, name, DRIVERS[name], count=170)
    ((_, found),) = await read_layers(await local(path))
    assert found.count == 170 and found.told.is_all and not found.told.problem and not found.told.is_plane
    at = next(at for at in range(found.count) if found.label(at, None) == "Feld ü107")  # FlatGeobuf sorts
    assert found.kind_of(at) == "area" and found.properties(at)["name"] == "Feld ü107"
    box = found.box_of(at)
    assert box == pytest.approx((112.0, 45.0, 112.8, 45.8))
    outer, hole = (ring for _, ring in found.parts(at))
    assert len(outer) == len(hole) == 5
    assert found.at(112.1, 45.1, (1e-6, 1e-6)) == at
    assert found.at(112.3, 45.3, (1e-6, 1e-6)) is None  # in its hole
    assert found.area_m2(at) == pytest.approx(0.64 * (1 - 0.09) * 111_195**2 * 0.702, rel=0.02)


@pytest.mark.parametrize(("epsg", "is_known"), [(32633, True), (3035, True), (2154, False)])
async def test_projected_features_are_brought_to_degrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epsg: int, is_known: bool
) -> None:
    pyproj = wanted.module("pyproj")
    path = geo_files.write(tmp_path, "a.fgb", "FlatGeobuf", count=20, epsg=epsg)
    latitude, longitude = pyproj.Transformer.from_crs(epsg, 4326).transform(500_000.0, 5_000_000.0)
    ((_, found),) = await read_layers(await local(path))
    if epsg == 3035:  # from north and east to x and y
        latitude, longitude = pyproj.Transformer.from_crs(epsg, 4326).transform(5_000_000.0, 500_000.0)
    first = next(at for at in range(20) if found.label(at, None) == "Feld ü0")
    assert not found.told.is_plane
    assert found.parts(first)[0][1][0] == pytest.approx((longitude, latitude), abs=1e-6)
    monkeypatch.setattr("storage_tui.previews.vector.atlas.reading.find_spec", lambda name: None)
    ((_, plain),) = await read_layers(await local(path))
    assert plain.told.is_plane is not is_known
    if not is_known:
        assert plain.parts(first)[0][1][0] == (500_000.0, 5_000_000.0) and "EPSG:2154" in plain.told.reference


@pytest.mark.parametrize("name", ["a.fgb", "a.gpkg"])
async def test_a_box_is_read_through_the_index(tmp_path: Path, name: str) -> None:
    path = geo_files.write(tmp_path, name, DRIVERS[name], count=31_000, kind="Point")
    content = path.read_bytes()
    storage = Ranges.of(content)
    source = storage.source(name)
    ((_, first),) = await read_layers(source)
    assert first.told.can_window and first.told.total == 31_000
    assert 0 < first.count < 31_000 and not first.told.is_all
    before = source.bytes_read
    found = await read_layer(source, BOX, 0)
    assert found.told.is_all and found.count == 2
    assert {found.label(at, None) for at in range(2)} == {"Feld ü3", "Feld ü4"}
    assert source.bytes_read - before < len(content) / 4


async def test_a_box_of_a_geoparquet_is_read_by_row_groups() -> None:
    source = Ranges.of(geo_files.geoparquet(groups=3)).source("a.parquet")
    ((_, whole),) = await read_layers(source)
    assert whole.count == 10 and whole.told.can_window
    found = await read_layer(source, (5.0, 45.0, 6.9, 45.4), 0)
    assert 0 < found.count < 10


@pytest.mark.parametrize("suffix", [".shp", ".kmz"])
async def test_zipped_files_are_layers_too(suffix: str) -> None:
    found = await features_of(geo_files.zipped(suffix), "a.zip" if suffix == ".shp" else "a.kmz")
    assert found.count == 10 and found.label(3, None) == "Feld ü3"


async def test_gpx_wkt_wkb_and_sequences_are_layers() -> None:
    assert (await features_of(geo_files.made("GPX", "a.gpx"), "a.gpx")).kind_of(0) == "point"
    assert (await features_of(b"POINT (5 45)\nLINESTRING (1 2, 3 4)", "a.wkt")).kind_of(1) == "line"
    assert (await features_of(geo_files.point(5, 45), "a.wkb")).box_of(0) == (5, 45, 5, 45)
    lines = b"\n".join(json.dumps(point(at, 45, name=f"p{at}")).encode() for at in range(5))
    assert (await features_of(lines, "a.geojsonl")).label(4, "name") == "p4"
    item = point(5, 45) | {"stac_version": "1.0.0", "id": "S2", "links": [], "assets": {}}
    assert (await features_of(json.dumps(item).encode(), "item.json")).properties(0)["id"] == "S2"


async def test_a_raster_is_its_footprint(tmp_path: Path) -> None:
    rasterio = wanted.module("rasterio")
    path = tmp_path / "a.tif"
    transform = rasterio.Affine(100, 0, 400_000, 0, -100, 5_400_000)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=300,
        height=200,
        count=1,
        dtype="uint8",
        crs="EPSG:32632",
        transform=transform,
    ):
        pass
    ((_, found),) = await read_layers(await local(path))
    warp = wanted.module("rasterio.warp")
    expected = warp.transform_bounds("EPSG:32632", "EPSG:4326", 400_000, 5_380_000, 430_000, 5_400_000)
    assert found.box_of(0) == pytest.approx(expected, abs=1e-4)
    assert found.properties(0) == {"raster": "a.tif", "pixels": "300 × 200"}


async def test_a_large_file_is_read_in_part_and_says_so() -> None:
    many = collection([point(at % 360 - 180, at % 170 - 85, n=at) for at in range(31_000)])
    found = await features_of(many, "a.geojson")
    assert 1000 < found.count <= 30_000 and not found.told.is_all and found.told.total is None


HOSTILE = {
    "deep": (
        b'{"type":"FeatureCollection","features":[' + b'{"a":' * 50_000,
        "a.geojson",
        "too deep|holds no|JSON",
    ),
    "index": (b"fgb\x03fgb\x01" + struct.pack("<I", 1 << 31), "a.fgb", "claims"),
    "entities": (b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml><a/></kml>', "a.kml", "document type"),
    "shapefile": (b"\x00\x00\x27\x0a" + bytes(24) + struct.pack("<i", 1000) + bytes(10), "a.shp", "header is cut"),
    "database": (b"SQLite format 3\x00" + struct.pack(">H", 4096) + bytes(50) + b"GPKG" + bytes(9000), "a.gpkg", "."),
    "parquet": (b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1", "a.parquet", "claims"),
    "text": (b"no shapes at all", "a.txt", "holds no shapes"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_files_end_with_one_line(name: str) -> None:
    content, key, reason = HOSTILE[name]
    with pytest.raises(PreviewError, match=reason) as caught:
        await read_layers(Ranges.of(content).source(key))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


async def test_an_index_that_points_anywhere_is_damaged(tmp_path: Path) -> None:
    content = bytearray(geo_files.write(tmp_path, "a.fgb", "FlatGeobuf", count=2000).read_bytes())
    size = 12 + int.from_bytes(content[8:12], "little")
    for at in range(size + 32, size + 40 * 100, 40):
        content[at : at + 8] = struct.pack("<Q", 1 << 62)
    with pytest.raises(PreviewError, match="index points outside"):
        await read_layer(Ranges.of(bytes(content)).source("a.fgb"), (5.0, 45.0, 7.0, 46.0), 0)


def test_thinned_levels_keep_ends_and_boxes() -> None:
    xs = [at / 1000 for at in range(2001)]
    ys = [(at % 7) * 1e-6 for at in range(2001)]
    levels = levels_of([(0, 1, xs, ys), (1, 0, [3.0], [4.0])], 4.0)
    assert levels[0].positions >= 2002 and len(levels) > 3
    for before, after in pairwise(levels):
        assert after.positions < before.positions and after.tolerance > before.tolerance
    for level in levels:
        assert min(level.boxes[0::4]) == 0 and max(level.boxes[2::4]) == 3.0
        assert level.places[0] == 0 and xs[-1] in level.places
        assert max(stop - start for start, stop in pairwise(level.starts)) <= PIECE
    assert levels[1].tolerance >= 4.0 / FINEST


async def test_a_view_draws_what_is_in_it_and_moves_by_whole_cells() -> None:
    ring = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
    area = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    found = await features_of(collection([area, point(5, 5)]), "a.geojson")
    assert found.bounds is not None
    view = MapView(60, 20).fit(found.bounds)
    dots = Dots(view)
    list(draw(dots, found, FIRST_LAYER))
    list(draw(dots, found, CHOSEN, only=1))
    column, row = view.cell_of(5, 5)
    assert dots.colours[row * 60 + column] == CHOSEN and sum(map(bool, dots.bits)) > 60
    moved = view.moved(7, -3)
    assert view.shift_to(moved) == (7, -3)
    again, seen = Dots(moved), dots.seen_from(moved)
    list(draw(again, found, FIRST_LAYER))
    assert seen is not None
    same = sum(a == b for a, b in zip(seen.bits, again.bits, strict=True))
    assert same > 0.9 * len(again.bits)
    assert level_for(found, view.zoomed(0.001)) is found.levels[0]
    labels = draw_ground(Dots(view), has_graticule=True)
    assert any("°E" in text for _, _, text in labels)


async def test_shapes_over_the_antimeridian_are_drawn_once_in_a_view_over_it() -> None:
    line = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "LineString", "coordinates": [[178, 0], [-178, 0]]},
    }
    found = await features_of(collection([line]), "a.geojson")
    assert found.bounds == (178.0, 0.0, 182.0, 0.0)
    for middle in (180.0, -180.0):
        dots = Dots(MapView(40, 10, x=middle, y=0.0, scale=0.1))
        list(draw(dots, found, FIRST_LAYER))
        assert 18 <= sum(map(bool, dots.bits)) <= 24


def test_a_zoom_keeps_the_place_under_the_pointer() -> None:
    view = MapView(80, 24).fit((5.0, 45.0, 15.0, 55.0))
    for factor in (0.5, 2.0):
        closer = view.zoomed(factor, (60, 5))
        assert closer.place_of((60, 5)) == pytest.approx(view.place_of((60, 5)), rel=0.01)
    assert view.zoomed(1e-30).scale > 0 and view.zoomed(1e30).bounds[3] <= 720
