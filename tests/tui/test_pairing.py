"""A result and the log of its task: one key apart."""

import asyncio
from typing import Any

from storage_tui import Storage, TaskRun


def run_task(store: Storage, key: str, *, has_result: bool = True) -> None:
    with TaskRun(store, key) as run:
        run.log("said", key)
        if has_result:
            run.result({"task": key})


async def test_a_key_goes_from_a_result_to_its_log_and_back(store: Storage, browse: Any) -> None:
    for key in ("job/a", "job/b", "job/c"):
        await asyncio.to_thread(run_task, store, key)
    async with browse("result:job/") as browser:
        await browser.until(lambda: browser.names == ["a", "b", "c"])
        await browser.press("j", "b")
        await browser.until(lambda: browser.main.place.location.storage_type == "logs" and browser.current == "job/b")
        await browser.shows("said job/b")
        await browser.press("b")
        await browser.until(lambda: browser.main.place.location.storage_type == "result" and browser.current == "job/b")
        await browser.press("H")
        await browser.until(lambda: browser.main.place.location.storage_type == "logs")


async def test_a_folder_goes_to_the_folder_of_its_name(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(run_task, store, "job/a")
    async with browse("logs:") as browser:
        await browser.until(lambda: browser.names == ["job/"])
        await browser.press("b")
        await browser.until(lambda: str(browser.main.place.location) == "result:job/" and browser.names == ["a"])


async def test_what_has_no_other_half_says_so(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(run_task, store, "failed", has_result=False)
    await asyncio.to_thread(store.set, "alone", "x", "result")
    await asyncio.to_thread(store.set, "blob", "x")
    async with browse("logs:") as browser:
        await browser.until(lambda: browser.names == ["failed"])
        await browser.press("b")
        await browser.shows("there is no result result:failed")
        await browser.press("i")
        await browser.shows("result        none")
        await browser.press("escape", "4")
        await browser.until(lambda: browser.names == ["alone"])
        await browser.press("b")
        await browser.shows("there is no log logs:alone")
        await browser.press("1")
        await browser.until(lambda: browser.names == ["blob"])
        await browser.press("b")
        await browser.shows("a task has a result and a log; data holds neither")


async def test_the_parts_of_a_long_log_lead_to_the_result(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(run_task, store, "long")
    await asyncio.to_thread(store.set, "long.part-2", "more\n", "logs")
    async with browse("logs:") as browser:
        await browser.until(lambda: browser.names == ["long", "long.part-2"])
        await browser.press("j", "b")
        await browser.until(lambda: browser.main.place.location.storage_type == "result" and browser.current == "long")


async def test_details_tell_of_the_other_half(store: Storage, browse: Any) -> None:
    await asyncio.to_thread(run_task, store, "job")
    async with browse("result:") as browser:
        await browser.until(lambda: browser.names == ["job"])
        await browser.press("i")
        await browser.shows("log           logs:job, ")
        await browser.shows("b in the list goes there")
