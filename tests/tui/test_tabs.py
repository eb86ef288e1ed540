"""Tabs: places that stay open, each with its cursor and its ways back and forward."""

import asyncio
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.tui.tabs.book import TABS_AT_MOST


@pytest.fixture
async def stored(store: Storage) -> None:
    for key in ("a/1", "a/2", "b/1", "c"):
        await asyncio.to_thread(store.set, key, "x")


async def test_each_tab_keeps_its_place_its_cursor_and_its_way_back(stored: None, browse: Any) -> None:
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a/", "b/", "c"])
        await browser.press("l")
        await browser.until(lambda: browser.names == ["1", "2"])
        await browser.press("j", "T")
        await browser.shows(" 1 a/  2 a/ ")
        await browser.press("g", "r", "2")
        await browser.until(lambda: str(browser.main.place.location) == "tmp:")
        await browser.shows(" 1 a/  2 tmp: ")
        await browser.press("g", "t")
        await browser.until(lambda: browser.current == "a/2")
        await browser.press("H")
        await browser.until(lambda: str(browser.main.place.location) == "data:")
        await browser.press("g", "T")
        await browser.until(lambda: str(browser.main.place.location) == "tmp:")
        await browser.press("H")  # the ways of this tab
        await browser.until(lambda: str(browser.main.place.location) == "data:")
        await browser.press("H")
        await browser.until(lambda: browser.names == ["1", "2"])
        await browser.press("H")
        await browser.shows("no place before this one")
        await browser.press("g", "q")
        await browser.until(lambda: browser.names == ["a/", "b/", "c"])
        assert " 1 data: " not in browser.text
        await browser.press("g", "q")
        await browser.shows("this is the only tab; q quits")
        await browser.press("g", "t")
        await browser.shows("there is one tab; T opens another")


async def test_marks_hold_in_all_tabs(stored: None, browse: Any) -> None:
    async with browse("data:a/") as browser:
        await browser.until(lambda: browser.names == ["1", "2"])
        await browser.press("space", "T", "h")
        await browser.until(lambda: browser.names == ["a/", "b/", "c"])
        await browser.shows("● 1")


async def test_as_many_tabs_as_fit_and_no_more(stored: None, browse: Any) -> None:
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a/", "b/", "c"])
        await browser.press(*["T"] * (TABS_AT_MOST + 1))
        await browser.shows(f"{TABS_AT_MOST} tabs are the most")
        await browser.shows(f"{TABS_AT_MOST} data:")


async def test_a_narrow_line_counts_the_tabs(stored: None, browse: Any) -> None:
    async with browse("data:", size=(40, 12)) as browser:
        await browser.until(lambda: browser.names == ["a/", "b/", "c"])
        await browser.press("T", "T", "T")
        await browser.shows("tab 4/4")
