"""A browser whose server goes away and comes back."""

from pathlib import Path
from typing import Any

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.keys import Location
from storage_tui.tui.app import StorageApp
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.server.running import RunningServer
from tests.tui.conftest import Browser

AWAY = Fault(refuse=True)


def _leave(proxy: FaultProxy) -> None:
    proxy.default = AWAY
    proxy.cut_all()


async def test_what_is_shown_stays_usable_and_is_read_again_when_the_server_is_back(
    store: Storage, browse: Any, proxy: FaultProxy
) -> None:
    for key in ("a", "b", "c"):
        store.set(key, key.encode())
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["a", "b", "c"])
        _leave(proxy)
        await browser.press("R")
        await browser.shows("offline · next try in")
        await browser.press("j", "j")
        await browser.until(lambda: browser.current == "c")
        seen = proxy.connections
        await browser.until(lambda: proxy.connections > seen + 4)  # it asks by itself
        assert browser.names == ["a", "b", "c"]
        assert sum("cannot list" in row.text for row in browser.app.desk.log.messages) == 1, "said once, not each time"
        store.set("d", b"meanwhile")
        proxy.default = NONE
        await browser.until(lambda: browser.names == ["a", "b", "c", "d"])
        await browser.shows("answers again")
        await browser.until(lambda: "offline" not in browser.text)
        assert browser.current == "c"


async def test_a_browser_that_starts_without_its_server_lists_when_the_server_comes(
    store: Storage, browse: Any, proxy: FaultProxy
) -> None:
    store.set("a", b"1")
    proxy.default = AWAY
    async with browse(url=proxy.url, retries=0) as browser:
        await browser.shows("R tries now.")
        proxy.default = NONE
        await browser.until(lambda: browser.names == ["a"])
        await browser.until(lambda: "tries now" not in browser.text)


async def test_an_upload_that_begins_while_the_server_is_away_waits_for_it(
    store: Storage, proxy: FaultProxy, token: str, tmp_path: Path
) -> None:
    (tmp_path / "here" / "new").write_bytes(b"n" * 100_000)
    async with _browser(AsyncStorage(proxy.url, token=token, patience_s=3600), tmp_path) as browser:
        await browser.shows("Empty. data")
        _leave(proxy)
        await browser.press("u")
        await browser.shows("Upload to data")
        await browser.type("new")
        await browser.shows("File, 100")
        await browser.press("enter", "w")
        await browser.shows("waits for the server")
        proxy.default = NONE
        await browser.shows("verified")
    assert store.get("new") == b"n" * 100_000


async def test_a_new_token_in_the_token_file_is_taken_up(
    store: Storage, server: RunningServer, token: str, tmp_path: Path
) -> None:
    store.set("a", b"1")
    file = tmp_path / "token"
    file.touch(mode=0o600)
    head, _, signature = token.rpartition(".")
    file.write_text(f"{head}.{signature[::-1]}")
    async with _browser(AsyncStorage(server.url, token_file=file), tmp_path) as browser:
        await browser.shows("signed out · next try in")
        file.write_text(token)
        await browser.until(lambda: browser.names == ["a"])


def _browser(storage: AsyncStorage, tmp_path: Path) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def start() -> Any:
        app = StorageApp(storage, location=Location("data"), title="test", state_dir=tmp_path / "state")
        async with app.run_test(size=(120, 40)) as pilot:
            yield Browser(app, pilot)

    return start()
