"""The command table, and what is made from it."""

from collections.abc import Mapping
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Static

from storage_tui import Storage
from storage_tui.tui.command_screen import CommandScreen, find_actions
from storage_tui.tui.commands import (
    COMMANDS,
    EVERYWHERE,
    FOOTERS,
    Command,
    Context,
    Keymap,
    clashes,
    footer_of,
    in_context,
    key_label,
    markdown_table,
)
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.habits import HABITS
from storage_tui.tui.viewer.raster.screen import RasterScreen
from storage_tui.tui.widgets.bar_content import footer_content
from storage_tui.tui.widgets.line_view import LineView
from tests.previews.tiffs import grey, write

WAYS: Mapping[str, Context] = {
    "f": "flat", "t": "flat", "U": "usage", "w": "transfers", "L": "lines", "?": "lines", "i": "lines", "M": "map",
    "f3": "viewer", "f3 t": "table", "F": "contents", "g z": "trash", "S": "sync",
    "enter": "raster",
}  # fmt: skip
"""From the main screen to each other screen."""


@pytest.mark.parametrize("key", ["", *WAYS])
async def test_every_command_of_a_screen_is_carried_out_there(store: Storage, browse: Any, key: str) -> None:
    store.set("map.wkt", write(grey(2, 2, [bytes(4)])) if key == "enter" else "POINT (1 2)")
    async with browse() as browser:
        await browser.until(lambda: browser.current == "map.wkt")
        if key:
            await browser.press(*("question_mark" if key == "?" else key).split())
        if key == "S":  # asks for the folder first
            await browser.shows("with a local folder")
            await browser.press("enter")
            await browser.until(lambda: isinstance(browser.app.screen, CommandScreen))
        await browser.until(lambda: browser.app.screen is not browser.main or not key)
        if key == "f3 t":
            await browser.until(lambda: getattr(browser.app.screen, "CONTEXT", "") == "table")
        if key == "enter":  # the viewer reads the first bytes before it knows
            await browser.until(lambda: isinstance(browser.app.screen, RasterScreen))
        screen: Screen[Any] = browser.app.screen
        assert isinstance(screen, CommandScreen) and WAYS.get(key, "browser") == screen.CONTEXT
        await browser.until(lambda: screen.actions)
        assert list(screen.actions) == [row.id for row in in_context(screen.CONTEXT)]


def test_a_command_that_nothing_carries_out_is_a_defect_when_the_screen_opens() -> None:
    page_down = next(row for row in COMMANDS if row.id == "page-down")
    cursor = Cursor(LineView())
    assert find_actions([page_down], (Static(), cursor)) == {"page-down": cursor.action_page_down}
    with pytest.raises(TypeError, match="no action_page_down in Static"):  # Textual's own does not count
        find_actions([page_down], (Static(),))


def test_the_screens_of_the_test_above_are_all_there_are() -> None:
    assert (
        {"browser", "local", *WAYS.values()} == set(EVERYWHERE) == {name for row in COMMANDS for name in row.contexts}
    )


def test_every_command_is_one_row_and_has_words_for_people() -> None:
    assert len({row.id for row in COMMANDS}) == len(COMMANDS)
    for row in COMMANDS:
        assert row.contexts and row.title and row.help and row.group
        assert all(row.keys_of(context) for context in row.contexts)
        assert set(row.keys_in) <= set(row.contexts)


def test_every_footer_names_commands_that_work_there() -> None:
    for context in EVERYWHERE:
        assert [row.id for row in footer_of(context)] == list(FOOTERS[context])


def test_no_key_is_wanted_twice() -> None:
    assert clashes(COMMANDS) == []
    assert clashes([*COMMANDS, Command("more", ("g",), "More", "more", "Look")])


def test_no_lone_lower_case_letter_deletes() -> None:
    delete = next(command for command in COMMANDS if command.id == "delete")
    assert not any(len(key) == 1 and key.islower() for key in delete.keys)


def test_a_chord_is_held_until_it_is_complete_or_broken() -> None:
    keymap = Keymap("browser")
    assert keymap.feed("g") is None
    assert keymap.pending == "g"
    assert {"g", "l", "r"} <= {key for key, _ in keymap.hints()}
    first = keymap.feed("g")
    assert first is not None and first.id == "first"
    assert keymap.feed("g") is None and keymap.feed("x") is None
    assert keymap.pending == ""


def test_a_key_means_what_its_screen_says() -> None:
    close = next(row for row in COMMANDS if row.id == "close")
    assert Keymap("lines").feed("h") is close and Keymap("usage").feed("q") is close
    command = Keymap("usage").feed("h")
    assert command is not None and command.id == "parent"


def test_keys_are_written_as_people_know_them() -> None:
    assert [key_label(key) for key in ("ctrl+d", "g g", "f5", "space", "G", "down")] == [
        "C-d", "gg", "F5", "Space", "G", "↓",
    ]  # fmt: skip


def test_the_readme_table_has_every_command_of_the_browser() -> None:
    table = markdown_table()
    assert all(f"`{key_label(row.keys[0])}`" in table for row in in_context("browser"))


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_the_footer_is_pruned_to_the_width(width: int) -> None:
    footer = footer_content("browser", width=width)
    assert footer.cell_length <= width
    assert width < 40 or "open" in footer.plain


def test_keys_of_other_programs_lead_to_commands_and_have_none_themselves() -> None:
    rows = {row.id: row for row in in_context("browser")}
    taken = {key for row in rows.values() for key in row.keys_of("browser")}
    firsts = {key.partition(" ")[0] for key in taken if " " in key}
    for key, names in HABITS.items():
        assert key not in taken | firsts, key
        assert names and set(names) <= set(rows), key


async def test_a_key_of_another_program_says_what_to_press(store: Storage, browse: Any) -> None:
    store.set("a", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("f7")
        await browser.shows("F7 does nothing here; n is new blob, u is upload")
        await browser.press("g", "h")
        await browser.shows("gh does nothing here; gr is top of the type, gl is go to location")
        await browser.press("B")
        await browser.shows("B does nothing here; ? is help")
