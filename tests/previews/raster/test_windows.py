"""Windows of TIFFs: the levels and blocks that are read for them, their values, and hostile files."""

import math
import random
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.windows
from rasterio.transform import from_origin

from storage_tui.contract.models import Blob
from storage_tui.previews import PreviewError
from storage_tui.previews.base import MIB
from storage_tui.previews.decoding.painting.cells import CELL_BYTES
from storage_tui.previews.decoding.painting.relief import shaded
from storage_tui.previews.raster.opening import open_raster
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View
from storage_tui.tui.viewer.raster.taking import python_line
from tests.previews.ranges import Ranges
from tests.previews.tiffs import Page, grey, write

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # rasterio 1.4, affine 3.1
TILE_BYTES = 512 * 512 * 2
DOWN_30, ACROSS_40 = np.mgrid[0:30, 0:40]
BLACK = b"\x00\x00\x00"
GREY = Style((0,), "range", "grey")
CASES: tuple[tuple[str, int, dict[str, object]], ...] = (
    ("uint8", 1, {"compress": "lzw"}), ("uint8", 3, {"photometric": "RGB", "tiled": True, "compress": "deflate"}),
    ("int16", 4, {"interleave": "band", "compress": "zstd", "predictor": 2}), ("uint16", 7, {"tiled": True}),
    ("float32", 2, {"compress": "deflate", "predictor": 3, "nodata": -9999}), ("float64", 1, {"nodata": -9999}),
    ("int32", 1, {"tiled": True, "compress": "packbits"}), ("uint32", 2, {"interleave": "band", "tiled": True}),
    ("int64", 1, {"compress": "lzw"}), ("uint64", 1, {}), ("int8", 1, {"compress": "lzma"}), ("uint8", 1, {"nbits": 1}),
)  # fmt: skip


def made(path: Path, pixels: np.ndarray, **options: object) -> Path:
    """A GeoTIFF of UTM zone 33 north by rasterio, in tiles of 64 pixels where it is tiled."""
    profile = {"driver": "GTiff", "count": len(pixels), "height": pixels.shape[1], "width": pixels.shape[2],
               "dtype": pixels.dtype, "crs": "EPSG:32633", "transform": from_origin(5e5, 4.6e6, 10, 10)}  # fmt: skip
    tiles = {"blockxsize": 64, "blockysize": 64} if options.get("tiled") or options.get("driver") == "COG" else {}
    if options.get("driver") == "COG":
        tiles = {"blocksize": 128}
    with rasterio.open(path, "w", **(profile | tiles | options)) as file:
        file.write(pixels)
    return path


def noise(dtype: str, bands: int, height: int, width: int, *, most: int | None = None) -> np.ndarray:
    """Noise over the range of a type, with nodata in a corner of floats."""
    numbers = np.random.default_rng(len(dtype) + bands)
    if dtype.startswith("float"):
        pixels = numbers.normal(100, 50, (bands, height, width)).astype(dtype)
        pixels[:, : height // 3, : width // 2] = -9999
        return pixels
    limits = np.iinfo(dtype)
    return numbers.integers(limits.min, most or limits.max, (bands, height, width), dtype, endpoint=True)


@pytest.mark.parametrize(("dtype", "bands", "options"), CASES, ids=lambda value: str(value)[:40])
async def test_the_values_at_a_pixel_are_those_of_rasterio(
    tmp_path: Path, dtype: str, bands: int, options: dict
) -> None:
    path = made(tmp_path / "a.tif", noise(dtype, bands, 150, 170, most=1 if "nbits" in options else None), **options)
    reader = await open_raster(Ranges.of(path.read_bytes()).source())
    with rasterio.open(path) as file:
        truth = file.read()
    pick = random.Random(dtype)
    for x, y in [(0, 0), (169, 149), *((pick.randrange(170), pick.randrange(150)) for _ in range(6))]:
        assert await reader.pixel(x, y, reader.pixel_bands) == truth[:, y, x].tolist(), (x, y)


SEEN = {1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1], 5: lambda a: a.T,
        6: lambda a: a[::-1].T, 7: lambda a: a[::-1, ::-1].T, 8: lambda a: a.T[::-1]}  # fmt: skip
"""What Orientation makes of the stored rows (TIFF 6.0, section 8)."""


@pytest.mark.parametrize("turned", SEEN)
async def test_a_turned_tiff_is_shown_as_its_orientation_says(turned: int) -> None:
    stored = np.arange(12 * 20, dtype="uint8").reshape(12, 20)
    content = write(grey(20, 12, [stored[row : row + 5].tobytes() for row in range(0, 12, 5)], t274=turned, t278=5))
    reader = await open_raster(Ranges.of(content).source())
    seen = SEEN[turned](stored)
    main = reader.scene.main
    assert (main.height, main.width) == seen.shape
    for x, y in ((0, 0), (main.width - 1, 2), (3, main.height - 1)):
        assert await reader.pixel(x, y, (0,)) == [seen[y, x]]
    view = View(main.width, main.height, 4, 2, left=1, top=2)
    picture = await reader.picture(view, Style((0,), "type", "grey"), across=1, ground=BLACK)
    cells = np.frombuffer(picture.cells, "uint8").reshape(2, 4, CELL_BYTES)
    upper, lower = cells[:, :, 1], cells[:, :, 4]
    assert (upper == seen[2:6:2, 1:5] & 0xFC).all() and (lower == seen[3:6:2, 1:5] & 0xFC).all()


TWENTY: tuple[tuple[str, int, dict[str, object]], ...] = (
    *CASES, ("uint16", 3, {"driver": "COG", "compress": "lzw", "predictor": "YES"}), ("uint8", 2, {"BIGTIFF": "YES"}),
    ("float32", 1, {"driver": "COG", "compress": "zstd", "predictor": "FLOATING_POINT"}),
    ("int16", 1, {"ENDIANNESS": "BIG"}), ("uint16", 1, {"nbits": 12, "tiled": True}),
    ("float64", 2, {"compress": "zstd", "predictor": 3, "tiled": True}),
    ("uint8", 4, {"compress": "packbits", "interleave": "band"}), ("int32", 3, {"compress": "lzw", "predictor": 2}),
)  # fmt: skip


async def test_a_thousand_values_of_twenty_rasters_are_those_of_rasterio(tmp_path: Path) -> None:
    assert len(TWENTY) == 20
    pick = random.Random(19)
    for at, (dtype, bands, options) in enumerate(TWENTY):
        most = (1 << int(str(options["nbits"]))) - 1 if "nbits" in options else None
        path = made(tmp_path / f"{at}.tif", noise(dtype, bands, 150, 170, most=most), **options)
        reader = await open_raster(Ranges.of(path.read_bytes()).source())
        with rasterio.open(path) as file:
            truth = file.read()
        for _ in range(4):
            x, y = pick.randrange(170 - 25), pick.randrange(150 - 10)
            values, damaged = await reader.values(x, y, 25, 10)
            found = np.frombuffer(values, truth.dtype.newbyteorder("<")).reshape(10, 25, bands).transpose(2, 0, 1)
            assert not damaged and (found == truth[:, y : y + 10, x : x + 25]).all(), (dtype, options)


async def test_hill_shade_is_that_of_the_formula() -> None:
    heights = 1000 + 400 * np.sin(ACROSS_40 / 7) * np.cos(DOWN_30 / 5)
    bright, factor = shaded(heights.reshape(-1).tolist(), 40, 30.0, 30.0)
    padded = np.pad(heights, 1, mode="edge")
    east, south = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 60, (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 60
    normal = np.stack([-east, south, np.ones_like(east)]) / np.sqrt(1 + east**2 + south**2)  # to the east, north and up
    sun = np.array([-0.5, 0.5, np.sqrt(0.5)])
    light = np.maximum(0, np.tensordot(sun, normal, 1))
    assert factor == 1 and np.allclose(np.array(bright).reshape(30, 40), 0.25 + 0.75 * light)
    flat, factor = shaded((heights / 1000).reshape(-1).tolist(), 40, 30.0, 30.0)
    assert factor > 10 and max(flat) > 0.9 > 0.6 > min(flat)
    assert shaded([None, 5.0, None, 5.0], 2, 1.0, 1.0)[1] == 1  # nothing to exaggerate


async def test_a_window_is_drawn_from_the_level_that_fits_and_reads_its_tiles_only(tmp_path: Path) -> None:
    across, down = np.meshgrid(np.arange(2048), np.arange(1024))
    path = made(tmp_path / "cog.tif", ((across + down) % 256).astype("uint8")[None], driver="COG", compress="deflate")
    ranges = Ranges.of(path.read_bytes())
    reader = await open_raster(ranges.source())
    assert [round(level.across) for level in reader.scene.levels] == [1, 2, 4, 8, 16]
    view = View(2048, 1024, 64, 16).fit()
    assert view.scale == 32
    whole = await reader.picture(view, GREY, across=2, ground=BLACK, is_first=True)
    assert whole.factor == 16 and whole.is_sharp and len(whole.cells) == 64 * 16 * CELL_BYTES
    close = view.zoomed(1 / 32).centred(700, 500)
    asked, read = len(ranges.asked), reader.source.bytes_read
    picture = await reader.picture(close, GREY, across=1, ground=BLACK)
    assert picture.factor == 1 and picture.bands[0].count == 64 * 32
    assert len(ranges.asked) - asked <= 4 and reader.source.bytes_read - read < 64 * 1024
    with rasterio.open(path) as file:
        column, row, width, height = close.window
        truth = file.read(1)[row : row + height, column : column + width]
    assert (picture.bands[0].least, picture.bands[0].most) == (truth.min(), truth.max())
    assert picture.bands[0].mean == pytest.approx(truth.mean())
    asked = len(ranges.asked)
    await reader.picture(close.moved(1, 0).moved(-1, 0), GREY, across=1, ground=BLACK)
    assert len(ranges.asked) == asked  # blocks are kept


def large_cog() -> tuple[bytes, int]:
    """The directories of a COG of more than 10 GiB in tiles of 512 KiB, and its size; each list follows its directory
    as GDAL writes them."""
    pages, at = [], 1 << 22
    for level in range(9):
        side = 73_728 >> level
        count = math.ceil(side / 512) ** 2
        blocks: list = [(at + index * TILE_BYTES, TILE_BYTES) for index in range(count)]
        at += count * TILE_BYTES
        tags = {254: int(level > 0), 256: side, 257: side, 258: 16, 259: 1, 262: 1, 277: 1, 322: 512, 323: 512, 339: 1}
        pages.append(Page(tags, blocks, places=324, sizes=325))
    head = write(*pages, is_big=True)
    return head, at


async def test_the_first_picture_of_a_large_cog_costs_at_most_four_requests_and_a_mebibyte() -> None:
    head, size = large_cog()
    assert size > 10 * 1024 * MIB and len(head) < 1 << 22
    ranges = Ranges(size, lambda start, stop: head[start:stop].ljust(stop - start, b"\x07"))
    reader = await open_raster(ranges.source())
    view = View(73_728, 73_728, 164, 56).fit()
    picture = await reader.picture(view, GREY, across=2, ground=BLACK, is_first=True)
    assert picture.bands[0].least == 0x0707 and picture.share == 1
    assert reader.source.requests <= 4 and reader.source.bytes_read <= MIB
    for closer in (view.zoomed(0.5), view.zoomed(1 / 64), view.zoomed(1 / 64).moved(20, 7)):
        asked = reader.source.requests
        picture = await reader.picture(closer, GREY, across=2, ground=BLACK)
        assert picture.is_sharp and picture.share == 1 and reader.source.requests - asked <= 12


async def test_a_pan_reads_only_the_tiles_that_come_into_view() -> None:
    head, size = large_cog()
    ranges = Ranges(size, lambda start, stop: head[start:stop].ljust(stop - start, b"\x07"))
    reader = await open_raster(ranges.source())
    view = View(73_728, 73_728, 160, 50, scale=1.0).centred(20 * 512 + 256, 30 * 512 + 256)  # within one tile
    await reader.picture(view, GREY, across=1, ground=BLACK)
    for columns, rows, tiles in ((256, 0, 1), (256, 0, 0), (0, 128, 1), (-256, -128, 0), (0, 128, 1), (256, 0, 0)):
        before, seen = reader.source.bytes_read, view
        view = view.moved(columns, rows)
        assert view != seen
        await reader.picture(view, GREY, across=1, ground=BLACK)
        read = reader.source.bytes_read - before
        assert tiles * TILE_BYTES <= read < tiles * TILE_BYTES + 64 * 1024  # and the places of the tiles


async def test_nodata_is_counted_and_is_no_part_of_the_statistics(tmp_path: Path) -> None:
    pixels = noise("float32", 1, 90, 120)
    reader = await open_raster(Ranges.of(made(tmp_path / "a.tif", pixels, nodata=-9999).read_bytes()).source())
    picture = await reader.picture(View(120, 90, 120, 45).fit(), GREY, across=1, ground=BLACK)
    known = pixels[pixels != -9999]
    assert (picture.pixels, picture.empty) == (120 * 90, 30 * 60)
    assert (picture.bands[0].least, picture.bands[0].most) == (float(known.min()), float(known.max()))
    assert picture.bands[0].deviation == pytest.approx(known.std(), rel=1e-5)
    assert sum(picture.bands[0].bins) == picture.bands[0].count == known.size


OTHERS: tuple[tuple[str, dict[str, object]], ...] = (
    ("int8", {}), ("uint64", {"tiled": True, "blockxsize": 64, "blockysize": 64}), ("int64", {"compress": "deflate"}),
    ("float32", {"nodata": float("nan")}), ("float32", {"transform": rasterio.Affine(10, 3, 5e5, 2, -10, 5e6)}),
    ("float64", {"transform": rasterio.Affine(10, 0, 5e5, 0, 10, 5e6)}), ("uint8", {"photometric": "palette"}),
)  # fmt: skip


async def test_values_and_statistics_of_other_types_are_those_of_numpy() -> None:
    chance = np.random.default_rng(19)
    for dtype, options in OTHERS:
        kind = np.dtype(dtype)
        values = (chance.random((1, 90, 130)) * 100 - 40).astype(kind)
        if kind.kind in "iu":
            values = chance.integers(np.iinfo(kind).min, np.iinfo(kind).max, (1, 90, 130), kind, endpoint=True)
        if "nodata" in options:
            values[:, :20, :30] = np.nan
        with rasterio.MemoryFile() as memory:
            more = {"driver": "GTiff", "width": 130, "height": 90, "count": 1, "crs": "EPSG:32633", "dtype": dtype}
            with memory.open(**{"transform": rasterio.Affine(10, 0, 5e5, 0, -10, 5e6)} | more | options) as file:
                file.write(values)
            reader = await open_raster(Ranges.of(memory.read()).source())
        for x, y in ((0, 0), (129, 89), (64, 70), (35, 3), (3, 64)):
            (found,) = await reader.pixel(x, y, (0,))
            assert found == values[0, y, x] or (found != found and np.isnan(values[0, y, x])), (dtype, options)
        picture = await reader.picture(View(130, 90, 130, 45).fit(), GREY, across=1, ground=BLACK)
        known = values[np.isfinite(values)]
        told = picture.bands[0]
        assert (picture.empty, told.count) == (values.size - known.size, known.size)
        assert (told.least, told.most) == (known.min(), known.max())
        wide = known.astype("f8")
        assert told.mean == pytest.approx(wide.mean(), rel=1e-6, abs=1e-9 * np.abs(wide).max())
        assert told.deviation == pytest.approx(wide.std(), rel=1e-6)
        assert sum(told.bins) <= known.size


async def test_of_a_raster_without_overviews_that_is_too_large_the_middle_is_drawn() -> None:
    width, height, size = 60_000, 60_000, 60_000 * 60_000
    rows = [((1 << 21) + row * width, width) for row in range(height)]
    head = write(grey(width, height, rows, t278=1), is_big=True)
    ranges = Ranges(len(head) + size, lambda start, stop: head[start:stop].ljust(stop - start, b"\x07"))
    reader = await open_raster(ranges.source())
    picture = await reader.picture(View(width, height, 80, 24).fit(), GREY, across=2, ground=BLACK)
    assert 0 < picture.share < 1 and picture.bands[0].least == 7
    assert reader.source.bytes_read < 10 * MIB and reader.source.requests < 40


async def test_the_line_of_python_reads_the_window_of_the_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise("int16", 4, 150, 170)
    monkeypatch.chdir(made(tmp_path / "it's.tif", pixels).parent)
    view = View(170, 150, 40, 12).fit().zoomed(0.25).moved(3, 2)
    scene = (await open_raster(Ranges.of((tmp_path / "it's.tif").read_bytes()).source())).scene
    column, row, width, height = view.window
    assert width and height
    for bands, wanted in (((1,), pixels[1]), ((3, 2, 0), pixels[[3, 2, 0]])):
        line = python_line(Blob("maps/it's.tif", "data"), scene, view, Style(bands, "range"))
        read = eval(line, {"rasterio": rasterio})
        assert (read == wanted[..., row : row + height, column : column + width]).all()


@pytest.mark.parametrize(
    "content",
    [
        write(grey(1 << 31, 1 << 31, [(8, 1 << 40)]), is_big=True), write(grey(4, 4, [bytes(16)], t259=5)),
        write(grey(0, 4, [bytes(16)])), write(grey(4, 4, [(1 << 33, 16)], t258=8), is_big=True),
        write(grey(100_000, 100_000, [b"x\x9c" * 50], t259=8)), b"II\x2a\x00\xff\xff\xff\xff", b"II\x2a\x00",
    ],
)  # fmt: skip
async def test_a_hostile_file_ends_with_one_line(content: bytes) -> None:
    with pytest.raises(PreviewError) as raised:
        reader = await open_raster(Ranges.of(content).source())
        main = reader.scene.main
        await reader.picture(View(main.width, main.height, 80, 24).fit(), GREY, across=2, ground=BLACK)
    assert str(raised.value) and "\n" not in str(raised.value)
