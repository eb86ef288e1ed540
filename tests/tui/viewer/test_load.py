"""What previews ask of the server while the cursor moves: one request at most, and none left over."""

import asyncio
from pathlib import Path
from typing import Any

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.keys import Location
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from tests.previews.samples import SAMPLES
from tests.server.running import RunningServer
from tests.tui.conftest import Browser

HELD = 500


class Counting(AsyncStorage):
    """Counts the ranges that are wanted, and those in flight: a dropped one until its connection is closed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.asked = self.wanted = self.in_flight = self.most = 0

    async def read_range(self, *arguments: Any, **options: Any) -> Any:
        """As the base does it."""
        self.asked += 1
        self.wanted += 1
        self.most = max(self.most, self.wanted)
        self.in_flight += 1
        reading = asyncio.ensure_future(super().read_range(*arguments, **options))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            reading.cancel()
            raise
        finally:
            self.wanted -= 1
            reading.add_done_callback(self._end)

    def _end(self, reading: "asyncio.Future[Any]") -> None:
        self.in_flight -= 1
        if not reading.cancelled():
            reading.exception()


async def test_holding_the_cursor_key_over_mixed_blobs_asks_for_one_preview_at_a_time(
    server: RunningServer, token: str, store: Storage, tmp_path: Path
) -> None:
    contents = [make() for make, _ in SAMPLES.values()]
    for number in range(HELD):
        store.set(f"mixed/{number:03}", contents[number % len(contents)])
    storage = Counting(server.url, token=token)
    app = StorageApp(storage, location=Location("data", "mixed/"), title="test", state_dir=tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        browser = Browser(app, pilot)
        await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
        await browser.shows(f"1/{HELD}")
        for step in range(HELD - 1):
            browser.main.actions["down"]()
            if step % 25 == 0:  # a rest now and then, so that previews begin and are dropped
                await browser.until(lambda asked=storage.asked: storage.asked > asked)
            else:
                await pilot.pause(0)
        await browser.shows(f"{HELD}/{HELD}")
        await browser.until(
            lambda: (
                storage.in_flight == 0
                and not [w for w in browser.main.pane.workers if not w.is_finished and w.group == "preview"]
            )
        )
        assert storage.most == 1
        assert 10 < storage.asked < HELD
        last = list(SAMPLES)[(HELD - 1) % len(contents)]
        await browser.shows(last)
