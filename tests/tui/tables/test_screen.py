"""A table on the whole screen: rows, columns, a query, an order, statistics, at any size of the terminal."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.previews import Source
from storage_tui.tui.tables.cell_screen import MOST_LINES, cell_lines
from storage_tui.tui.tables.screen import TableScreen
from tests import wanted
from tests.previews.ranges import Ranges

ROWS = 30_000
NAMES = ("north", "south", "east")


def csv_table() -> bytes:
    rows = [f"{at},{NAMES[at % 3]},{'' if at % 10 == 0 else at % 100 / 100},note {at}" for at in range(ROWS)]
    return "\n".join(["id,name,ndvi_mean,note", *rows, ""]).encode()


async def open_table(browser: Any) -> TableScreen:
    await browser.until(lambda: browser.current)
    await browser.press("enter")
    await browser.shows("hex/text")
    await browser.until(lambda: browser.app.screen.reader.document is not None)
    await browser.press("t")
    await browser.until(lambda: isinstance(browser.app.screen, TableScreen))
    screen = browser.app.screen
    await browser.until(lambda: screen.table is not None and screen.cells.has(0, 0))
    return screen


async def ask(browser: Any, key: str, text: str) -> None:
    await browser.press(key)
    await browser.until(lambda: browser.app.screen.has_class("-asking"))
    browser.app.screen.prompt._words.value = ""
    await browser.type(text)
    await browser.press("enter")


async def test_all_rows_are_gone_to_and_counted(store: Storage, browse: Any) -> None:
    store.set("a.csv", csv_table())
    async with browse() as browser:
        screen = await open_table(browser)
        await browser.shows("integer")
        assert "row 1 of " in browser.text and "+ ·" in browser.text  # the rest is not counted yet
        await ask(browser, ":", "20000")
        await browser.shows("row 20,000 of")
        await browser.shows("note 19999")
        await browser.press("G")
        await browser.shows("row 30,000 of 30,000 ·")
        await browser.shows("note 29999")
        await ask(browser, ":", "50%")
        await browser.shows("note 14999")
        await ask(browser, ":", "nowhere")
        await browser.shows("a row is a number")
        await browser.press("g", "g")
        await browser.shows("row 1 of 30,000 ·")
        assert screen.source.requests < 30


async def test_the_tables_of_a_database_are_stepped_through(store: Storage, browse: Any, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE roads (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("CREATE TABLE sites (depth REAL)")
        connection.executemany("INSERT INTO roads VALUES (?, ?)", [(at, f"road {at}") for at in range(3000)])
        connection.execute("INSERT INTO sites VALUES (2.5)")
    connection.close()
    store.set("a.db", (tmp_path / "a.db").read_bytes())
    async with browse() as browser:
        await open_table(browser)
        await browser.shows("roads, 1 of 2")
        await browser.press("G")
        await browser.shows("road 2999")
        await browser.press("T")
        await browser.shows("sites, 2 of 2")
        await browser.shows("2.5")
        await browser.press("T")
        await browser.shows("roads, 1 of 2")
        await browser.press("q")
        await browser.shows("hex/text")


async def test_enter_opens_the_table_and_q_goes_back(store: Storage, browse: Any) -> None:
    store.set("a.csv", csv_table())
    async with browse() as browser:
        await browser.until(lambda: browser.current)
        await browser.press("enter")
        await browser.until(lambda: getattr(getattr(browser.app.screen, "reader", None), "document", None) is not None)
        await browser.press("enter")
        await browser.until(lambda: isinstance(browser.app.screen, TableScreen))
        await browser.press("q")
        await browser.shows("hex/text")


async def test_columns_are_arranged(store: Storage, browse: Any) -> None:
    store.set("a.csv", csv_table())
    async with browse() as browser:
        screen = await open_table(browser)
        columns = screen.columns
        await browser.press("l", "l", "!")  # ndvi_mean is frozen
        await browser.until(lambda: columns.frozen == {2})
        assert columns.shown == [2, 0, 1, 3] and columns.current == 2
        await browser.press("$", "H")  # note goes before name
        await browser.until(lambda: columns.shown == [2, 0, 3, 1])
        await browser.press("-")
        await browser.until(lambda: columns.hidden == {3})
        assert "note 1" not in browser.text
        before = columns.width(columns.current)
        await browser.press(">")
        await browser.until(lambda: columns.width(columns.current) == before + 8)
        await browser.press("<", "<")
        await browser.until(lambda: columns.width(columns.current) == max(3, before - 8))
        await browser.press("U")
        await browser.until(lambda: not columns.hidden)
        await browser.shows("1 column shown again")
        await browser.press("0", "!")
        await browser.until(lambda: not columns.frozen)


async def test_a_query_leaves_the_rows_that_match_and_is_copied(store: Storage, browse: Any) -> None:
    store.set("a.csv", csv_table())
    query = 'ndvi_mean < .2 and name ~ "north"'
    found = [at for at in range(ROWS) if at % 10 and at % 100 < 20 and at % 3 == 0]
    async with browse() as browser:
        screen = await open_table(browser)
        await ask(browser, "/", "ndvi_mean < abc")
        await browser.shows("ndvi_mean is a number, and 'abc' is none")
        await browser.until(lambda: browser.app.screen.has_class("-asking"))  # to mend it
        await browser.press("escape")
        await ask(browser, "/", query)
        await browser.shows(f"{len(found):,} of 30,000 rows")
        assert f"where {query}" in browser.text
        await browser.until(lambda: screen.cells.has(found[0], 1))
        assert list(screen.cells.order) == found
        await browser.press("y")
        await browser.shows("sent the query")
        await browser.press("l", "l", "]")
        await browser.shows("by ndvi_mean ↓")
        order = sorted(found, key=lambda at: (at % 100, at), reverse=True)
        assert list(screen.cells.order) == order
        await browser.press("escape")
        await browser.until(lambda: list(screen.cells.order) == found)
        await browser.press("escape")
        await browser.until(lambda: screen.cells.order is None and screen.cells.count == ROWS)
        assert "where" not in browser.text


async def test_the_value_under_the_cursor_becomes_the_query(store: Storage, browse: Any) -> None:
    store.set("a.csv", csv_table())
    async with browse() as browser:
        screen = await open_table(browser)
        await browser.press("l", "j", ",")
        await browser.shows("10,000 of 30,000 rows")
        assert screen.choosing.query == 'name = "south"'
        await browser.shows("note 4")


async def test_the_statistics_of_a_column_are_told(store: Storage, browse: Any) -> None:
    store.set("a.csv", csv_table())
    async with browse() as browser:
        await open_table(browser)
        await browser.press("l", "l", "I")
        await browser.shows("histogram")
        for words in (
            "rows           30,000",
            "null           3,000 (10.0%)",
            "least          0.01",
            "distinct       90",
        ):
            assert words in browser.text
        await browser.press("q", "h", "I")
        await browser.shows("10,000  33.3%  east")


async def show(browser: Any, source: Source, **more: Any) -> TableScreen:
    """The table of a source, without the viewer below it."""
    screen = TableScreen(browser.main.desk, source.blob, source, **more)
    browser.app.push_screen(screen)
    await browser.until(lambda: screen.table is not None and screen.cells.has(0, 0))
    return screen


async def test_a_scan_that_would_read_much_asks_first(store: Storage, browse: Any) -> None:
    async with browse() as browser:
        screen = await show(browser, Ranges.of(csv_table()).source("a.csv"), ask_bytes=100_000)
        await ask(browser, "/", "id > 100")
        await browser.shows("y reads:")
        await browser.press("escape")
        assert screen.cells.order is None and screen.source.bytes_read < 600_000
        await ask(browser, "/", "id > 29990")
        await browser.shows("y reads:")
        await browser.press("y", "enter")
        await browser.shows("9 of 30,000 rows")


class Gated(Ranges):
    """Answers some requests, and holds all others back."""

    answers = 4

    async def read_range(self, *arguments: Any, **more: Any) -> Any:
        if len(self.asked) >= self.answers:
            await asyncio.Event().wait()
        return await super().read_range(*arguments, **more)


async def test_esc_stops_a_scan_and_keeps_what_it_found(store: Storage, browse: Any) -> None:
    content = b"id,note\n" + b"".join(b"%d,word\n" % at for at in range(300_000))
    async with browse() as browser:
        gate = Gated.of(content)
        screen = await show(browser, gate.source("a.csv"))
        await ask(browser, "/", "id < 30000 and note = word")
        await browser.until(lambda: screen.choosing.matches and len(screen.choosing.matches.rows) == 30_000)
        await browser.until(lambda: len(gate.asked) == Gated.answers)
        await browser.press("escape")
        await browser.until(lambda: not screen.status.working)
        assert screen.cells.count == 30_000 and not screen.choosing.matches.is_done
        await browser.shows("30,000 of ")
        assert "looked at" in browser.text
        await browser.press("escape")
        await browser.until(lambda: screen.cells.order is None)


async def test_nested_values_open_as_a_tree(store: Storage, browse: Any) -> None:
    lines = [json.dumps({"id": at, "deep": {"x": [1, {"y": f"v{at}"}], "n": None}}) for at in range(50)]
    store.set("a.jsonl", "\n".join(lines).encode())
    async with browse() as browser:
        await open_table(browser)
        await browser.press("j", "l", "enter")
        await browser.shows("Cell")
        for words in ("deep, row 2", "x: [2]", "y: v1", "n: null"):
            assert words in browser.text


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_a_table_is_of_use_at_any_size(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    heads = ",".join(f"column{at:02d}" for at in range(40))
    store.set("w.csv", f"{heads}\n".encode() + b"".join(b"%d" % at + b",7" * 39 + b"\n" for at in range(300)))
    async with browse(size=size) as browser:
        await browser.until(lambda: browser.current)
        await browser.press("enter")
        await browser.until(lambda: getattr(getattr(browser.app.screen, "reader", None), "document", None) is not None)
        await browser.press("t")
        await browser.until(lambda: isinstance(browser.app.screen, TableScreen))
        screen = browser.app.screen
        await browser.until(lambda: screen.table is not None and screen.cells.has(0, 0))
        await browser.until(lambda: "›" in browser.text and "column00" in browser.text)
        await browser.press("$")
        await browser.shows("column39" if size[0] > 20 else "7")
        assert screen.columns.current == 39 and "›" not in browser.text
        assert all(len(line) <= size[0] for line in browser.text.split("\n"))


async def test_parquet_is_shown_with_its_types(store: Storage, browse: Any, tmp_path: Any) -> None:
    arrow_io, core = wanted.module("arro3.io"), wanted.module("arro3.core")
    numpy = wanted.module("numpy")
    table = core.Table.from_arrays(
        [core.Array.from_numpy(numpy.arange(5000)), core.Array.from_numpy(numpy.linspace(0, 1, 5000))],
        names=["id", "share"],
    )
    arrow_io.write_parquet(table, tmp_path / "a.parquet", max_row_group_size=500)
    store.set("a.parquet", (tmp_path / "a.parquet").read_bytes())
    async with browse() as browser:
        screen = await open_table(browser)
        await browser.shows("5,000 rows, 2 columns")
        assert "int64" in browser.text and "double" in browser.text
        await ask(browser, "/", "id >= 4990")
        await browser.shows("10 of 5,000 rows, 4,500 ruled out unread")
        assert screen.choosing.matches.scanned == 500


async def test_a_blob_without_a_table_says_so(store: Storage, browse: Any) -> None:
    store.set("a.txt", b"words without any table\nand more of them\n")
    async with browse() as browser:
        await browser.until(lambda: browser.current)
        await browser.press("enter")
        await browser.shows("hex/text")
        await browser.until(lambda: browser.app.screen.reader.document is not None)
        await browser.press("t")
        await browser.shows("no table here")
        await browser.press("q")
        await browser.shows("hex/text")


def test_hostile_values_are_safe_and_few() -> None:
    deep: Any = "\x1b[2J"
    for _ in range(200):
        deep = [deep]
    lines = cell_lines({"\x1b]0;x\x07": deep, "many": list(range(100_000))})
    assert len(lines) <= MOST_LINES + 1
    assert not any("\x1b" in text for line in lines for text, _ in line)
