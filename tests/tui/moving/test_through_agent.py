"""The browser on a transfer agent: jobs in one line each, two browsers with one queue, and the program without one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from storage_tui import Storage
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from storage_tui.tui.dialogs.limit import LimitScreen
from storage_tui.tui.dialogs.quit import CancelScreen
from tests.agents import kill
from tests.faults.proxy import NONE, Fault, FaultProxy

BIG = bytes(range(256)) * 40_000


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


async def test_two_browsers_see_one_limit_whoever_sets_it(
    store: Storage, browse: Any, place: AgentPlace, tmp_path: Path
) -> None:
    for name in ("many/a", "many/b"):
        store.set(name, BIG)
    async with browse(uses_agent=True) as first, browse(uses_agent=True) as second:
        await first.until(lambda: first.names == ["many/"])
        first.app.desk.runner.limit(50_000, 60_000)  # as the settings do
        await _download(first, "Download 2 blobs")
        await first.until(lambda: first.app.desk.queue.running == 2)
        await second.press("w")
        await second.shows("limit 50.0 kB/s up, 60.0 kB/s down")
        await _limit(second, "off")
        await first.until(lambda: first.app.desk.runner.rates == (None, None))
        await first.until(lambda: not first.app.desk.queue.is_active)
        await _limit(second, "2M:1M")
        await first.until(lambda: first.app.desk.runner.rates == (2e6, 1e6))
        (tmp_path / "here/many/a").unlink()
        await _download(first, "Download 2 blobs")
        await first.until(lambda: (tmp_path / "here/many/a").exists() and not first.app.desk.queue.is_active)
        await second.shows("limit 2.0 MB/s up, 1.0 MB/s down")
        assert first.app.desk.runner.rates == (2e6, 1e6)
        await asyncio.to_thread(kill, place)
        store.set("many/c", b"c")
        await second.press("escape")
        await _download(first, "Download 3 blobs")
        await first.until(lambda: (tmp_path / "here/many/c").exists() and not first.app.desk.queue.is_active)
        assert first.app.desk.runner.rates == (2e6, 1e6), "the next agent obeys too"


async def test_a_browser_never_undoes_what_was_said_in_another(store: Storage, browse: Any, place: AgentPlace) -> None:
    store.set("small", b"x")
    async with browse(uses_agent=True) as first, browse(uses_agent=True) as second:
        await first.until(lambda: first.names == ["small"])
        first.app.desk.storage.engine.pace.set(up=3e6, down=3e6)  # as the settings do
        await _download(first, "Download small")
        await second.press("w")
        await second.shows("limit 3.0 MB/s")
        await _limit(second, "off")
        await first.until(lambda: first.app.desk.runner.rates == (None, None))
        await _download(first, "Download small")
        await first.until(lambda: len(first.app.desk.queue.jobs) == 2 and not first.app.desk.queue.is_active)
        assert first.app.desk.runner.rates == second.app.desk.runner.rates == (None, None)


async def _limit(browser: Any, words: str) -> None:
    await browser.press("b")
    await browser.until(lambda: isinstance(browser.app.screen, LimitScreen))
    browser.app.screen.query_one(Input).value = words
    await browser.press("enter")
    await browser.until(lambda: not isinstance(browser.app.screen, LimitScreen))


async def test_the_end_that_nobody_heard_is_told_as_it_was(
    store: Storage, browse: Any, proxy: FaultProxy, place: AgentPlace, tmp_path: Path
) -> None:
    for name in ("many/a", "many/b"):
        store.set(name, BIG)
    async with browse(url=proxy.url, uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ["many/"])
        proxy.default = Fault(rate_bytes_s=3_000_000)
        proxy.cut_all()
        await _download(browser, "Download 2 blobs")
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.running == 2)
        [job] = queue.jobs
        with AgentLink.open(place) as link:
            assert link.steer("cancel", [job.remote_id], [0])[0] == 1
        kill(place)  # in the same moment, as far as the browser is concerned
        proxy.default = NONE
        await browser.until(lambda: not queue.is_active)
        await browser.until(lambda: [row.state for row in queue.items] == ["cancelled", "done"])
        assert queue.items[1].is_verified


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
