"""The key that shows all keys is in every footer, and what it shows can be read at any size."""

from typing import Any

import pytest
from rich.cells import cell_len

from storage_tui import Storage
from storage_tui.tui.look.two_columns import blocks_of, in_two_columns
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


async def test_wide_help_has_two_columns_and_the_keys_of_this_screen_first(browse: Any) -> None:
    async with browse(size=(120, 160)) as browser:
        await browser.press("?")
        await browser.shows("/searches the keys")
        rows = browser.text.splitlines()
        edge = next(at for at, row in enumerate(rows) if "─" * 60 in row)
        assert rows[1].startswith("▌Move ") and all("│" in row for row in rows[1 : edge - 1])
        here, others = "\n".join(rows[:edge]), "\n".join(rows[edge:])
        assert all(f"{group} " in here for group in ("Move", "Open", "Choose", "Act", "Look", "Program"))
        assert "Download the marked" in here and "In the viewer" in others
        assert all(len(row) <= 120 for row in rows)
        await browser.press("slash")
        await browser.type("zoom")
        await browser.until(lambda: "Download the" not in browser.text and "Zoom in: " in browser.text)
        await browser.press("enter", "escape")
        await browser.shows("Download the marked")
        await browser.pilot.resize_terminal(99, 160)
        await browser.until(lambda: "│" not in browser.text and "/searches the keys" not in browser.text)


@pytest.mark.parametrize("width", [30, 47, 80])
def test_two_columns_keep_every_word_in_order_and_never_pass_the_width(width: int) -> None:
    lines = [[(f"Block {at // 7}", "head")] if at % 7 == 0 else [(f"  key{at}  ", "key"), (f"word{at} " * 9, "")]
             for at in range(50)]  # fmt: skip
    rows = ["".join(part for part, _ in row) for row in in_two_columns(blocks_of(lines), width=width, indent=4)]
    assert all(cell_len(row) <= width for row in rows)
    columns = zip(*(row.split("│") for row in rows), strict=True)
    words = "".join("".join(column) for column in columns)
    assert "".join(words.split()) == "".join("".join(text for line in lines for text, _ in line).split())
    assert in_two_columns([], width=width, indent=4) == []


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
