"""Map tiles in the viewers under Pilot: pictures as a raster, vector tiles as layers of the map."""

import gzip
from pathlib import Path
from typing import Any

from storage_tui import Storage
from storage_tui.contract.models import Blob
from storage_tui.tui.viewer.raster.screen import RasterScreen
from storage_tui.tui.viewer.raster.taking import python_line
from tests.previews.vector.test_tiled_maps import LINE, SQUARE, tile
from tests.previews.vector.tile_files import mbtiles, picture, pmtiles
from tests.tui.viewer.test_map import opened

BOUNDS = (-170.0, -80.0, 170.0, 80.0)


def every(content: bytes, high: int) -> dict[tuple[int, int, int], bytes]:
    """The same tile everywhere, from zoom 0 to `high`."""
    return {(zoom, x, y): content for zoom in range(high + 1) for x in range(1 << zoom) for y in range(1 << zoom)}


async def test_pictures_open_in_the_raster_viewer(store: Storage, browse: Any, tmp_path: Path) -> None:
    box = ",".join(map(str, BOUNDS))
    store.set("a.mbtiles", mbtiles(tmp_path, every(picture(), 3), bounds=box, minzoom="0", maxzoom="3"))
    store.set("b.pmtiles", pmtiles(every(picture(), 3), bounds=BOUNDS))
    async with browse() as browser:
        for name, line in (("a.mbtiles", "sqlite3.connect('a.mbtiles')"), ("b.pmtiles", ".get(3, 4, 4)")):
            await browser.until(lambda name=name: browser.current == name)
            await browser.press("enter")
            await browser.until(lambda: isinstance(browser.app.screen, RasterScreen))
            screen = browser.app.screen
            assert isinstance(screen, RasterScreen)
            await browser.shows("zooms     0 to 3")
            await browser.press("plus", "plus", "plus", "plus")
            look = screen.look
            await browser.until(lambda look=look: look.picture is not None and look.picture.factor == 1)
            await browser.until(lambda look=look: look.picture.view == look.view)
            await browser.press("c")
            await browser.shows("°")
            assert look.scene is not None and look.view is not None
            assert line in python_line(Blob(name, "data"), look.scene, look.view.centred(1025, 1025), look.style)
            await browser.press("escape", "q")
            await browser.until(lambda: browser.app.screen is browser.main)
            await browser.press("j")


async def test_vector_tiles_are_layers_of_the_map(store: Storage, browse: Any) -> None:
    content = gzip.compress(tile(("fields", [(3, SQUARE, [])]), ("roads", [(2, LINE, [])])))
    store.set("a.pmtiles", pmtiles(every(content, 5), kind=1, bounds=BOUNDS))
    async with browse() as browser:
        screen = await opened(browser, "a.pmtiles", "M")
        await browser.shows("a.pmtiles · fields")
        await browser.shows("a.pmtiles · roads")
        await browser.shows("4 areas, zoom 1 of 5")
        view = screen.look.view
        assert view is not None
        screen.look.show(view.fit((20.5, 46.5, 23.5, 48.5)))
        await browser.shows("zoom 5 of 5")
