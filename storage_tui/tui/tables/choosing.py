"""Which rows are shown, and in which order: a query, an order by one column, the statistics of one column."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.decoding.tables.query import (
    DECIMAL,
    NUMBER,
    OTHER,
    TRUTH,
    WORDS,
    Node,
    QueryError,
    columns_of,
    parse,
)
from storage_tui.previews.rows.base import CELL_CHARS, COUNTED, Table
from storage_tui.previews.rows.measuring import Measures, measure
from storage_tui.previews.rows.ordering import Ordering, order
from storage_tui.previews.rows.scanning import Matches, scan
from storage_tui.tui.tables.arrangement import Arrangement
from storage_tui.tui.tables.asking import Asking
from storage_tui.tui.tables.cells import Cells
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.status import WORK, Run, Status

Work = Callable[[], Awaitable[None]]


class Choosing:
    """Owns the query and the order. `shown` is called when other rows are shown, with the place of the cursor."""

    def __init__(
        self, cells: Cells, columns: Arrangement, *, status: Status, prompt: Prompt, asking: Asking, run: Run,
        row: Callable[[], int], shown: Callable[[int], None], measured: Callable[[str, Measures, int], None],
    ) -> None:  # fmt: skip
        """`row` is the place of the cursor; `measured` shows the statistics of a named column, and the bytes read."""
        self.query = ""
        self.matches: Matches | None = None
        self.node: Node | None = None  # the query, parsed
        self.order_by: tuple[int, bool] | None = None  # a column, and whether its greatest value comes first
        self._cells = cells
        self._columns = columns
        self._status = status
        self._prompt = prompt
        self._asking = asking
        self._run = run
        self._row = row
        self._shown = shown
        self._measured = measured

    @property
    def words(self) -> tuple[str, str]:
        """The query in words, then what it found and the order; both are empty without any."""
        table, found = self._cells.table, self.matches
        parts = []
        if found is not None and table is not None:
            total = f"{table.rows:,}" if table.rows is not None else f"{table.rows_known:,}+"
            told = f"{len(found.rows):,} of {total} rows"
            if not found.is_done:
                told += f", the first {found.scanned + found.skipped:,} looked at"
            elif found.skipped:
                told += f", {found.skipped:,} ruled out unread"
            parts.append(told)
        if self.sorted_by:
            parts.append(f"by {self.sorted_by}")
        return f"where {self.query}" if self.query else "", " · ".join(parts)

    @property
    def sorted_by(self) -> str:
        """The column and the direction of the order in words; "" for rows as they are."""
        table = self._cells.table
        if self.order_by is None or table is None:
            return ""
        return f"{visible(table.columns[self.order_by[0]].name)} {'↓' if self.order_by[1] else '↑'}"

    @property
    def among(self) -> Sequence[int] | None:
        """The rows that the query leaves; None for all."""
        return None if self.matches is None else self.matches.rows

    def drop(self) -> bool:
        """Take off the order, then the query; return false when there is none."""
        if self.order_by is not None:
            self.order_by = None
            self._show(self.among)
            return True
        if self.matches is not None:
            self._forget_query()
            return True
        return False

    # Query

    def action_table_filter(self) -> None:
        """Ask for a query."""
        if self._cells.table is not None:
            self._prompt.ask("rows where:", self.filter, self.query)

    def action_table_equal(self) -> None:
        """Show only the rows with the value under the cursor."""
        table, row = self._cells.table, self._row()
        if table is None or row >= self._cells.count:
            return
        number, at = self._cells.row_at(row), self._columns.current
        if not self._cells.has(number, at):
            return
        column, value = table.columns[at], self._cells.get(number, at)
        if column.kind == OTHER or (value is not None and len(value) >= CELL_CHARS):
            self._status.say("values of this type, or as long as this one, are not compared", "$warning")
            return
        name = column.name if _is_word(column.name) else f"`{column.name}`"
        test = f"{name} is null"
        if value is not None:
            is_plain = column.kind in (NUMBER, DECIMAL) or (column.kind == TRUTH and value.lower() in ("true", "false"))
            test = f"{name} = {value if is_plain else json.dumps(value, ensure_ascii=False)}"
        self.filter(f"{self.query} and {test}" if self.query and " or " not in self.query.lower() else test)

    def filter(self, text: str) -> None:
        """Show the rows for which a query is true; all for an empty one."""
        table = self._cells.table
        if table is None:
            return
        text = text.strip()
        if not text:
            self._forget_query()
            return
        try:
            query = parse(text, [(column.name, column.kind) for column in table.columns])
        except QueryError as exc:
            self._prompt.ask("rows where:", self.filter, text)
            self._status.say(visible(str(exc), limit=200), "$error")
            return
        self._before(table, columns_of(query), query, partial(self._filter, table, text, query))

    async def _filter(self, table: Table, text: str, query: Node) -> None:
        found = Matches()
        self.query, self.node, self.matches, self.order_by = text, query, found, None
        self._show(found.rows)
        told = 0

        def progress() -> str:
            nonlocal told
            if len(found.rows) != told:
                told = len(found.rows)
                self._shown(self._row())
            return f"{found.scanned + found.skipped:,} rows looked at, {told:,} match"

        await self._work("Filtering", table, scan(table, query, found), progress)
        if found.is_done and not found.rows:
            self._status.say("no row matches; Esc shows all rows", "$warning")

    def _forget_query(self) -> None:
        row = self._row()
        at = self._cells.row_at(row) if row < self._cells.count else 0
        self.query, self.node, self.matches, self.order_by = "", None, None, None
        self._show(None, at)

    # Order

    def action_table_ascending(self) -> None:
        """Put the rows in order by this column, smallest first."""
        self._sort(is_descending=False)

    def action_table_descending(self) -> None:
        """Put the rows in order by this column, greatest first."""
        self._sort(is_descending=True)

    def _sort(self, *, is_descending: bool) -> None:
        table = self._cells.table
        if table is not None:
            column = self._columns.current
            if table.columns[column].kind == OTHER:
                self._status.say("values of this type have no order", "$warning")
                return
            self._before(table, [column], None, partial(self._order, table, column, is_descending=is_descending))

    async def _order(self, table: Table, column: int, *, is_descending: bool) -> None:
        found = Ordering()
        steps = order(table, column, found, is_descending=is_descending, among=self.among)
        if await self._work("Sorting", table, steps, lambda: f"{found.done:,} rows read"):
            self.order_by = column, is_descending
            self._show(found.rows)

    # Statistics

    def action_table_measure(self) -> None:
        """Show the statistics of this column over the rows that the query leaves."""
        table = self._cells.table
        if table is not None:
            column = self._columns.current
            self._before(table, [column], None, partial(self._measure, table, column))

    async def _measure(self, table: Table, column: int) -> None:
        found, before = Measures(), table.source.bytes_read
        steps = measure(table, column, found, among=self.among)
        try:
            await self._work("Measuring", table, steps, lambda: f"{found.rows:,} rows read")
        finally:
            if found.rows and self._prompt.is_attached:  # also what was read before Esc
                self._measured(table.columns[column].name, found, table.source.bytes_read - before)

    # Rows

    def action_table_go(self) -> None:
        """Ask for the number of a row."""
        self._prompt.ask("row, or share such as 50%:", self.go)

    def go(self, text: str) -> None:
        """Go to a row by its place among the rows shown: the first is 1."""
        table, text = self._cells.table, text.strip().replace(",", "").replace("_", "")
        if table is None or not text:
            return
        total = self._cells.count if self._cells.order is not None else table.rows
        if text.endswith("%") and text[:-1].isdecimal() and len(text) < 20 and total is not None:
            number = max(1, min(100, int(text[:-1])) * total // 100)
        elif text.isdecimal() and len(text) < 20:
            number = max(1, int(text))
        else:
            self._status.say("a row is a number; a share needs a table whose rows are counted", "$error")
            return
        if self._cells.order is not None:
            self._shown(min(number, self._cells.count) - 1)
        elif number <= table.rows_known or table.rows is not None:
            self._shown(min(number, table.rows_known) - 1)
        else:
            self._before_rows(table, number)

    def action_last(self) -> None:
        """Go to the last row; the rows up to there are counted first where nothing says how many they are."""
        table = self._cells.table
        if table is None:
            return
        if self._cells.order is not None or table.rows is not None:
            self._shown(max(0, self._cells.count - 1))
        else:
            self._before_rows(table, None)

    def _before_rows(self, table: Table, number: int | None) -> None:
        """Count the rows up to a number, or to the end, after a question where that reads much."""
        cost = table.cost_of_all((), None)
        share = table.cost(0, ()) * table.blocks_known
        if number is not None and table.rows_known:
            cost = min(cost, share * number // table.rows_known)
        work = partial(self._count, table, number)
        self._asking.before(max(0, cost - share), lambda: self._start(work))

    async def _count(self, table: Table, number: int | None) -> None:
        steps = _counted(table, number)
        try:
            await self._work("Counting", table, steps, lambda: f"{table.rows_known:,} rows")
        finally:
            if self._prompt.is_attached and table.rows_known:
                self._shown(min(number or table.rows_known, table.rows_known) - 1)

    def _start(self, work: Work) -> None:
        self._run(work, group=WORK, exclusive=True)

    async def _work(self, doing: str, table: Table, steps: AsyncIterator[None], progress: Callable[[], str]) -> bool:
        """Take all steps, and show what was read; return false when they failed."""
        before, is_done = table.source.bytes_read, False
        with self._status.trying(f"{doing}… Esc stops"):
            try:
                async for _ in steps:
                    read = size_text(table.source.bytes_read - before)
                    self._status.work(f"{doing}… {progress()}, {read} read; Esc stops")
                is_done = True
            finally:
                progress()
                self._shown(self._row())
        return is_done

    def _before(self, table: Table, columns: Sequence[int], query: Node | None, work: Work) -> None:
        """Start work on some columns of all rows, after a question where that reads much."""
        self._start(partial(self._weigh, table, columns, query, work))

    async def _weigh(self, table: Table, columns: Sequence[int], query: Node | None, work: Work) -> None:
        with self._status.trying("Looking at the size…"):
            cost = await asyncio.to_thread(table.cost_of_all, columns, query)
            self._asking.before(cost, lambda: self._start(work))

    def _show(self, rows: Sequence[int] | None, at: int = 0) -> None:
        self._cells.order = rows
        self._shown(at)


async def _counted(table: Table, number: int | None) -> AsyncIterator[None]:
    """Count rows up to a number, or to the end; yield after each block."""
    while table.rows is None and (number is None or table.rows_known < number):
        await table.run(table.blocks_known, (), COUNTED)
        yield


def _is_word(name: str) -> bool:
    return name.isidentifier() and name.lower() not in WORDS
