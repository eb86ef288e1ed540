"""Walking through the store: lists, folders, the cursor, the filter, the preview."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.tui.state.listing import ListBounds
from tests.faults.proxy import Fault, FaultProxy
from tests.previews.stores.trees import store as zarr_store
from tests.tui.conftest import BOTH_WIRES

SHORT_PAGES = ListBounds(first_page=20, next_page=20, pages_kept=3)

WIRES = BOTH_WIRES


def fill(store: Storage, *keys: str, storage_type: str = "data", value: str = "x") -> None:
    for key in keys:
        store.set(key, value, storage_type)


async def test_folders_come_first_and_open_and_close_with_the_cursor_kept(store: Storage, browse: Any) -> None:
    fill(store, "a.txt", "m/one", "m/two", "z/deep/er")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["m/", "z/", "a.txt"])
        await browser.press("j", "l")
        await browser.until(lambda: browser.names == ["deep/"])
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["er"])
        await browser.press("h", "backspace")
        await browser.until(lambda: browser.names == ["m/", "z/", "a.txt"] and browser.current == "z/")
        await browser.press("H")
        await browser.until(lambda: browser.names == ["deep/"])


async def test_a_cursor_that_moved_stays_where_it_is_when_the_list_was_read_again(
    store: Storage, browse: Any, proxy: FaultProxy
) -> None:
    fill(store, "a/one", "b/two", "c", "d")
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["a/", "b/", "c", "d"])
        await browser.press("l")
        await browser.until(lambda: browser.names == ["one"])
        proxy.default = Fault(stall_down=1)
        proxy.cut_all()
        await browser.press("h", "end")
        assert browser.names == ["a/", "b/", "c", "d"] and browser.current == "d"
        await browser.press("R", "k")
        assert browser.main.reader.is_reading and browser.current == "c"
        proxy.release()
        await browser.until(lambda: not browser.main.reader.is_reading)
        assert browser.current == "c"


@pytest.mark.additions("it does not tell when a blob expires")
async def test_number_keys_change_the_type_and_tmp_counts_down(store: Storage, browse: Any) -> None:
    fill(store, "a")
    fill(store, "scratch", storage_type="tmp")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("2")
        await browser.until(lambda: browser.names == ["scratch"])
        await browser.shows("6d 23h")
        await browser.shows("expires in 6d 23h")
        await browser.press("3")
        await browser.shows("Empty. products: upload only.")


async def test_odd_keys_are_all_there_and_escaped(store: Storage, browse: Any) -> None:
    keys = ["a//b", "abc", "abc/d", "[/nope][bold]x", "evil\u202egnp.exe", "e\u0301" + "\u0301" * 20, "日本語/x"]
    fill(store, *keys)
    async with browse() as browser:
        await browser.until(lambda: len(browser.names) == 7)
        await browser.shows("evil\\u202egnp.exe")
        assert "\u202e" not in browser.text
        assert browser.names[0] == "[/"
        await browser.press("l")
        await browser.shows("nope][bold]x")
        await browser.press("h", "j", "l")
        await browser.shows("(empty)/")


async def test_movement_keys_and_chords(store: Storage, browse: Any) -> None:
    fill(store, *(f"k{number:03}" for number in range(100)))
    async with browse() as browser:
        await browser.until(lambda: len(browser.names) == 100)
        await browser.press("G")
        assert browser.current == "k099"
        await browser.press("g")
        await browser.shows("first row")
        await browser.press("g")
        assert browser.current == "k000"
        await browser.press("ctrl+d", "down", "k", "end", "home", "J", "K", "pagedown")
        assert browser.current > "k020"


async def test_a_long_list_is_read_in_pages_and_the_counter_tells_the_truth(store: Storage, browse: Any) -> None:
    store_keys = [f"n/{number:05}" for number in range(1300)]
    await asyncio.to_thread(fill, store, *store_keys)
    async with browse("data:n/") as browser:
        await browser.until(lambda: browser.main.keys.listing.is_complete)
        await browser.shows("1/1,300")
        await browser.press("G")
        assert browser.current == "n/01299"


async def test_the_filter_narrows_says_what_it_covers_and_esc_peels(store: Storage, browse: Any) -> None:
    fill(store, "Alpha.tif", "alpha.csv", "beta.csv")
    async with browse() as browser:
        await browser.until(lambda: len(browser.names) == 3)
        await browser.press("/")
        await browser.type("alp")
        await browser.until(lambda: browser.names == ["Alpha.tif", "alpha.csv"])
        await browser.shows("2 of 3")
        await browser.press("enter", "space")
        await browser.shows("● 1")
        await browser.press("escape")
        await browser.until(lambda: len(browser.names) == 3)
        assert len(browser.app.desk.marks) == 1
        await browser.press("escape")
        assert not len(browser.app.desk.marks)
        await browser.press("escape", "escape")
        assert browser.app.is_running
        await browser.press("/")
        await browser.type("zzz")
        await browser.shows('No match for "zzz" in 3 loaded keys')
        await browser.press("escape")
        await browser.until(lambda: len(browser.names) == 3)
        await browser.press("j")
        assert browser.current == "alpha.csv"


async def test_esc_stops_a_long_listing_and_g_goes_on(store: Storage, browse: Any, proxy: FaultProxy) -> None:
    await asyncio.to_thread(fill, store, *(f"n/{number:05}" for number in range(1500)))
    proxy.default = Fault(delay_s=0.3)
    async with browse("data:n/", url=proxy.url) as browser:
        await browser.shows("Listing… 250 keys (Esc stops)")
        await browser.press("j", "escape")
        await browser.shows("250 keys read, more to come (G continues)")
        assert browser.current == "n/00001" and not browser.main.reader.is_reading
        await browser.shows("2/250+")
        await browser.press("G")
        await browser.until(lambda: browser.main.keys.listing.is_complete)
        assert browser.current == "n/01499"


async def test_going_back_shows_the_rows_before_the_server_answers(
    store: Storage, browse: Any, proxy: FaultProxy
) -> None:
    fill(store, "a/x", "b/y")
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["a/", "b/"])
        await browser.press("j", "l")
        await browser.until(lambda: browser.names == ["y"] and not browser.main.reader.is_reading)
        proxy.default = Fault(stall_down=0)
        proxy.cut_all()
        await browser.press("h")
        assert browser.names == ["a/", "b/"] and browser.current == "b/"


async def test_the_preview_follows_the_cursor_and_scrolls(store: Storage, browse: Any) -> None:
    store.set("long.txt", "\n".join(f"line {number}" for number in range(500)))
    store.set("other.json", '{"name": "other"}')
    async with browse() as browser:
        await browser.shows("line 0")
        await browser.press("J", "J", "J", "J", "J", "J", "J", "J")
        await browser.shows("line 40")
        await browser.press("j")
        await browser.shows('"other"')
        await browser.press("x", "x")
        await browser.shows("7b")


async def test_a_zarr_store_under_the_cursor_is_one_thing(store: Storage, browse: Any) -> None:
    for key, content in zarr_store(2).blobs.items():
        store.set(key, content)
    async with browse() as browser:
        await browser.shows("version 2, consolidated metadata")
        assert "2026-01-01 06:00 to 2026-01-01 18:00" in browser.text
        assert "Zarr store" in browser.text


async def test_refresh_keeps_the_cursor_on_its_key(store: Storage, browse: Any) -> None:
    fill(store, "b", "c", "d")
    async with browse() as browser:
        await browser.until(lambda: len(browser.names) == 3)
        await browser.press("j")
        assert browser.current == "c"
        await asyncio.to_thread(fill, store, "a", "bb")
        await browser.press("R")
        await browser.until(lambda: browser.names == ["a", "b", "bb", "c", "d"])
        assert browser.current == "c"


@pytest.mark.parametrize("key", ["U", "t", "f"])
async def test_other_screens_say_all_of_what_is_wrong_and_that_r_tries_again(
    store: Storage, browse: Any, proxy: FaultProxy, key: str
) -> None:
    fill(store, "here", storage_type="tmp")
    async with browse("tmp:", url=proxy.url, retries=0, size=(40, 12)) as browser:
        await browser.until(lambda: browser.names == ["here"])
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        await browser.press(key, *("here" if key == "f" else ""))
        await browser.shows("R tries again.")
        proxy.default = Fault()
        await browser.press(*(["enter"] if key == "f" else []), "R")
        await browser.until(lambda: "R tries again" not in browser.text)


async def test_an_unreachable_server_is_words_and_r_tries_again(store: Storage, browse: Any, proxy: FaultProxy) -> None:
    fill(store, "here")
    address = proxy.url
    async with browse(url="http://127.0.0.1:9/storage/v1", retries=0) as browser:
        await browser.shows("R tries again")
        await browser.press("R", "j", "?")
        await browser.shows("Half a page down")
    async with browse(url=address) as browser:
        await browser.until(lambda: browser.names == ["here"])


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (100, 30), (200, 60)])
async def test_every_size_shows_the_list(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    fill(store, "one", "two")
    async with browse(size=size) as browser:
        await browser.shows("one")
        await browser.shows("two")
        assert (browser.main.query_one("#preview").display) == (size[0] >= 72 and size[1] >= 18)
        depth = len(browser.app.screen_stack)
        for key in ("D", "d", "u", "y", "i", "?", "w", "L", ":", "ctrl+l"):
            await browser.press(key)
            await browser.until(lambda: len(browser.app.screen_stack) > depth)
            await browser.press("escape")
            await browser.until(lambda: len(browser.app.screen_stack) == depth)
        await browser.shows("one")


@pytest.mark.additions("its lists are keys only")
async def test_sorting_by_size_and_back(store: Storage, browse: Any) -> None:
    store.set("big", "x" * 1000)
    store.set("also-small", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["also-small", "big"])
        await browser.press("o")
        await browser.until(lambda: browser.names == ["big", "also-small"])
        assert browser.current == "also-small"
        await browser.press("O")
        await browser.until(lambda: browser.names == ["also-small", "big"])


async def test_go_to_takes_a_location(store: Storage, browse: Any) -> None:
    fill(store, "a/b/one", "a/b/two", storage_type="tmp")
    async with browse() as browser:
        await browser.press("ctrl+l", "ctrl+u")
        await browser.type("tmp:a/b/two")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["one", "two"] and browser.current == "a/b/two")


@pytest.mark.additions("its lists are keys only")
async def test_a_long_list_is_sorted_in_the_background_and_the_cursor_stays_on_its_key(
    store: Storage, browse: Any
) -> None:
    bounds = ListBounds(sort_at_once=100, piece_rows=20)
    sizes = {f"{number:03}": number * 7 % 300 + 1 for number in range(300)}
    await asyncio.to_thread(lambda: [store.set(name, "x" * size) for name, size in sizes.items()])
    async with browse(bounds=bounds) as browser:
        await browser.shows("1/300")
        await browser.press("j", "j", "o")  # a list of several pages is in the order of its keys, by name is the first
        await browser.until(lambda: browser.main.keys.listing.sort == "name")
        await browser.press("o")
        await browser.until(lambda: browser.main.keys.listing.sort == "size" and not browser.main.sorting.words)
        assert browser.names == sorted(sizes, key=lambda name: -sizes[name])
        assert browser.current == "002"
        await browser.shows("size↓")
        browser.main.sorting.action_sort_reverse()
        browser.main.place.open(Location("tmp"))  # leaving ends it
        await browser.shows("Empty. tmp")
        assert not browser.main.sorting.words


@pytest.mark.additions("its lists are keys only")
async def test_an_order_chosen_while_keys_arrive_holds_when_all_are_there(
    store: Storage, browse: Any, proxy: FaultProxy
) -> None:
    await asyncio.to_thread(lambda: [store.set(f"n/{number:04}", "x" * (number % 90 + 1)) for number in range(600)])
    proxy.default = Fault(rate_bytes_s=6_000)
    async with browse("data:n/", url=proxy.url) as browser:
        await browser.shows("Listing… 250 keys")
        await browser.press("o", "o")
        await browser.shows("sorted by size when all keys are read")
        assert "(Esc stops)   then by size" in browser.text
        proxy.default = Fault()
        await browser.until(lambda: browser.main.keys.listing.is_complete and browser.main.keys.listing.sort == "size")
        assert browser.names[0] == "0089"


@pytest.mark.additions("it has no columns")
async def test_what_would_be_dropped_again_comes_in_columns(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {f"row-{number:03}": int(f"{number:03}"[::-1]) for number in range(400)}
    may_go_on, list_page = asyncio.Event(), AsyncStorage.list_page

    async def later(self: AsyncStorage, prefix: str = "", **options: Any) -> Any:
        await may_go_on.wait()
        return await list_page(self, prefix, **options)

    await asyncio.to_thread(lambda: [store.set(name, "x" * size) for name, size in sizes.items()])
    async with browse(size=(90, 24), bounds=SHORT_PAGES) as browser:
        await browser.shows("1/400")
        listing = browser.main.keys.listing
        assert [slot.count for slot in listing._slots] == [20, 20, 20, 340]
        assert listing.row(399) is None and listing.size_bytes == sum(sizes.values())
        monkeypatch.setattr(AsyncStorage, "list_page", later)
        await browser.press("G")
        await browser.shows("400/400")
        row = next(line for line in browser.text.splitlines() if "row-399" in line)
        assert re.search(r"row-399 +993 B +\d+s", row)
        assert browser.main.keys.current is None
        may_go_on.set()
        await browser.until(lambda: isinstance(row := browser.main.keys.current, Blob) and row.etag)
        assert browser.current == "row-399"


@pytest.mark.parametrize("by", ["filter", "size"])
@pytest.mark.additions("its lists are keys only")
async def test_rows_of_more_pages_than_are_kept_are_all_shown_and_then_nothing_is_asked(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    names = [f"row-{number:03}" for number in range(400)]
    await asyncio.to_thread(
        lambda: [store.set(name, "x" * (1000 - int(name[::-1][:3]))) for name in names]  # neighbours far apart by size
    )
    asked: list[str] = []
    list_page = AsyncStorage.list_page

    async def counted(self: AsyncStorage, prefix: str = "", **options: Any) -> Any:
        asked.append(prefix)
        return await list_page(self, prefix, **options)

    async with browse(size=(90, 60), bounds=replace(SHORT_PAGES, dense_rows=4)) as browser:
        await browser.shows("1/400")
        monkeypatch.setattr(AsyncStorage, "list_page", counted)
        if by == "filter":
            await browser.press("/", "7", "enter")
        else:
            await browser.press("o", "o")
            await browser.until(lambda: browser.main.keys.listing.sort == "size")
        keys = browser.main.keys
        seen = range(keys.top, keys.top + keys.rows_visible)
        assert len({keys.listing._place(index)[0] for index in seen}) > 3
        await browser.until(lambda: all(keys.row_at(index) is not None for index in seen))
        await browser.until(lambda: " …" not in browser.text)
        assert all(isinstance(row, Blob) and row.size_bytes for row in map(keys.row_at, seen))
        before, ticks = len(asked), browser.main._ticks
        assert before <= 2 * len(seen)
        await browser.until(lambda: browser.main._ticks > ticks + 3)
        assert len(asked) == before


@pytest.mark.parametrize("folder", ["深い場所/" * 12, "deep-place/" * 12])
async def test_a_long_place_keeps_its_end_and_what_is_said_of_it(store: Storage, browse: Any, folder: str) -> None:
    fill(store, f"{folder}one", f"{folder}two")
    end = folder[-5:]
    async with browse(f"data:{folder}", size=(80, 24)) as browser:
        await browser.until(lambda: browser.names == ["one", "two"])
        await browser.press("/", "o", "n")
        await browser.until(lambda: f"{end}   filter on  1 of 2" in browser.text.split("\n")[0])
        await browser.press("escape")
        for key, words in (("U", "usage"), ("f", "find")):
            await browser.press(key)
            await browser.until(lambda words=words: f"{end}  {words}" in browser.text.split("\n")[0])
            await browser.press("escape")
        await browser.press("enter")
        await browser.until(
            lambda: "place/one" in browser.text.split("\n")[0] or "場所/one" in browser.text.split("\n")[0]
        )


async def test_the_way_back_is_walked_forward_again(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(store.set, "a/b/c", "x")
    async with browse("data:") as browser:
        for folder in ("a/", "b/"):
            await browser.until(lambda folder=folder: browser.names == [folder])
            await browser.press("l")
        await browser.until(lambda: str(browser.main.place.location) == "data:a/b/")
        await browser.press("]")
        await browser.shows("no place after this one")
        await browser.press("H", "H")
        await browser.until(lambda: str(browser.main.place.location) == "data:")
        await browser.press("alt+right", "]")
        await browser.until(lambda: str(browser.main.place.location) == "data:a/b/")
        await browser.press("H", "g", "r", "]")  # a new way ends the way forward
        await browser.shows("no place after this one")
        await browser.press("H")
        await browser.until(lambda: str(browser.main.place.location) == "data:a/")
