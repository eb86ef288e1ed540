"""A session over 150 ms and 256 kbit/s: keys answer at once, whatever is on its way."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.events import Key

from storage_tui import Storage
from tests.faults.proxy import Fault, FaultProxy

LINK = Fault(delay_s=0.075, rate_bytes_s=32_000)
AT_ONCE_S = 0.12  # far below one round trip; an answer takes a few milliseconds on a machine with nothing else to do


async def test_keys_answer_before_a_round_trip_could_end(store: Storage, browse: Any, proxy: FaultProxy) -> None:
    await asyncio.to_thread(lambda: [store.set(f"f{number % 3}/{number:04}", "x" * 500) for number in range(1500)])
    proxy.default = LINK
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["f0/", "f1/", "f2/"])
        await browser.press("l")
        await browser.shows("Listing…")
        await browser.until(lambda: len(browser.names) >= 250)
        assert browser.main.reader.is_reading
        took: list[float] = []

        async def answer(key: str, has_answered: Callable[[], bool]) -> None:
            began = time.perf_counter()
            browser.app.post_message(Key(key, key if len(key) == 1 else None))  # Pilot's press would wait for idleness
            while not has_answered():  # noqa: ASYNC110 - the time until it is so is what is measured
                await asyncio.sleep(0.002)
            took.append(time.perf_counter() - began)

        keys = browser.main.keys
        for number in range(1, 30):
            await answer("j", lambda number=number: keys.cursor == number)
        await answer("space", lambda: len(browser.app.desk.marks) == 1)
        await answer("ctrl+d", lambda: keys.cursor > 40)
        assert len(browser.app.desk.marks) == 1
        await answer("g", lambda: browser.main.keymap.pending == "g")
        await answer("g", lambda: keys.cursor == 0)
        await answer("h", lambda: browser.main.place.location.key == "")
        assert browser.names == ["f0/", "f1/", "f2/"]  # the way back needs no network
        took.sort()
        assert took[len(took) // 2] < AT_ONCE_S / 2 and took[-2] < AT_ONCE_S, took
