"""The browser on a folder: one place at the side, its rules, previews, and no change before anything is sent."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from storage_tui import AsyncStorage
from storage_tui.contract.models import Page
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from storage_tui.tui.commands import CHANGES, COMMANDS
from tests.tui.conftest import Browser


@pytest.fixture
def folder(tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "1")
    root = tmp_path / "scans"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("text of the file\n")
    (root / "sub" / "b.txt").write_text("b")
    (root / "way").symlink_to("/etc/passwd")
    (root / "esc\x1b[31m").touch()
    (root / os.fsdecode(b"caf\xe9")).touch()
    return root


@asynccontextmanager
async def opened(
    folder: Path, tmp_path: Path, size: tuple[int, int] = (120, 40), *, storage: AsyncStorage | None = None
) -> AsyncIterator[Browser]:
    storage = storage or AsyncStorage(str(folder))
    app = StorageApp(storage, title=storage.display_url, state_dir=tmp_path / "state")
    async with app.run_test(size=size) as pilot:
        browser = Browser(app, pilot)
        await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
        yield browser


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_side_shows_the_one_place_with_its_rules(folder: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(folder, tmp_path, size) as browser:
        await browser.until(lambda: browser.names == ["sub/", "a.txt", "esc\x1b[31m", "way"])
        await browser.shows("4 · 29 B")
        assert "▌scans" in browser.text and "   read only" in browser.text
        assert " scans ▸ /" in browser.text
        assert "products" not in browser.text and "tmp" not in browser.text.splitlines()[4]
        await browser.shows("1 name cannot be shown")
        assert "\x1b" not in browser.text and "esc\\x1b[31m" in browser.text
        await browser.press("2")
        await browser.shows("which has no storage types")


async def test_the_footer_offers_nothing_that_would_change_the_folder(folder: Path, tmp_path: Path) -> None:
    async with opened(folder, tmp_path, (200, 40)) as browser:
        await browser.shows("download")
        assert not [word for word in (" upload", " delete", " rename") if word in browser.text.splitlines()[-1]]


async def test_every_command_that_changes_is_refused_and_the_log_says_why(folder: Path, tmp_path: Path) -> None:
    async with opened(folder, tmp_path) as browser:
        await browser.until(lambda: browser.names == ["sub/", "a.txt", "esc\x1b[31m", "way"])
        assert {row.id for row in COMMANDS} >= CHANGES
        changing = [row for row in COMMANDS if row.id in CHANGES and "browser" in row.contexts]
        assert len(changing) >= 12
        for command in changing:
            desk: Any = browser.app.desk
            before = len(desk.log.messages)
            await browser.main.run_command(command)
            assert len(browser.app.screen_stack) == 2, f"{command.id} asked something"
            assert "is open read only" in desk.log.messages[-1].text, command.id
            assert len(desk.log.messages) >= before
        await browser.shows("is open read only, as every folder of this machine")


class Counting(AsyncStorage):
    """A client that remembers of which folders it asked a list."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.listed: list[str] = []

    async def list_page(self, prefix: str = "", **how: Any) -> Page:
        self.listed.append(prefix)
        return await super().list_page(prefix, **how)


async def test_the_pane_of_a_folder_asks_for_one_list(folder: Path, tmp_path: Path) -> None:
    storage = Counting(str(folder))
    async with opened(folder, tmp_path, storage=storage) as browser:
        await browser.shows("types  blobs  bytes")
        await browser.rests()
        assert storage.listed.count("sub/") == 1


async def test_blobs_of_a_folder_are_previewed_found_and_downloaded(folder: Path, tmp_path: Path) -> None:
    async with opened(folder, tmp_path) as browser:
        await browser.until(lambda: browser.names == ["sub/", "a.txt", "esc\x1b[31m", "way"])
        await browser.press("j")
        await browser.shows("text of the file")
        await browser.press("j", "j")
        await browser.shows("symbolic link")
        await browser.press("k", "k", "d")
        await browser.shows("Download a.txt")
        await browser.press("enter")
        await browser.until(lambda: (tmp_path / "here" / "a.txt").exists())
        assert (tmp_path / "here" / "a.txt").read_text() == "text of the file\n"
