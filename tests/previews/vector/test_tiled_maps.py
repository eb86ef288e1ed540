"""Vector tiles on the map: the features of the zoom that fits, as GDAL reads them; hostile tiles."""

import gzip
import sqlite3
import struct
from pathlib import Path
from typing import Any

import numpy
import pytest

from storage_tui.previews.base import MIB, PreviewError, Source
from storage_tui.previews.decoding.features.clipping import clipped_line, clipped_ring
from storage_tui.previews.decoding.features.tiles import decode
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.reading import read_layer, read_layers
from storage_tui.previews.vector.tiles.choosing import tiles_in
from tests import effort, wanted
from tests.previews.heads.damage import variants
from tests.previews.ranges import Ranges
from tests.previews.vector import geo_files
from tests.previews.vector.gdal_files import field, varint
from tests.previews.vector.tile_files import mbtiles, pmtiles

FILES = {"a.mbtiles": "MBTiles", "a.pmtiles": "PMTiles"}


async def local(path: Path) -> Source:
    """A source over a file of this machine."""
    return Source(LocalFiles(), await LocalFiles().stat(str(path), "local"))


def zigzag(*numbers: int) -> bytes:
    """Steps as vector tiles have them."""
    return b"".join(varint(number * 2 if number >= 0 else -number * 2 - 1) for number in numbers)


def tile(*layers: tuple[str, list[tuple[int, bytes, list[int]]]], values: list[bytes] | None = None) -> bytes:
    """A tile of some layers: features of a kind, a geometry, and tags."""
    found = b""
    for name, features in layers:
        body = field(15, 2) + field(1, name.encode())
        for kind, geometry, tags in features:
            body += field(2, field(2, b"".join(map(varint, tags))) + field(3, kind) + field(4, geometry))
        for at, value in enumerate(values or []):
            body += field(3, f"key{at}".encode()) + field(4, value)
        found += field(3, body)
    return found


SQUARE = varint(9) + zigzag(100, 100) + varint(26) + zigzag(1000, 0, 0, 1000, -1000, 0) + varint(15)
LINE = varint(9) + zigzag(-100, 2000) + varint(10) + zigzag(5000, 0)
POINTS = varint(17) + zigzag(10, 10, 5000, 0)


@pytest.mark.parametrize("name", FILES)
async def test_features_and_attributes_are_those_of_gdal(tmp_path: Path, name: str) -> None:
    raw = wanted.module("pyogrio.raw")
    path = geo_files.write(tmp_path, name, FILES[name], count=170)
    ((_, found),) = await read_layers(await local(path))
    assert found.told.can_window and not found.told.is_plane and found.told.total is None
    box = (7.01, 45.01, 7.6, 45.6)
    near = await read_layer(await local(path), box, 0)
    names = {near.properties(at)["name"] for at in range(near.count)}
    _, _, _, values = raw.read(path, bbox=_metres(box))
    assert names >= {value for value in values[0] if isinstance(value, str)} and "Feld ü2" in names
    at = next(at for at in range(near.count) if near.label(at, None) == "Feld ü2")
    assert near.properties(at)["count"] == "2" and near.properties(at)["ndvi"] == str(2 / 169)
    assert near.kind_of(at) == "area"


def _metres(box: tuple[float, ...]) -> tuple[float, ...]:
    pyproj = wanted.module("pyproj")
    found: tuple[float, ...] = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform_bounds(*box)
    return found


async def test_a_closer_view_reads_a_larger_zoom(tmp_path: Path) -> None:
    def at(zoom: int, column: int, row: int) -> bytes:
        label = field(1, f"{zoom}/{column}/{row}".encode())
        return gzip.compress(tile(("fields", [(3, SQUARE, [0, 0])]), values=[label]))

    every = {(zoom, x, y): at(zoom, x, y) for zoom in range(6) for x in range(1 << zoom) for y in range(1 << zoom)}
    world = (-180.0, -85.0, 180.0, 85.0)
    rows = [{"id": "fields", "fields": {}}, {"id": "roads", "fields": {}}]
    for content in (
        pmtiles(every, kind=1, bounds=world, has_leaf=True, vector_layers=rows),
        mbtiles(tmp_path, every, format="pbf", bounds="-180,-85,180,85", minzoom="0", maxzoom="5"),
    ):
        ranges = Ranges.of(content)
        source = ranges.source("a")
        layers = await read_layers(source)
        base = layers[0][1]
        assert base.count == 4 and not base.told.is_all and base.told.can_window
        assert base.told.bounds == pytest.approx(world)
        near = await read_layer(source, (10.0, 45.0, 30.0, 50.0), 0)
        assert {near.properties(at)["key0"] for at in range(near.count)} == {
            f"5/{x}/{y}" for _, x, y in tiles_in((10.0, 45.0, 30.0, 50.0), 0, 5, 9)
        }
        assert near.told.is_all and sum(stop - start for start, stop in ranges.asked) < MIB
        outside = await read_layer(source, (10.0, 86.0, 20.0, 89.0), 0)
        assert outside.count <= 9


async def test_layers_have_their_names_and_kinds(tmp_path: Path) -> None:
    content = tile(("areas", [(3, SQUARE, [])]), ("roads", [(2, LINE, [])]), ("sites", [(1, POINTS, [])]))
    for archive in (pmtiles({(0, 0, 0): content}, kind=1), mbtiles(tmp_path, {(0, 0, 0): content}, format="pbf")):
        layers = await read_layers(Ranges.of(archive).source("a"))
        assert [(name, found.count, found.kind) for name, found in layers] == [
            ("areas", 1, "area"), ("roads", 1, "line"), ("sites", 1, "point"),
        ]  # fmt: skip
        roads = layers[1][1].bounds
        assert roads is not None and (roads[0], roads[2]) == pytest.approx((-180, 180))  # cut at the tile's edges
        sites = layers[2][1]
        assert len(sites.parts(0)) == 1  # the other point lies in the margin
        assert sites.told.is_all


def test_values_of_all_types() -> None:
    values = [field(1, "ü".encode()), struct.pack("<Bf", 2 << 3 | 5, 1.5), struct.pack("<Bd", 3 << 3 | 1, 2.25),
              field(4, (1 << 64) - 3), field(5, 7), field(6, 5), field(7, 1)]  # fmt: skip
    content = tile(("a", [(1, POINTS, [at for pair in zip(range(7), range(7), strict=True) for at in pair])]),
                   values=values)  # fmt: skip
    found = decoded(content)
    assert found.properties(0) == {"key0": "ü", "key1": "1.5", "key2": "2.25", "key3": "-3", "key4": "7",
                                   "key5": "-3", "key6": "true"}  # fmt: skip


def decoded(content: bytes) -> Features:
    """The first layer of a tile."""
    job: dict[str, Any] = {"tiles": [[0, 0, 0, len(content)]], "layers": [], "layer": 0, "bounds": None,
                           "is_finest": True}  # fmt: skip
    return Features.unpacked(*decode(job, content))


def test_rings_and_lines_are_cut_at_the_edges() -> None:
    ring = [(-50, -50), (150, -50), (150, 50), (-50, 50)]
    found = numpy.array(clipped_ring(ring, 100))
    x, y = found[:, 0], found[:, 1]
    assert abs(numpy.dot(x, numpy.roll(y, 1)) - numpy.dot(y, numpy.roll(x, 1))) / 2 == 100 * 50
    assert not clipped_ring([(200, 0), (300, 0), (300, 50)], 100)
    assert clipped_line([(-10, 5), (10, 5), (10, 200), (20, 200), (20, 50)], 100) == [
        [(0.0, 5.0), (10, 5), (10.0, 100.0)], [(20.0, 100.0), (20, 50)],
    ]  # fmt: skip
    assert clipped_line([(-10, -5), (110, -5)], 100) == [] and clipped_line([(5, 5)], 100) == [[(5, 5)]]


async def test_tiles_that_lie_end_in_a_line(tmp_path: Path) -> None:
    sound = tile(("a", [(3, SQUARE, [])]))
    hostile = {
        "bomb": gzip.compress(bytes(50 * MIB)),
        "no tile": b"\xff" * 40,
        "endless": tile(("a", [(3, varint(1 | 0x0FFFFFFF << 3), [])])),
        "tags": tile(("a", [(1, POINTS, [5, 5])])),
        "cut": gzip.compress(sound)[:-9],
    }
    for what, content in hostile.items():
        for archive in (
            pmtiles({(1, 0, 0): content, (1, 1, 0): sound}, kind=1, bounds=(-180, 1, 180, 80)),
            mbtiles(tmp_path, {(1, 0, 0): content, (1, 1, 0): sound}, format="pbf", bounds="-180,1,180,80"),
        ):
            layers = await read_layers(Ranges.of(archive).source("a"))
            found = dict(layers)["a"]
            assert found.count >= 1 and found.told.problem == "some tiles are damaged", what
        with pytest.raises(PreviewError):
            await read_layers(Ranges.of(b"PMTiles\x03" + content).source("a.pmtiles"))


async def test_damaged_files_end_in_a_line(tmp_path: Path) -> None:
    for name, driver in FILES.items():
        for damaged in effort.some(list(variants(geo_files.made(driver, name), name)), every=4, turn=1):
            try:
                await read_layers(Ranges.of(damaged).source(name))
            except PreviewError as exc:
                assert "\n" not in str(exc) and len(str(exc)) < 300


async def test_a_large_tile_set_is_bounded(tmp_path: Path) -> None:
    many = tile(("a", [(1, POINTS, [])] * 60_000))
    with sqlite3.connect(tmp_path / "big.mbtiles") as connection:
        connection.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        connection.execute("CREATE TABLE tiles (zoom_level INT, tile_column INT, tile_row INT, tile_data BLOB)")
        connection.execute("INSERT INTO tiles VALUES (0, 0, 0, ?)", (gzip.compress(many),))
    connection.close()
    ((_, found),) = await read_layers(await local(tmp_path / "big.mbtiles"))
    assert 0 < found.count <= 30_000 and not found.told.is_all
