"""The lists of local folders in the questions before uploads and downloads."""

from pathlib import Path
from typing import Any

import pytest
from textual import events

from storage_tui import Storage
from storage_tui.tui.local.browse import FolderBrowser
from storage_tui.tui.widgets.path_input import PathInput
from tests.tui.conftest import Browser


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    for name in ("a.txt", "b.txt", "sub/c.txt", "sub/deep/d.txt", "it's here.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def browser_of(browser: Browser) -> FolderBrowser:
    return browser.app.screen.query_one(FolderBrowser)


def listed(browser: Browser) -> list[str]:
    listing = browser_of(browser).view.listing
    return [row.key[len(listing.prefix) :] for row in listing.rows()] if listing.is_complete else []


async def ask_upload(browser: Browser) -> None:
    await browser.press("u")
    await browser.shows("Type the name of a")
    await browser.until(lambda: listed(browser)[:1] == ["sub/"])


async def test_several_rows_are_marked_and_uploaded_at_once(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await ask_upload(browser)
        await browser.press("down", "space", "space")
        await browser.shows("2 marked: 3 files")
        await browser.press("up", "up", "enter")  # into sub/
        await browser.until(lambda: listed(browser) == ["deep/", "c.txt"])
        await browser.press("left")
        await browser.until(lambda: len(listed(browser)) == 4)
        await browser.press("G", "enter")
        await browser.shows("3 done")
    assert store.list() == ["a.txt", "sub/c.txt", "sub/deep/d.txt"]


async def test_enter_on_a_file_of_the_list_uploads_it(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await ask_upload(browser)
        await browser.press("down", "down", "enter")
        await browser.until(lambda: browser.names == ["a.txt"])


async def test_typing_moves_the_list_and_lists_what_is_typed(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await ask_upload(browser)
        await browser.type("b")
        await browser.until(lambda: browser_of(browser).view.cursor == 2)
        await browser.press("backspace")
        await browser.type("sub/")
        await browser.until(lambda: listed(browser) == ["deep/", "c.txt"])
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_esc_drops_the_marks_first(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await ask_upload(browser)
        await browser.press("down", "down", "space")
        await browser.shows("File, 5 B")
        await browser.press("escape")
        await browser.until(lambda: not browser_of(browser).marked)
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)
    assert store.list() == []


async def test_arrows_go_through_the_list_to_the_next_field(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await ask_upload(browser)
        await browser.press("down", "down", "down", "down")
        assert browser_of(browser).has_keys
        await browser.press("down")
        assert not browser_of(browser).has_keys
        await browser.press("up", "up")
        assert browser_of(browser).has_keys


async def test_a_dropped_path_loses_its_quotes_and_several_are_marked(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await ask_upload(browser)
        field = browser.app.screen.query_one(PathInput)
        field.post_message(events.Paste("'" + str(here / "it's here.txt").replace("'", "'\\''") + "' "))
        await browser.until(lambda: field.value == str(here / "it's here.txt"))
        field.post_message(events.Paste(f"'{here}/a.txt' '{here}/sub'"))
        await browser.shows("2 marked: 3 files")
        field.post_message(events.Paste("plain words\nand more"))
        await browser.until(lambda: field.value.endswith("plain words"))


async def test_a_download_goes_to_the_folder_chosen_in_the_list(here: Path, store: Storage, browse: Any) -> None:
    store.set("x", b"1")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["x"])
        await browser.press("d")
        await browser.shows("Download x")
        await browser.until(lambda: listed(browser) == ["sub/"])
        await browser.press("down", "enter")
        await browser.until(lambda: listed(browser) == ["deep/"])
        await browser.press("up", "enter")
        await browser.shows("1 done")
    assert (here / "sub" / "x").read_bytes() == b"1"


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 5)])
async def test_the_question_can_be_answered_at_small_sizes(
    here: Path, store: Storage, browse: Any, size: tuple[int, int]
) -> None:
    async with browse(size=size) as browser:
        await browser.press("u")
        await browser.until(lambda: bool(browser.app.screen.query(PathInput)))
        await browser.type("a.txt")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["a.txt"])
