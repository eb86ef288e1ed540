"""A place that holds nothing says so by its name, and which keys go on."""

from typing import Any

import pytest

from storage_tui import Storage
from tests.tui.conftest import BOTH_WIRES

WIRES = BOTH_WIRES


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_a_prefix_without_blobs_is_named(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    store.set("there", "x", "tmp")
    async with browse("tmp:no/such/", size=size) as browser:
        await browser.shows("Nothing below")
        await browser.shows("goes up, ~")
        assert browser.main.keys.state.startswith("Nothing below tmp:no/such/. h goes up, ~ to the top, u uploads")
        await browser.press("tilde")
        await browser.until(lambda: browser.names == ["there"])
