"""Another content type from the browser: one row, marks, a folder, and what keeps its type."""

from typing import Any

import pytest

from storage_tui import Storage
from tests.faults.proxy import Fault, FaultProxy


async def test_E_shows_the_type_and_changes_it_and_Z_takes_it_back(browse: Any, store: Storage) -> None:
    store.set("a.csv", b"1,2")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a.csv"])
        await browser.press("E")
        await browser.shows("now application/octet-stream")
        await browser.shows("by its name text/csv")
        await browser.press("ctrl+u")
        await browser.type("text/csv")
        await browser.press("enter")
        await browser.shows("a.csv is text/csv now")
        assert store.stat("a.csv").content_type == "text/csv"
        await browser.press("Z")
        await browser.shows("Put back what data:a.csv was")
        await browser.press("enter")
        await browser.until(lambda: store.stat("a.csv").content_type == "application/octet-stream")
    assert store.get("a.csv") == b"1,2"


async def test_marks_and_folders_get_one_type(browse: Any, store: Storage) -> None:
    for number in range(3):
        store.set(f"d/{number}", b"x", content_type="image/png")
    store.set("e", b"x")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["d/", "e"])
        await browser.press("ctrl+a", "E")
        await browser.shows("Content type of 4 blobs")
        await browser.press("enter")
        await browser.shows("type a content type such as text/csv")
        await browser.type("text/html")
        await browser.press("enter")
        await browser.shows("the content type of 4 blobs was not changed")
        await browser.press("E")
        await browser.type("tsv")
        await browser.press("ctrl+u")
        await browser.type("text/tab-separated-values")
        await browser.press("enter")
        await browser.shows("4 blobs are text/tab-separated-values now")
    assert {store.stat(key).content_type for key in store.list()} == {"text/tab-separated-values"}


async def test_Esc_before_the_first_change_says_that_nothing_was_changed(
    browse: Any, store: Storage, proxy: FaultProxy
) -> None:
    store.set("a.csv", b"1,2")
    async with browse("data:", url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["a.csv"])
        await browser.press("E")
        await browser.shows("by its name text/csv")
        await browser.press("ctrl+u")
        await browser.type("text/csv")
        proxy.default = Fault(stall_up=1)
        proxy.cut_all()
        await browser.press("enter")
        await browser.shows("Content type of 0 of 1 (Esc stops)")
        await browser.press("escape")
        await browser.shows("stopped: the server has confirmed no change of a content type")
        assert browser.app.desk.log.unseen_errors == 0
    assert store.stat("a.csv").content_type == "application/octet-stream"


async def test_what_keeps_its_type_is_refused_in_one_line(browse: Any, store: Storage) -> None:
    async with browse("products:") as browser:
        await browser.shows("Empty")
        await browser.press("E")
        await browser.shows("no content type to set: the cursor is on no row")
        store.set("p", b"x", "products")
        await browser.press("R")
        await browser.until(lambda: browser.names == ["p"])
        await browser.press("E")
        await browser.shows("blobs of products keep their content type")


@pytest.mark.parametrize("wire", ["published"], indirect=True)
async def test_a_plain_server_says_why_not(browse: Any, store: Storage) -> None:
    store.set("a.csv", b"1,2")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a.csv"])
        await browser.press("E")
        await browser.shows("this server has no call that changes the content type")
