"""The command table, and what is made from it."""

import pytest
from storage_tui.tui.screens.viewer import ViewerScreen

from storage_tui.tui.commands import BROWSER, COMMANDS, Command, Keymap, clashes, in_context, key_label, markdown_table
from storage_tui.tui.screens.browser import BrowserScreen
from storage_tui.tui.screens.command_screen import CommandScreen
from storage_tui.tui.screens.flat_screen import FlatScreen
from storage_tui.tui.screens.lines_screen import LinesScreen
from storage_tui.tui.screens.transfers import TransfersScreen
from storage_tui.tui.screens.usage import UsageScreen
from storage_tui.tui.widgets.lines import footer_content

SCREENS = {
    "browser": BrowserScreen,
    "rows": BrowserScreen,
    "act": BrowserScreen,
    "flat": FlatScreen,
    "tree": UsageScreen,
    "lines": LinesScreen,
    "viewer": ViewerScreen,
    "transfers": TransfersScreen,
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_has_a_method_on_its_screen_and_words_for_people(command: Command) -> None:
    screen: type[CommandScreen[None]] = SCREENS[command.context]
    assert callable(getattr(screen, f"action_{command.action}"))
    assert command.keys and command.title and command.help and command.group


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
    assert {key for key, _ in keymap.hints()} == {"g", "l", "r"}
    first = keymap.feed("g")
    assert first is not None and first.id == "first"
    assert keymap.feed("g") is None and keymap.feed("x") is None
    assert keymap.pending == ""


def test_a_screen_of_its_own_wins_over_the_shared_lines() -> None:
    command = Keymap("transfers", "lines").feed("x")
    assert command is not None and command.id == "transfer-cancel"
    assert Keymap("lines").feed("q") == next(row for row in COMMANDS if row.id == "close")


def test_keys_are_written_as_people_know_them() -> None:
    assert [key_label(key) for key in ("ctrl+d", "g g", "f5", "space", "G", "down")] == [
        "C-d", "gg", "F5", "Space", "G", "↓",
    ]  # fmt: skip


def test_the_readme_table_has_every_command_of_the_browser() -> None:
    table = markdown_table()
    assert all(f"`{key_label(row.keys[0])}`" in table for row in in_context(*BROWSER))


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_the_footer_is_pruned_to_the_width(width: int) -> None:
    footer = footer_content(in_context(*BROWSER), width=width)
    assert footer.cell_length <= width
    assert width < 40 or "open" in footer.plain
