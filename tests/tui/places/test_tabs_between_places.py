"""Tabs of several stores in one browser: each keeps its place and marks, and rows go from one tab to the other."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.keys import Location
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from storage_tui.tui.state.bookmarks import Elsewhere
from storage_tui.tui.tabs.book import TABS_AT_MOST
from storage_tui.tui.tabs.stores import Opened
from tests.server.running import RunningServer
from tests.tui.conftest import Browser


@pytest.fixture
def folder(tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("STORAGE_TUI_HOME", str(tmp_path / "own")), ("XDG_RUNTIME_DIR", str(runtime_base))):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORAGE_TUI_LINGER", "1")
    root = tmp_path / "scans"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("text of the file\n")
    (root / "sub" / "b.txt").write_text("b")
    return root


@pytest.fixture
def other_token(server: RunningServer, token: str) -> str:
    return server.token(f"other-{token[-8:]}")


@pytest.fixture
def other(server: RunningServer, other_token: str) -> Iterator[Storage]:
    """Another store, which the profile `two` names."""
    with Storage(server.url, token=other_token) as storage:
        yield storage


@pytest.fixture
def browse_both(server: RunningServer, token: str, other_token: str, tmp_path: Path) -> Any:
    """`async with browse_both("data:a/") as browser`: the store of the profile `one`, from where others open."""
    named = {"one": "the first", "two": "the second"}

    def open_store(there: Elsewhere) -> Opened:
        if there.profile:
            mine = {"one": token, "two": other_token}[there.profile]
            storage = AsyncStorage(server.url, token=mine)
            return Opened(storage, there.location or Location("data"), "its title", there.profile, named)
        if there.url.startswith("s3://"):
            raise BadRequestError("no such bucket")
        return Opened(AsyncStorage(there.url), there.location or Location("data"), there.url, "", named)

    @asynccontextmanager
    async def start(location: str = "data:", size: tuple[int, int] = (120, 40)) -> AsyncIterator[Browser]:
        app = StorageApp(
            AsyncStorage(server.url, token=token), location=Location.parse(location), title="test", profile="one",
            profiles=named, state_dir=tmp_path / "state", open_store=open_store,
        )  # fmt: skip
        async with app.run_test(size=size) as pilot:
            browser = Browser(app, pilot)
            await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
            yield browser

    return start


async def go_to(browser: Browser, text: str) -> None:
    """Type a location into the prompt of `g l`."""
    await browser.press("g", "l")
    await browser.shows("Go to")
    await browser.press("ctrl+u")
    await browser.type(text)
    await browser.press("enter")


async def other_profile(browser: Browser, *, down: bool = True) -> None:
    await browser.press("P")
    await browser.shows("Profiles")
    await browser.press("down" if down else "up", "enter")


async def test_another_place_opens_in_a_tab_and_each_tab_keeps_what_is_its_own(
    folder: Path, store: Storage, browse_both: Any
) -> None:
    for key in ("a/1", "a/2", "a/3"):
        store.set(key, "x")
    async with browse_both("data:a/") as browser:
        await browser.until(lambda: browser.names == ["1", "2", "3"])
        await browser.press("space", "j")
        await browser.until(lambda: browser.current == "a/3")
        await go_to(browser, f"file://{folder}")
        await browser.until(lambda: browser.names == ["sub/", "a.txt"])
        await browser.shows(" 1 one · a/  2 scans ")
        assert "read only" in browser.text and "● 1" not in browser.text
        await browser.press("l")
        await browser.until(lambda: browser.names == ["b.txt"])
        await browser.press("g", "t")
        await browser.until(lambda: browser.names == ["1", "2", "3"] and browser.current == "a/3")
        await browser.shows("● 1")
        await browser.press("H")
        await browser.shows("no place before this one")
        await browser.press("g", "t")
        await browser.until(lambda: browser.names == ["b.txt"])
        await browser.press("H")
        await browser.until(lambda: browser.names == ["sub/", "a.txt"])
        await browser.press("g", "q")
        await browser.until(lambda: browser.names == ["1", "2", "3"])
        await browser.until(lambda: len(browser.app.stores.screens) == 1)
        assert "2 scans" not in browser.text


async def test_a_store_that_is_open_is_shown_in_its_tab(store: Storage, other: Storage, browse_both: Any) -> None:
    store.set("mine", "x")
    other.set("theirs/a", "x")
    async with browse_both() as browser:
        await browser.until(lambda: browser.names == ["mine"])
        await other_profile(browser)
        await browser.until(lambda: browser.names == ["theirs/"])
        await browser.shows("two · data:")
        await browser.press("l")
        await browser.until(lambda: browser.names == ["a"])
        await other_profile(browser, down=False)
        await browser.until(lambda: browser.names == ["mine"])
        await other_profile(browser)
        await browser.until(lambda: browser.names == ["a"])
        assert len(browser.app.stores.book.tabs) == 2
        await browser.press("T")
        browser.app.desk.go_elsewhere(Elsewhere(Location("data"), profile="two"))
        await browser.until(lambda: browser.names == ["theirs/"])
        assert len(browser.app.stores.book.tabs) == 3


async def test_rows_of_a_read_only_place_are_copied_into_another_tab(
    folder: Path, store: Storage, browse_both: Any
) -> None:
    store.set("here", "x")
    async with browse_both() as browser:
        await browser.until(lambda: browser.names == ["here"])
        await go_to(browser, f"file://{folder}")
        await browser.until(lambda: browser.names == ["sub/", "a.txt"])
        await browser.press("ctrl+a", "X")
        await browser.shows("read only")
        await browser.press("C")
        await browser.shows("⧉ 1 blob + 1 folder to copy")
        await browser.press("g", "t")
        await browser.until(lambda: browser.names == ["here"])
        await browser.press("g", "p")
        await browser.shows("Copy 2 blobs, 18 B from scans")
        await browser.press("enter")
        await browser.shows("copied 2 blobs to data (Z takes it back)")
        await browser.until(lambda: browser.names == ["sub/", "a.txt", "here"])
    assert (store.get("a.txt"), store.get("sub/b.txt")) == (b"text of the file\n", b"b")


async def test_rows_that_are_cut_go_from_one_store_into_the_other(
    store: Storage, other: Storage, browse_both: Any
) -> None:
    store.set("in/mine", "x")
    other.set("theirs/a", b"1")
    other.set("theirs/deep/b", b"22")
    other.set("stays", b"3")
    async with browse_both("data:in/") as browser:
        await browser.until(lambda: browser.names == ["mine"])
        await other_profile(browser)
        await browser.until(lambda: browser.names == ["theirs/", "stays"])
        await browser.press("X", "g", "T")
        await browser.until(lambda: browser.names == ["mine"])
        await browser.press("g", "p", "enter")
        await browser.shows("moved theirs/ to data:in/, 2 blobs")
        assert "Z takes" not in browser.text
        await browser.until(lambda: browser.names == ["theirs/", "mine"])
        await browser.press("Z")
        await browser.shows("2 blobs came from")
        await browser.press("escape", "g", "t")
        await browser.until(lambda: browser.names == ["stays"])
        await browser.press("Z")
        await browser.shows("2 blobs went into another store")
    assert (store.get("in/theirs/a"), store.get("in/theirs/deep/b")) == (b"1", b"22")
    assert list(other.list()) == ["stays"]


async def test_what_cannot_be_opened_is_said_and_the_tabs_stay(browse_both: Any, store: Storage) -> None:
    store.set("mine", "x")
    async with browse_both() as browser:
        await browser.until(lambda: browser.names == ["mine"])
        await go_to(browser, "s3://nothing/")
        await browser.shows("s3://nothing/ cannot be opened: no such bucket")
        await browser.press(*["T"] * TABS_AT_MOST)
        await browser.shows(f"{TABS_AT_MOST} tabs are the most")
        browser.app.desk.front.shown = None
        await other_profile(browser)
        await browser.shows(f"{TABS_AT_MOST} tabs are the most")
        assert browser.names == ["mine"]


async def test_a_tab_with_transfers_stays_and_quitting_asks_about_all_tabs(
    store: Storage, other: Storage, browse_both: Any, tmp_path: Path
) -> None:
    store.set("mine", "x")
    other.set("theirs", "x")
    async with browse_both() as browser:
        await browser.until(lambda: browser.names == ["mine"])
        await other_profile(browser)
        await browser.until(lambda: browser.names == ["theirs"])
        browser.app.desk.runner.pause_all(True)
        await browser.press("d")
        await browser.shows("Download")
        await browser.press("enter")
        await browser.until(lambda: browser.app.desk.runner.stops_at_quit)
        await browser.press("g", "q")
        await browser.shows("transfers of this tab are running; w shows them")
        await browser.press("g", "t")
        await browser.until(lambda: browser.names == ["mine"])
        await browser.shows("  0% 0/1 ")
        await browser.press("q")
        await browser.shows("Transfers are running")
        await browser.shows("1 transfer unfinished")
        await browser.press("escape")
        two = browser.app.stores.book.tabs[1].desk
        two.runner.pause_all(False)
        await browser.shows("1 transfer done")
        assert (tmp_path / "here" / "theirs").read_bytes() == b"x"


async def test_a_typed_folder_is_offered_as_a_tab(folder: Path, browse_both: Any, store: Storage) -> None:
    store.set("mine", "x")
    async with browse_both(size=(200, 40)) as browser:
        await browser.until(lambda: browser.names == ["mine"])
        await go_to(browser, str(folder))
        await browser.shows("Enter again opens the local side")
        await browser.shows("In a tab of its own, type")


async def test_a_browser_of_one_store_says_so(browse: Any, store: Storage) -> None:
    store.set("mine", "x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["mine"])
        await go_to(browser, "s3://bucket/")
        await browser.shows("this browser shows one store")
