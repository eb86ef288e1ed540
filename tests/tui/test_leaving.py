"""Leaving in the middle of something: what reads, what was typed and what the event loop still does end quietly."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual import events

from storage_tui import Storage
from storage_tui.tui.dialogs.go_to import GoToScreen
from storage_tui.tui.lists.find import FindScreen
from storage_tui.tui.lists.usage import UsageScreen
from storage_tui.tui.typeahead import TypeAhead


async def look(screen: Any, name: str, seen: list[str]) -> None:
    """What a worker of a screen does at the worst: look for a widget of it at every turn."""
    while True:
        screen.query_one(name)
        seen.append(name)
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("action", "kind", "widget", "leaves"),
    [
        ("find", FindScreen, "FlatKeys", "escape"),
        ("usage", UsageScreen, "#footer", "q"),
        ("go-to", GoToScreen, "#box", "escape"),
    ],
)
async def test_a_screen_that_goes_ends_what_reads_for_it_before_its_widgets_go(
    store: Storage, browse: Any, action: str, kind: type, widget: str, leaves: str
) -> None:
    store.set("a", b"a")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        browser.app.screen.actions[action]()
        await browser.until(lambda: isinstance(browser.app.screen, kind))
        await browser.until(lambda: browser.app.screen.query(widget))
        seen: list[str] = []
        browser.app.screen.run_worker(look(browser.app.screen, widget, seen))
        await browser.until(lambda: bool(seen))
        await browser.press(leaves)
        await browser.until(lambda: not isinstance(browser.app.screen, kind))


async def test_what_was_typed_ahead_does_nothing_once_the_program_ends(store: Storage, browse: Any) -> None:
    taken: list[str] = []
    async with browse() as browser:
        await browser.until(lambda: not browser.main.reader.is_arriving)
        ahead = TypeAhead(browser.app, lambda key: bool(taken.append(key.key)))
        ahead.hand_over(events.Key("2", "2"))
        ahead.hand_over(events.Key("3", "3"))
        browser.app.exit()
        ahead._go_on(ahead._number)
    assert taken == ["2"] and not browser.app.screen_stack
    ahead._follow(ahead._number, 1)
    ahead._settle(ahead._number, 1)
    ahead._pass(events.Key("4", "4"))
    assert taken == ["2"]


async def test_an_error_of_the_event_loop_is_reported_and_not_printed(
    store: Storage, browse: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with browse() as browser:
        loop = asyncio.get_running_loop()
        gone = loop.create_future()
        gone.cancel()
        loop.call_soon(gone.set_result, None)  # a read that was cancelled in the turn in which its bytes came
        loop.call_soon(divmod, 1, 0)
        await browser.shows("a defect (ZeroDivisionError) was ignored")
    report = (tmp_path / "state" / "crash.log").read_text()
    assert "ZeroDivisionError" in report and "InvalidStateError" not in report
    assert not [row for row in caplog.records if row.name == "asyncio"] and capfd.readouterr().err == ""
