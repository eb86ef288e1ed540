"""Clean-up of tmp: marks by description, groups by day, the review, deletes in batches, another try, rescue."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.models import Blob
from storage_tui.tui.dialogs.mark_where import MarkWhereScreen
from storage_tui.tui.lists.clean_up import CleanUpScreen
from storage_tui.tui.lists.flat import FlatList, Heading, day_title
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.selection import Selection
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.tui.conftest import BOTH_WIRES
from tests.waits import wait_for

WIRES = BOTH_WIRES

BYTES_OF_A_DELETE = 100  # a key and its ETag in a body of many; the head of a request alone has more than 200

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
BLOB = Blob(
    "runs/a.npy", "tmp", 2_000_000_000, NOW - timedelta(days=6, hours=2), "e", expires=NOW + timedelta(hours=22)
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("*.npy", True), ("*.csv", False), (">3d", True), (">7d", False), ("<24h", True), ("<1h", False),
        (">1GB", True), ("<1gb", False), (">1.5GB *.npy <2d", True), ("age<7d", True), ("left>1h", True),
        ("size<3GB runs", True), ("", False), ("left<30m", False),
    ],
)  # fmt: skip
def test_rows_are_marked_by_name_age_expiry_and_size(text: str, matches: bool) -> None:
    assert Selection(text).matches(BLOB, BLOB.key, NOW) is matches


def test_where_nothing_expires_less_than_a_time_means_written_within_it() -> None:
    kept = Blob("a", "data", 1, NOW - timedelta(hours=2))
    assert Selection("<3h").matches(kept, "a", NOW) and not Selection("<1h").matches(kept, "a", NOW)


@pytest.mark.parametrize("text", [">3", ">d", "<3parsec", "size>3d", "><3d", ">9999999999999d"])
def test_a_bound_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"limit|unit|calendar"):
        Selection(text)


async def test_a_count_that_comes_late_does_not_replace_what_was_typed_since(browse: Any) -> None:
    begun, held, ended = Event(), Event(), Event()

    def name_of(row: Row) -> str:
        if not begun.is_set():
            begun.set()
            wait_for(held, "the count may go on")
            ended.set()
        return row.key

    async with browse() as browser:
        browser.app.push_screen(MarkWhereScreen([BLOB], name_of, unread=0))
        await browser.until(lambda: isinstance(browser.app.screen, MarkWhereScreen) and browser.app.focused)
        await browser.type(BLOB.key[0])
        await browser.until(begun.is_set)
        await browser.type("#")
        await browser.shows("0 of 1 row")
        held.set()
        await browser.until(ended.is_set)
        for _ in range(5):
            await browser.pilot.pause()
        assert "0 of 1 row" in browser.text
        await browser.press("escape")


def test_groups_are_named_by_the_day_they_go() -> None:
    day = timedelta(days=1)
    assert [day_title(NOW + left, NOW) for left in (-day, timedelta(minutes=5), day * 3)] == [
        "expired", "expires within the hour", f"expires on {NOW + 3 * day:%A} {(NOW + 3 * day).day} Jun",
    ]  # fmt: skip


def test_a_flat_list_keeps_the_soonest_and_counts_all() -> None:
    flat = FlatList("tmp", "", sort="expiry", most=100)
    for start in range(0, 1000, 50):
        flat.add(
            Blob(str(n), "tmp", 1, NOW, expires=NOW + timedelta(seconds=2000 - n)) for n in range(start, start + 50)
        )
    flat.arrange()
    rows = [line for line in flat.lines if isinstance(line, Blob)]
    assert flat.seen == 1000 and flat.size_bytes == 1000
    assert rows[0].key == "999" and len(rows) <= 125 and flat.dropped == 1000 - len(flat)
    assert isinstance(flat.lines[0], Heading)


@pytest.mark.additions("it does not tell when a blob expires")
async def test_the_clean_up_groups_marks_reviews_and_deletes(store: Storage, browse: Any, tmp_path: Path) -> None:
    for number in range(12):
        store.set(f"runs/{number % 2}/{number}.npy", "x" * number, "tmp")
    store.set("kept.csv", "x", "tmp")
    async with browse("tmp:") as browser:
        await browser.press("t")
        await browser.shows("13 blobs · 67 B")
        await browser.shows("expires on ")
        await browser.press("+")
        await browser.shows("expires within")
        await browser.type("*.npy >1B")
        await browser.shows("10 of 13 rows")
        await browser.press("enter")
        await browser.shows("● 10")
        await browser.press("+")
        await browser.type("*.npy")
        await browser.press("enter")
        await browser.shows("● 12 · 66 B")
        await browser.press("D")
        await browser.shows("Type 12 to delete them")
        await browser.press("f2")
        await browser.shows("Nothing was deleted. The list is in")
        (written,) = (tmp_path / "here").glob("storage-tui-delete-*.jsonl")
        lines = [json.loads(line) for line in written.read_text().splitlines()]
        assert len(lines) == 12 and written.stat().st_mode & 0o777 == 0o600
        assert {line["storage_type"] for line in lines} == {"tmp"} and all(line["etag"] for line in lines)
        await browser.type("12")
        await browser.press("enter")
        await browser.shows("deleted 12 blobs")
        await browser.shows("1 blob · 1 B")
        assert store.list(storage_type="tmp") == ["kept.csv"]
        await browser.press("G", "enter")
        await browser.until(lambda: not isinstance(browser.app.screen, CleanUpScreen))
        await browser.until(lambda: browser.current == "kept.csv")


@pytest.mark.additions("it does not tell when a blob expires")
async def test_space_on_a_heading_marks_the_group_and_esc_goes_back_with_the_marks(store: Storage, browse: Any) -> None:
    for number in range(3):
        store.set(str(number), "xx", "tmp")
    async with browse("data:") as browser:
        await browser.press("t")
        await browser.shows("3 blobs · 6 B")
        await browser.press("g", "g", "space")
        await browser.shows("● 3 · 6 B")
        await browser.press("space")
        assert not len(browser.app.desk.marks)
        await browser.press("space", "escape")
        await browser.until(lambda: not isinstance(browser.app.screen, CleanUpScreen))
        await browser.shows("● 3 · 6 B")


async def test_what_failed_to_go_is_tried_again_with_r(store: Storage, browse: Any, proxy: FaultProxy) -> None:
    await asyncio.to_thread(lambda: [store.set(f"{number:03}", "x", "tmp") for number in range(12)])
    async with browse("tmp:", url=proxy.url, retries=0) as browser:
        await browser.until(lambda: len(browser.names) == 12)
        await browser.press("ctrl+a", "D")
        await browser.shows("Type 12 to delete them")
        await browser.type("12")
        await browser.press("p")
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        await browser.press("backspace", "enter")
        await browser.shows("deleted 0 of 12, 12 failed (gR retries)")
        proxy.default = NONE
        await browser.press("g", "R")
        await browser.shows("deleted 12 blobs")
        await browser.until(lambda: browser.names == [])


async def test_rescue_copies_to_data_says_where_and_numbers_a_key_that_is_taken(store: Storage, browse: Any) -> None:
    store.set("runs/a.npy", "one", "tmp")
    store.set("runs/b.npy", "two", "tmp")
    store.set("runs/b.npy", "kept")
    async with browse("tmp:runs/") as browser:
        await browser.until(lambda: len(browser.names) == 2)
        await browser.press("c")
        await browser.shows("rescued to data:runs/a.npy")
        await browser.press("h")
        await browser.until(lambda: browser.names == ["runs/"])
        await browser.press("c")
        await browser.shows("rescued 2 of 2 blobs to data:runs/, 2 under a new name: the first was taken")
        assert await asyncio.to_thread(store.get, "runs/b (2).npy") == b"two"
        assert await asyncio.to_thread(store.get, "runs/b.npy") == b"kept"
        await browser.press("1", "c")
        await browser.shows("nothing to rescue")


@pytest.mark.additions("it deletes one blob a request")
async def test_ten_thousand_deletes_are_few_requests_and_show_their_progress(
    proxy: FaultProxy, store: Storage, browse: Any
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    count = 10_000
    with ThreadPoolExecutor(8) as threads:
        await asyncio.to_thread(lambda: list(threads.map(lambda n: store.set(f"n/{n:05}", b"x", "tmp"), range(count))))
    async with browse("tmp:", url=proxy.url) as browser:
        await browser.until(lambda: browser.names == ["n/"])
        await browser.press("D")
        await browser.shows("Type 10000 to delete them")
        await browser.type("10000")
        before = proxy.bytes_up
        seen: set[str] = set()
        browser.main.set_interval(0.02, lambda: seen.add(browser.app.desk.working))
        await browser.press("enter")
        await browser.shows("deleted 10,000 blobs")
        assert len([words for words in seen if words.startswith("Deleting")]) > 3
        assert proxy.bytes_up - before < count * BYTES_OF_A_DELETE
