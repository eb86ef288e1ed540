"""SQL over the table on the screen: the statement that stands there, its answer, refusals, the question, the stop."""

import asyncio
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from storage_tui import Storage
from storage_tui.previews.decoding.tables.query import parse
from storage_tui.previews.querying.of_table import MOST_ROWS
from storage_tui.previews.querying.query import Query
from storage_tui.previews.querying.written import statement_of
from storage_tui.tui.tables.screen import TableScreen
from tests.previews.ranges import Ranges
from tests.tui.tables.test_screen import Gated, csv_table, open_table, show

COLUMNS = [("id", "number"), ("a b", "text"), ("when", "time"), ("ok", "yes/no")]


async def ask(browser: Any, key: str, text: str) -> None:
    """Ask in the prompt of a key; a statement is put there at once, for typing takes a while."""
    await browser.press(key)
    await browser.until(lambda: browser.app.screen.has_class("-asking"))
    browser.app.screen.prompt._words.value = text
    await browser.press("enter")


async def answered(browser: Any, before: TableScreen) -> TableScreen:
    """The screen of the answer, with its first cells."""
    await browser.until(lambda: isinstance(browser.app.screen, TableScreen) and browser.app.screen is not before)
    screen = browser.app.screen
    await browser.until(lambda: screen.table is not None and (not screen.table.rows or screen.cells.has(0, 0)))
    return screen


async def test_the_filter_and_the_order_stand_in_the_statement(store: Storage, browse: Any) -> None:
    store.set("a.csv", csv_table())
    async with browse() as browser:
        screen = await open_table(browser)
        await ask(browser, "/", 'name = north and note ~ "9$"')
        await browser.shows("of 30,000 rows")
        await browser.until(lambda: not screen.status.working)
        await browser.press("right_square_bracket")
        await browser.until(lambda: screen.choosing.order_by == (0, True))
        await browser.press("Q")
        wanted = "where name = 'north' and regexp_matches(note::varchar, '9$', 'i') order by id desc"
        await browser.until(lambda: screen.prompt._words.value == f"select * from 'a.csv' {wanted}")
        await browser.press("enter")
        answer = await answered(browser, screen)
        await browser.shows("row 1 of 1,000 · ")
        await browser.shows("note 29979")
        assert answer.table.rows == len(screen.choosing.matches.rows) == 1_000
        await ask(browser, "Q", "select name, count(*) as n, count(*) as n from 'a.csv' group by name order by name")
        second = await answered(browser, answer)
        assert [column.name for column in second.table.columns] == ["name", "n", "n_2"]
        await browser.shows("10000")
        await browser.press("I")
        await browser.shows("distinct")
        await browser.press("q", "q")
        await browser.until(lambda: browser.app.screen is screen)  # the second answer took the place of the first


async def test_a_statement_that_cannot_be_answered_is_mended(store: Storage, browse: Any, tmp_path: Path) -> None:
    store.set("a.csv", csv_table())
    async with browse() as browser:
        screen = await open_table(browser)
        for statement, reason in (
            ("select nothing from 'a.csv'", "nothing"),
            ("select * from 'data:other.csv'", "only 'a.csv' is read here"),
            (f"copy (select 1) to '{tmp_path}/x'", "only 'a.csv'"),
            ("drop table x", "blobs are only read here"),
            (f"select * from read_csv('{tmp_path}/x.csv')", "only 'a.csv'"),
        ):
            await ask(browser, "Q", statement)
            await browser.until(lambda reason=reason: reason in (screen.status.message or ("",))[0])
            assert screen.prompt._words.value == statement
            await browser.press("escape")
        assert not await asyncio.to_thread((tmp_path / "x").exists)


async def test_what_an_answer_may_read_is_asked_and_the_rows_are_bounded(browse: Any, tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    count = MOST_ROWS + 50_000
    columns = {"id": range(count), "note": [f"{at * 2_654_435_761 % 2**32:x}" for at in range(count)]}
    pyarrow.parquet.write_table(pyarrow.table(columns), path, compression="none")
    async with browse() as browser:
        screen = await show(browser, Ranges.of(path.read_bytes()).source("wide.parquet"), ask_bytes=1_000_000)
        await ask(browser, "Q", "select note from 'wide.parquet'")
        await browser.shows("y reads:")
        await browser.press("escape")
        await ask(browser, "Q", "select count(*) from 'wide.parquet'")
        answer = await answered(browser, screen)
        assert answer.table.rows == 1
        await browser.shows(str(count))
        await ask(browser, "Q", "select note from 'wide.parquet'")
        await browser.shows("y reads:")
        await browser.press("y", "enter")
        await answered(browser, answer)
        await browser.shows(f"the first {MOST_ROWS:,} rows of the answer")


async def test_esc_stops_a_query(browse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Query] = []
    end = Query.end
    monkeypatch.setattr(Query, "end", lambda query: (ended.append(query), end(query))[1])
    async with browse() as browser:
        gate = Gated.of(csv_table() * 4)
        screen = await show(browser, gate.source("a.csv"))
        gate.answers = len(gate.asked) + 1  # one more request is answered
        await ask(browser, "Q", "select count(*) from 'a.csv' where id % 7 = 1")
        await browser.until(lambda: len(gate.asked) == gate.answers)
        await browser.press("escape")
        await browser.until(lambda: not screen.status.working and bool(ended))
        assert browser.app.screen is screen
        gate.answers = 10_000
        await ask(browser, "Q", "select sum(x.range * y.range) from range(1000000) x, range(1000000) y")
        await browser.shows("Asking…")
        await asyncio.to_thread(lambda: None)
        await browser.press("escape")
        await browser.until(lambda: not screen.status.working and len(ended) == 2)


async def test_other_formats_are_named(store: Storage, browse: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    with pyarrow.ipc.new_file(path, (table := pyarrow.table({"id": range(50)})).schema) as writer:
        writer.write_table(table)
    async with browse() as browser:
        await show(browser, Ranges.of(path.read_bytes()).source("a.arrow"))
        await browser.press("Q")
        await browser.shows("SQL reads CSV, JSON Lines and Parquet here")


@pytest.mark.parametrize(
    "query, wanted",
    [
        ("id < .5 or id is not null and not ok = true", "id < .5 or (id is not null and not (ok = true))"),
        ('(id = 1 or id = 2) and `a b` in ("it\'s", x)', "(id = 1 or id = 2) and \"a b\" in ('it''s', 'x')"),
        ("when >= 2024-01-01", "\"when\" >= '2024-01-01'"),
        ("id = nan", "id = 'nan'"),
    ],
)
def test_a_query_is_written_as_sql(query: str, wanted: str) -> None:
    node = parse(query, COLUMNS)
    assert statement_of("x", COLUMNS, query=node, order=None) == f"select * from 'x' where {wanted}"
