"""The map viewer under Pilot: what is seen and read after each key, at every size of a screen."""

import json
from pathlib import Path
from typing import Any

import pytest
from textual import events

from storage_tui import Storage
from storage_tui.tui.viewer.map.screen import FeatureMapScreen
from tests.previews.vector import geo_files
from tests.tui.conftest import Browser

FIELDS = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"name": f"field {at}", "crop": "rye"}, "geometry": {"type": "Polygon",
         "coordinates": [[[at, 45], [at + 0.8, 45], [at + 0.8, 45.8], [at, 45.8], [at, 45]]]}}
        for at in range(10)
    ],
}  # fmt: skip


async def opened(browser: Browser, name: str, *keys: str) -> FeatureMapScreen:
    """The map of a blob, with all its layers read."""
    await browser.until(lambda: browser.current == name)
    for key in keys:
        await browser.press(key)
        if key == "enter":
            await browser.until(lambda: "hex/text" in browser.text or isinstance(browser.app.screen, FeatureMapScreen))
    await browser.until(lambda: isinstance(browser.app.screen, FeatureMapScreen))
    screen = browser.app.screen
    assert isinstance(screen, FeatureMapScreen)
    await browser.until(lambda: screen.look.dots is not None and not screen.status.working)
    return screen


async def test_enter_twice_opens_a_map(store: Storage, browse: Any) -> None:
    store.set("a.geojson", json.dumps(FIELDS))
    async with browse() as browser:
        await opened(browser, "a.geojson", "enter", "enter")
        await browser.shows("10 areas")


async def test_features_are_walked_labelled_and_measured(store: Storage, browse: Any) -> None:
    store.set("a.geojson", json.dumps(FIELDS))
    async with browse() as browser:
        screen = await opened(browser, "a.geojson", "M")
        whole = screen.look.view
        assert whole is not None
        await browser.press("n", "n")
        await browser.shows("feature 2 of 10")
        await browser.shows("field 1")
        await browser.shows("crop")
        view = screen.look.view
        assert view is not None and (view.x, view.y) == (1.4, 45.4)
        await browser.press("N", "N")
        await browser.shows("feature 10 of 10")
        await browser.press("z")
        assert screen.look.view is not None and screen.look.view.scale < whole.scale / 4
        await browser.press("0")
        await browser.until(lambda: screen.look.view == whole)
        await browser.press("b")
        await browser.shows("labels    the first text")
        await browser.until(lambda: browser.text.count("field ") >= 8)
        await browser.press("b", "b")
        await browser.shows("labels: crop")
        await browser.press("escape")  # no feature is chosen any more
        await browser.until(lambda: screen.look.chosen is None)
        await browser.press("d")
        await browser.until(lambda: screen.cross.start is not None)
        await browser.press("l", "l", "l")
        await browser.shows("distance")
        assert screen.cross.distance.endswith(" km")
        await browser.press("enter")
        await browser.until(lambda: screen.look.chosen is not None or "no feature here" in browser.text)
        await browser.press("number_sign", "i", "y")
        await browser.shows("a line for geopandas")
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_several_blobs_are_layers_of_one_map(store: Storage, browse: Any, tmp_path: Path) -> None:
    store.set("a.geojson", json.dumps(FIELDS))
    store.set("b.fgb", geo_files.write(tmp_path, "b.fgb", "FlatGeobuf", count=10, epsg=32633).read_bytes())
    store.set("c.wkt", "SRID=21781;POINT (600000 200000)")
    store.set("d.txt", "no shapes")
    async with browse() as browser:
        await browser.until(lambda: len(browser.names) == 4)
        await browser.press("ctrl+a", "M")
        await browser.shows("3 layers of 4")
        screen = browser.app.screen
        assert isinstance(screen, FeatureMapScreen)
        await browser.shows("■ a.geojson")
        await browser.shows("× d.txt")
        await browser.shows("holds no shapes")
        rows = screen.look.layers.rows
        if rows[2].base is not None and rows[2].base.told.is_plane:  # without pyproj
            await browser.shows("□ c.wkt")
        bounds = screen.look.layers.bounds()
        assert bounds is not None and bounds[0] == 0 and bounds[2] > 15
        await browser.press("right_square_bracket", "f")
        await browser.until(lambda: (view := screen.look.view) is not None and view.x > 14.9)
        await browser.press("c")
        await browser.shows("in file")
        await browser.shows("EPSG:32633")
        await browser.press("c", "v")
        await browser.shows("b.fgb is hidden")
        await browser.press("left_square_bracket", "0")
        await browser.until(lambda: (view := screen.look.view) is not None and view.x < 8)


async def test_the_pointer_chooses_drags_and_zooms(store: Storage, browse: Any) -> None:
    store.set("a.geojson", json.dumps(FIELDS))
    async with browse() as browser:
        screen = await opened(browser, "a.geojson", "M")
        view = screen.look.view
        assert view is not None
        cell = view.cell_of(3.4, 45.4)
        await browser.pilot.click("#canvas", offset=cell)
        await browser.shows("feature 4 of 10")
        await browser.pilot.mouse_down("#canvas", offset=(30, 8))
        await browser.pilot.mouse_up("#canvas", offset=(40, 10))
        await browser.until(lambda: screen.look.view == view.moved(-10, -2))
        place = view.moved(-10, -2).place_of((12, 12))
        turned = {"delta_x": 0, "delta_y": 0, "button": 0, "shift": False, "meta": False, "ctrl": False}
        screen.canvas.post_message(events.MouseScrollUp(screen.canvas, 12, 12, **turned))
        await browser.until(lambda: screen.look.view is not None and screen.look.view.scale == view.scale / 2)
        closer = screen.look.view
        assert closer is not None
        assert max(abs(a - b) for a, b in zip(closer.place_of((12, 12)), place, strict=True)) < 1e-6


async def test_more_is_read_of_a_large_layer_where_one_looks(store: Storage, browse: Any, tmp_path: Path) -> None:
    store.set("a.fgb", geo_files.write(tmp_path, "a.fgb", "FlatGeobuf", count=31_000, kind="Point").read_bytes())
    async with browse() as browser:
        screen = await opened(browser, "a.fgb", "M")
        await browser.shows("of 31,000")
        view = screen.look.view
        assert view is not None
        screen.look.show(view.fit((20.5, 46.5, 23.5, 48.5)))
        await browser.shows("in view of 31,000")
        row = screen.look.layers.rows[0]
        assert row.window is not None and row.window.told.is_all and row.window.count < 200


@pytest.mark.parametrize("size", [(120, 40), (200, 60), (80, 24), (20, 5), (3, 2)])
async def test_a_map_fits_every_screen(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    store.set("a.geojson", json.dumps(FIELDS))
    async with browse() as browser:
        screen = await opened(browser, "a.geojson", "M")
        await browser.press("n", "c", "d")
        await browser.pilot.resize_terminal(*size)
        await browser.until(lambda: screen.size.width == size[0] and screen.frame.column.display is (size[0] >= 100))
        await browser.until(
            lambda: screen.look.view is not None and screen.look.view.columns == screen.canvas.size.width
        )
        await browser.until(lambda: screen.frame.column.display is (size[0] >= 100))
        await browser.press("plus", "l", "minus", "0")
        await browser.until(lambda: all(len(line) <= size[0] for line in browser.text.splitlines()))
        lines = browser.text.splitlines()
        assert len(lines) == size[1]
        assert size[0] < 20 or any(0x2801 <= ord(sign) <= 0x28FF for line in lines for sign in line)
