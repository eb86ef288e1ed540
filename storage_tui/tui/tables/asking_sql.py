"""SQL over the table: the statement that stands for the rows shown, its run, and the table of its answer."""

from collections.abc import Callable
from functools import partial

from storage_tui.contract.visible import visible
from storage_tui.previews.base import PreviewError
from storage_tui.previews.querying.of_table import Answer, TableQuery, name_of
from storage_tui.previews.querying.written import statement_of
from storage_tui.previews.rows.base import Table
from storage_tui.tui.tables.asking import Asking
from storage_tui.tui.tables.choosing import Choosing
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.status import WORK, Run, Status

LABEL = "sql:"


class AskingSql:
    """Asks for a statement over a table, and hands its answer to `answered`."""

    def __init__(
        self, choosing: Choosing, *, table: Callable[[], Table | None], statement: str, status: Status, prompt: Prompt,
        asking: Asking, run: Run, answered: Callable[[Answer], None],
    ) -> None:  # fmt: skip
        """`table` returns the table that a statement reads; `statement` is the last one, "" without any."""
        self._choosing = choosing
        self._table = table
        self._statement = statement
        self._status = status
        self._prompt = prompt
        self._asking = asking
        self._run = run
        self._answered = answered

    def action_table_sql(self) -> None:
        """Ask for a statement: the last one, or that of the rows that are shown now."""
        table = self._table()
        if table is None:
            return
        try:
            name = name_of(table)
        except PreviewError as exc:
            self._status.say(visible(str(exc), limit=200), "$warning")
            return
        columns = [(column.name, column.kind) for column in table.columns]
        choosing = self._choosing
        own = statement_of(name, columns, query=choosing.node, order=choosing.order_by)
        self._prompt.ask(LABEL, self.ask, self._statement or own)

    def ask(self, statement: str) -> None:
        """Run a statement, after a question where that may read much."""
        table, statement = self._table(), statement.strip()
        if table is None or not statement:
            return
        try:
            query = TableQuery(statement, table, free_bytes=self._asking.ask_bytes)
        except PreviewError as exc:
            self._again(statement, str(exc))
            return
        self._asking.before(query.cost_bytes, partial(self._start, query))

    def _start(self, query: TableQuery) -> None:
        self._run(partial(self._answer, query), group=WORK, exclusive=True)

    async def _answer(self, query: TableQuery) -> None:
        with self._status.trying("Asking… Esc stops"):
            try:
                async for _ in query.run():
                    self._status.work(f"Asking… {query.words}; Esc stops")
                answer = await query.answer()
            except PreviewError as exc:
                self._again(query.statement, str(exc))
                return
            self._answered(answer)

    def _again(self, statement: str, reason: str) -> None:
        """Let a statement that failed be mended."""
        self._prompt.ask(LABEL, self.ask, statement)
        self._status.say(visible(reason, limit=200), "$error")
