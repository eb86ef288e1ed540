"""Marks in lists of more pages than are kept: all rows shown are marked, not those alone that happen to be here."""

import asyncio
from dataclasses import replace
from functools import partialmethod
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.models import Blob
from storage_tui.tui.state.listing import ListBounds

WIRES = ("full", "published")
SIZE = (80, 24)  # fewer rows on the screen than pages are kept
ROWS = 75
SHORT_PAGES = ListBounds(first_page=10, next_page=10, pages_kept=3)


@pytest.fixture(autouse=True)
def _short_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsyncStorage, "list_columns", partialmethod(AsyncStorage.list_columns, limit=10))


@pytest.fixture
async def long_list(store: Storage) -> list[str]:
    keys = [f"long/{number:03}.{'npy' if number % 3 else 'tif'}" for number in range(ROWS)]
    await asyncio.to_thread(lambda: [store.set(key, "x" * (number + 1)) for number, key in enumerate(keys)])
    return keys


async def _all_there(browser: Any) -> None:
    await browser.until(lambda: browser.main.keys.listing.is_complete and browser.main.keys.listing.loaded == ROWS)
    listing = browser.main.keys.listing
    assert sum(listing.row(index) is None for index in range(ROWS)) > ROWS // 2


def _marked(browser: Any) -> list[str]:
    return sorted(row.key for row in browser.app.desk.marks)


async def test_all_and_invert_cover_rows_of_dropped_pages(long_list: list[str], browse: Any) -> None:
    async with browse("data:long/", size=SIZE, bounds=SHORT_PAGES) as browser:
        await _all_there(browser)
        await browser.press("ctrl+a")
        await browser.until(lambda: _marked(browser) == long_list and not browser.app.desk.working)
        await browser.press("ctrl+a")
        assert _marked(browser) == []
        await browser.press("space", "V")
        await browser.until(lambda: _marked(browser) == long_list[1:])


@pytest.mark.additions("its lists are keys only")
async def test_a_description_covers_them_and_marks_them_as_they_are_now(
    long_list: list[str], store: Storage, browse: Any
) -> None:
    async with browse("data:long/", size=SIZE, bounds=SHORT_PAGES) as browser:
        await _all_there(browser)
        await asyncio.to_thread(store.set, long_list[33], "y" * 500)
        await asyncio.to_thread(store.delete, long_list[36])
        await browser.press("+")
        await browser.type("*.tif >30b")
        await browser.shows("more")
        await browser.press("enter")
        wanted = [key for number, key in enumerate(long_list) if number % 3 == 0 and number >= 30 and number != 36]
        await browser.until(lambda: _marked(browser) == wanted and not browser.app.desk.working)
        marks = {row.key: row for row in browser.app.desk.marks if isinstance(row, Blob)}
        assert marks[long_list[33]].size_bytes == 500 and all(blob.etag for blob in marks.values())


async def test_a_filter_and_a_range_cover_them(long_list: list[str], browse: Any) -> None:
    async with browse("data:long/", size=SIZE, bounds=SHORT_PAGES) as browser:
        await _all_there(browser)
        await browser.press("v", "G", "v")
        await browser.until(lambda: _marked(browser) == long_list and not browser.app.desk.working)
        await browser.press("ctrl+a", "/", "5", "enter", "ctrl+a")
        wanted = [key for key in long_list if "5" in key]
        await browser.until(lambda: _marked(browser) == wanted and not browser.app.desk.working)


async def test_a_range_ends_where_the_order_changes(long_list: list[str], browse: Any) -> None:
    async with browse("data:long/", size=SIZE, bounds=SHORT_PAGES) as browser:
        await _all_there(browser)
        await browser.press("v", "j", "/", "9", "enter")
        await browser.until(lambda: len(browser.names) < 20)
        await browser.press("j", "j")
        assert _marked(browser) == long_list[:2]


async def test_more_rows_than_marks_are_refused_with_the_way_out(long_list: list[str], browse: Any) -> None:
    async with browse("data:long/", size=(160, 24), bounds=replace(SHORT_PAGES, marks=50)) as browser:
        await _all_there(browser)
        for keys in (("ctrl+a",), ("V",), ("v", "G")):
            await browser.press(*keys)
            await browser.shows("75 rows are more than the 50 marks there can be: mark the folder (h, Space)")
            assert _marked(browser) == [] or keys == ("v", "G")
        await browser.press("escape", "+")
        await browser.type("*")
        await browser.press("enter")
        await browser.shows("stopped at")
        assert 50 < len(_marked(browser)) <= 70
