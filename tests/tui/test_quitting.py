"""The question before leaving while transfers run: its figures go on, and it knows when they have ended."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.tui.dialogs.quit import QuitScreen
from tests.faults.proxy import NONE, Fault, FaultProxy


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_the_figures_go_on_while_the_question_is_open(
    store: Storage, browse: Any, proxy: FaultProxy, size: tuple[int, int]
) -> None:
    store.set("big", b"x" * 8_000_000)
    async with browse(url=proxy.url, size=size) as browser:
        await browser.until(lambda: browser.names == ["big"])
        proxy.default = Fault(rate_bytes_s=2_000_000)
        proxy.cut_all()
        await browser.press("d")
        await browser.shows("Download big")
        await browser.press("enter")
        await browser.until(lambda: browser.app.desk.queue.is_active)
        await browser.press("q")
        await browser.until(lambda: isinstance(browser.app.screen, QuitScreen))
        seen = set()
        await browser.until(lambda: seen.add(note(browser)) or len(seen) >= 3)
        assert all("1 transfer" in words or "ended" in words for words in seen)
        assert all(answer in browser.text for answer in ("[Stay]", "Quit when done", "Cancel and quit"))
        await browser.press("escape")
        proxy.default = NONE
        proxy.cut_all()


async def test_waiting_for_transfers_that_ended_meanwhile_quits(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path
) -> None:
    store.set("big", b"x" * 3_000_000)
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["big"])
        proxy.default = Fault(rate_bytes_s=2_000_000)
        proxy.cut_all()
        await browser.press("d")
        await browser.shows("Download big")
        await browser.press("enter")
        await browser.until(lambda: browser.app.desk.queue.is_active)
        await browser.press("q")
        await browser.shows("All of them have ended")
        await browser.press("right", "enter")
        await browser.until(lambda: browser.app._exit)
    assert (tmp_path / "here" / "big").stat().st_size == 3_000_000


def note(browser: Any) -> str:
    """What the question says of the transfers."""
    return str(browser.app.screen.query_one("#note").render())
