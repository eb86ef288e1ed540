"""Rename, take and paste, move to: on rows, marks and folders, on our server and on a published one."""

from typing import Any

import pytest

from storage_tui import Storage
from tests.tui.conftest import BOTH_WIRES

WIRES = BOTH_WIRES


async def rename(browser: Any, old: str, new: str) -> None:
    """Type a new name over the old one."""
    await browser.press("r")
    await browser.shows("Rename the")
    await browser.press("end", *["backspace"] * len(old))
    await browser.type(new)
    await browser.press("enter")


async def test_r_renames_a_blob_in_place_and_the_cursor_stays_on_the_blob(browse: Any, store: Storage) -> None:
    store.set("a.txt", b"one", content_type="text/csv")
    store.set("b.txt", b"two")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a.txt", "b.txt"])
        await browser.press("r")
        await browser.shows("Rename the blob a.txt")
        field = browser.app.screen.query_one("#name")
        assert (field.value, field.cursor_position) == ("a.txt", 1)
        await browser.type("-z")
        await browser.press("enter")
        await browser.shows("renamed a.txt to data:a-z.txt")
        await browser.until(lambda: browser.current == "a-z.txt")
    assert (store.get("a-z.txt"), store.list()) == (b"one", ["a-z.txt", "b.txt"])
    assert store.stat("a-z.txt").content_type == "text/csv"


async def test_a_folder_is_renamed_with_all_below_and_nothing_beside(browse: Any, store: Storage) -> None:
    for key in ("m/a", "m/b/c", "m-old/d"):
        store.set(key, key.encode())
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["m-old/", "m/"])
        await browser.press("j")
        await rename(browser, "m", "n")
        await browser.until(lambda: browser.names == ["m-old/", "n/"] and browser.current == "n/")
    assert store.list() == ["m-old/d", "n/a", "n/b/c"]
    assert store.get("n/b/c") == b"m/b/c"


async def test_a_name_that_is_taken_is_asked_about(browse: Any, store: Storage) -> None:
    store.set("a", b"one")
    store.set("b", b"two")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a", "b"])
        await rename(browser, "a", "b")
        await browser.shows("Enter again replaces it")
        assert store.get("b") == b"two"
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["b"])
    assert store.get("b") == b"one"


@pytest.mark.parametrize(("name", "words"), [("", "type a name"), ("x/", "is a folder's"), ("..", "the segment '..'")])
async def test_a_name_that_cannot_be_is_refused_in_the_dialog(
    browse: Any, store: Storage, name: str, words: str
) -> None:  # fmt: skip
    store.set("a", b"one")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await rename(browser, "a", name)
        await browser.shows(words)
        await browser.press("escape")
        await browser.until(lambda: browser.names == ["a"])
    assert store.list() == ["a"]


async def test_what_was_taken_is_shown_and_pasted_into_another_type(browse: Any, store: Storage) -> None:
    for key in ("d/a", "d/e/b", "c"):
        store.set(key, key.encode(), "tmp")
    async with browse("tmp:") as browser:
        await browser.until(lambda: browser.names == ["d/", "c"])
        await browser.press("space", "space", "X")
        await browser.shows("✂ 1 blob + 1 folder to move")
        await browser.press("1")
        await browser.until(lambda: browser.main.place.location.storage_type == "data")
        await browser.press("g", "p")
        await browser.shows("they no longer expire")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["d/", "c"])
        await browser.until(lambda: "to move" not in browser.text)
    assert store.list(storage_type="tmp") == []
    assert (store.list(), store.get("d/e/b")) == (["c", "d/a", "d/e/b"], b"d/e/b")


async def test_a_copy_stays_taken_and_esc_forgets_it(browse: Any, store: Storage) -> None:
    store.set("a", b"one")
    store.set("d/b", b"two")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["d/", "a"])
        await browser.press("j", "C")
        await browser.shows("⧉ 1 blob to copy")
        await browser.press("k", "l")
        await browser.until(lambda: browser.names == ["b"])
        for _ in range(2):
            await browser.press("ctrl+v")
            await browser.shows("Copy a: 1 blob, ")
            await browser.press("enter")
            await browser.until(lambda: "Copy a: 1 blob" not in browser.text and "d/a" in store.list())
            await browser.rests()
        await browser.shows("1 skipped: something has their name there")
        await browser.press("escape")
        await browser.until(lambda: "to copy" not in browser.text)
        await browser.press("g", "p")
        await browser.shows("nothing was taken")
    assert store.list() == ["a", "d/a", "d/b"]


async def test_a_taken_name_is_skipped_overwritten_or_numbered_as_in_transfers(browse: Any, store: Storage) -> None:
    store.set("a.txt", b"one")
    store.set("d/a.txt", b"old")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["d/", "a.txt"])
        for steps, wanted in ((2, ["d/a (2).txt", "d/a.txt"]), (1, ["d/a (2).txt", "d/a.txt"])):
            await browser.press("end", ">")
            await browser.shows("Move or copy a.txt: 1 blob")
            await browser.type("d/")
            await browser.press("down", "right", "down", *["right"] * steps, "enter")
            await browser.until(lambda wanted=wanted: store.list("d/") == wanted)
            await browser.rests()
    assert (store.get("d/a.txt"), store.get("d/a (2).txt"), store.get("a.txt")) == (b"one", b"one", b"one")


async def test_products_and_folders_into_themselves_are_refused_before_anything_moves(
    browse: Any, store: Storage
) -> None:  # fmt: skip
    store.set("p", b"x", "products")
    store.set("d/e/f", b"y")
    async with browse("products:") as browser:
        await browser.until(lambda: browser.names == ["p"])
        await browser.press("X")
        await browser.shows("blobs of products cannot be moved away")
        await browser.press("r")
        await browser.shows("cannot be renamed")
        await browser.press("1")
        await browser.until(lambda: browser.names == ["d/"])
        await browser.press("X", "l")
        await browser.until(lambda: browser.names == ["e/"])
        await browser.press("g", "p")
        await browser.shows("cannot go into itself")
    assert store.list() == ["d/e/f"]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_every_key_answers_on_an_empty_list_and_a_small_screen(browse: Any, size: tuple[int, int]) -> None:
    async with browse(size=size) as browser:
        await browser.until(lambda: not browser.main.reader.is_reading)
        for key in ("r", "C", "X", ">", "e", "a"):
            browser.app.desk.front.shown = None
            await browser.press(key)
            await browser.until(lambda: browser.app.desk.fresh_message is not None)
            assert browser.app.screen is browser.main


async def test_a_blob_that_is_gone_when_it_is_to_be_renamed_is_said(browse: Any, store: Storage) -> None:
    store.set("a", b"x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        store.delete("a")
        await rename(browser, "a", "b")
        await browser.until(lambda: browser.app.desk.log.unseen_errors)
    assert store.list() == []
