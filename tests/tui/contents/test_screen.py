"""The search inside contents in the browser: lines of several blobs, opened at their place, stopped, bounded."""

import gzip
from typing import Any

import psutil

from storage_tui import Storage
from storage_tui.contract.models import Blob
from storage_tui.previews.searching.query import Found, Match
from storage_tui.tui.contents.hits import KEPT, Hits
from storage_tui.tui.contents.screen import ContentsScreen
from storage_tui.tui.viewer.screen import ViewerScreen


async def search(browser: Any, words: str) -> ContentsScreen:
    """Open the search inside and type words."""
    await browser.press("F")
    await browser.until(lambda: isinstance(browser.app.screen, ContentsScreen))
    await browser.type(words)
    await browser.press("enter")
    screen: ContentsScreen = browser.app.screen
    return screen


def running() -> list[int]:
    """Return the processes that match lines."""
    found = []
    for row in psutil.Process().children():
        try:
            found += [row.pid] if "searching" in " ".join(row.cmdline()) else []
        except psutil.NoSuchProcess:
            continue
    return found


async def test_lines_of_all_blobs_below_are_listed_and_opened_at_their_place(store: Storage, browse: Any) -> None:
    store.set("logs/a.txt", "".join(f"line {number}\n" for number in range(5000)) + "an Error here\n")
    store.set("logs/b/c.gz", gzip.compress(b"error twice error\nnone\n"))
    store.set("logs/bin", bytes(range(256)) * 40)
    store.set("other", "error elsewhere")
    async with browse("data:logs/") as browser:
        screen = await search(browser, "err.r")
        await browser.shows("2 lines in 2 blobs · 3 blobs")
        assert "1 binary" in browser.text and "elsewhere" not in browser.text
        await browser.shows("5,001 an Error here")
        await browser.press("j", "enter")
        await browser.until(lambda: isinstance(browser.app.screen, ViewerScreen))
        await browser.shows("an Error here")
        await browser.press("q", "j", "b")
        await browser.until(lambda: browser.app.screen is browser.main)
        await browser.until(lambda: browser.current == "logs/b/c.gz")
        assert not screen.is_attached
        await browser.until(lambda: not running())


async def test_the_marks_are_searched_and_a_wrong_expression_is_said(store: Storage, browse: Any) -> None:
    for key in "abc":
        store.set(key, f"word in {key}")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a", "b", "c"])
        await browser.press("space", "space")
        await search(browser, "(word")
        await browser.shows("is no regular expression")
        await browser.press("F")
        await browser.press(*["backspace"] * 5)
        await browser.type("word")
        await browser.press("enter")
        await browser.shows("2 lines in 2 blobs")
        assert "data:c" not in browser.text
        await browser.press("F")
        await browser.type("Z")
        await browser.press("enter")
        await browser.shows("No line matches")
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_an_expression_that_runs_for_ever_is_stopped_by_esc_and_keys_work(store: Storage, browse: Any) -> None:
    store.set("a", "a" * 60 + "!")
    async with browse("data:") as browser:
        await search(browser, "(a+)+$")
        await browser.shows("Reading… (Esc stops)")
        await browser.until(running)
        await browser.press("escape")
        await browser.shows("stopped before the end")
        await browser.until(lambda: not running())
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_hostile_contents_are_drawn_as_text(store: Storage, browse: Any) -> None:
    store.set("[red]x", "\x1b]0;MARK\x07needle\u202e\n" * 300)
    async with browse("data:") as browser:
        await search(browser, "needle")
        await browser.shows("300 lines in 1 blob")
        await browser.shows("\\x1b]0;MARK\\x07needle\\u202e")
        assert "data:[red]x" in browser.text


def test_more_lines_than_kept_are_counted() -> None:
    found, blob = Hits(), Blob("a", "data")
    for number in range(0, KEPT + 500, 100):
        found.add(Found(blob, tuple(Match(number + at, "x", 0, 1) for at in range(100))))
    assert len(found.lines) == KEPT and found.matches == KEPT + 500 and found.is_full and found.blobs == 1


async def test_find_looks_into_all_types_and_says_which(store: Storage, browse: Any) -> None:
    store.set("maps/july.tif", "x")
    store.set("maps/july.tif", "x", "tmp")
    store.set("july.log", "x", "logs")
    async with browse("data:maps/") as browser:
        await browser.press("f")
        await browser.type("july")
        await browser.shows("1 found in 1 key")
        await browser.press("ctrl+t")
        await browser.shows("3 found in 3 keys of all types")
        await browser.shows("tmp:maps/july.tif")
        await browser.shows("logs:july.log")
        await browser.press("enter", "j", "enter")
        await browser.until(lambda: browser.main.place.location.storage_type == "tmp")
        await browser.until(lambda: browser.current == "maps/july.tif")
