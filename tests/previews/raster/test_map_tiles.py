"""Map tiles in windows: the pixels of the whole picture, few tiles read, hostile files."""

import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage_tui.previews import PreviewError, Source
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.raster.opening import holds_raster, open_raster
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.shown import Picture, Style
from storage_tui.previews.raster.windows.view import View
from storage_tui.previews.vector.atlas.boxed import show_box
from storage_tui.previews.vector.atlas.reading import read_layers
from storage_tui.previews.vector.tiles.choosing import degrees_of
from tests import effort, wanted
from tests.previews.heads.damage import variants
from tests.previews.ranges import Ranges, plain
from tests.previews.vector.tile_files import mbtiles, pmtiles

LOW, HIGH = 3, 6
COLUMN, ROW = 4, 2  # of the only tile at the smallest zoom
SIDE = 256 << HIGH - LOW  # of all of the picture at the largest zoom
GROUND = bytes(3)


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    """All pixels at the largest zoom: no two tiles are alike."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return np.stack([x % 251, y % 241, (x // 256 * 16 + y // 256) % 256], axis=2).astype("uint8")


@pytest.fixture(scope="module")
def tiles(whole: np.ndarray) -> dict[tuple[int, int, int], bytes]:
    """The tiles of all zooms as PNG, but for one at the largest zoom."""
    found = {}
    for zoom in range(LOW, HIGH + 1):
        step = 1 << HIGH - zoom
        level = whole[::step, ::step]
        for row in range(1 << zoom - LOW):
            for column in range(1 << zoom - LOW):
                part = level[row * 256 : row * 256 + 256, column * 256 : column * 256 + 256]
                output = io.BytesIO()
                Image.fromarray(np.ascontiguousarray(part)).save(output, "PNG")
                found[zoom, (COLUMN << zoom - LOW) + column, (ROW << zoom - LOW) + row] = output.getvalue()
    del found[HIGH, COLUMN << HIGH - LOW, ROW << HIGH - LOW]
    return found


def bounds() -> tuple[float, float, float, float]:
    """The bounds of the picture, a little less than its tiles."""
    (west, north), (east, south) = degrees_of(LOW, COLUMN, ROW), degrees_of(LOW, COLUMN + 1, ROW + 1)
    return west + 0.01, south + 0.01, east - 0.01, north - 0.01


def files(folder: Path, tiles: dict[tuple[int, int, int], bytes]) -> dict[str, bytes]:
    """The same tiles in all forms."""
    box = ",".join(map(str, bounds()))
    return {
        "a.mbtiles": mbtiles(folder, tiles, name="a", format="png", bounds=box, minzoom=str(LOW), maxzoom=str(HIGH)),
        "bare.mbtiles": mbtiles(folder, tiles, name="a"),
        "a.pmtiles": pmtiles(tiles, bounds=bounds()),
        "leaf.pmtiles": pmtiles(tiles, bounds=bounds(), has_leaf=True),
    }


async def drawn(reader: WindowReader, **place: float) -> Picture:
    """The picture of a view."""
    main = reader.scene.main
    view = View(main.width, main.height, 80, 24, **place) if place else View(main.width, main.height, 80, 24).fit()
    return await reader.picture(view, Style((0, 1, 2), "type"), across=2, ground=GROUND)


async def test_pixels_and_places_are_those_of_the_picture(
    tmp_path: Path, whole: np.ndarray, tiles: dict[tuple[int, int, int], bytes]
) -> None:
    for name, content in files(tmp_path, tiles).items():
        source = Ranges.of(content).source(name)
        assert await holds_raster(source)
        reader = await open_raster(source)
        scene = reader.scene
        assert (scene.main.width, scene.main.height) == (SIDE, SIDE), name
        assert [level.across for level in scene.levels] == [2.0**at for at in range(len(scene.levels))]
        assert len(scene.levels) >= HIGH - LOW
        for x, y in ((300, 5), (SIDE - 1, SIDE - 1), (1500, 1700)):
            assert await reader.pixel(x, y, (0, 1, 2, 3)) == [*whole[y, x].tolist(), 255], (name, x, y)
        assert await reader.pixel(3, 3, (0, 3)) == [0, 0]  # its tile is not there
        raw, damaged = await reader.values(700, 900, 200, 100)
        found = np.frombuffer(raw, "u1").reshape(100, 200, 4)
        assert not damaged and (found[:, :, :3] == whole[900:1000, 700:900]).all(), name
        assert scene.degrees(0, 0) == pytest.approx(degrees_of(LOW, COLUMN, ROW), abs=1e-9)
        assert scene.degrees(SIDE, SIDE) == pytest.approx(degrees_of(LOW, COLUMN + 1, ROW + 1), abs=1e-9)


async def test_pixels_are_those_of_gdal(tmp_path: Path, tiles: dict[tuple[int, int, int], bytes]) -> None:
    rasterio = wanted.module("rasterio")
    path = tmp_path / "b.mbtiles"
    path.write_bytes(files(tmp_path, tiles)["a.mbtiles"])
    reader = await open_raster(Source(LocalFiles(), await LocalFiles().stat(str(path), "local")))
    with rasterio.open(path) as theirs:
        for x, y in ((300, 700), (2022, 1234), (1999, 1999)):
            place = reader.scene.coordinates(x + 0.5, y + 0.5)
            assert place is not None
            row, column = theirs.index(*place)
            window = rasterio.windows.Window(column, row, 1, 1)
            assert theirs.read(window=window)[:, 0, 0].tolist() == await reader.pixel(x, y, (0, 1, 2, 3))


async def test_a_view_reads_the_tiles_in_it_and_no_others(
    tmp_path: Path, tiles: dict[tuple[int, int, int], bytes]
) -> None:
    for name, content in files(tmp_path, tiles).items():
        ranges = Ranges.of(content)
        reader = await open_raster(ranges.source(name))
        first = await reader.picture(
            View(SIDE, SIDE, 80, 24).fit(), Style((0, 1, 2), "type"), across=2, ground=GROUND, is_first=True
        )
        assert first.is_sharp and first.factor in (8, 4)
        assert sum(stop - start for start, stop in ranges.asked) < 700_000, name
        before = len(ranges.asked)
        close = await drawn(reader, left=1000.0, top=1000.0, scale=0.5)
        assert close.is_sharp and close.factor == 1 and len(ranges.asked) - before <= 4, name
        before = len(ranges.asked)
        await drawn(reader, left=1001.0, top=1000.0, scale=0.5)
        assert len(ranges.asked) == before, "the same tiles again"


async def test_the_map_shows_where_they_lie(tmp_path: Path, tiles: dict[tuple[int, int, int], bytes]) -> None:
    for name, content in files(tmp_path, tiles).items():
        ((_, found),) = await read_layers(Ranges.of(content).source(name))
        box = found.box_of(0)
        assert found.count == 1 and box is not None
        assert box == pytest.approx(bounds(), abs=0.02), name
        middle = degrees_of(HIGH, (COLUMN << 3) + 4.5, (ROW << 3) + 4.5)
        shown = await show_box(
            Ranges.of(content).source(name), (middle[0], middle[1] - 0.1, middle[0] + 0.1, middle[1]),
            width=40, height=12, truecolor=True,
        )  # fmt: skip
        assert shown.is_drawing and dict(shown.facts), plain(shown)


async def test_denser_and_odd_tiles(tmp_path: Path) -> None:
    def tile(side: int, colour: str, kind: str = "PNG") -> bytes:
        output = io.BytesIO()
        Image.new("RGB", (side, side), colour).save(output, kind)
        return output.getvalue()

    mixed = {(0, 0, 0): tile(256, "red"), (1, 0, 0): tile(512, "lime"), (1, 1, 0): tile(256, "blue", "WEBP"),
             (1, 0, 1): tile(4096, "red"), (1, 1, 1): b"nothing"}  # fmt: skip
    for content in (pmtiles(mixed, bounds=(-180, -85, 180, 85)), mbtiles(tmp_path, mixed)):
        reader = await open_raster(Ranges.of(content).source())
        assert (reader.scene.main.width, len(reader.scene.levels)) == (512, 1)
        assert await reader.pixel(5, 5, (0, 1, 2, 3)) == [0, 255, 0, 255]
        blue = (await reader.pixel(300, 5, (2,)))[0]
        assert blue is not None and blue > 250  # WebP loses a little
        drawing = await drawn(reader)
        assert drawing.damaged == (2, 4)
    for content in (pmtiles({(0, 0, 0): tile(2048, "red")}), pmtiles({(0, 0, 0): b"\x89PNG"})):
        with pytest.raises(PreviewError) as raised:
            await open_raster(Ranges.of(content).source())
        assert "\n" not in str(raised.value)


async def test_damaged_files_end_in_a_line(tmp_path: Path, tiles: dict[tuple[int, int, int], bytes]) -> None:
    few = {tile: content for tile, content in tiles.items() if tile[0] < 5}
    for name, content in files(tmp_path, few).items():
        for damaged in effort.some(list(variants(content, name)), every=4):
            try:
                reader = await open_raster(Ranges.of(damaged).source(name))
                await drawn(reader)
            except PreviewError as exc:
                assert "\n" not in str(exc) and len(str(exc)) < 300


async def test_zooms_that_lie_end_in_a_line(tmp_path: Path, tiles: dict[tuple[int, int, int], bytes]) -> None:
    one = {(LOW, COLUMN, ROW): tiles[LOW, COLUMN, ROW]}
    deep = mbtiles(tmp_path, one, minzoom="3", maxzoom="30", bounds=",".join(map(str, bounds())))
    reader = await open_raster(Ranges.of(deep).source())
    assert math.log2(reader.scene.main.width) > 30 and reader.scene.levels[-1].pixels.width <= 512
    await drawn(reader)
    for content in (
        mbtiles(tmp_path, one, minzoom="9", maxzoom="3"), mbtiles(tmp_path, one, minzoom="-1", maxzoom="x"),
        mbtiles(tmp_path, one, bounds="nan,nan,nan,nan"), mbtiles(tmp_path, {(29, 5, 5): tiles[LOW, COLUMN, ROW]}),
    ):  # fmt: skip
        await drawn(await open_raster(Ranges.of(content).source()))
    with pytest.raises(PreviewError, match="no tile"):
        await open_raster(Ranges.of(mbtiles(tmp_path, {}, minzoom="0", maxzoom="3")).source("a.mbtiles"))
