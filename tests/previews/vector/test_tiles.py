"""One tile of PMTiles and MBTiles: the right one, drawn as GDAL reads it, few reads, and hostile files."""

import gzip
import itertools
import sqlite3
from pathlib import Path

import numpy
import pytest

from storage_tui.previews import preview
from storage_tui.previews.base import MIB
from storage_tui.previews.decoding.vector_tiles import decode
from storage_tui.previews.vector.tiles.choosing import candidates
from storage_tui.previews.vector.tiles.directory import number_of
from tests import wanted
from tests.previews.heads.damage import judged, variants
from tests.previews.ranges import Ranges, plain, show
from tests.previews.vector import gdal_files, geo_files
from tests.previews.vector.tile_files import BOUNDS, TILE, directory, mbtiles, picture, pmtiles


def test_numbers_follow_the_curve() -> None:
    assert [number_of(tile) for tile in ((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))] == [0, 1, 2, 3, 4]
    assert number_of((12, 3423, 1763)) == 19_078_479  # of the tests of the reference library
    for zoom in (2, 5):
        side = 1 << zoom
        numbers = {number_of((zoom, x, y)): (x, y) for x in range(side) for y in range(side)}
        first = (4**zoom - 1) // 3
        assert sorted(numbers) == list(range(first, first + 4**zoom))
        steps = [numbers[at] for at in sorted(numbers)]
        assert all(abs(a - c) + abs(b - d) == 1 for (a, b), (c, d) in itertools.pairwise(steps))


def test_the_smallest_tile_around_the_bounds_comes_first() -> None:
    assert next(candidates(BOUNDS, 0, 14)) == TILE
    assert next(candidates((-1, -1, 1, 1), 0, 14)) == (0, 0, 0)  # on the edge of all smaller ones
    assert next(candidates((-1, -1, 1, 1), 3, 14)) == (3, 3, 3)
    assert next(candidates(None, 0, 5)) == (0, 0, 0)


async def test_a_vector_tile_is_drawn_as_gdal_reads_it(tmp_path: Path) -> None:
    raw, pyogrio = wanted.module("pyogrio.raw"), wanted.module("pyogrio")
    path = geo_files.write(tmp_path, "a.mbtiles", "MBTiles")
    with sqlite3.connect(path) as connection:
        rows = list(connection.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"))
    connection.close()
    assert len(rows) > 4
    for zoom, column, row, packed in rows:
        own = tmp_path / "tile.pbf"
        own.write_bytes(gzip.decompress(packed))
        y = (1 << zoom) - 1 - row
        _, _, shapes, _ = raw.read(own, X=column, Y=y, Z=zoom, CLIP="NO")
        told, numbers = decode({"tile": [zoom, column, y]}, packed)
        assert told["layers"] == [("a", len(shapes))]
        places = numpy.frombuffer(numbers).reshape(-1, 2)
        assert numpy.isfinite(places).all()
        info = pyogrio.read_info(own, X=column, Y=y, Z=zoom, CLIP="NO", force_total_bounds=True)
        west, south, east, north = info["total_bounds"]
        half = 20_037_508.342789244
        assert places[:, 0].min() == pytest.approx(west / half * 180, abs=1e-6)
        assert places[:, 0].max() == pytest.approx(east / half * 180, abs=1e-6)
        up = numpy.degrees(numpy.arctan(numpy.sinh(numpy.array([south, north]) / half * numpy.pi)))
        assert [places[:, 1].min(), places[:, 1].max()] == pytest.approx(list(up), abs=1e-6)
    for name, driver in (("a.mbtiles", "MBTiles"), ("a.pmtiles", "PMTiles")):
        shown = await show(geo_files.made(driver, name), name, width=100, height=50)
        facts = dict(shown.facts)
        assert facts["tile"].startswith("4/8/5, ") and facts["tile layers"].endswith(" 10") and shown.is_drawing


async def test_a_picture_is_drawn_with_few_reads(tmp_path: Path) -> None:
    tiles = {TILE: picture(), (0, 0, 0): picture("JPEG"), (9, 266, 180): picture("WEBP")}
    box = ",".join(map(str, BOUNDS))
    files = {
        "a.mbtiles": mbtiles(tmp_path, tiles, name="a", format="png", bounds=box, minzoom="0", maxzoom="9"),
        "a.pmtiles": pmtiles(tiles), "b.pmtiles": pmtiles(tiles, has_leaf=True),
    }  # fmt: skip
    for name, content in files.items():
        ranges = Ranges.of(content)
        shown = await preview(ranges.source(name), width=80, height=40)
        assert dict(shown.facts)["tile"].startswith("5/16/11, ") and shown.is_drawing and not shown.note, plain(shown)
        colours = {str(span.style) for line in shown.lines for span in line.spans}
        assert any("#c80808" in style for style in colours), colours
        assert len(ranges.asked) <= (4 if name.endswith("pmtiles") else 12)
        assert sum(stop - start for start, stop in ranges.asked) <= MIB
    del tiles[TILE]
    shown = await show(pmtiles(tiles), "a.pmtiles", width=80, height=40)
    assert dict(shown.facts)["tile"].startswith("0/0/0, ")  # the next larger one that is there


async def test_damaged_files_end_in_a_line(tmp_path: Path) -> None:
    tiles = {TILE: picture(), (0, 0, 0): picture("JPEG")}
    box = ",".join(map(str, BOUNDS))
    for name, content in {
        "a.mbtiles": mbtiles(tmp_path, tiles, name="a", format="png", bounds=box),
        "a.pmtiles": pmtiles(tiles, has_leaf=True), "v.pmtiles": geo_files.made("PMTiles", "v.pmtiles"),
    }.items():  # fmt: skip
        for damaged in variants(content, name):
            await judged(damaged, name)


async def test_tiles_that_lie_end_in_a_line(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50 * MIB))
    endless = gdal_files.field(3, gdal_files.field(1, b"a") + gdal_files.field(2, gdal_files.field(3, 2)
                               + gdal_files.field(4, gdal_files.varint(1 | 0xFFFFFFF << 3))))  # fmt: skip
    deep = gdal_files.field(3, gdal_files.field(5, 0) + gdal_files.field(2, gdal_files.field(3, 1)))
    for tile, words in ((bomb, "unpacks to more"), (endless, "is cut"), (deep, "no extent"), (b"\xff" * 40, "proto")):
        for name, content in {
            "a.pmtiles": pmtiles({TILE: tile}, kind=1), "a.mbtiles": mbtiles(tmp_path, {TILE: tile}, format="pbf"),
        }.items():  # fmt: skip
            shown = await judged(content, name)
            assert "is not drawn" in shown.note and words in shown.note, plain(shown)
    itself = bytearray(pmtiles({TILE: picture()}, has_leaf=True))
    loop = gzip.compress(directory([(0, 0, 40, 0)]))
    itself[int.from_bytes(itself[40:48], "little") :][: len(loop)] = loop
    await judged(bytes(itself), "a.pmtiles")
