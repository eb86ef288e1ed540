"""Marks where one does not see them: the status line counts them, and a delete asks whether it is about them too."""

import asyncio
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.tui.dialogs.delete import DeleteScreen
from storage_tui.tui.dialogs.which_marks import WhichMarksScreen
from tests.tui.conftest import BOTH_WIRES, Browser

WIRES = BOTH_WIRES
SIZES = [(120, 40), (80, 24), (20, 5)]


async def marked_in_data_and_tmp(store: Storage, browser: Browser) -> None:
    """Two of three blobs in data are marked, and one of two in tmp, which is on the screen."""
    await browser.until(lambda: browser.names == ["a", "b", "c"])
    await browser.press("space", "space", "2")
    await browser.until(lambda: browser.names == ["s", "t"])
    await browser.press("space")


@pytest.fixture
def filled(store: Storage) -> Storage:
    for key in ("a", "b", "c"):
        store.set(key, key)
    for key in ("s", "t"):
        store.set(key, key, "tmp")
    return store


async def test_the_status_line_counts_the_marks_that_are_not_here(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        await marked_in_data_and_tmp(filled, browser)
        await browser.until(lambda: "2 not here" in browser.text)
        await browser.press("1")
        await browser.until(lambda: "1 not here" in browser.text)
        await browser.press("escape")
        await browser.until(lambda: "not here" not in browser.text)


@pytest.mark.parametrize("size", SIZES)
async def test_a_delete_is_about_the_marks_one_sees_unless_told_otherwise(
    filled: Storage, browse: Any, size: tuple[int, int]
) -> None:
    async with browse(size=size) as browser:
        await marked_in_data_and_tmp(filled, browser)
        await browser.press("D")
        await browser.shows("Delete which marks?")
        await browser.shows("1 here, 2 in data")
        await browser.shows("[Only the 1 here]")
        await browser.press("enter")
        await browser.until(lambda: isinstance(browser.app.screen, DeleteScreen))
        await browser.shows("Delete 1 blob from")
        await browser.press("right", "enter")
        await browser.until(lambda: browser.names == ["t"])
        assert len(browser.app.desk.marks) == 2
    assert filled.list() == ["a", "b", "c"]


async def test_all_of_them_are_listed_with_their_types(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        await marked_in_data_and_tmp(filled, browser)
        await browser.press("D")
        await browser.shows("1 here, 2 in data that you do not see here")
        await browser.press("right", "enter")
        await browser.shows("Delete 3 blobs from data (2), tmp (1)?")
        assert all(place in browser.text for place in ("data:a", "data:b", "tmp:s"))
        await browser.press("right", "enter")
        await browser.until(lambda: browser.names == ["t"])
        await browser.shows("deleted 3 blobs")
    assert filled.list() == ["c"]


@pytest.mark.parametrize("size", SIZES)
async def test_a_rescue_is_about_the_marks_one_sees_unless_told_otherwise(
    store: Storage, browse: Any, size: tuple[int, int]
) -> None:
    for key in ("f/a", "f/b", "s", "t"):
        store.set(key, key, "tmp")
    async with browse("tmp:f/", size=size) as browser:
        await browser.until(lambda: browser.names == ["a", "b"])
        await browser.press("space", "h")
        await browser.until(lambda: browser.names == ["f/", "s", "t"])
        await browser.press("G", "c")
        await browser.until(lambda: isinstance(browser.app.screen, WhichMarksScreen))
        await browser.shows("Copy which marks to")
        await browser.shows("1 in tmp")
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)
        await browser.press("c")
        await browser.until(lambda: isinstance(browser.app.screen, WhichMarksScreen))
        await browser.press("right", "right", "enter")
        await browser.until(lambda: store.list() == ["t"])
        assert len(browser.app.desk.marks) == 1


async def test_a_download_names_the_types_that_marks_are_in(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        await marked_in_data_and_tmp(filled, browser)
        await browser.press("d")
        await browser.shows("Download 3 blobs from data (2), tmp (1), ")
        await browser.press("escape")


@pytest.mark.parametrize("size", SIZES)
async def test_without_a_mark_here_nothing_is_preset_and_the_row_under_the_cursor_is_offered(
    filled: Storage, browse: Any, size: tuple[int, int]
) -> None:
    async with browse(size=size) as browser:
        await browser.until(lambda: browser.names == ["a", "b", "c"])
        await browser.press("space", "2")
        await browser.until(lambda: browser.names == ["s", "t"])
        await browser.press("j", "D")
        await browser.shows("1 in data")
        await browser.shows("[Nothing]")
        await browser.press("enter")
        await browser.until(lambda: browser.app.screen is browser.main)
        await browser.press("D")
        await browser.until(lambda: isinstance(browser.app.screen, WhichMarksScreen))
        await browser.press("right")
        await browser.shows("[The marked one]")
        await browser.press("right")
        await browser.shows("[Only t, ")
        await browser.press("enter")
        await browser.shows("Delete 1 blob from")
        await browser.press("right", "enter")
        await browser.until(lambda: browser.names == ["s"])
    assert filled.list() == ["a", "b", "c"]


async def test_without_a_mark_here_the_marked_rows_can_be_chosen(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a", "b", "c"])
        await browser.press("space", "space", "2")
        await browser.until(lambda: browser.names == ["s", "t"])
        await browser.press("D", "right")
        await browser.shows("[The 2 marked]")
        await browser.press("enter")
        await browser.shows("Delete 2 blobs from data?")
        await browser.press("right", "enter")
        await browser.shows("deleted 2 blobs")
    assert filled.list() == ["c"] and filled.list(storage_type="tmp") == ["s", "t"]


async def test_a_long_name_under_the_cursor_leaves_room_for_the_other_answer(store: Storage, browse: Any) -> None:
    store.set("a", "a")
    store.set("a-name-that-is-far-longer-than-the-screen", "b", "tmp")
    async with browse(size=(20, 5)) as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("space", "2")
        await browser.until(lambda: len(browser.names) == 1 and browser.names != ["a"])
        await browser.press("D")
        await browser.shows("[Nothing]")
        await browser.shows("The marked one")
        await browser.shows("Only a-na")


async def test_escape_deletes_nothing_and_keeps_the_marks(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        await marked_in_data_and_tmp(filled, browser)
        await browser.press("D")
        await browser.until(lambda: isinstance(browser.app.screen, WhichMarksScreen))
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)
        assert len(browser.app.desk.marks) == 3
    assert len(filled.list()) == 3


async def test_marks_that_a_filter_hides_are_asked_about_too(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a", "b", "c"])
        await browser.press("ctrl+a", "slash", "b", "enter")
        await browser.until(lambda: browser.names == ["b"])
        await browser.press("D")
        await browser.shows("1 here, 2 in data that you do not see here")
        await browser.press("enter")
        await browser.shows("Delete 1 blob from data?")
        await browser.press("escape")


async def test_the_usage_tree_and_a_search_ask_as_well(filled: Storage, browse: Any) -> None:
    await asyncio.to_thread(filled.set, "f/x", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["f/", "a", "b", "c"])
        await browser.press("j", "space", "f")
        await browser.type("x")
        await browser.press("enter")
        await browser.shows("1 found")
        await browser.press("D")
        await browser.shows("1 in data that you do not see here, none in this list")
        await browser.press("escape", "escape", "U")
        await browser.shows("(blobs directly here)")
        await browser.press("G", "D")
        await browser.shows("[Nothing]")
        await browser.shows("Only f, under the cursor")
        await browser.press("escape")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (80, 16), (20, 5)])
async def test_where_the_count_is_typed_is_on_the_screen(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    await asyncio.to_thread(lambda: [store.set(f"{number:02}", "x") for number in range(40)])
    async with browse(size=size) as browser:
        await browser.until(lambda: len(browser.names) == 40)
        await browser.press("ctrl+a", "D")
        await browser.shows("40 deletes them")
        await browser.type("40")
        await browser.press("enter")
        await browser.until(lambda: not browser.names)
