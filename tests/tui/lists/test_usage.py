"""The usage tree: totals by folder, walking down, honest marks while it is counted, deleting from there."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.models import CHILDREN_AT_MOST, Blob, Usage
from storage_tui.tui.lists.usage import UsageScreen
from storage_tui.tui.lists.usage_tree import UsageLevel
from tests.client.published import PublishedServer
from tests.faults.proxy import Fault, FaultProxy


def fill(store: Storage, storage_type: str = "data") -> None:
    for key, size in {"big/deep/a": 5000, "big/b": 200, "small/c": 30, "own": 7}.items():
        store.set(key, b"x" * size, storage_type)


def test_a_level_is_a_lower_bound_until_all_is_counted() -> None:
    level = UsageLevel("data", "p/")
    level.expect(["p/a/"])
    level.branch_of("p/a/x").add(Blob("p/a/x", "data", 5))
    level.branch_of("p/y").add(Blob("p/y", "data", 2))
    assert not level.is_exact and (level.count, level.size_bytes) == (2, 7)
    level.take(Usage("p/", 5, 50, children=(Usage("p/a/", 3, 40), Usage("p/b/", 1, 4))))
    assert level.is_exact and [(row.prefix, row.count, row.size_bytes) for row in level.rows("bytes")] == [
        ("p/a/", 3, 40), ("p/", 1, 6), ("p/b/", 1, 4),
    ]  # fmt: skip


async def test_folders_that_the_server_does_not_tell_are_not_said_to_be_blobs_here(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        store.set(f"{name}/blob", "12345")
    usage = AsyncStorage.usage

    async def cut(self: AsyncStorage, prefix: str = "", **options: Any) -> Usage:
        whole = await usage(self, prefix, **options)
        others = CHILDREN_AT_MOST - 2
        return replace(whole, children=(*(Usage(f"{n:05}/", 0, 0) for n in range(others)), *whole.children[:2]))

    monkeypatch.setattr(AsyncStorage, "usage", cut)
    async with browse(size=(180, 40)) as browser:
        await browser.press("U")
        await browser.shows("(blobs here, and all folders after b/)")
        await browser.shows("20 B in 4 blobs")


async def test_going_up_puts_the_cursor_on_the_folder_one_was_in(store: Storage, browse: Any) -> None:
    fill(store)
    async with browse() as browser:
        await browser.press("U")
        await browser.shows("5.2 kB in 4 blobs")
        await browser.press("j", "l")
        await browser.shows("30 B in 1 blob")
        await browser.press("h")
        await browser.shows("5.2 kB in 4 blobs")
        await browser.until(lambda: any("▌" in line and "small/" in line for line in browser.text.split("\n")))


async def test_the_tree_shows_what_is_large_and_walks_down_and_up(store: Storage, browse: Any) -> None:
    fill(store)
    async with browse() as browser:
        await browser.press("U")
        await browser.shows("5.2 kB in 4 blobs")
        rows = browser.text.split("\n")[2:5]
        assert "big/" in rows[0] and "small/" in rows[1] and "(blobs directly here)" in rows[2]
        await browser.press("enter")
        await browser.shows("5.2 kB in 2 blobs")
        await browser.shows("deep/")
        await browser.press("h")
        await browser.shows("5.2 kB in 4 blobs")
        await browser.press("j", "b")
        await browser.until(lambda: browser.current == "small/")


async def test_going_back_while_a_folder_is_counted_leaves_nothing_counting(
    store: Storage, browse: Any, proxy: FaultProxy
) -> None:
    fill(store)
    async with browse(url=proxy.url) as browser:
        await browser.press("U")
        await browser.shows("5.2 kB in 4 blobs")
        proxy.default = Fault(stall_down=1)
        proxy.cut_all()
        await browser.press("enter")
        await browser.shows("counting…")
        await browser.press("h")
        await browser.shows("5.2 kB in 4 blobs")
        await browser.until(lambda: "counting…" not in browser.text)
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_a_branch_is_deleted_through_the_same_review(store: Storage, browse: Any) -> None:
    fill(store, "tmp")
    async with browse("tmp:") as browser:
        await browser.press("U")
        await browser.shows("4 blobs")
        await browser.press("space", "D")
        await browser.shows("Delete 2 blobs from tmp?")
        await browser.shows("big/deep/a")
        await browser.press("right", "enter")
        await browser.shows("deleted 2 blobs")
        await browser.shows("37 B in 2 blobs")
        await browser.press("Z")
        await browser.shows("Bring back the 2 blobs of tmp that were deleted")
        await browser.press("enter")
        await browser.shows("in 4 blobs")
        await browser.press("escape")
        await browser.until(lambda: browser.names == ["big/", "small/", "own"])


async def test_a_plain_published_server_is_walked_with_lower_bounds_on_the_way(
    server: Any, store: Storage, browse: Any
) -> None:
    fill(store)
    await asyncio.to_thread(lambda: [store.set(f"many/{number:02}", b"12345") for number in range(40)])
    with PublishedServer(server.url) as plain, FaultProxy(plain.url) as proxy:
        proxy.default = Fault(rate_bytes_s=4_000)
        async with browse(url=proxy.url) as browser:
            await browser.press("U")
            await browser.until(lambda: isinstance(browser.app.screen, UsageScreen))
            await browser.shows("counting… ≥ ")
            assert "≥" in browser.text
            await browser.press("escape")
            await browser.until(lambda: "counting…" not in browser.text)
            assert isinstance(browser.app.screen, UsageScreen) and "≥" in browser.text
            proxy.default = Fault()
            proxy.cut_all()
            await browser.press("R")
            await browser.shows("5.4 kB in 44 blobs")
            assert "≥" not in browser.text
