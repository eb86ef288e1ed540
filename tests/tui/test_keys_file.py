"""Keys of one's own: presets, changes, what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.tui.app import StorageApp
from storage_tui.tui.commands import COMMANDS, EVERYWHERE, Keymap, clashes, key_label, use
from storage_tui.tui.key_names import key_name
from storage_tui.tui.keys_file import PRESETS, commands_of


@pytest.fixture(autouse=True)
def _the_table_again() -> Iterator[None]:
    yield
    use(COMMANDS)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_without_clashes_and_names_commands(preset: str, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text(f'preset = "{preset}"')
    rows, problems = commands_of(tmp_path / "keys.toml")
    assert problems == [] and clashes(rows) == []
    assert set(PRESETS[preset]) <= {row.id for row in COMMANDS}


def test_a_key_of_ones_own_works_and_no_file_changes_nothing(tmp_path: Path) -> None:
    assert commands_of(tmp_path / "none.toml") == (COMMANDS, [])
    file = tmp_path / "keys.toml"
    file.write_text('[keys]\nusage = ["Q", "g u"]')
    rows, problems = commands_of(file)
    use(rows)
    assert problems == []
    command = Keymap("browser").feed("Q")
    assert command is not None and command.id == "usage" and Keymap("browser").feed("U") is None


def test_a_motion_is_one_id_for_every_screen(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('[keys]\ndown = ["J"]\npreview-down = ["alt+j"]\npage-down = ["alt+q"]')
    rows, problems = commands_of(file)
    use(rows)
    assert problems == []
    for context in EVERYWHERE:
        command = Keymap(context).feed("J")
        assert command is not None and command.id == "down" and Keymap(context).feed("j") is None
    assert Keymap("viewer").feed("alt+q") is Keymap("browser").feed("alt+q") is not None
    assert Keymap("viewer").feed("space") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[keys]\nusage = ["D"]', "D is both"),
        ('[keys]\nusage = ["g"]', "begins"),
        ('[keys]\nusages = ["x"]', "unknown command 'usages'; did you mean usage?"),
        ('[keys]\nxyzzy = ["x"]', "storage-tui man lists them under KEYS"),
        ("[keys]\nusage = 3", "must be a list"),
        ('preset = "emacs"', "unknown preset"),
        ("colour = 1", "unknown setting"),
        ("= 1", "cannot be read"),
        ('preset = ["mc"]', "unknown preset"),
        ("keys = 5", "keys must be a table"),
        ('[keys]\nusage = ["PgDwn"]', "'PgDwn' of usage is not a key; keys are written as"),
        ('[keys]\nusage = ["hyper+x"]', "is not a key"),
    ],
)
def test_what_cannot_be_used_is_said_and_no_command_is_lost(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text)
    rows, problems = commands_of(file)
    assert any(problem in line for line in problems) and rows == COMMANDS


@pytest.mark.parametrize(
    ("written", "key"),
    [("C-d", "ctrl+d"), ("ctrl+D", "ctrl+d"), ("PgDn", "pagedown"), ("Space u", "space u"), ("shift+u", "U"),
     ("question_mark", "?"), ("M-?", "alt+question_mark"), ("F5", "f5"), ("+", "+"), ("-", "-"),
     ("C-\\", "ctrl+backslash"), ("↓", "down"), ("alt+left", "alt+left"), ("C-S-up", "ctrl+shift+up"), ("é", "é")],
)  # fmt: skip
def test_keys_may_be_written_as_help_shows_them(written: str, key: str) -> None:
    assert key_name(written) == key


def test_every_key_of_the_table_and_its_label_name_it() -> None:
    for row in COMMANDS:
        for key in row.keys:
            assert key_name(key) == key
            assert " " in key or key_name(key_label(key)) == key


async def test_a_clash_is_shown_at_the_start_and_what_is_chosen_is_told_at_the_end(
    server: Any, token: str, store: Storage, tmp_path: Path
) -> None:
    store.set("a/b", "x")
    (tmp_path / "keys.toml").write_text('[keys]\nusage = ["D"]')
    app = StorageApp(
        AsyncStorage(server.url, token=token), state_dir=tmp_path, title="test", keys_file=tmp_path / "keys.toml"
    )
    async with app.run_test(size=(120, 30)) as pilot:
        for _ in range(400):
            await pilot.pause(0.025)
            text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            if "D is both" in text and "a/" in text:
                break
        assert "keys.toml: D is both" in text
        await pilot.press("space", "q")
        await pilot.pause()
    assert [str(place) for place in app.chosen] == ["data:a/"] and str(app.place) == "data:"
