"""The browser opens, previews and deletes exactly the key under the cursor, whatever it looks like."""

import asyncio
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.visible import is_plain, visible
from tests.effort import count
from tests.promises.keys import DIFFERENT, KEYS, folded

FOLDER = "of/"
NAMES = tuple(key for key in KEYS if "/" not in key and len(key.encode()) < 1000)
EVERY = count(15, 5, 1)  # of the names is deleted

pytestmark = pytest.mark.slow


@pytest.mark.timeout(300)
async def test_each_row_is_its_own_key(store: Storage, browse: Any) -> None:
    keys = [FOLDER + name for name in NAMES]
    for number, key in enumerate(keys):
        store.set(key, f"here lies number {number}.")
    async with browse(f"data:{FOLDER}") as browser:
        await browser.until(lambda: browser.names == list(NAMES))
        left = list(keys)
        for number, key in enumerate(keys):
            await browser.until(lambda key=key: browser.current == key)
            if number % EVERY:
                await browser.press("j")
                continue
            await browser.shows(f"here lies number {number}.")
            assert all(is_plain(line) for line in browser.text.splitlines())
            await browser.press("D")
            await browser.shows("Delete 1 blob from data?")
            await browser.press("right", "enter")
            left.remove(key)
            await browser.until(lambda: browser.names == [one[len(FOLDER) :] for one in left])
        assert await asyncio.to_thread(lambda: list(store.iter_list())) == left


@pytest.mark.timeout(300)
async def test_every_folder_opens_by_its_own_name(store: Storage, browse: Any) -> None:
    keys = tuple(key for key in KEYS if "/" in key and len(key) < 100)
    for key in keys:
        store.set(key, key.encode())
    _, folders = folded(keys, "")
    async with browse() as browser:
        await browser.until(lambda: browser.names == [*folders])
        for folder in folders:
            await browser.until(lambda folder=folder: browser.current == folder)
            await browser.press("enter")
            await browser.until(lambda folder=folder: browser.main.keys.listing.prefix == folder)
            blobs, inner = folded(keys, folder)
            wanted = {key[len(folder) :] for key in (*blobs, *inner)}
            await browser.until(lambda wanted=wanted: set(browser.names) == wanted)
            await browser.press("h")
            await browser.until(lambda folder=folder: browser.current == folder)
            await browser.press("j")


def test_keys_that_look_alike_are_told_apart_on_the_screen() -> None:
    alike = [(one, other) for one, other in DIFFERENT if visible(one) == visible(other)]
    assert alike == []
