"""The local side in the real browser: shown by s, its own cursor, marks, filter and sort, previews, the viewer."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.tui.commands import in_context
from storage_tui.tui.local.side import LocalSide
from tests.tui.conftest import Browser

SIZES = [(200, 60), (120, 40), (100, 16), (80, 24), (60, 30), (40, 10), (20, 5)]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The working directory with some files."""
    folder = tmp_path / "here"
    for name, text in (
        ("a.txt", "words of a"),
        ("b.json", '{"b": 1}'),
        ("c.bin", "12345"),
        ("sub/deep.txt", "deep"),
        (".h", "h"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def side(browser: Browser) -> LocalSide:
    found = browser.main._sides._side
    assert found is not None
    return found


def names(browser: Browser) -> list[str]:
    listing = side(browser).view.listing
    return [row.key[len(listing.prefix) :] for row in listing.rows()]


def at(browser: Browser) -> str:
    row = side(browser).view.current
    return row.key.rstrip("/").rpartition("/")[2] if row is not None else ""


async def open_side(browser: Browser) -> None:
    await browser.press("s")
    await browser.until(lambda: browser.main._sides._side is not None and side(browser).view.listing.is_complete)
    await browser.until(lambda: browser.main.focused is side(browser).view)


async def test_the_rows_of_both_sides_begin_at_one_height(here: Path, store: Storage, browse: Any) -> None:
    store.set("a", b"x")
    async with browse() as browser:
        await open_side(browser)
        for width in (160, 120, 80):
            await browser.pilot.resize_terminal(width, 40)
            await browser.until(
                lambda: any(row.count(" name ") == 2 and row.count(" size ") == 2 for row in browser.text.splitlines())
            )


@pytest.mark.parametrize("size", SIZES)
async def test_the_local_side_opens_and_closes_at_every_size(
    here: Path, store: Storage, browse: Any, size: tuple[int, int]
) -> None:
    store.set("blob", b"x")
    async with browse(size=size) as browser:
        await browser.until(lambda: browser.names == ["blob"])
        await open_side(browser)
        await browser.shows("sub/")
        assert names(browser) == ["sub/", "a.txt", "b.json", "c.bin"]
        await browser.press("j")
        assert at(browser) == "a.txt"
        await browser.press("tab")
        await browser.until(lambda: browser.main.focused is browser.main.keys)
        await browser.shows("blob")
        await browser.press("s")
        await browser.until(lambda: not browser.main._sides.is_open)
        await browser.until(lambda: "sub/" not in browser.text)
        await browser.shows("blob")


async def test_every_command_of_the_local_side_is_carried_out_there(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await open_side(browser)
        assert browser.main.context == "local"
        assert list(browser.main.actions) == [row.id for row in in_context("local")]
        await browser.press("tab")
        await browser.until(lambda: browser.main.context == "browser")
        assert list(browser.main.actions) == [row.id for row in in_context("browser")]


async def test_tab_without_a_local_side_shows_the_details(store: Storage, browse: Any) -> None:
    store.set("blob", b"x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["blob"])
        await browser.press("tab")
        await browser.shows("Details")


async def test_folders_are_walked_and_the_cursor_is_remembered(
    here: Path, store: Storage, browse: Any, tmp_path: Path
) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("enter")
        await browser.until(lambda: names(browser) == ["deep.txt"])
        await browser.press("h")
        await browser.until(lambda: at(browser) == "sub")
        await browser.press("h")
        await browser.until(lambda: at(browser) == "here")
        await browser.press("H")
        await browser.until(lambda: names(browser)[-1:] == ["c.bin"])
        await browser.press("tilde")
        await browser.until(lambda: side(browser).walking.folder == tmp_path)
        await browser.press("g", "l")
        await browser.shows("Go to a local folder")
        await browser.type("here/sub/deep.txt")
        await browser.press("enter")
        await browser.until(lambda: at(browser) == "deep.txt")
        await browser.press("g", "l")
        await browser.shows("Go to a local folder")
        await browser.type("/")
        await browser.press("enter")
        await browser.until(lambda: side(browser).walking.folder == Path("/"))
        await browser.press("h")
        await browser.shows("this is the top of the file system")


async def test_marks_filter_sort_and_hidden_names_are_those_of_the_local_side(
    here: Path, store: Storage, browse: Any
) -> None:
    store.set("blob", b"x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["blob"])
        await open_side(browser)
        await browser.press("ctrl+a")
        await browser.shows("● 3 · 23 B + 1 folder")
        assert not len(browser.app.desk.marks)
        await browser.press("escape")
        await browser.until(lambda: not len(side(browser).desk.marks))
        await browser.press("slash")
        await browser.type("json")
        await browser.until(lambda: names(browser) == ["b.json"])
        await browser.press("enter")
        assert browser.names == ["blob"]
        await browser.press("escape")
        await browser.until(lambda: len(names(browser)) == 4)
        await browser.press("o", "o")  # by name, by size in the order of the table
        await browser.until(
            lambda: names(browser) != ["sub/", "a.txt", "b.json", "c.bin"] or side(browser).sorting.wanted
        )
        await browser.press("full_stop")
        await browser.until(lambda: ".h" in names(browser))
        await browser.press("plus")
        await browser.shows("Mark")
        await browser.type("*.txt")
        await browser.press("enter")
        await browser.until(lambda: [row.key for row in side(browser).desk.marks] == [str(here / "a.txt")])


async def test_a_local_file_is_previewed_and_viewed_by_the_same_code(here: Path, store: Storage, browse: Any) -> None:
    store.set("blob", b"of the store")
    async with browse() as browser:
        await browser.shows("of the store")
        await open_side(browser)
        await browser.press("j")
        await browser.shows("words of a")
        await browser.press("j")
        await browser.shows('"b"')
        await browser.press("tab")
        await browser.shows("of the store")
        await browser.press("tab", "k", "enter")
        await browser.until(lambda: type(browser.app.screen).__name__ == "ViewerScreen")
        await browser.shows("words of a")
        (here / "a.txt").write_text("other words now")
        await browser.press("R")
        await browser.shows("other words now")
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_links_pipes_and_unreadable_folders_are_told_and_nothing_hangs(
    here: Path, store: Storage, browse: Any, tmp_path: Path
) -> None:
    (here / "x-link").symlink_to(tmp_path / "here" / "sub")
    (here / "y-nowhere").symlink_to("nowhere")
    os.mkfifo(here / "z-pipe")
    async with browse() as browser:
        await open_side(browser)
        await browser.press("G")
        await browser.until(lambda: at(browser) == "z-pipe")
        await browser.shows("is a named pipe")
        await browser.press("enter")
        await browser.shows("this is a named pipe")
        await browser.press("k", "enter")
        await browser.shows("y-nowhere is a link to nowhere, and nothing is there")
        await browser.press("k")
        await browser.shows(f"leads to {tmp_path}/here/sub/")
        await browser.press("enter")
        await browser.until(lambda: names(browser) == ["deep.txt"])
        await browser.shows("x-link is a link: this is")
        assert side(browser).walking.folder == here / "sub"


async def test_a_folder_that_is_gone_is_told_in_one_line_and_left_upwards(
    here: Path, store: Storage, browse: Any
) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("enter")
        await browser.until(lambda: names(browser) == ["deep.txt"])
        (here / "sub" / "deep.txt").unlink()
        (here / "sub").rmdir()
        await browser.press("R")
        await browser.shows("No such file or directory: cannot read the folder")
        await browser.press("h")
        await browser.until(lambda: names(browser) == ["a.txt", "b.json", "c.bin"])


async def test_changes_are_seen_on_refresh(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await open_side(browser)
        (here / "new").write_text("x")
        await browser.press("R")
        await browser.until(lambda: "new" in names(browser))


async def test_a_click_gives_the_keys_to_a_side(here: Path, store: Storage, browse: Any) -> None:
    store.set("blob", b"x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["blob"])
        await open_side(browser)
        await browser.pilot.click("#keys", offset=(5, 9))
        await browser.until(lambda: browser.main.context == "browser")
        await browser.pilot.click("#local-keys", offset=(5, 2))
        await browser.until(lambda: browser.main.context == "local")
        assert at(browser) == "a.txt"


async def test_local_rows_go_to_the_trash_after_a_question_and_nowhere_without_one(
    here: Path, store: Storage, browse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    async with browse() as browser:
        await open_side(browser)
        await browser.press("j", "D")
        await browser.shows("no trash of a desktop")
        assert (here / "a.txt").exists()
        (tmp_path / ".local" / "share" / "Trash").mkdir(parents=True)
        await browser.press("space", "space", "D")
        await browser.shows("Put 2 local files into the trash?")
        await browser.press("enter")
        await browser.until(lambda: browser.app.screen is browser.main)
        assert (here / "a.txt").exists()
        await browser.press("D")
        await browser.shows("Put 2 local files into the trash?")
        await browser.press("right", "enter")
        await browser.until(lambda: names(browser) == ["sub/", "c.bin"])
        assert at(browser) == "c.bin"
    assert sorted(path.name for path in (tmp_path / ".local/share/Trash/files").iterdir()) == ["a.txt", "b.json"]


def test_nothing_of_the_local_side_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import storage_tui.tui.app, sys\n"
        "late = ('local_files', 'dialogs.upload', 'dialogs.download', 'dialogs.send')\n"
        "print([name for name in sys.modules if 'tui.local' in name or name.endswith(late)])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


async def test_r_renames_a_local_row_and_replaces_nothing(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("j")
        await browser.until(lambda: at(browser) == "a.txt")
        await browser.press("r")
        await browser.shows("Rename the local file a.txt")
        await browser.press("ctrl+u", "delete", "delete", "delete", "delete")
        await browser.type("b.json")
        await browser.press("enter")
        await browser.shows("b.json exists already, and nothing is replaced")
        await browser.press("ctrl+u")
        await browser.type("a/b")
        await browser.press("enter")
        await browser.shows("a name has no slash")
        await browser.press("ctrl+u")
        await browser.type("z.txt")
        await browser.press("enter")
        await browser.shows("renamed a.txt to z.txt")
        await browser.until(lambda: at(browser) == "z.txt")
        await browser.press("g", "g", "r")
        await browser.shows("Rename the local folder sub")
        await browser.press("ctrl+u")
        await browser.type("new")
        await browser.press("enter")
        await browser.until(lambda: at(browser) == "new")
    assert (here / "z.txt").read_text() == "words of a" and (here / "b.json").read_text() == '{"b": 1}'
    assert (here / "new" / "deep.txt").read_text() == "deep" and not (here / "sub").exists()


async def test_e_is_for_files_only(here: Path, store: Storage, browse: Any) -> None:
    os.mkfifo(here / "pipe")
    async with browse() as browser:
        await open_side(browser)
        await browser.press("e")
        await browser.shows("an editor opens a file; the cursor is on a folder")
        await browser.press("G")
        await browser.until(lambda: at(browser) == "pipe")
        await browser.press("e")
        await browser.shows("an editor opens a file; this is a named pipe")
