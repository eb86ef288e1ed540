"""Transfers that outlive a session of the browser, and what is not to be left behind."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from storage_tui import Storage
from storage_tui.client.batch.mover import Mover
from storage_tui.tui.dialogs.limit import LimitScreen
from storage_tui.tui.state.transfers import Transfer
from tests.client.moving import moved_alone
from tests.faults.proxy import NONE, Fault, FaultProxy

VALUE = bytes(range(256)) * 40_000


async def _begin_six(browser: Any, proxy: FaultProxy) -> None:
    await browser.until(lambda: len(browser.names) == 6)
    proxy.default = Fault(rate_bytes_s=1_500_000)
    proxy.cut_all()
    await browser.press("ctrl+a", "d")
    await browser.shows("Download 6 blobs")
    await browser.press("enter")
    queue = browser.app.desk.queue
    await browser.until(lambda: queue.running == 4 and any(item.done_bytes for item in queue.items))


async def _asks_nothing(browser: Any) -> None:
    """What there was to ask at the start was decided, and no question is open."""
    asking = lambda: [row for row in browser.app.workers if row.group == "ask" and not row.is_finished]  # noqa: E731
    await browser.until(lambda: len(browser.names) == 6 and not asking())
    assert "unfinished" not in browser.text


async def test_what_waits_is_continued_by_the_next_session_too(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path
) -> None:
    names = [f"n{number}" for number in range(6)]
    for name in names:
        store.set(name, VALUE)
    async with browse(url=proxy.url) as browser:
        await _begin_six(browser, proxy)
        await browser.press("q")
        await browser.shows("Quit, continue later")
        await browser.press("right", "right", "enter")
        await browser.until(lambda: not browser.app.desk.queue.is_active)
    assert [path.name for path in (tmp_path / "here").iterdir() if not path.name.startswith(".")] == []
    proxy.default = NONE
    async with browse(url=proxy.url) as browser:
        await browser.shows("6 unfinished transfers")
        await browser.shows("not begun")
        await browser.press("enter")
        await browser.shows("6 done")
    assert all((tmp_path / "here" / name).read_bytes() == VALUE for name in names)
    async with browse(url=proxy.url) as browser:
        await _asks_nothing(browser)
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == names


async def test_what_is_forgotten_is_not_offered_again(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path
) -> None:
    for number in range(6):
        store.set(f"n{number}", VALUE)
    async with browse(url=proxy.url) as browser:
        await _begin_six(browser, proxy)
        browser.app.exit()  # as SIGHUP does
    proxy.default = NONE
    async with browse(url=proxy.url) as browser:
        await browser.shows("6 unfinished transfers")
        await browser.press("right", "right", "enter")
        await browser.shows("forgot 6 transfers")
    assert list((tmp_path / "here").iterdir()) == []
    async with browse(url=proxy.url) as browser:
        await _asks_nothing(browser)


async def test_a_cancelled_upload_leaves_nothing_at_the_server(
    store: Storage, browse: Any, proxy: FaultProxy, server: Any, tmp_path: Path
) -> None:
    (tmp_path / "here" / "big").write_bytes(VALUE * 4)
    async with browse(url=proxy.url) as browser:
        proxy.default = Fault(rate_bytes_s=5_000_000)
        await browser.press("u")
        await browser.shows("Upload to data")
        await browser.type("big")
        await browser.shows("File, 41")
        await browser.press("enter", "w")
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.items and queue.items[0].done_bytes > 2_000_000)
        await browser.until(lambda: list((server.data_dir / "uploads").iterdir()))
        await browser.press("x")
        await browser.shows("cancelled")
        await browser.until(lambda: not list((server.data_dir / "uploads").iterdir()))
        await browser.press("escape")
    assert not await asyncio.to_thread(store.exists, "big")
    assert not await asyncio.to_thread(store.unfinished)


async def test_a_folder_of_small_blobs_comes_in_few_requests_and_each_is_booked(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {f"logs/{number:03}.txt": b"line\n" * number for number in range(150)}
    for key, content in contents.items():
        store.set(key, content)
    alone = moved_alone(monkeypatch)
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["logs/"])
        proxy.default = Fault(stall_down=40_000)
        proxy.cut_all()
        await browser.press("d")
        await browser.shows("150 blobs")
        await browser.press("enter")
        queue = browser.app.desk.queue
        await browser.until(
            lambda: not proxy.stalled.empty() and [item.state for item in queue.items].count("done") > 10
        )
        held = next(item for item in queue.items if item.state == "running" and item.size_bytes and not item.done_bytes)
        browser.app.desk.runner.cancel(held)
        proxy.default = NONE
        proxy.cut_all()
        await browser.until(lambda: not queue.is_active)
        states = [item.state for item in queue.items]
        assert states.count("done") == 149 and held.state == "cancelled"
        assert all(item.note.startswith("verified") for item in queue.items if item is not held)
        await browser.shows("149 done")
    assert len(alone) < 140, "but for the packs that were broken"
    found = {path.name: path.read_bytes() for path in (tmp_path / "here" / "logs").iterdir()}
    assert found == {key[5:]: content for key, content in contents.items() if key != held.key}


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_the_transfers_say_how_each_stands_and_why_one_failed(
    store: Storage, browse: Any, tmp_path: Path, size: tuple[int, int]
) -> None:
    store.set("maps/whole.txt", b"whole")
    store.set("maps/taken.txt", b"taken")
    (tmp_path / "here" / "maps").mkdir()
    (tmp_path / "here" / "maps" / "taken.txt").mkdir()
    async with browse(size=size) as browser:
        await browser.until(lambda: browser.names == ["maps/"])
        await browser.press("d")
        await browser.shows("Download 2 blobs")
        choice = browser.app.screen.query_one("#conflict")
        while not choice.has_focus:  # the folders that are there come first
            await browser.press("down")
        await browser.press("right", "enter")  # overwrite
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.items and not queue.is_active)
        await browser.press("w")
        await browser.shows("failed")
        view = browser.app.screen.view
        await browser.until(lambda: view.row is not None and view.row.name == "maps/")
        assert size[0] < 60 or "1 of 2 · 1 failed" in browser.text
        await browser.press("enter")
        await browser.shows("done")
        await browser.until(lambda: [item.state for item in view.transfers] == ["failed", "done"])
        if size[0] == 20:
            return
        rows = browser.text.splitlines()
        heading = next(row for row in rows if " state " in row)
        failed = next(row for row in rows if "↓ failed" in row)
        assert heading.index("size") + len("size") == failed.rindex("5 B") + len("5"), "below its title"
        await browser.press("g", "g")
        await browser.shows(" to ~/here/maps/taken.txt")
        reason = "".join("".join(browser.text.splitlines()[-3:-1]).split())
        assert reason == "".join(view.transfer.error.split()), "the whole of it"
        await browser.press("?")
        await browser.shows("In transfers")


@pytest.mark.parametrize("key", ["d", "u"])
async def test_what_is_cancelled_and_at_once_wanted_again_is_moved(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path, key: str
) -> None:
    here = tmp_path / "here" / "big"
    if key == "d":
        store.set("big", VALUE * 4)
    else:
        here.write_bytes(VALUE * 4)
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: key == "u" or browser.names == ["big"])
        proxy.default = Fault(rate_bytes_s=5_000_000)
        proxy.cut_all()
        await browser.press(key)
        if key == "u":
            await browser.shows("Upload to data")
            await browser.type("big")
            await browser.shows("File, 41")
        else:
            await browser.shows("Download big")
        await browser.press("enter", "w")
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.items and queue.items[0].done_bytes > 2_000_000)
        browser.app.screen.action_transfer_cancel()
        browser.app.screen.action_transfer_retry()  # before the first run of it has ended
        proxy.default = NONE
        proxy.cut_all()
        await browser.until(lambda: not queue.is_active)
        await browser.until(lambda: queue.items[0].state == "done")
        await browser.press("escape")
    assert here.read_bytes() == await asyncio.to_thread(store.get, "big") == VALUE * 4


async def test_after_a_defect_each_transfer_can_be_tried_again(
    store: Storage, browse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, calls = Mover.move, []

    def break_once(self: Mover, *given: Any) -> Any:
        calls.append(given)
        if len(calls) == 1:
            raise ZeroDivisionError("a defect")
        return move(self, *given)

    monkeypatch.setattr(Mover, "move", break_once)
    names = [f"n{number}" for number in range(8)]
    for name in names:
        store.set(name, VALUE)
    async with browse() as browser:
        session = browser.app.desk
        queue = session.queue
        queue.add([Transfer("download", "data", name, tmp_path / "here" / name) for name in names])
        session.runner.pump()
        await browser.until(lambda: not queue.is_active)
        failed = [item for item in queue.items if item.state == "failed"]
        assert failed and "a defect" in failed[0].error and "try it again" in failed[0].error
        assert [queue.retry(item) for item in queue.items if item.state != "done"]
        session.runner.pump()
        await browser.until(lambda: not queue.is_active)
        assert [item.state for item in queue.items] == ["done"] * len(names)
    assert all((tmp_path / "here" / name).read_bytes() == VALUE for name in names)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_the_rate_is_limited_by_a_key_while_transfers_run(
    store: Storage, browse: Any, size: tuple[int, int]
) -> None:
    store.set("k", VALUE)
    async with browse(size=size) as browser:
        await browser.until(lambda: browser.names == ["k"])
        pace = browser.app.desk.runner._storage.engine.pace
        await browser.press("w", "b")
        await browser.until(lambda: isinstance(browser.app.screen, LimitScreen))
        field = browser.app.screen.query_one(Input)
        assert field.value == "off"
        field.value = "10Q"
        await browser.press("enter")
        assert isinstance(browser.app.screen, LimitScreen), "a wrong text keeps the question"
        field.value = "3M:500k"
        await browser.press("enter")
        await browser.until(lambda: (pace.up.bytes_per_s, pace.down.bytes_per_s) == (3e6, 5e5))
        if size[0] > 60:
            await browser.shows("limit 3.0 MB/s up, 500 kB/s down")
        await browser.press("b")
        await browser.until(lambda: isinstance(browser.app.screen, LimitScreen))
        assert browser.app.screen.query_one(Input).value == "3M:500k"
        await browser.press("escape")
        await browser.until(lambda: not isinstance(browser.app.screen, LimitScreen))
        assert pace.up.bytes_per_s == 3e6
        browser.app.desk.runner.limit(None, None)
        await browser.until(lambda: "limit 3" not in browser.text)
