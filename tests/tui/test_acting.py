"""Marks, delete, upload, transfers, details, the palette: what changes something or takes it away."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.dialogs.delete import DeleteScreen
from storage_tui.tui.dialogs.quit import QuitScreen
from storage_tui.tui.state.transfers import Transfer
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.tui.conftest import BOTH_WIRES

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
        assert not len(browser.app.desk.marks)


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
        await browser.until(lambda: browser.names == ["n/"] and not browser.main.reader.is_reading)
        assert store.list("n/")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_products_explain_how_they_are_deleted(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    store.set("scene", "x", "products")
    refusal, question = "cannot delete from products: remove the image", "belongs to no image of the catalog"
    async with browse("products:", size=size) as browser:
        await browser.until(lambda: browser.names == ["scene"])
        await browser.press("D")
        await browser.until(lambda: refusal in browser.text or question in browser.text)
        if question in browser.text:
            await browser.press("enter")  # which is No
            await browser.until(lambda: question not in browser.text)
            assert store.exists("scene", "products")
            return
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
        marks = browser.app.desk.marks
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
        for words, overwrites, wanted in (("skipped", False, b"kept"), ("verified", True, b"new")):
            await browser.press("u")
            await browser.shows("Upload to data")
            await browser.type("file")
            await browser.shows("File, 3 B")
            choice = browser.app.screen.query_one("#conflict")
            while overwrites and not choice.has_focus:  # the files that are there come first
                await browser.press("down")
            await browser.press(*["right"] * overwrites, "enter")
            await browser.until(lambda: not browser.app.desk.queue.is_active)
            await browser.press("w")
            await browser.shows(words)
            await browser.press("escape")
            assert await asyncio.to_thread(store.get, "file") == wanted


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
        queue = browser.app.desk.queue
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
        await browser.until(lambda: browser.main.place.location.storage_type == "logs")


async def test_a_failed_transfer_tells_its_cause_in_the_log(store: Storage, browse: Any, tmp_path: Path) -> None:
    async with browse() as browser:
        session = browser.app.desk
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
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.items and queue.items[0].done_bytes > 3_000_000)
        await browser.press("q")
        await browser.shows("Quit, continue later")
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
        await browser.until(lambda: not browser.app.is_running or not browser.app.desk.queue.is_active)
        await browser.until(lambda: browser.app._exit)
    assert (tmp_path / "here" / "big").stat().st_size == 3_000_000
