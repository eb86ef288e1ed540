"""The first hour of a new user: keys that do nothing say so, messages go, help is searched, questions are asked."""

import asyncio
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from storage_tui import Storage
from storage_tui.contract.keys import Location
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import EVERYWHERE, in_context
from storage_tui.tui.dialogs.quit import CancelScreen
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.lists.usage_lines import BAR_CELLS
from storage_tui.tui.state.bookmarks import RECENT_KEPT, Places
from storage_tui.tui.state.messages import MessageLog
from storage_tui.tui.widgets.bar_content import footer_content
from storage_tui.tui.widgets.text_lines import TextLines
from tests.faults.proxy import Fault, FaultProxy
from tests.previews.tiffs import grey, write
from tests.tui.conftest import Browser

OPENS = {"browser": (), "flat": ("t",), "usage": ("U",), "viewer": ("f3",), "transfers": ("w",), "lines": ("?",),
         "map": ("M",), "trash": ("g", "z"), "sync": ("S", "enter"), "local": ("s",),
         "contents": ("F", "x", "enter"), "raster": ("enter",), "table": ("f3", "t")}  # fmt: skip


@pytest.fixture
def filled(store: Storage) -> Storage:
    store.set("a.geojson", '{"type": "Point", "coordinates": [1, 2]}')
    store.set("b/c", "c")
    store.set("s", "s", "tmp")
    return store


async def _open(browser: Browser, context: str) -> None:
    await browser.until(lambda: browser.names == ["b/", "a.geojson"])
    await browser.press("j")
    for key in OPENS[context]:
        await browser.press(key)
        await browser.pilot.pause()  # a question opens before its answer
    await browser.until(
        lambda: (
            isinstance(screen := browser.app.screen, CommandScreen) and context == screen.context and screen.has_lines
        )
    )


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
@pytest.mark.parametrize("context", EVERYWHERE)
async def test_a_key_without_a_command_says_so_on_every_screen(
    filled: Storage, browse: Any, context: str, size: tuple[int, int]
) -> None:
    if context == "raster":
        filled.set("a.geojson", write(grey(2, 2, [bytes(4)])))  # its content says what it is
    if context == "table":
        file = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), file)
        filled.set("a.geojson", file.getvalue())
    async with browse(size=size) as browser:
        await _open(browser, context)
        assert not any("B" in row.keys_of(context) for row in in_context(context))
        await browser.press("B")
        if size[1] > 5 or context in ("browser", "local", "flat", "usage", "viewer"):
            await browser.shows("B does nothing")
        assert not browser.app.desk.log.unseen_errors


async def test_the_second_key_of_two_says_so_too_and_the_keys_come_back(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        browser.app.desk.front.message_s = 0.3
        await _open(browser, "browser")
        await browser.press("g", "Q")
        await browser.shows("gQ does nothing here; ? is help")
        await browser.until(lambda: "does nothing" not in browser.text)
        await browser.press("?")
        await browser.shows("In the main list")
        await browser.press("Q")
        await browser.shows("Q does nothing here; Esc is close")
        await browser.until(lambda: "does nothing" not in browser.text and "Esc close" in browser.text)


@pytest.mark.parametrize(
    ("keys", "words"),
    [(("h",), "this is the top of data"), (("H",), "no place before this one"), (("f3",), "the cursor is on a folder"),
     (("M",), "the map shows blobs"), (("Y",), "a signed URL is for one blob"), (("c",), "nothing to rescue"),
     (("g", "R"), "no delete has failed"), (("Z",), "nothing to take back in this session"),
     (("g", "p"), "nothing was taken"), (("t", "f"), "no words to type"), (("w", "x"), "nothing to cancel"),
     (("w", "p"), "only a running transfer"), (("w", "r"), "only a failed or cancelled")],
)  # fmt: skip
async def test_a_command_that_has_nothing_to_do_says_why(
    filled: Storage, browse: Any, keys: tuple[str, ...], words: str
) -> None:
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["b/", "a.geojson"])
        await browser.press(*keys)
        await browser.shows(words)
        assert not browser.app.desk.log.unseen_errors


async def test_running_work_gives_way_to_the_answer_to_a_newer_key(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        desk = browser.app.desk
        desk.front.message_s = 3600.0
        await browser.until(lambda: browser.names == ["b/", "a.geojson"])
        await browser.press("h")
        await browser.shows("this is the top of data")
        desk.work("Deleting 1 of 2")
        await browser.shows("Deleting 1 of 2")
        await browser.press("h")
        await browser.shows("this is the top of data")
        desk.say("somebody has finished something else")
        await browser.shows("Deleting 1 of 2")
        await browser.press("h")
        await browser.shows("this is the top of data")
        desk.front.message_s = 0.0
        await browser.shows("Deleting 1 of 2")


async def test_a_refusal_goes_by_itself_and_an_error_leaves_a_reminder(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        browser.app.desk.front.message_s = 0.3
        await browser.until(lambda: browser.names == ["b/", "a.geojson"])
        await browser.press("Y")
        await browser.shows("a signed URL is for one blob")
        await browser.until(lambda: "signed URL" not in browser.text)
        browser.app.desk.fail("the tape is torn", OSError("torn"))
        await browser.shows("the tape is torn")
        message = browser.app.desk.log.messages.pop()
        browser.app.desk.log.messages.append(type(message)(message.at - timedelta(hours=1), "error", message.text))
        await browser.until(lambda: "the tape is torn" not in browser.text)
        await browser.shows("1 error (L shows)")
        await browser.press("L")
        await browser.shows("the tape is torn")
        await browser.press("q")
        await browser.until(lambda: "1 error" not in browser.text)


def test_a_refusal_is_in_the_log_and_counts_as_no_error() -> None:
    log = MessageLog()
    log.refusal("no")
    assert [message.text for message in log.messages] == ["no"] and log.last_unseen is None


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_help_has_the_title_of_every_command_and_is_searched(browse: Any, size: tuple[int, int]) -> None:
    async with browse(size=size) as browser:
        await browser.press("?")
        await browser.until(lambda: isinstance(browser.app.screen, HelpScreen) and browser.app.screen.has_lines)
        view = browser.app.screen.query_one(TextLines)
        await browser.until(lambda: view.line_count() > 20)
        text = ["".join(piece for piece, _ in line) for line in view._lines]
        for context in EVERYWHERE:
            for row in in_context(context):
                assert any(row.title.removesuffix("…") in line for line in text), row.title
        await browser.press("slash")
        await browser.type("signed url")
        await browser.press("enter")
        await browser.until(lambda: 0 < len(view._lines) < 6)
        found = ["".join(piece for piece, _ in line) for line in view._lines]
        assert found[0] == "Act" and all("igned URL" in line for line in found[1:])
        await browser.press("escape")
        await browser.until(lambda: len(view._lines) == len(text))
        await browser.press("slash")
        await browser.type("zebra")
        await browser.until(lambda: len(view._lines) == 1)
        await browser.press("escape", "escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_the_log_is_searched_too(filled: Storage, browse: Any) -> None:
    async with browse() as browser:
        browser.app.desk.say("one thing")
        browser.app.desk.say("another thing")
        await browser.press("L", "slash")
        await browser.type("another")
        await browser.until(lambda: "another thing" in browser.text and "one thing" not in browser.text)


async def test_cancelling_gigabytes_asks_first(store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path) -> None:
    with (tmp_path / "here/large.bin").open("wb") as file:
        file.truncate(2_000_000_000)
    proxy.default = Fault(rate_bytes_s=2_000_000)
    async with browse(url=proxy.url) as browser:
        await browser.press("u")
        await browser.shows("Upload")
        await browser.type("large.bin")
        await browser.press("enter")
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.running and any(item.done_bytes for item in queue.items))
        for keys in (("w", "x"), ("X",)):
            await browser.press(*keys)
            await browser.until(lambda: isinstance(browser.app.screen, CancelScreen))
            await browser.shows("Cancel large.bin?")
            await browser.shows("of 2.0 GB moved so far")
            await browser.shows("[No]")
            await browser.press("enter")
            await browser.until(lambda: not isinstance(browser.app.screen, CancelScreen))
            assert queue.is_active
        await browser.press("x")
        await browser.until(lambda: isinstance(browser.app.screen, CancelScreen))
        await browser.press("right", "enter")
        await browser.until(lambda: not queue.is_active)
        await browser.shows("cancelled")


async def test_cancelling_a_small_transfer_does_not_ask(
    store: Storage, browse: Any, proxy: FaultProxy, tmp_path: Path
) -> None:
    (tmp_path / "here/small.bin").write_bytes(bytes(3_000_000))
    proxy.default = Fault(rate_bytes_s=500_000)
    async with browse(url=proxy.url) as browser:
        await browser.press("u")
        await browser.shows("Upload")
        await browser.type("small.bin")
        await browser.press("enter")
        queue = browser.app.desk.queue
        await browser.until(lambda: queue.running)
        await browser.press("w", "x")
        await browser.until(lambda: not queue.is_active)


async def test_the_bars_of_usage_are_to_scale(store: Storage, browse: Any) -> None:
    sizes = {"a": 240_000, "b": 120_000, "c": 239_999, "d": 10_000, "e": 9_999, "f": 1, "g": 0}
    await asyncio.to_thread(lambda: [store.set(f"{name}/x", bytes(size)) for name, size in sizes.items()])
    async with browse() as browser:
        await browser.press("U")
        await browser.shows("in 7 blobs")
        rows = [line.split("▏")[0] for line in browser.text.split("\n")]  # without the preview
        lines = {name: next(line for line in rows if f" {name}/" in line) for name in sizes}
        halves = {name: 2 * line.count("━") + line.count("╸") for name, line in lines.items()}
        assert halves == {"a": 2 * BAR_CELLS, "b": BAR_CELLS, "c": 2 * BAR_CELLS - 1, "d": 1, "e": 0, "f": 0, "g": 0}
        assert [name for name, line in lines.items() if "·" in line] == ["e", "f"]


async def test_recent_places_are_listed_without_this_one_latest_first_and_outlive_the_session(
    filled: Storage, browse: Any
) -> None:
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["b/", "a.geojson"])
        await browser.press("l")
        await browser.until(lambda: browser.names == ["c"])
        await browser.press("2")
        await browser.until(lambda: browser.names == ["s"])
        await browser.press("1")
        await browser.until(lambda: browser.names == ["c"])
        assert await _places(browser) == ["tmp:", "data:"]
    async with browse("tmp:") as browser:
        await browser.until(lambda: browser.names == ["s"])
        assert await _places(browser) == ["data:b/", "data:"]
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["c"])


async def _places(browser: Browser) -> list[str]:
    """What `'` lists."""
    await browser.press("'")
    await browser.until(lambda: browser.app.screen.query("#places"))
    return [line[1][0] for line in browser.app.screen.query_one("#places", TextLines)._lines]


def test_two_sessions_keep_each_others_places(tmp_path: Path) -> None:
    one, two = Places(tmp_path, "here"), Places(tmp_path, "here")
    for places in (one, two):
        places.load()
    one.keep("a", Location("tmp", "a/"))
    one.visit(Location("data", "one/"))
    two.keep("b", Location("tmp", "b/"))
    for number in range(RECENT_KEPT + 3):
        two.visit(Location("data", f"{number % 3}/"))
    one.save()
    two.save()
    again = Places(tmp_path, "here")
    again.load()
    assert again.bookmarks == {"a": Location("tmp", "a/"), "b": Location("tmp", "b/")}
    assert again.recent == [Location("data", f"{name}/") for name in ("2", "1", "0", "one")]


@pytest.mark.parametrize("keys", [("slash",), ("f",), ("?", "slash")])
async def test_while_words_are_typed_the_footer_says_what_the_keys_do(
    filled: Storage, browse: Any, keys: tuple[str, ...]
) -> None:
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["b/", "a.geojson"])
        await browser.press(*keys)
        await browser.shows("Type words   Enter")
        await browser.type("b")
        await browser.press("enter")
        commands = ("Enter open", "Enter go to", "l open", "Esc close")
        await browser.until(lambda: "Type words" not in browser.text and any(row in browser.text for row in commands))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("context", [name for name in EVERYWHERE if name != "map"])
def test_every_footer_says_how_to_leave(context: Any, width: int) -> None:
    words = footer_content(context, width=width).plain
    assert "quit" in words or "close" in words
    assert len(words) <= width
    assert ("help" in words) == any(row.id == "help" for row in in_context(context))


async def test_headings_are_not_counted_as_blobs(store: Storage, browse: Any) -> None:
    for name in ("a", "b"):
        store.set(name, name, "tmp")
    async with browse("tmp:") as browser:
        await browser.until(lambda: browser.names == ["a", "b"])
        await browser.press("t")
        await browser.shows("2 blobs")
        await browser.shows(" 1/2 ")
        await browser.press("G")
        await browser.shows(" 2/2 ")


async def test_a_delete_of_one_blob_says_its_age_once(store: Storage, browse: Any) -> None:
    store.set("a", "a")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("D")
        await browser.shows("s old. Deleted blobs can come back for 24 hours (Z, gz)")


async def test_details_can_be_read_on_a_narrow_screen(store: Storage, browse: Any) -> None:
    store.set("abcdefghij", "a")
    async with browse(size=(20, 5)) as browser:
        await browser.until(lambda: browser.names == ["abcdefghij"])
        await browser.press("i")
        await browser.shows("key abcdefghij")
        await browser.pilot.resize_terminal(80, 24)
        await browser.shows("key           abcdefghij")


async def test_a_transfer_that_ends_at_once_is_told_and_the_gauge_goes_back_to_idle(
    store: Storage, browse: Any
) -> None:
    store.set("a", "a")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        for words in ("1 transfer done", "1 skipped (w shows why)"):
            await browser.press("d")
            await browser.shows("Download")
            await browser.press("enter")
            await browser.shows(words)
        await browser.shows("↓ 1 skipped")
        browser.app.desk.queue.done_s = 0.1
        await browser.shows("↕ idle")
