"""The key that shows all keys is in every footer, and what it shows can be read at any size."""

from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.tui.widgets.bar_content import footer_content


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 200])
def test_the_footer_of_the_browser_fits_and_has_help(width: int) -> None:
    footer = footer_content("browser", width=width)
    assert "? help" in footer.plain
    assert footer.cell_length <= width
    assert footer.plain.count("? help") == 1


def test_a_wide_footer_keeps_its_order() -> None:
    words = footer_content("browser", width=400).plain
    assert words.index("p preview") < words.index("? help") < words.index("q quit")


async def test_help_is_in_the_footer_of_80_columns(store: Storage, browse: Any) -> None:
    async with browse(size=(80, 24)) as browser:
        await browser.shows("? help")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((120, 40), "  j  ↓          Down: next row"),
        ((80, 24), "  j  ↓          Down: next row"),
        ((20, 5), "j ↓ Down: next"),
    ],
)
async def test_keys_and_words_stand_in_columns_where_there_is_room(
    browse: Any, size: tuple[int, int], words: str
) -> None:
    async with browse(size=size) as browser:
        await browser.press("?")
        await browser.shows(words)
        await browser.pilot.resize_terminal(120, 40)
        await browser.shows("  j  ↓          Down: next row")
