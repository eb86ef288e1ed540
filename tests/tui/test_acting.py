"""Marks, delete, upload, download, transfers, the copy menu: what changes something or takes it away."""

import asyncio
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.app import StorageApp
from storage_tui.tui.flows import downloading
from storage_tui.tui.screens.copy import CopyScreen
from storage_tui.tui.screens.delete import DeleteScreen
from storage_tui.tui.screens.quit import QuitScreen
from storage_tui.tui.state.transfers import Transfer
from storage_tui.tui.widgets.path_input import PathInput
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.tui.conftest import BOTH_WIRES, Browser

WIRES = BOTH_WIRES


async def test_delete_has_no_preselected_and_the_cursor_goes_to_the_next_survivor(store: Storage, browse: Any) -> None:
    for key in ("a", "b", "c", "d"):
        store.set(key, key)
    async with browse() as browser:
        await browser.until(lambda: len(browser.names) == 4)
        await browser.press("j", "D")
        await browser.shows("Delete 1 blob from data?")
        await browser.press("enter")
        await browser.until(lambda: not isinstance(browser.app.screen, DeleteScreen))
        assert await asyncio.to_thread(store.exists, "b")
        await browser.press("space", "space", "D")
        await browser.shows("Delete 2 blobs from data?")
        await browser.press("right", "enter")
        await browser.until(lambda: browser.names == ["a", "d"] and browser.current == "d")
        await browser.shows("deleted 2 blobs")
        assert not len(browser.app.session.marks)


async def test_more_than_ten_need_the_count_typed(store: Storage, browse: Any) -> None:
    for number in range(11):
        store.set(f"photos/2024/{number}", "x")
    store.set("photos/2024-old/kept", "x")
    async with browse("data:photos/") as browser:
        await browser.until(lambda: browser.names == ["2024-old/", "2024/"])
        await browser.press("j", "D")
        await browser.shows("Type 11 to delete them")
        await browser.type("12")
        await browser.press("enter")
        await browser.shows("That is not 11")
        await browser.press("backspace")
        await browser.type("1")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["2024-old/"])
        assert await asyncio.to_thread(store.exists, "photos/2024-old/kept")


@pytest.mark.additions("it has no conditional delete")
async def test_a_blob_overwritten_since_it_was_seen_is_kept_and_reported(store: Storage, browse: Any) -> None:
    store.set("a", "old")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("D")
        await browser.shows("Delete 1 blob")
        await asyncio.to_thread(store.set, "a", "new")
        await browser.press("right", "enter")
        await browser.shows("deleted 0 of 1, 1 kept")
        assert await asyncio.to_thread(store.get, "a") == b"new"
        await browser.press("L")
        await browser.shows("was kept")


async def test_esc_stops_a_delete_between_batches_and_the_list_tells_the_truth(
    store: Storage, browse: Any, proxy: FaultProxy
) -> None:
    await asyncio.to_thread(lambda: [store.set(f"n/{number:04}", "x") for number in range(600)])
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["n/"])
        await browser.press("D")
        await browser.shows("Type 600 to delete them")
        await browser.type("600")
        proxy.default = Fault(rate_bytes_s=20_000)
        proxy.cut_all()
        await browser.press("enter")
        await browser.shows("Deleting")
        await browser.press("u", "escape", "escape")
        await browser.shows("stopped: deleted at least")
        proxy.default = NONE
        proxy.cut_all()
        await browser.press("R")
        await browser.until(lambda: browser.names == ["n/"] and not browser.main.is_reading)
        assert store.list("n/")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_products_explain_why_they_cannot_be_deleted(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    store.set("scene", "x", "products")
    async with browse("products:", size=size) as browser:
        await browser.until(lambda: browser.names == ["scene"])
        await browser.press("D")
        await browser.shows("cannot delete from products: remove the image with Image.delete()")
        await browser.press("L")
        await browser.shows("Image.delete()")
        await browser.press("escape")
        assert STORAGE_TYPES["products"].way_out


@pytest.mark.additions("its lists are keys only")
async def test_marks_stay_across_folders_and_types(store: Storage, browse: Any) -> None:
    store.set("f/a", "12345")
    store.set("g/b", "123")
    store.set("t", "12", "tmp")
    async with browse("data:f/") as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("space", "h")
        await browser.until(lambda: browser.names == ["f/", "g/"])
        await browser.press("G", "l")
        await browser.until(lambda: browser.names == ["b"])
        await browser.press("space", "2")
        await browser.until(lambda: browser.names == ["t"])
        await browser.press("space")
        await browser.shows("● 3 · 10 B")
        await browser.press("1")
        await browser.until(lambda: browser.names == ["b"])


async def test_ranges_all_and_invert(store: Storage, browse: Any) -> None:
    for key in "abcdef":
        store.set(key, "x")
    async with browse() as browser:
        await browser.until(lambda: len(browser.names) == 6)
        marks = browser.app.session.marks
        await browser.press("j", "v", "j", "j", "v", "j")
        assert [row.key for row in marks] == ["b", "c", "d"]
        await browser.press("V")
        assert sorted(row.key for row in marks) == ["a", "e", "f"]
        await browser.press("ctrl+a")
        assert len(marks) == 6
        await browser.press("ctrl+a")
        assert len(marks) == 0


async def test_a_folder_is_uploaded_and_appears(store: Storage, browse: Any, tmp_path: Path) -> None:
    source = tmp_path / "here" / "batch"
    (source / "deep").mkdir(parents=True)
    (source / "one.txt").write_text("one")
    (source / "deep" / "two.txt").write_text("two")
    async with browse("data:in/") as browser:
        await browser.press("u")
        await browser.shows("Upload to data")
        await browser.type("bat")
        await browser.press("tab")
        await browser.shows("Folder, 2 files, 6 B")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["batch/"])
        await browser.shows("↑ 2 done")
    assert store.get("in/batch/deep/two.txt") == b"two"


async def test_an_upload_skips_keys_that_are_there_unless_told_otherwise(
    store: Storage, browse: Any, tmp_path: Path
) -> None:
    store.set("file", "kept")
    (tmp_path / "here" / "file").write_text("new")
    async with browse() as browser:
        for words, keys, wanted in (
            ("skipped", (), b"kept"),
            ("verified", ("down", "down", "right"), b"new"),
        ):
            await browser.press("u")
            await browser.shows("Upload to data")
            await browser.type("file")
            await browser.shows("File, 3 B")
            await browser.press(*keys, "enter")
            await browser.until(lambda: not browser.app.session.queue.is_active)
            await browser.press("w")
            await browser.shows(words)
            await browser.press("escape")
            assert await asyncio.to_thread(store.get, "file") == wanted


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


async def test_what_is_copied_unseen_is_told(store: Storage, browse: Any) -> None:
    store.set("a\u202etxt", b"1")
    async with browse() as browser:
        await browser.shows("a\\u202etxt")
        await browser.press("y")
        await browser.until(lambda: isinstance(browser.app.screen, CopyScreen))
        await browser.press("k")
        await browser.shows("sent the key with 1 character not to be seen here to the terminal's clipboard")


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
    files = {path.relative_to(target).as_posix(): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert sorted(files.values()) == sorted(keys)
    assert files["maps/abc/d" if "maps/abc/d" in files else "maps/abc%~2/d"] == "maps/abc/d"


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
        await browser.until(lambda: browser.app.session.queue.items and not browser.app.session.queue.is_active)
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


async def test_transfers_can_be_cancelled_and_quitting_asks(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path
) -> None:
    store.set("big", b"x" * 8_000_000)
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["big"])
        proxy.default = Fault(rate_bytes_s=400_000)
        await browser.press("d")
        await browser.shows("Download big")
        await browser.press("enter")
        queue = browser.app.session.queue
        await browser.until(lambda: queue.running == 1 and queue.items[0].done_bytes > 0)
        await browser.press("q")
        await browser.until(lambda: isinstance(browser.app.screen, QuitScreen))
        await browser.press("enter", "w")
        await browser.shows("running")
        await browser.press("p")
        await browser.shows("paused")
        await browser.press("x")
        await browser.shows("cancelled")
        await browser.until(lambda: not queue.is_active)
    assert not (tmp_path / "here" / "big").exists()


async def test_the_copy_menu_masks_the_url_until_asked(store: Storage, browse: Any) -> None:
    store.set("it's", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["it's"])
        await browser.press("y")
        await browser.shows(f"Storage('{browser.app.session.storage.display_url}').get(")
        await browser.press("u")
        await browser.shows("••••••••")
        assert "sig=" not in browser.text
        await browser.press("s")
        await browser.shows("sig=")
        await browser.press("k")
        await browser.until(lambda: not isinstance(browser.app.screen, CopyScreen))
        await browser.shows("sent the key to the terminal's clipboard")
        await browser.press("Y")
        await browser.until(lambda: isinstance(browser.app.screen, CopyScreen))


@pytest.mark.additions("its URLs last as long as it likes")
async def test_a_signed_url_lasts_as_long_as_chosen(store: Storage, browse: Any) -> None:
    store.set("a", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("Y")
        for lifetime, lasts in (("1 hour", "59m"), ("1 day", "23h 59m"), ("7 days", "6d 23h"), ("1 hour", "59m")):
            await browser.shows(f"whoever has it can read this blob for {lifetime} (e)")
            await browser.press("u")
            await browser.shows(f"The URL is made, good for {lasts}.")
            await browser.press("e")


async def test_a_store_that_nobody_else_can_reach_makes_no_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0")
    async with AsyncStorage(data_dir=tmp_path / "own") as storage:
        await storage.set("a", "x")
        app = StorageApp(storage, state_dir=tmp_path / "state", title="own")
        async with app.run_test(size=(120, 40)) as pilot:
            browser = Browser(app, pilot)
            await browser.shows("a  ")
            await browser.press("y")
            await browser.shows("Storage().get('a'")
            await browser.press("c")
            await browser.shows("Not here: it needs a server that others can reach")


@pytest.mark.additions("it does not tell when a blob expires")
async def test_details_show_what_the_server_knows(store: Storage, browse: Any) -> None:
    store.set("a.json", "{}", content_type="application/json")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a.json"])
        await browser.press("i")
        await browser.shows("application/json")
        await browser.shows("crc32c")


async def test_the_palette_finds_and_runs_a_command(store: Storage, browse: Any) -> None:
    store.set("a", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press(":")
        await browser.shows("Type to find")
        await browser.type("show logs")
        await browser.press("enter")
        await browser.until(lambda: browser.main.location.storage_type == "logs")


async def test_a_failed_transfer_tells_its_cause_in_the_log(store: Storage, browse: Any, tmp_path: Path) -> None:
    async with browse() as browser:
        session = browser.app.session
        session.queue.add([Transfer("download", "data", "gone", tmp_path / "here" / "gone")])
        session.runner.pump()
        await browser.shows("1 failed")
        await browser.press("L")
        await browser.shows("not_found")


async def test_a_download_left_at_quit_is_offered_and_continued_by_the_next_session(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path
) -> None:
    value = bytes(range(256)) * 40_000
    store.set("big", value)
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["big"])
        proxy.default = Fault(rate_bytes_s=2_000_000)
        proxy.cut_all()
        await browser.press("d")
        await browser.shows("Download big")
        await browser.press("enter")
        queue = browser.app.session.queue
        await browser.until(lambda: queue.items and queue.items[0].done_bytes > 3_000_000)
        await browser.press("q")
        await browser.shows("Quit, go on later")
        await browser.press("right", "right", "enter")
        await browser.until(lambda: not queue.is_active)
    assert not (tmp_path / "here" / "big").exists()
    proxy.default = NONE
    async with browse(url=proxy.url) as browser:
        await browser.shows("1 unfinished transfer")
        await browser.press("enter")
        await browser.shows("1 done")
        await browser.press("w")
        await browser.shows("verified")
    assert (tmp_path / "here" / "big").read_bytes() == value


async def test_quitting_may_wait_for_the_transfers(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path
) -> None:
    store.set("big", b"x" * 3_000_000)
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["big"])
        proxy.default = Fault(rate_bytes_s=2_000_000)
        proxy.cut_all()
        await browser.press("d")
        await browser.shows("Download big")
        await browser.press("enter", "q")
        await browser.shows("Quit when done")
        await browser.press("right", "enter")
        await browser.until(lambda: not browser.app.is_running or not browser.app.session.queue.is_active)
        await browser.until(lambda: browser.app._exit)
    assert (tmp_path / "here" / "big").stat().st_size == 3_000_000
