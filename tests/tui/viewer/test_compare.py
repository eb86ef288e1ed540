"""Two blobs beside each other in the browser: which two, what is shown, what is refused."""

import asyncio
from typing import Any

from storage_tui import Storage


async def test_two_marked_texts_are_shown_as_a_diff(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(store.set, "a.txt", "one\ntwo\nthree\n")
    await asyncio.to_thread(store.set, "b.txt", "one\n2\x1b[31m\nthree\n")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a.txt", "b.txt"])
        await browser.press("space", "space", "=")
        await browser.shows("The texts differ: 1 line only left, 1 line only right.")
        await browser.shows("-two")
        await browser.shows("+2\\x1b[31m")
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_the_marked_blob_is_compared_with_the_one_under_the_cursor(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(store.set, "a.bin", bytes(range(256)) * 8)
    await asyncio.to_thread(store.set, "b.bin", bytes(range(255)) + b"!" + bytes(range(256)) * 7)
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a.bin", "b.bin"])
        await browser.press("space", "=")
        await browser.shows("The blobs differ: the first difference is at byte 255.")


async def test_a_blob_that_is_gone_says_so(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(store.set, "a", b"1")
    await asyncio.to_thread(store.set, "b", b"2")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a", "b"])
        await asyncio.to_thread(store.delete, "a")
        await browser.press("space", "=")
        await browser.shows("cannot compare: there is no blob 'a' in data")


async def test_one_blob_or_a_folder_is_no_choice(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(store.set, "a", b"1")
    await asyncio.to_thread(store.set, "dir/b", b"2")
    async with browse("data:") as browser:
        await browser.until(lambda: len(browser.names) == 2)
        await browser.press("=")
        await browser.shows("mark two blobs")
        await browser.press("ctrl+a", "=")
        await browser.shows("mark two blobs")
