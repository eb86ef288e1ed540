"""The browser on a server that speaks the published calls only: keys in lists, sizes one by one, no batches."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from storage_tui import Storage
from tests.client.published import PublishedServer


@pytest.fixture
def plain(server: Any) -> Iterator[PublishedServer]:
    with PublishedServer(server.url) as running:
        yield running


async def test_folders_arise_from_keys_and_sizes_are_asked_for_rows_in_view_only(
    store: Storage, browse: Any, plain: PublishedServer
) -> None:
    for key in ("a/deep/one", "a/two", "b", "c"):
        store.set(key, "x" * len(key))
    await asyncio.to_thread(lambda: [store.set(f"n/{number:03}", "x" * 123) for number in range(60)])
    async with browse(url=plain.url, size=(120, 20)) as browser:
        await browser.until(lambda: browser.names == ["a/", "n/", "b", "c"] or browser.names == ["a/", "b", "c", "n/"])
        await browser.shows("1 B")
        await browser.press("home", *["j"] * browser.names.index("n/"), "l")
        await browser.until(lambda: len(browser.names) == 60)
        await browser.shows("123 B")
        await browser.until(lambda: browser.text.count("123 B") >= 15)
        heads = {line.split()[1] for line in plain.asked if line.startswith("HEAD") and "/n/" in line}
        assert 15 <= len(heads) < 40


async def test_marks_and_deletes_work_without_batches_and_say_what_is_not_known(
    store: Storage, browse: Any, plain: PublishedServer
) -> None:
    for key in ("a", "b", "c"):
        store.set(key, "xx", "tmp")
    async with browse("tmp:", url=plain.url) as browser:
        await browser.until(lambda: browser.text.count("2 B") >= 3)
        await browser.press("space", "space")
        await browser.shows("● 2 · 4 B")
        await browser.press("D")
        await browser.shows("4 B, oldest")
        await browser.press("right", "enter")
        await browser.shows("deleted 2 blobs")
        await browser.until(lambda: browser.names == ["c"])


async def test_find_clean_up_rescue_and_transfers_work(
    store: Storage, browse: Any, plain: PublishedServer, tmp_path: Any
) -> None:
    store.set("runs/a.npy", "one", "tmp")
    async with browse("tmp:", url=plain.url) as browser:
        await browser.press("f")
        await browser.type("*.npy")
        await browser.shows("1 found in 1 key")
        await browser.press("enter")  # which searches once more: Esc would stop a search that runs, and not close it
        await browser.until(lambda: browser.app.screen.view.flat.is_complete)
        await browser.press("escape", "t")
        await browser.shows("clean-up")
        await browser.shows("expiry unknown")
        await browser.press("G", "c")
        await browser.shows("rescued to data:runs/a.npy")
        await browser.press("d")
        await browser.shows("Download runs/a.npy")
        await browser.press("enter")
        await browser.shows("1 done")
        assert (tmp_path / "here" / "a.npy").read_text() == "one"
        assert await asyncio.to_thread(store.get, "runs/a.npy") == b"one"


async def test_sorting_leaves_out_what_its_lists_do_not_tell(
    store: Storage, browse: Any, plain: PublishedServer
) -> None:
    for key in ("a.z", "b.y", "c.x"):
        store.set(key, "xx")
    async with browse(url=plain.url) as browser:
        await browser.until(lambda: len(browser.names) == 3)
        await browser.press("o")
        await browser.shows("by name or type only")
        await browser.until(lambda: browser.names == ["c.x", "b.y", "a.z"])
        await browser.press("o")
        await browser.until(lambda: browser.names == ["a.z", "b.y", "c.x"])
