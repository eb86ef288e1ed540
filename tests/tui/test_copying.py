"""The copy menu: the forms of a row, signed URLs masked, what is sent told."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.tui.app import StorageApp
from storage_tui.tui.dialogs.copy import CopyScreen
from tests.tui.conftest import BOTH_WIRES, Browser

WIRES = BOTH_WIRES


async def test_what_is_copied_unseen_is_told(store: Storage, browse: Any) -> None:
    store.set("a\u202etxt", b"1")
    async with browse() as browser:
        await browser.shows("a\\u202etxt")
        await browser.press("y")
        await browser.until(lambda: isinstance(browser.app.screen, CopyScreen))
        await browser.press("k")
        await browser.shows("sent the key with 1 invisible character to the terminal's clipboard")


async def test_the_copy_menu_masks_the_url_until_asked(store: Storage, browse: Any) -> None:
    store.set("it's", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["it's"])
        await browser.press("y")
        await browser.shows(f"Storage('{browser.app.desk.storage.display_url}').get(")
        await browser.press("u")
        await browser.shows("••••••••")
        assert "sig=" not in browser.text
        await browser.press("s")
        await browser.shows("sig=")
        await browser.press("k")
        await browser.until(lambda: not isinstance(browser.app.screen, CopyScreen))
        await browser.shows("sent the key to the terminal's clipboard")
        await browser.press("Y")
        await browser.until(lambda: isinstance(browser.app.screen, CopyScreen))


@pytest.mark.additions("its URLs last as long as it likes")
async def test_a_signed_url_lasts_as_long_as_chosen(store: Storage, browse: Any) -> None:
    store.set("a", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("Y")
        for lifetime, lasts in (("1 hour", "59m"), ("1 day", "23h 59m"), ("7 days", "6d 23h"), ("1 hour", "59m")):
            await browser.shows(f"whoever has it can read this blob for {lifetime} (e)")
            await browser.press("u")
            await browser.shows(f"The URL is made, good for {lasts}.")
            await browser.press("e")


async def test_a_store_that_nobody_else_can_reach_makes_no_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0")
    async with AsyncStorage(data_dir=tmp_path / "own") as storage:
        await storage.set("a", "x")
        app = StorageApp(storage, state_dir=tmp_path / "state", title="own")
        async with app.run_test(size=(120, 40)) as pilot:
            browser = Browser(app, pilot)
            await browser.until(lambda: browser.names == ["a"])
            await browser.press("y")
            await browser.shows("Storage().get('a'")
            await browser.press("c")
            await browser.shows("Not here: it needs a server that others can reach")
