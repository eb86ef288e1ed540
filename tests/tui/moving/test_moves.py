"""Moves between the two sides through the agent: a source goes after a verified end, and not when none was heard."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.agent.place import AgentPlace
from tests.agents import kill
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.tui.local.test_side import open_side

BIG = bytes(range(256)) * 40_000


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("is_killed", [False, True], ids=["lives", "killed"])
async def test_a_source_goes_after_its_verified_transfer_whether_or_not_an_agent_is_killed(
    store: Storage, browse: Any, proxy: FaultProxy, place: AgentPlace, tmp_path: Path, direction: str, is_killed: bool
) -> None:
    here = tmp_path / "here"
    if direction == "up":
        (here / "big").write_bytes(BIG)
    else:
        store.set("big", BIG)
    async with browse(url=proxy.url, uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ([] if direction == "up" else ["big"]))
        await _move(browser, proxy, direction)
        if is_killed:
            await asyncio.to_thread(kill, place)
            assert (here / "big").exists() if direction == "up" else store.exists("big"), "the source stays so long"
        proxy.default = NONE
        await browser.shows("moved 1 file")
        assert place.is_alive(), "the transfer went through an agent"
    if direction == "up":
        assert store.get("big") == BIG and not (here / "big").exists()
    else:
        assert (here / "big").read_bytes() == BIG and not store.exists("big")


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_source_stays_when_the_browser_ends_first(
    store: Storage, browse: Any, proxy: FaultProxy, place: AgentPlace, tmp_path: Path, direction: str
) -> None:
    here = tmp_path / "here"
    if direction == "up":
        (here / "big").write_bytes(BIG)
    else:
        store.set("big", BIG)
    async with browse(url=proxy.url, uses_agent=True) as browser:
        await browser.until(lambda: browser.names == ([] if direction == "up" else ["big"]))
        await _move(browser, proxy, direction)
        browser.app.exit()
    proxy.default = NONE
    for _ in range(1200):
        if store.exists("big") and (here / "big").exists():
            break
        await asyncio.sleep(0.05)
    assert store.get("big") == BIG and (here / "big").read_bytes() == BIG, "it is in both places"


async def _move(browser: Any, proxy: FaultProxy, direction: str) -> None:
    """Begin the move of the only file over a slow link, and wait until some of the bytes are there."""
    await open_side(browser)
    proxy.default = Fault(rate_bytes_s=3_000_000)
    proxy.cut_all()
    await browser.press(*(["tab"] if direction == "down" else []), "f6")
    await browser.shows("Move big")
    if direction == "up":
        await browser.shows("1 file")
    await browser.press("enter")
    queue = browser.app.desk.queue
    await browser.until(lambda: queue.running == 1 and queue.poll().done_bytes > 0)
