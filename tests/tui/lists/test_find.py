"""Finding things: search below a prefix, completion of locations, bookmarks, recent places, the filter meanwhile."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.keys import Location
from storage_tui.tui.lists.find import FindScreen
from storage_tui.tui.state.bookmarks import RECENT_KEPT, Places
from tests.faults.proxy import Fault, FaultProxy
from tests.tui.conftest import BOTH_WIRES

WIRES = BOTH_WIRES


@pytest.mark.additions("its lists are keys only")
async def test_a_search_lists_what_matches_below_and_opens_it_in_its_folder(store: Storage, browse: Any) -> None:
    for key in ("maps/2024/july/a.tif", "maps/2023/b.tif", "maps/2023/b.csv", "other/c.tif"):
        store.set(key, b"x" * len(key))
    async with browse("data:maps/") as browser:
        await browser.press("f")
        await browser.shows("Type what to find")
        await browser.type("*.tif")
        await browser.shows("2 found in 3 keys")
        await browser.shows("2024/july/a.tif")
        assert "c.tif" not in browser.text
        await browser.press("enter", "j", "space")
        await browser.shows("● 1 · 20 B")
        await browser.press("f", *["backspace"] * 5)
        await browser.type("july >10B")
        await browser.shows("1 found in 3 keys")
        await browser.press("enter", "enter")
        await browser.until(lambda: not isinstance(browser.app.screen, FindScreen))
        await browser.until(lambda: browser.current == "maps/2024/july/a.tif")


async def test_results_stream_in_and_esc_stops(store: Storage, browse: Any, proxy: FaultProxy) -> None:
    await asyncio.to_thread(lambda: [store.set(f"{number // 10:03}/{number:04}", "x") for number in range(2200)])
    async with browse("data:", url=proxy.url) as browser:
        await browser.until(lambda: browser.main.keys.listing.is_complete)
        proxy.default = Fault(delay_s=0.3)
        proxy.cut_all()
        await browser.press("f")
        await browser.type("7")
        await browser.shows("so far (Esc stops)")
        await browser.until(lambda: browser.app.screen.view.line_count() > 0)
        await browser.press("escape", "j", "escape")
        await browser.shows("not read to the end")
        assert browser.app.screen.view.cursor == 1
        await browser.press("escape")
        await browser.until(lambda: not isinstance(browser.app.screen, FindScreen))


async def test_a_wrong_bound_is_said_and_nothing_is_searched(store: Storage, browse: Any) -> None:
    store.set("a", "x")
    async with browse() as browser:
        await browser.press("f")
        await browser.type(">3")
        await browser.shows(">3 is not a limit")
        await browser.press("escape")
        await browser.until(lambda: not isinstance(browser.app.screen, FindScreen))


async def test_the_title_names_all_types_while_all_are_searched(store: Storage, browse: Any) -> None:
    store.set("maps/deep/a.tif", "x")
    store.set("other/a.tif", "x", "tmp")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["maps/"])
        await browser.press("l", "f")
        await browser.shows("data ▸ maps/  find")
        await browser.type("a.tif")
        await browser.press("enter")
        await browser.press("ctrl+t")
        await browser.shows("all types ▸ /  find")
        await browser.shows("2 found in")
        await browser.press("ctrl+t")
        await browser.shows("data ▸ maps/  find")


async def test_go_to_a_local_path_offers_the_local_side(store: Storage, browse: Any, tmp_path: Path) -> None:
    (tmp_path / "here" / "sub").mkdir()
    (tmp_path / "here" / "sub" / "file.txt").write_text("words")
    store.set("/x/y", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["/"])
        await browser.press("ctrl+l")
        await browser.type(f"{tmp_path}/here/sub/file.txt")
        await browser.press("enter")
        await browser.shows("Enter again opens the local side: this is on this machine.")
        await browser.press("enter")
        await browser.until(lambda: browser.main._sides.local is not None)
        side = browser.main._sides.local
        assert side is not None
        await browser.until(lambda: side.view.current is not None and side.view.current.key.endswith("sub/file.txt"))
        await browser.press("tab", "ctrl+l")
        await browser.type("/x/")  # nothing on this machine: a key
        await browser.press("enter")
        await browser.until(lambda: browser.main.place.location.key == "/x/")
        await browser.press("~", "ctrl+l")
        await browser.type(f"data:{tmp_path}/")  # spelled out: a key
        await browser.press("enter")
        await browser.until(lambda: browser.main.place.location.key == f"{tmp_path}/")


async def test_go_to_completes_types_folders_and_keys(store: Storage, browse: Any) -> None:
    for key in ("maps/2023/a", "maps/2024/b"):
        store.set(key, "x", "tmp")
    async with browse() as browser:
        await browser.press("ctrl+l", "ctrl+u")
        await browser.type("t")
        await browser.press("tab")
        await browser.shows("tmp:")
        await browser.type("m")
        await browser.press("tab")
        await browser.shows("tmp:maps/")
        await browser.press("tab")
        await browser.shows("2023/  2024/")
        await browser.type("9")
        await browser.press("tab")
        await browser.shows("Nothing begins with that")
        await browser.press("backspace")
        await browser.type("3")
        await browser.press("tab", "enter")
        await browser.until(lambda: browser.names == ["a"])


async def test_bookmarks_and_recent_places_last_until_the_next_session(store: Storage, browse: Any) -> None:
    store.set("a/b/c", "x")
    async with browse("data:a/b/") as browser:
        await browser.until(lambda: browser.names == ["c"])
        await browser.press("m")
        await browser.shows("Bookmark data:a/b/")
        await browser.press("k")
        await browser.shows("'k goes to data:a/b/")
    async with browse("tmp:") as browser:
        await browser.until(lambda: "k" in browser.app.desk.places.bookmarks)
        await browser.press("'")
        await browser.shows("data:a/b/")
        await browser.press("k")
        await browser.until(lambda: browser.names == ["c"])
        await browser.press("'", "down", "enter")
        await browser.until(lambda: browser.main.place.location == Location("tmp"))


def test_places_are_kept_by_server_and_a_broken_file_is_written_anew(tmp_path: Path) -> None:
    for server, letter in (("one", "a"), ("two", "b")):
        places = Places(tmp_path, server)
        places.keep(letter, Location("tmp", "x/"))
        for number in range(RECENT_KEPT + 5):
            places.visit(Location("data", f"{number}/"))
        places.save()
    again = Places(tmp_path, "one")
    again.load()
    assert again.bookmarks == {"a": Location("tmp", "x/")} and len(again.recent) == RECENT_KEPT
    assert again.recent[0] == Location("data", f"{RECENT_KEPT + 4}/")
    assert (tmp_path / "places.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "places.json").write_text('{"one": {"bookmarks": 3, "recent": [1, ""]}}')
    broken = Places(tmp_path, "one")
    broken.load()
    assert not broken.bookmarks and set(broken.recent) <= {Location("data")}
    (tmp_path / "places.json").write_text("{")
    broken.save()


async def test_the_filter_covers_what_arrives_while_it_stands(store: Storage, browse: Any, proxy: FaultProxy) -> None:
    await asyncio.to_thread(lambda: [store.set(f"n/{number:04}", "x") for number in range(1400)])
    proxy.default = Fault(delay_s=0.3)
    async with browse("data:n/", url=proxy.url) as browser:
        await browser.shows("Listing… 250 keys")
        await browser.press("escape")
        await browser.until(lambda: not browser.main.reader.is_reading)
        await browser.press("/")
        await browser.type("13")
        await browser.shows("+ loaded keys")
        await browser.until(lambda: browser.main.keys.listing.is_complete)
        await browser.shows("of 1,400")
        assert "n/1399" in [row.key for row in browser.main.keys.listing.rows()]
