"""S in the browser: a comparison with a local folder, its plan, and its run in both directions."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.keys import Location
from storage_tui.tui.dialogs.delete import DeleteScreen
from storage_tui.tui.syncing.folders import FILE, ComparedFolders
from storage_tui.tui.syncing.screen import SyncScreen
from tests.faults.proxy import NONE, Fault, FaultProxy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local folder that differs from the prefix of `fill` in every way."""
    for name, text in {"same": "same", "size": "longer", "sub/new": "new"}.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "folder"


def fill(store: Storage) -> None:
    for name, text in {"same": "same", "size": "short", "extra": "extra", "ex?tra/odd": "odd"}.items():
        store.set(f"p/{name}", text)


async def compare(browser: Any, folder: Path) -> SyncScreen:
    await browser.press("S")
    await browser.shows("Compare data:p/ with a local folder")
    await browser.press("ctrl+u")
    await browser.type(str(folder))
    await browser.press("enter")
    await browser.until(lambda: isinstance(browser.app.screen, SyncScreen))
    await browser.until(lambda: browser.app.screen._is_complete)
    return browser.app.screen


async def test_a_folder_goes_up_and_the_deletes_are_asked_at_the_end(store: Storage, browse: Any, folder: Path) -> None:
    fill(store)
    async with browse("data:p/") as browser:
        await compare(browser, folder)
        await browser.shows("2 to upload, 2 to delete, 1 the same")
        for words in ("× delete", "only in the store", "other size", "only in the folder", "2 ticked, 9 B"):
            assert words in browser.text
        await browser.press("home")
        await browser.shows(" Space delete  ")
        await browser.press("space", "enter")
        await browser.until(lambda: isinstance(browser.app.screen, DeleteScreen))
        assert store.get("p/sub/new") == b"new"
        assert store.exists("p/ex?tra/odd")
        await browser.shows("Deleted blobs can come back for 24 hours")
        await browser.press("right", "enter")
        await browser.until(lambda: not store.exists("p/ex?tra/odd"))
        await browser.shows("1 to delete, 3 the same")
        assert (store.get("p/size"), store.get("p/extra")) == (b"longer", b"extra")
        await browser.press("Z")
        await browser.shows("Bring back data:p/ex?tra/odd, which was deleted")
        await browser.press("enter")
        await browser.shows("2 to delete, 3 the same")
        await browser.press("Z")
        await browser.shows("Delete the 2 blobs that were uploaded to data, and put back what they replaced")
        await browser.press("enter")
        await browser.until(lambda: not len(browser.app.desk.undo))
        assert store.list("p/") == ["p/ex?tra/odd", "p/extra", "p/same", "p/size"]
        assert store.get("p/size") != b"longer"


async def test_the_other_direction_downloads_and_deletes_local_files(store: Storage, browse: Any, folder: Path) -> None:
    fill(store)
    async with browse("data:p/") as browser:
        screen = await compare(browser, folder)
        await browser.press("tab")
        await browser.shows("3 to download, 1 to delete, 1 the same")
        await browser.press("end", "space", "enter")
        await browser.shows("Overwrite 1 local file in")
        await browser.press("enter")
        await browser.until(lambda: browser.app.screen is screen)
        assert not browser.app.desk.queue.items
        assert (folder / "size").read_text() == "longer"
        await browser.press("enter")
        await browser.shows("Overwrite 1 local file in")
        await browser.press("right", "enter")
        await browser.until(lambda: isinstance(browser.app.screen, DeleteScreen))
        await browser.shows("Delete 1 local file")
        assert (folder / "size").read_text() == "short"
        await browser.press("right", "enter")
        await browser.until(lambda: not (folder / "sub").exists())
        await browser.shows("No difference: 4 files the same")


async def test_a_no_deletes_nothing_and_moves_alone_ask_nothing(store: Storage, browse: Any, folder: Path) -> None:
    fill(store)
    async with browse("data:p/") as browser:
        await compare(browser, folder)
        await browser.press("enter")
        messages = browser.app.desk.log.messages  # once the end is said, a key's answer stays in the line
        await browser.until(lambda: any("2 transfers done" in message.text for message in messages))
        assert len(list(store.iter_list("p/"))) == 5
        await browser.press("R")
        await browser.until(lambda: browser.app.screen._is_complete)
        await browser.shows("  2 to delete, 3 the same")
        await browser.rests()
        await browser.press("enter")
        await browser.shows("no row is ticked")
        await browser.press("home", "space", "enter")
        await browser.until(lambda: isinstance(browser.app.screen, DeleteScreen))
        await browser.press("escape")
        await browser.until(lambda: isinstance(browser.app.screen, SyncScreen))
        assert len(list(store.iter_list("p/"))) == 5


async def test_nothing_is_deleted_when_a_transfer_failed(store: Storage, browse: Any, folder: Path) -> None:
    fill(store)
    async with browse("data:p/") as browser:
        await compare(browser, folder)
        (folder / "sub" / "new").unlink()
        await browser.press("home", "space", "enter")
        messages = browser.app.desk.log.messages  # the end of the transfers is said, too, before or after
        await browser.until(lambda: any("so nothing was deleted" in message.text for message in messages))
        assert store.exists("p/extra")


async def test_the_folder_is_remembered_also_for_the_folders_below(
    store: Storage, browse: Any, folder: Path, tmp_path: Path
) -> None:
    fill(store)
    async with browse("data:p/") as browser:
        await compare(browser, folder)
        await browser.press("q", "S")
        await browser.shows(f"{folder.name}/")
        await browser.press("escape")
    kept = ComparedFolders(tmp_path / "kept", "server")
    kept.keep(Location("data", "p/"), folder)
    assert kept.find(Location("data", "p/q/r/")) == folder / "q" / "r"
    assert kept.find(Location("tmp", "p/")) is None
    for damage in (b"", b"{}", b'[["a"], 3, null, ["b", 4]]', b"[" * 100_000, b"\xff"):
        (tmp_path / "kept" / FILE).write_bytes(damage)
        assert kept.find(Location("data", "p/")) is None
    kept.keep(Location("data", ""), folder)
    assert kept.find(Location("data", "p/")) == folder / "p"


async def test_a_folder_that_is_not_there_yet_can_be_made_by_a_run(store: Storage, browse: Any, tmp_path: Path) -> None:
    fill(store)
    async with browse("data:p/") as browser:
        await compare(browser, tmp_path / "fresh")
        await browser.press("tab")
        await browser.shows("4 to download, 0 the same")
        await browser.press("enter")
        await browser.until(lambda: (tmp_path / "fresh" / "ex?tra" / "odd").exists())


async def test_a_file_in_the_place_of_the_folder_is_refused(browse: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with browse("data:p/") as browser:
        await browser.press("S")
        await browser.shows("with a local folder")
        await browser.press("ctrl+u")
        await browser.type(str(tmp_path / "file"))
        await browser.press("enter")
        await browser.shows("This is a file, not a folder.")


async def test_a_server_that_is_away_is_told_and_compared_again_on_request(
    store: Storage, browse: Any, proxy: FaultProxy, folder: Path
) -> None:
    fill(store)
    async with browse("data:p/", url=proxy.url, retries=0) as browser:
        await browser.until(lambda: browser.names)
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        await browser.press("S")
        await browser.shows("with a local folder")
        await browser.press("ctrl+u")
        await browser.type(str(folder))
        await browser.press("enter")
        await browser.shows("R tries again")
        proxy.default = NONE
        await browser.press("R")
        await browser.shows("2 to upload, 2 to delete")


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (8, 3)])
async def test_every_size_of_terminal_shows_the_plan(store: Storage, browse: Any, folder: Path, size: Any) -> None:
    fill(store)
    async with browse("data:p/", size=size) as browser:
        browser.app.push_screen(SyncScreen(browser.app.desk, Location("data", "p/"), folder))
        await browser.until(lambda: isinstance(browser.app.screen, SyncScreen) and browser.app.screen._is_complete)
        await browser.shows("●" if size[0] > 8 else "▌")
        await browser.press("G", "tab", "space", "ctrl+a", "q")
        await browser.until(lambda: not isinstance(browser.app.screen, SyncScreen))
