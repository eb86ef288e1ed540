"""The raster viewer under Pilot: what is seen and read after each key, at every size of a screen."""

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual import events

from storage_tui import Storage
from storage_tui.previews.decoding.painting.cells import to_cells
from storage_tui.previews.raster.geokeys import Georeference
from storage_tui.previews.raster.picture import Blocks
from storage_tui.previews.raster.windows.scene import Layer, LevelOfScene, Scene
from storage_tui.previews.raster.windows.view import View
from storage_tui.tui.viewer.raster.graticule import graticule
from storage_tui.tui.viewer.raster.screen import RasterScreen
from storage_tui.tui.viewer.raster.words import coordinate_text, value_text
from storage_tui.tui.viewer.screen import ViewerScreen
from tests.previews.raster.test_cubes import netcdf
from tests.previews.stores.trees import TEMPERATURE
from tests.previews.stores.trees import store as zarr_store
from tests.previews.tiffs import Page, grey, write
from tests.tui.conftest import Browser

WIDTH, HEIGHT = 240, 160
PLACED = {"t33550": (10.0, 10.0, 0.0), "t33922": (0.0, 0.0, 0.0, 500_000.0, 4_600_000.0, 0.0),
          "t34735": (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633)}  # fmt: skip
ACROSS, DOWN = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
BANDS = np.stack([(ACROSS + DOWN) % 251, (ACROSS * 3) % 256, 255 - DOWN]).astype("uint8")


def raster(bands: int = 1) -> bytes:
    """A raster in UTM zone 33 north: one band, or three in red, green and blue."""
    pixels = BANDS[:bands].transpose(1, 2, 0)
    tags = {**PLACED, "t278": 16, "t277": bands, "t262": 2 if bands == 3 else 1}
    rows = [pixels[row : row + 16].tobytes() for row in range(0, HEIGHT, 16)]
    page: Page = grey(WIDTH, HEIGHT, rows, **tags)
    if bands == 3:
        page.tags[258] = (8, 8, 8)
        page.tags[339] = (1, 1, 1)
    return write(page)


async def opened(browser: Browser, name: str = "a.tif") -> RasterScreen:
    """The viewer with its first sharp picture."""
    await browser.until(lambda: browser.current == name)
    await browser.press("enter")
    await browser.until(lambda: isinstance(browser.app.screen, RasterScreen))
    screen = browser.app.screen
    assert isinstance(screen, RasterScreen)
    await sharp(browser, screen)
    return screen


async def sharp(browser: Browser, screen: RasterScreen) -> None:
    """Wait until the picture is that of the view, and as sharp as it gets."""
    look = screen.look
    await browser.until(lambda: look.picture is not None and look.picture.is_sharp and look.picture.view == look.view)


async def test_a_raster_is_explored(store: Storage, browse: Any) -> None:
    store.set("a.tif", raster())
    async with browse() as browser:
        screen = await opened(browser)
        await browser.shows("band 1 of 1")
        await browser.shows("2–98 % of the values")
        assert "EPSG:32633" in browser.text and "zoom in" in browser.text and "0 m " in browser.text
        picture = screen.look.picture
        assert picture is not None and picture.bands[0].least == 0 and picture.bands[0].most == 250
        whole = picture.view
        await browser.press("plus", "plus")
        await sharp(browser, screen)
        view = screen.look.view
        assert view is not None and view.scale == whole.scale / 4
        await browser.press("l", "j")
        moved = screen.look.view
        assert moved is not None and moved.left > view.left and moved.top > view.top
        coarse = screen.look.picture  # at once, with the cells that were there
        assert coarse is not None and coarse.view == moved
        await sharp(browser, screen)
        await browser.press("minus")
        await sharp(browser, screen)
        await browser.press("1")
        await sharp(browser, screen)
        assert screen.look.view is not None and screen.look.view.scale == 1
        await browser.press("0")
        await sharp(browser, screen)
        assert screen.look.view == whole
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_the_cross_hair_names_place_and_value(store: Storage, browse: Any) -> None:
    store.set("a.tif", raster(3))
    async with browse() as browser:
        screen = await opened(browser)
        await browser.shows("R 1  G 2  B 3")
        await browser.press("c")
        x, y = WIDTH // 2, HEIGHT // 2
        await browser.until(lambda: screen.cross.pixel == (x, y) and screen.cross.values == BANDS[:, y, x].tolist())
        await browser.shows("501,205")  # the middle of pixel 120: 500,000 + 120.5 · 10
        await browser.shows("41.54")
        await browser.press("l", "l", "k")
        await browser.until(lambda: screen.cross.values is not None and screen.cross.pixel != (x, y))
        pixel = screen.cross.pixel
        assert pixel is not None and pixel[0] > x and pixel[1] < y
        assert screen.cross.values == BANDS[:, pixel[1], pixel[0]].tolist()
        await browser.press("escape")  # takes the cross-hair away, and leaves the viewer open
        assert screen.cross.pixel is None and browser.app.screen is screen


async def test_the_pointer_points_drags_and_zooms(store: Storage, browse: Any) -> None:
    store.set("a.tif", raster())
    async with browse() as browser:
        screen = await opened(browser)
        view = screen.look.view
        assert view is not None
        await browser.pilot.click("#canvas", offset=(30, 8))
        await browser.until(lambda: screen.cross.pixel == view.pixel_at(30, 8))
        await browser.pilot.mouse_down("#canvas", offset=(30, 8))
        await browser.pilot.mouse_up("#canvas", offset=(40, 10))
        await browser.until(lambda: screen.look.view == view.moved(-10, -2))
        where = view.moved(-10, -2).pixel_at(12, 12)
        turned = {"delta_x": 0, "delta_y": 0, "button": 0, "shift": False, "meta": False, "ctrl": False}
        screen.canvas.post_message(events.MouseScrollUp(screen.canvas, 12, 12, **turned))
        await browser.until(lambda: screen.look.view is not None and screen.look.view.scale == view.scale / 2)
        closer = screen.look.view
        assert closer is not None and where is not None
        there = closer.pixel_at(12, 12)
        assert there is not None and abs(there[0] - where[0]) <= 2 and abs(there[1] - where[1]) <= 2


async def test_bands_stretch_and_ramp_are_chosen(store: Storage, browse: Any) -> None:
    store.set("a.tif", raster(3))
    async with browse() as browser:
        screen = await opened(browser)
        look = screen.look
        await browser.press("right_square_bracket", "right_square_bracket")
        await browser.shows("band 2 of 3")
        await browser.press("r")
        await browser.shows("viridis")
        await browser.press("T")
        await browser.until(lambda: screen.has_class("-asking"))
        await browser.press("ctrl+u")
        await browser.type("10 20")
        await browser.press("enter")
        await browser.shows("by hand")
        await browser.until(lambda: look.picture is not None and look.picture.limits == ((10.0, 20.0),))
        await browser.press("b")
        await browser.press("ctrl+u")
        await browser.type("3 9 1")
        await browser.press("enter")
        await browser.shows("the raster has 3 bands")
        await browser.press("b")
        await browser.press("ctrl+u")
        await browser.type("3,2,1")
        await browser.press("enter")
        await browser.shows("R 3  G 2  B 1")
        await browser.press("v")
        await browser.shows("of each view")


async def test_the_next_picture_waits_until_the_terminal_has_drawn_the_one_before(store: Storage, browse: Any) -> None:
    store.set("a.tif", raster())
    async with browse() as browser:
        screen = await opened(browser)
        link, canvas = browser.app.desk.link, screen.canvas
        assert link.asks_after(0, always=True)
        link.answered()
        assert link.asks_after(50_000) and link.is_busy
        await browser.press("plus", "plus", "l")
        await sharp(browser, screen)
        assert len(canvas._late) > 10
        link.answered()
        assert not canvas._late
        assert link.asks_after(50_000)
        await browser.press("0")
        await sharp(browser, screen)
        assert canvas._late
        canvas._go_on()  # the terminal is silent for too long
        assert not canvas._late and not link.is_busy


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (20, 5)])
async def test_the_picture_takes_what_the_screen_has(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    store.set("a.tif", raster())
    async with browse(size=size) as browser:
        screen = await opened(browser)
        view = screen.look.view
        assert view is not None and view.columns == size[0] - (36 if size[0] >= 100 else 0)
        assert any(sign in browser.text for sign in "▀▄▌▐▖▗▘▝▞▚")
        await browser.press("i")
        if size[0] >= 60:
            wanted = size[0] if size[0] >= 100 else size[0] - 36
            await browser.until(lambda: screen.look.view is not None and screen.look.view.columns == wanted)
            await sharp(browser, screen)
        await browser.press("c")
        await browser.until(lambda: screen.cross.values is not None)


async def test_a_raster_without_a_picture_is_shown_as_its_facts(store: Storage, browse: Any) -> None:
    store.set("a.tif", write(grey(4, 4, [bytes(16)], t259=5)))
    async with browse() as browser:
        await browser.until(lambda: browser.current == "a.tif")
        await browser.press("enter")
        await browser.shows("no picture")
        assert isinstance(browser.app.screen, ViewerScreen)
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_a_packed_raster_opens_when_it_is_unpacked_whole(store: Storage, browse: Any) -> None:
    store.set("a.tif.gz", gzip.compress(raster()))
    noise = np.random.default_rng(1).integers(0, 255, (3000, 3000), "uint8")
    rows = [noise[row : row + 500].tobytes() for row in range(0, 3000, 500)]
    store.set("b.tif.gz", gzip.compress(write(grey(3000, 3000, rows, t278=500)), 1))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.tif", raster())
    store.set("c.zip", file.getvalue())
    async with browse() as browser:
        screen = await opened(browser, "a.tif.gz")
        assert screen.look.scene is not None and screen.look.scene.main.width == WIDTH
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)
        await browser.press("j")
        await browser.until(lambda: browser.current == "b.tif.gz")
        await browser.press("enter")
        await browser.shows("the raster viewer needs it unpacked")
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)
        await browser.press("j")
        await browser.until(lambda: browser.current == "c.zip")
        await browser.press("enter")
        await browser.shows("inner.tif")
        await browser.press("enter")
        await browser.until(lambda: isinstance(browser.app.screen, RasterScreen))
        member = browser.app.screen
        assert isinstance(member, RasterScreen)
        await sharp(browser, member)


async def test_the_bytes_of_a_raster_are_a_key_away(store: Storage, browse: Any) -> None:
    store.set("a.tif", raster())
    async with browse() as browser:
        await opened(browser)
        await browser.press("x")
        await browser.until(lambda: isinstance(browser.app.screen, ViewerScreen))
        await browser.shows("as text")


async def test_an_array_is_stepped_through_and_its_variables_are_chosen(store: Storage, browse: Any) -> None:
    content, values = netcdf("NETCDF3_CLASSIC")
    store.set("a.nc", content)
    async with browse() as browser:
        screen = await opened(browser, "a.nc")
        await browser.shows("2000-01-01")
        await browser.shows("1 of 3")
        assert "t2m" in browser.text
        await browser.press("c")
        await browser.until(lambda: screen.cross.values == [values[0, 39 - 20, 25]])
        await browser.press("right_square_bracket")
        await browser.shows("2000-01-02 12:00")
        await browser.until(lambda: screen.cross.values == [values[1, 39 - 20, 25]])
        await browser.press("colon")
        await browser.press("ctrl+u", "2", "enter")
        await browser.shows("3 of 3")
        await browser.press("right_square_bracket")
        await browser.shows("this is the last time")
        await browser.press("n")
        await browser.until(lambda: screen.look.scene is not None and screen.look.scene.name == "rain")
        await browser.press("V")
        await browser.press("ctrl+u", "t", "2", "enter")
        await browser.until(lambda: screen.look.scene is not None and screen.look.scene.name == "t2m")
        await browser.press("x")
        await browser.until(lambda: isinstance(browser.app.screen, ViewerScreen))
        await browser.shows("float64")


async def test_heights_are_shaded_and_lines_of_round_coordinates_are_drawn(store: Storage, browse: Any) -> None:
    store.set("a.tif", raster())
    async with browse() as browser:
        screen = await opened(browser)
        await browser.press("number_sign")
        await browser.shows("4,600,000")
        await browser.shows("500,")
        plain = screen.look.picture
        await browser.press("H")
        await browser.shows("heights")
        await sharp(browser, screen)
        shaded = screen.look.picture
        assert plain is not None and shaded is not None and plain.cells != shaded.cells
        await browser.press("number_sign")
        await browser.until(lambda: "4,600,000" not in browser.text)
        await browser.press("H")
        await browser.until(lambda: screen.look.picture is not None and screen.look.picture.cells == plain.cells)


def test_lines_lie_at_round_coordinates() -> None:
    place = Georeference(4326, "", True, None, (0.25, 0.25), (0.25, 0.0, 350.0, 0.0, -0.25, 45.0))
    layer = Layer(0, Blocks(1, 1, 1, 1), {"turned": 1, "width": 100, "height": 80})
    lines = graticule(Scene((LevelOfScene(layer, None, 1, 1),), place), View(100, 80, 100, 40))
    assert lines is not None and lines.columns == {0: "10°W", 40: "0°", 80: "10°E"}
    assert lines.rows == {0: "45°N", 10: "40°N", 20: "35°N", 30: "30°N"}


async def test_the_window_is_saved_as_geotiff_or_png(store: Storage, browse: Any, tmp_path: Path) -> None:
    store.set("a.tif", raster(3))
    async with browse() as browser:
        screen = await opened(browser)
        for name, kind in (("out.tif", b"II*\0"), ("out.png", b"\x89PNG")):
            await browser.press("s")
            await browser.shows("240 × 160 pixels, 3 bands")
            await browser.press("ctrl+u")
            await browser.type(str(tmp_path / name))
            await browser.press("enter")
            saved = f"saved to {tmp_path / name}"  # the message about the file before may still be there
            await browser.until(lambda saved=saved: saved in (screen.status.message or ("",))[0])
            assert (tmp_path / name).read_bytes().startswith(kind)
            await browser.rests()
        await browser.press("s", "ctrl+u", "x", "enter")
        await browser.shows("must end in .tif or .png")


def test_a_cell_has_the_two_colours_that_fit_best() -> None:
    red, blue, dark = b"\xf0\x00\x00", b"\x00\x00\xf0", b"\x10\x00\x00"
    assert to_cells(red * 4, 1, 1, across=2) == b"\x00" + red * 2
    assert to_cells(red + blue + blue + red, 1, 1, across=2)[0] in (6, 9)
    sign, *colours = to_cells(red + dark + dark + dark, 1, 1, across=2)
    assert (sign, bytes(colours)) == (1, red + dark)
    assert to_cells(red + blue, 1, 1, across=1) == b"\x03" + red + blue


def test_a_view_keeps_the_place_under_the_pointer_and_its_middle_on_the_raster() -> None:
    view = View(1000, 500, 100, 30).fit()
    before = view.pixel_at(20, 10)
    closer = view.zoomed(0.5, (20, 10))
    after = closer.pixel_at(20, 10)
    assert before is not None and after is not None and abs(before[0] - after[0]) <= view.scale
    assert closer.cell_of(*after) == (20, 10)
    far = view.zoomed(1 / 16)
    for _ in range(500):
        far = far.moved(40, 40)
    assert 0 <= far.middle[0] <= 1001 and 0 <= far.middle[1] <= 501


def test_values_are_written_in_the_digits_that_name_them() -> None:
    assert value_text(float(np.float32(0.1)), 32) == "0.1" and value_text(0.1, 64) == "0.1"
    assert value_text(float(np.float32(1 / 3)), 32) == "0.33333334" and value_text(7, 8) == "7"
    assert value_text(None, 8) == "?" and value_text(float("nan"), 32) == "nan"
    assert coordinate_text(500_005.0, 10) == "500,005" and coordinate_text(9.12345, 0.001) == "9.1235"


async def test_the_arrays_of_a_zarr_store_are_looked_at(store: Storage, browse: Any) -> None:
    for key, content in zarr_store(3).blobs.items():
        store.set(key, content)
    store.set("other/a.txt", "no store")
    async with browse() as browser:
        await browser.until(lambda: browser.current == "other/")
        await browser.press("f3")
        await browser.shows("on a folder: no Zarr store")
        await browser.press("j")
        await browser.until(lambda: browser.current == "x.zarr/")
        await browser.shows("F3 looks at its arrays")
        await browser.press("f3")
        await browser.until(lambda: isinstance(browser.app.screen, RasterScreen))
        screen = browser.app.screen
        assert isinstance(screen, RasterScreen)
        await sharp(browser, screen)
        await browser.shows("t2m  2026-01-01 06:00")
        await browser.press("right_square_bracket")
        await browser.shows("t2m  2026-01-01 12:00")
        await browser.press("c")
        await browser.until(lambda: screen.cross.values is not None)
        assert screen.cross.values is not None
        x, y = screen.cross.pixel or (0, 0)
        assert screen.cross.values[0] == pytest.approx(float(TEMPERATURE[1, y, x]))
        await browser.press("y")
        await browser.shows("sent a line for zarr")
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)
