"""Downloads as they are asked for: where to, under which names, and what about files that are there."""

from pathlib import Path
from threading import get_ident
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.batch.folders import find_files
from storage_tui.tui.rows import downloading
from storage_tui.tui.widgets.path_input import PathInput
from tests.tui.conftest import BOTH_WIRES

WIRES = BOTH_WIRES


async def test_a_download_is_planned_beside_the_keys(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set("a", b"1")
    threads: list[int] = []
    plan = downloading.plan_downloads
    monkeypatch.setattr(downloading, "plan_downloads", lambda *rest: threads.append(get_ident()) or plan(*rest))
    async with browse() as browser:
        await browser.until(lambda: browser.current == "a")
        await browser.press("d")
        await browser.shows("Download a")
        await browser.press("enter")
        await browser.shows("1 done")
    assert threads and get_ident() not in threads


async def test_a_folder_that_cannot_be_looked_at_is_told_and_asked_again(store: Storage, browse: Any) -> None:
    store.set("a", b"1")
    async with browse() as browser:
        await browser.until(lambda: browser.current == "a")
        await browser.press("d")
        await browser.shows("Download a")
        field = browser.app.screen.query_one(PathInput)
        field.value = f"/{'x' * 300}/"
        await browser.shows("File name too long")
        await browser.press("enter")
        await browser.shows("File name too long")
        field.value = "~/there/"
        await browser.shows("The folder is made")
        await browser.press("enter")
        await browser.shows("1 done")


async def test_marked_blobs_and_folders_are_downloaded_below_the_folder_chosen(
    store: Storage, browse: Any, tmp_path: Path
) -> None:
    keys = ("maps/a//b", "maps/abc", "maps/abc/d", "maps/x:y\\z", "top")
    for key in keys:
        store.set(key, key)
    target = tmp_path / "out"
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["maps/", "top"])
        await browser.press("ctrl+a", "d")
        await browser.shows("Download 5 blobs")
        await browser.type(str(target))
        await browser.press("enter")
        await browser.shows("↓ 5 done")
    assert {file.key: file.path.read_text() for file in find_files(target, "")} == {key: key for key in keys}
    assert (target / "maps" / "abc").is_file()


@pytest.mark.parametrize(
    ("presses", "wanted"),
    [(0, {"f.txt": "local"}), (1, {"f.txt": "remote"}), (2, {"f.txt": "local", "f (2).txt": "remote"})],
)
async def test_a_download_asks_what_to_do_with_files_that_are_there(
    store: Storage, browse: Any, tmp_path: Path, presses: int, wanted: dict[str, str]
) -> None:
    store.set("f.txt", "remote")
    (tmp_path / "here" / "f.txt").write_text("local")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["f.txt"])
        await browser.press("d")
        await browser.shows("Download f.txt")
        await browser.press("down", *["right"] * presses, "enter")
        await browser.until(lambda: browser.app.desk.queue.items and not browser.app.desk.queue.is_active)
    assert {path.name: path.read_text() for path in (tmp_path / "here").iterdir()} == wanted


async def test_a_download_is_not_written_through_a_symbolic_link(store: Storage, browse: Any, tmp_path: Path) -> None:
    store.set("a/b", "x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here" / "a").symlink_to(tmp_path / "elsewhere")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a/"])
        await browser.press("d")
        await browser.shows("Download a/b")
        await browser.press("enter", "w")
        await browser.shows("failed")
        await browser.press("r")
        await browser.shows("1 failed")
    assert not list((tmp_path / "elsewhere").iterdir())


async def test_news_of_the_text_that_come_after_enter_do_not_undo_the_enter(
    store: Storage, browse: Any, tmp_path: Path
) -> None:
    store.set("f.txt", "remote")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["f.txt"])
        await browser.press("d")
        await browser.shows("Download f.txt")
        screen = browser.app.screen
        screen._submit()
        screen._check.look(str(tmp_path / "here"))  # what a busy machine does with the text of the beginning
        await browser.until((tmp_path / "here" / "f.txt").exists)
