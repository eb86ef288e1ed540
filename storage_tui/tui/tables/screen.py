"""The table on the whole screen: its widgets, and the objects that carry out its commands."""

import os
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews import Source
from storage_tui.previews.querying.of_table import Answer
from storage_tui.previews.rows.base import ASK_BYTES, Table, read_cell
from storage_tui.previews.rows.measuring import Measures
from storage_tui.previews.rows.opening import open_table
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.tables.arrangement import Arrangement, ArrangementCommands
from storage_tui.tui.tables.asking import Asking
from storage_tui.tui.tables.asking_sql import AskingSql
from storage_tui.tui.tables.cell_screen import CellScreen
from storage_tui.tui.tables.cells import CELLS, Cells
from storage_tui.tui.tables.choosing import Choosing
from storage_tui.tui.tables.grid import Grid
from storage_tui.tui.tables.measure_screen import MeasureScreen
from storage_tui.tui.terminal.clipboard import osc52
from storage_tui.tui.terminal.textual_private import write
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.status import LOAD, NARROW, WIDE, WORK, Run, Status
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.line_view import LineView, cut_start

TITLE_CHARS = 60


class TableScreen(CommandScreen[None]):
    """One table, read from a source by ranges."""

    CONTEXT: ClassVar[Context] = "table"
    CSS_PATH = "table.tcss"
    AUTO_FOCUS = "Grid"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(
        self, desk: Desk, blob: Blob, source: Source, *, part: str = "", ask_bytes: int = ASK_BYTES,
        answer: Answer | None = None, of: Table | None = None,
    ) -> None:  # fmt: skip
        """`part` names one of several tables of the blob, "" the first one. `ask_bytes` is how much may be read for one
        answer without a question. With an `answer` its rows are shown; they are those of a statement over the table
        `of`."""
        super().__init__()
        self.blob = blob
        self._kept_in = desk.type_name(blob.storage_type)  # what has the blob
        self.source = source
        self._desk = desk
        self._part = part
        self._ask_bytes = ask_bytes
        self._answer = answer
        self._of = of
        self._run: Run = self.run_worker
        self.columns = Arrangement()
        self.cells = Cells(run=self.run_worker, changed=self._cells_came, failed=self._cells_failed)
        self.grid = Grid(self.columns, self.cells, id="rows")
        self.title_bar = Bar(id="title")
        self.query_bar = Bar(id="query")
        self.status_bar = Bar(id="status")
        self.prompt = Prompt(back_to=self.grid)
        self.status = Status(blob, desk.log, set_timer=self.set_timer, changed=self.say_lines)
        asking = Asking(self.prompt, say=self.status.say, ask_bytes=ask_bytes)
        self.choosing = Choosing(
            self.cells, self.columns, status=self.status, prompt=self.prompt, asking=asking, run=self.run_worker,
            row=lambda: self.grid.cursor, shown=self._show_row, measured=self._show_measures,
        )  # fmt: skip
        self._sql = AskingSql(
            self.choosing, table=lambda: self._of or self.table, statement="" if answer is None else answer.statement,
            status=self.status, prompt=self.prompt, asking=asking, run=self.run_worker, answered=self._show_answer,
        )  # fmt: skip
        self._arranging = ArrangementCommands(self.columns, changed=self._arranged, say=self.status.say)

    def compose(self) -> ComposeResult:
        """Yield title, query, rows, status, prompt and keys."""
        yield self.title_bar
        yield self.query_bar
        yield self.grid
        yield self.status_bar
        yield self.prompt
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the objects of the table, the screen, the cursor."""
        return (self._arranging, self.choosing, self._sql, self, Cursor(self.grid))

    def on_mount(self) -> None:
        """Read the columns and the first rows."""
        self.say_lines()
        self._run(self._open, group=LOAD, exclusive=True)

    async def _open(self) -> None:
        with self.status.trying("Reading…"):
            table = self._answer.table if self._answer is not None else await open_table(self.source, self._part)
            self.columns.begin(table.columns)
            self.cells.table = table
            self.grid.lines_changed()
            self.grid.reveal()
            self._read_view()

    @property
    def table(self) -> Table | None:
        """The table; None until its columns were read."""
        return self.cells.table

    def on_resize(self) -> None:
        """Show what has room now."""
        self.call_after_refresh(self._arranged)

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self._read_view()
        self.say_lines()

    @on(LineView.Chosen)
    def _chosen(self) -> None:
        self.action_table_cell()

    def _arranged(self) -> None:
        self.grid.reveal()
        self._read_view()
        self.say_lines()

    def _read_view(self) -> None:
        """Read the cells in view that were not read."""
        if self.table is not None:
            columns = [each.column for each in self.grid.placed()[0]]
            top = self.grid.top
            self.cells.want(top, top + self.grid.rows_visible, columns)

    def _cells_came(self) -> None:
        top, stop = self.grid.top, self.grid.top + self.grid.rows_visible
        rows = [self.cells.row_at(at) for at in range(top, min(stop, self.cells.count))]
        for each in self.grid.placed()[0]:
            texts = self.cells.texts(each.column, rows)
            self.columns.fit(each.column, map(visible, texts))
        self.grid.lines_changed()
        self.grid.reveal()
        self.say_lines()
        self.call_later(self._read_view)  # wider columns leave others out, and the view may have moved

    def _cells_failed(self, error: BaseException) -> None:
        self.status.fail(error)

    def _show_row(self, index: int) -> None:
        """Show the rows again, with the cursor on one of them."""
        if not self.has_lines:
            return
        grid = self.grid
        grid.lines_changed()
        if not grid.top <= index < grid.top + grid.rows_visible:
            grid.top = max(0, index - grid.rows_visible // 3)
        grid.go(index)
        grid.refresh()
        self._read_view()
        self.say_lines()

    def say_lines(self) -> None:
        """Update the title, the query and the status line."""
        if not self.has_lines:
            return
        width, table = self.size.width, self.table
        kind = ""
        if table is not None:
            total = f"{table.rows:,}" if table.rows is not None else f"{table.rows_known:,}+"
            kind = f"{table.kind} "
            if len(table.parts) > 1:
                kind = (
                    f"{visible(table.part, limit=TITLE_CHARS)}, {self._number(table)} of {len(table.parts):,}  {kind}"
                )
            if width >= WIDE:
                kind += f" {total} {'row' if total == '1' else 'rows'}, {plural(len(table.columns), 'column')} "
        name = cut_start(visible(self.blob.key), max(8, width - len(kind) - len(self._kept_in) - 8))
        self.title_bar.say(
            Content.assemble((f" {self._kept_in} ", "bold $accent"), ("▸ ", "$text-muted"), (name, "bold")),
            Content.styled(kind, "$text-muted"),
        )
        query, told = self.choosing.words
        if self._answer is not None:
            query = "  ".join(filter(None, (self._answer.statement, query)))
            told = told if self._answer.is_whole else f"the first {self.cells.count:,} rows of the answer  {told}"
        self.query_bar.say(Content.styled(f" {visible(query)}", "$warning"), Content.styled(f"{told} ", "$text-muted"))
        self.set_class(bool(query or told), "-chosen")
        left = Content("")
        if self.status.working:
            left = Content.styled(self.status.working, "$accent")
        elif self.status.message is not None:
            left = Content.styled(*self.status.message)
        elif table is not None and (reason := self.cells.left_out.get(self.columns.current)):
            left = Content.styled(f"this column is not read: {visible(reason)}", "$warning")
        elif table is not None:
            column = table.columns[self.columns.current]
            left = Content.styled(f"{visible(column.name, limit=TITLE_CHARS)}: {column.type}", "$text-muted")
        self.status_bar.say(
            Content.assemble(" ", left), Content.styled(f"{self._place(width)} ", "$text-muted"),
            is_urgent=self.status.message is not None,
        )  # fmt: skip

    @staticmethod
    def _number(table: Table) -> int:
        return table.parts.index(table.part) + 1 if table.part in table.parts else 1

    def _place(self, width: int) -> str:
        """Return the row under the cursor and what was read: `row 12 of 1,314 · 66 kB in 3 reads`."""
        table = self.table
        if table is None:
            return ""
        count = self.cells.count
        at = min(self.grid.cursor + 1, count)
        total = f"{count:,}" if self.cells.order is not None or table.rows is not None else f"{count:,}+"
        row = f"row {at:,} of {total}" if count else "no rows"
        if width < NARROW:
            return row
        if self._answer is not None:
            return f"{row} · {size_text(self._answer.bytes_read)} read"
        return f"{row} · {size_text(self.source.bytes_read)} in {plural(self.source.requests, 'read')}"

    # Commands

    def action_table_cell(self) -> None:
        """Open the cell under the cursor whole."""
        table = self.table
        if table is not None and self.grid.cursor < self.cells.count:
            row = self.cells.row_at(self.grid.cursor)
            self._run(partial(self._open_cell, table, row, self.columns.current), group=WORK, exclusive=True)

    def action_table_other(self) -> None:
        """Show the next table of the blob, after the last one the first."""
        table = self.table
        if table is None or len(table.parts) < 2:
            self.status.say("there is no other table here", "$warning")
            return
        part = table.parts[self._number(table) % len(table.parts)]
        screen = TableScreen(self._desk, self.blob, self.source, part=part, ask_bytes=self._ask_bytes)
        self.app.switch_screen(screen)

    def _show_answer(self, answer: Answer) -> None:
        """Show the answer of a statement on a screen of its own; a later one takes its place."""
        if not self.has_lines:
            return
        of = self._of or self.table
        screen = TableScreen(self._desk, self.blob, self.source, ask_bytes=self._ask_bytes, answer=answer, of=of)
        if self._answer is None:
            self.app.push_screen(screen)
        else:
            self.app.switch_screen(screen)

    async def _open_cell(self, table: Table, row: int, column: int) -> None:
        with self.status.trying("Reading…"):
            value = await read_cell(table, row, column)
            name = visible(table.columns[column].name, limit=TITLE_CHARS)
            self.app.push_screen(CellScreen(f"{name}, row {row + 1:,}", value))

    def action_table_copy(self) -> None:
        """Copy the query, or the cell under the cursor where there is none."""
        if self.choosing.query:
            write(self.app, osc52(self.choosing.query, os.environ))
            self.status.say("sent the query to the terminal's clipboard; terminals may ignore it")
            return
        row = self.cells.row_at(self.grid.cursor) if self.grid.cursor < self.cells.count else -1
        column = self.columns.current if self.table is not None else -1
        text = self.cells.get(row, column) if self.cells.has(row, column) else None
        if not text:
            self.status.say("nothing to copy", "$warning")
            return
        write(self.app, osc52(text, os.environ))
        self.status.say("sent the cell to the terminal's clipboard; terminals may ignore it")

    def _show_measures(self, name: str, found: Measures, read_bytes: int) -> None:
        if self.has_lines and self.app.screen is self:
            where = f"where {self.choosing.query}" if self.choosing.query else ""
            self.app.push_screen(
                MeasureScreen(name, found, of=visible(where, limit=TITLE_CHARS), read_bytes=read_bytes)
            )

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self.status.say(text, "$warning")

    def action_peel(self) -> None:
        """Take one layer off: the prompt, running work, the order, the query; then close."""
        if self.prompt.stop():
            return
        if self.status.working:
            for group in (WORK, LOAD, CELLS):
                self.workers.cancel_group(self, group)
            if self.table is None:
                self.dismiss(None)
        elif not self.choosing.drop():
            self.dismiss(None)
        self.say_lines()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
