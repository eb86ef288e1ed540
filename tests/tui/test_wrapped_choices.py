"""Choices whose words need more rows than one: arrows go from choice to choice, whatever the width."""

from typing import Any

import pytest

from storage_tui.tui.dialogs.profiles import ProfilesScreen

PLACES = {name: f"https://{name}.{'example-' * 14}net/storage/v1" for name in ("lab", "maps", "runs")}


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_arrows_go_from_one_long_choice_to_the_next(browse: Any, size: tuple[int, int]) -> None:
    chosen: list[str | None] = []
    async with browse(size=size) as browser:
        for keys, wanted in (((), "maps"), (("down",), "runs"), (("up", "up"), ""), (("down", "down", "k"), "maps")):
            screen = ProfilesScreen(PLACES, "maps")
            browser.app.push_screen(screen, chosen.append)
            await browser.until(lambda screen=screen: browser.app.screen is screen)
            await browser.press(*keys, "enter")
            await browser.until(lambda: chosen)
            assert chosen.pop() == wanted, keys


async def test_a_choice_keeps_the_cursor_while_the_terminal_changes_its_size(browse: Any) -> None:
    chosen: list[str | None] = []
    async with browse(size=(200, 40)) as browser:
        browser.app.push_screen(ProfilesScreen(PLACES, ""), chosen.append)
        await browser.shows("Profiles")
        await browser.press("down", "down")
        for columns, rows in ((40, 20), (200, 40), (20, 5)):
            await browser.pilot.resize_terminal(columns, rows)
        await browser.press("enter")
        await browser.until(lambda: chosen)
        assert chosen == ["maps"]
