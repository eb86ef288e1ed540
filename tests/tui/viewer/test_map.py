"""The map viewer under Pilot: what is seen and read after each key, at every size of a screen."""

import json
from typing import Any

from storage_tui import Storage
from storage_tui.tui.viewer.map.screen import FeatureMapScreen
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
