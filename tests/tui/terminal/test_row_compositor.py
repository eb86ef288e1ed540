"""Painting the rows that changed: what is sent draws what the whole screen would, and nothing else is asked for."""

import random
from typing import Any

import pyte
import pytest
from textual.geometry import Region

from storage_tui import Storage
from storage_tui.tui.terminal.compositor import RowCompositor

COLUMNS, ROWS = 100, 30


def drawn(update: Any, console: Any) -> pyte.Screen:
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.Stream(screen).feed(update.render_segments(console))
    return screen


@pytest.mark.parametrize("dialog", ["", "?", "y"])
async def test_any_regions_are_drawn_as_on_the_whole_screen(store: Storage, browse: Any, dialog: str) -> None:
    for number in range(40):
        store.set(f"{number:02}.txt", f"line {number}\n" * 50)
    pick = random.Random(dialog)
    async with browse(size=(COLUMNS, ROWS)) as browser:
        await browser.shows("kind text")
        if dialog:
            await browser.press(dialog)
            await browser.until(lambda: browser.app.screen is not browser.main)
        screen, console = browser.app.screen, browser.app.console
        compositor = screen._compositor
        compositor.__class__ = RowCompositor  # dialogs have Textual's own
        compositor._wanted = []
        for _ in range(30):
            stack = browser.app._background_screens
            whole = drawn(compositor.render_update(full=True, screen_stack=stack), console)
            regions = [
                Region(x := pick.randrange(COLUMNS - 1), y := pick.randrange(ROWS - 1),
                       pick.randint(1, COLUMNS - x), pick.randint(1, min(4, ROWS - y)))
                for _ in range(pick.randint(1, 4))
            ]  # fmt: skip
            compositor._dirty_regions.update(regions)
            part = drawn(compositor.render_update(screen_stack=stack), console)
            later = drawn(compositor.render_update(full=True, screen_stack=stack), console)  # blobs a second older
            for region in regions:
                for y in region.line_range:
                    for x in region.column_range:
                        assert part.buffer[y][x] in (whole.buffer[y][x], later.buffer[y][x]), (region, x, y)


async def test_a_step_asks_the_list_for_two_rows_and_no_other_widget_but_the_status(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        store.set(f"{number:02}", "x")
    asked: list[tuple[str, int]] = []
    async with browse(size=(COLUMNS, ROWS)) as browser:
        await browser.shows("1/20")
        await browser.press("p", "j")
        await browser.shows("2/20")
        for widget in browser.main._compositor.visible_widgets:
            draw = widget.render_lines

            def counted(crop: Region, widget: Any = widget, draw: Any = draw) -> Any:
                asked.append((widget.id or type(widget).__name__, crop.height))
                return draw(crop)

            monkeypatch.setattr(widget, "render_lines", counted)
        await browser.press("j")
        await browser.until(lambda: len(asked) >= 3)
        assert browser.main.keys.cursor == 2
        assert sorted(asked) == [("keys", 1), ("keys", 1), ("status", 1)]
