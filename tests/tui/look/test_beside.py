"""The preview beside search, clean-up and usage."""

from typing import Any

from storage_tui import Storage
from storage_tui.tui.look.beside import Beside


async def test_search_clean_up_and_usage_have_the_preview_from_100_columns(store: Storage, browse: Any) -> None:
    store.set("maps/a.csv", "crop,size\nwheat,1\nmaize,2\n")
    store.set("maps/b.md", "# A heading\n")
    store.set("t.csv", "colour,size\nred,1\nblue,2\n", storage_type="tmp")
    async with browse("data:") as browser:
        await browser.press("f")
        await browser.type("maps")
        await browser.shows("2 found")
        await browser.shows("maize")
        await browser.press("enter", "j")
        await browser.shows("# A heading")
        await browser.press("q", "U")
        await browser.shows("types")
        await browser.shows(".csv")
        await browser.press("q", "2")
        await browser.until(lambda: browser.current == "t.csv")
        await browser.press("t")
        await browser.shows("expires")
        await browser.press("j")
        await browser.until(lambda: "colour" in browser.text and "clean-up" in browser.text)


async def test_a_narrow_search_reads_no_previews(store: Storage, browse: Any) -> None:
    store.set("maps/a.csv", "crop,size\nwheat,1\nmaize,2\n")
    async with browse("data:", size=(99, 30)) as browser:
        await browser.press("f")
        await browser.type("maps")
        await browser.shows("1 found")
        pane = browser.app.screen.query_one(Beside).pane
        assert not pane.display and "maize" not in browser.text
        await browser.pilot.resize_terminal(120, 30)
        await browser.shows("maize")
