"""The browser on a transfer agent: jobs in one line each, two browsers with one queue, and the program without one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.agent.place import AgentPlace
from storage_tui.tui.dialogs.quit import CancelScreen
from tests.agents import SOME_S, ended_at_last, kill
from tests.faults.proxy import NONE, Fault, FaultProxy

BIG = bytes(range(256)) * 40_000


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime_base: Path) -> Iterator[AgentPlace]:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", SOME_S)
    with ended_at_last(AgentPlace.here()) as found:
        yield found


async def _download(browser: Any, words: str) -> None:
    await browser.press("d")
    await browser.shows(words)
    await browser.press("enter")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_a_folder_is_one_line_that_opens_failures_first(
    store: Storage, browse: Any, place: AgentPlace, tmp_path: Path, size: tuple[int, int]
) -> None:
    for number in range(12):
        store.set(f"maps/{number:02}", b"x" * number)
    (tmp_path / "here/maps/07").mkdir(parents=True)
    async with browse(size=size, uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ["maps/"])
        await browser.press("d")
        await browser.shows("Download 12 blobs")
        choice = browser.app.screen.query_one("#conflict")
        while not choice.has_focus:  # the folders that are there come first
            await browser.press("down")
        await browser.press("right", "enter")  # overwrite
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.asked and not queue.is_active)
        await browser.press("w")
        view = browser.app.screen.view
        await browser.until(lambda: len(view.transfers) == 1)
        if size[0] >= 80:
            await browser.shows("11 of 12 · 1 failed")
        await browser.press("enter")
        await browser.until(lambda: [row.state for row in view.transfers] == ["failed"] + ["done"] * 11)
        await browser.press("g", "g")
        assert view.transfer.key == "maps/07" and view.transfer.error
        (tmp_path / "here/maps/07").rmdir()
        await browser.press("escape", "R")
        await browser.until(lambda: queue.poll().failed == 0 and not queue.is_active)
        await browser.press("c")
        await browser.until(lambda: not queue.jobs)
        await browser.press("escape")
    assert (tmp_path / "here/maps/07").read_bytes() == b"x" * 7


async def test_two_browsers_see_and_steer_one_queue(
    store: Storage, browse: Any, proxy: FaultProxy, place: AgentPlace, tmp_path: Path
) -> None:
    for name in ("many/a", "many/b", "many/c"):
        store.set(name, BIG)
    async with browse(url=proxy.url, uses_agent=True) as first:
        await first.until(lambda: first.names == ["many/"])
        proxy.default = Fault(rate_bytes_s=1_000_000)
        proxy.cut_all()
        await _download(first, "Download 3 blobs")
        await first.until(lambda: first.app.desk.queue.running == 3)
        async with browse(url=proxy.url, uses_agent=True) as second:
            await second.press("w")
            await second.until(lambda: second.app.desk.queue.running == 3)
            await second.shows("many/")
            await second.press("enter")
            await second.until(lambda: [row.state for row in second.app.screen.view.transfers] == ["running"] * 3)
            await second.press("escape", "P")
            await second.shows("all paused")
            await first.until(lambda: first.app.desk.queue.is_paused and first.app.desk.queue.poll().paused == 3)
            await second.press("P")
            await first.until(lambda: first.app.desk.queue.running == 3)
            await second.press("x")
            await second.until(lambda: isinstance(second.app.screen, CancelScreen) or not second.app.desk.queue.running)
            await first.until(lambda: [row.state for row in first.app.desk.queue.items] == ["cancelled"] * 3)
    proxy.default = NONE


async def test_quitting_asks_nothing_and_says_what_goes_on(
    store: Storage, browse: Any, proxy: FaultProxy, place: AgentPlace, tmp_path: Path
) -> None:
    store.set("big", BIG)
    async with browse(url=proxy.url, uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ["big"])
        proxy.default = Fault(rate_bytes_s=2_000_000)
        proxy.cut_all()
        await _download(browser, "Download big")
        await browser.until(lambda: browser.app.desk.queue.running)
        await browser.press("q")
        await browser.until(lambda: browser.app._exit)
    assert browser.app.parting == "1 transfer goes on; see: storage-tui transfers"
    proxy.default = NONE
    async with browse(url=proxy.url, uses_agent=True) as browser:
        await browser.until((tmp_path / "here/big").exists)
        await browser.shows("1 done")
    assert (tmp_path / "here/big").read_bytes() == BIG


async def test_leaving_at_once_loses_nothing(store: Storage, browse: Any, place: AgentPlace, tmp_path: Path) -> None:
    store.set("big", BIG)
    async with browse(uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ["big"])
        await _download(browser, "Download big")
        browser.app.exit()
    for _ in range(600):
        if (tmp_path / "here/big").exists():
            break
        await asyncio.sleep(0.05)
    assert (tmp_path / "here/big").read_bytes() == BIG


async def test_an_upload_through_the_agent_appears_in_the_list(
    store: Storage, browse: Any, place: AgentPlace, tmp_path: Path
) -> None:
    (tmp_path / "here/new").write_bytes(b"new")
    async with browse(uses_agent=True) as browser:
        await browser.press("u")
        await browser.shows("Upload to data")
        await browser.type("new")
        await browser.shows("File, 3")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["new"])


async def test_a_killed_agent_is_replaced_and_the_list_stays_true(
    store: Storage, browse: Any, proxy: FaultProxy, place: AgentPlace, tmp_path: Path
) -> None:
    names = [f"many/{number}" for number in range(8)]
    for name in names:
        store.set(name, BIG)
    async with browse(url=proxy.url, uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ["many/"])
        proxy.default = Fault(rate_bytes_s=10_000_000)
        proxy.cut_all()
        await _download(browser, "Download 8 blobs")
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.poll().files_done >= 2)
        await asyncio.to_thread(kill, place)
        proxy.default = NONE
        await browser.until(lambda: not queue.is_active)
        await browser.until(lambda: [row.state for row in queue.items] == ["done"] * 8)
    assert all((tmp_path / "here" / name).read_bytes() == BIG for name in names)


async def test_without_an_agent_transfers_run_in_the_program_and_one_line_says_so(
    store: Storage, browse: Any, place: AgentPlace, tmp_path: Path
) -> None:
    store.set("big", BIG)
    place.runtime.mkdir(parents=True)
    place.runtime.chmod(0o755)
    async with browse(uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ["big"])
        await _download(browser, "Download big")
        await browser.until(lambda: any("run in this program" in row.text for row in browser.app.desk.log.messages))
        await browser.until(lambda: browser.app.desk.queue.items and not browser.app.desk.queue.is_active)
        told = [row.text for row in browser.app.desk.log.messages if "run in this program" in row.text]
        assert len(told) == 1 and "others may enter" in told[0]
    assert (tmp_path / "here/big").read_bytes() == BIG and not place.is_alive()
