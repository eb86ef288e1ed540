"""The upload dialog: the folder it begins with is no answer, and many files are asked about before they go."""

import os
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.tui.dialogs.upload import UploadScreen

SIZES = [(120, 40), (80, 24), (20, 5)]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The working directory, with three files and a folder of twenty."""
    folder = tmp_path / "here"
    for name in ("a", "b", "c", *(f"many/{number:02}" for number in range(20))):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("12345")
    return folder


@pytest.mark.parametrize("size", SIZES)
async def test_enter_on_the_folder_given_asks_with_count_and_bytes(
    here: Path, store: Storage, browse: Any, size: tuple[int, int]
) -> None:
    async with browse(size=size) as browser:
        await browser.press("u")
        await browser.shows("Type the name of a" if size[0] < 80 else "Type the name of a file or folder")
        await browser.press("enter")
        await browser.shows("23 files, 115 B")
        assert isinstance(browser.app.screen, UploadScreen)
        assert not browser.app.desk.queue.items
        await browser.press("escape")
    assert store.list() == []


async def test_a_second_enter_uploads_all_of_it(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await browser.press("u")
        await browser.shows("Type the name of a file or folder")
        await browser.press("enter")
        await browser.shows("Enter again uploads them all, as here/a")
        await browser.press("enter")
        await browser.shows("23 done")
    assert len(store.list()) == 23


async def test_a_folder_of_many_files_that_was_typed_asks_and_what_is_typed_next_takes_that_back(
    here: Path, store: Storage, browse: Any
) -> None:
    async with browse() as browser:
        await browser.press("u")
        await browser.shows("Type the name of a file or folder")
        await browser.type("many")
        await browser.shows("Folder, 20 files, 100 B")
        await browser.press("enter")
        await browser.shows("20 files, 100 B: Enter again uploads them all")
        await browser.press("slash")
        await browser.shows("Folder, 20 files, 100 B")
        await browser.press("enter")
        await browser.shows("20 files, 100 B: Enter again uploads them all")
        await browser.press("enter")
        await browser.shows("20 done")
    assert len(store.list("many/")) == 20


async def test_a_file_goes_at_once(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await browser.press("u")
        await browser.type("a")
        await browser.shows("File, 5 B")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["a"])


async def test_a_working_folder_that_was_removed_gives_way_to_the_home_folder(
    here: Path, store: Storage, browse: Any, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    (tmp_path / "file").write_text("12345")
    try:
        async with browse() as browser:
            await browser.press("u")
            await browser.shows(f"{tmp_path}/")
            await browser.type("file")
            await browser.shows("File, 5 B")
            await browser.press("enter")
            await browser.until(lambda: browser.names == ["file"])
    finally:
        os.chdir(here)


async def test_what_a_folder_holds_and_cannot_be_taken_is_told_before(here: Path, store: Storage, browse: Any) -> None:
    (here / "many" / "bad\nname").write_text("x")
    (here / "many" / "link").symlink_to("/etc")
    async with browse() as browser:
        await browser.press("u")
        await browser.type("many")
        await browser.shows("Folder, 20 files, 100 B")
        await browser.shows("2 left out: the name of")
        await browser.press("enter")
        await browser.shows("20 files, 100 B: Enter again uploads them all")
        await browser.press("enter")
        await browser.shows("20 done")
    assert len(store.list("many/")) == 20
