"""The transfers: a line for each job with state, bytes, rate and time left, which opens to its files."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.client.http.rates import rates_text
from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.quit import CancelScreen, must_ask
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.lists.transfer_lines import Line, TransferLines, remark_of, sparkline
from storage_tui.tui.state.paths import brief
from storage_tui.tui.state.transfers import Transfer, TransferJob
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import gauge_content
from storage_tui.tui.widgets.line_view import LineView, cut_middle

TICK_S = 0.25
NAME_CELLS = 24  # of an opened job in the title
CURVE_FROM = 90  # cells: the width from which the throughput is drawn


class TransfersScreen(CommandScreen[None]):
    """The jobs, or the files of one; below them the destination of the transfer under the cursor, and its error."""

    CONTEXT: ClassVar[Context] = "transfers"
    CSS_PATH = ["../widgets/rows.tcss", "transfers.tcss"]
    AUTO_FOCUS = "TransferLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (12, "-tall")]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._title_bar = Bar(id="title")
        self.view = TransferLines(id="transfers")
        self._opened: TransferJob | None = None
        self._where = Bar(id="where")
        self._why = Static(id="why")

    def compose(self) -> ComposeResult:
        """Yield title, transfers, the transfer under the cursor, and keys."""
        yield self._title_bar
        yield self.view
        yield self._where
        yield self._why
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the cursor over the transfers."""
        return (self, Cursor(self.view))

    def on_mount(self) -> None:
        """Show the transfers now and again a few times a second."""
        self.fill()
        self.set_interval(TICK_S, self.fill)

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self.say_cursor()

    def fill(self) -> None:
        """Show the state of the transfers; only changed lines are painted."""
        opened = self._opened
        if opened is not None and opened not in self._desk.queue.jobs:
            opened = self._opened = None
        self._title_bar.say(self._title())
        rows: Sequence[Line] = [job.only or job for job in self._desk.queue.jobs]
        self.view.show(rows if opened is None else opened.transfers, is_opened=opened is not None)
        self.say_cursor()

    def _title(self) -> Content:
        width = self.size.width
        gauge = gauge_content(self._desk.queue.poll(), width=width)
        place = f"▸ {cut_middle(visible(self._opened.name), NAME_CELLS)}  " if self._opened is not None else " "
        curve = sparkline(self._desk.queue.rates) if width >= CURVE_FROM and self._desk.queue.is_active else ""
        is_held = self._desk.queue.is_paused and self._desk.queue.is_active
        up, down = self._desk.runner.rates
        limit = f"  limit {rates_text(up, down)}" if up is not None or down is not None else ""
        return Content.assemble(
            (" Transfers ", "bold $accent"), (place, "bold"), gauge, (limit, "$warning"),
            ("  all paused (P)" if is_held else "", "$warning"), (f"  {curve}", "$primary"),  # what is cut first
        )  # fmt: skip

    def say_cursor(self) -> None:
        """Show both ends of the transfer under the cursor, and the details that its line may have no room for."""
        row = self.view.row
        where = why = Content("")
        if isinstance(row, Transfer):
            word = "to" if row.direction == "download" else "from"
            where = Content.styled(f" {word} {visible(brief(row.path))}", "$text-muted")
            why = Content.styled(visible(remark_of(row)), "$text-error" if row.error else "$text-muted")
        elif row is not None:
            server = "" if row.snapshot is None else f" with {visible(row.snapshot.server)}"
            number = "" if row.remote_id is None else f", number {row.remote_id} of storage-tui transfers"
            where = Content.styled(f" {plural(row.files, 'file')}{server}{number}", "$text-muted")
            why = Content.styled(visible(row.remark), "$text-error" if row.counts().states.get("failed") else "")
        self._where.say(where)
        if why != self._why.content:
            self._why.update(why)

    @on(LineView.Chosen)
    def action_transfer_open(self) -> None:
        """Show the files of the job under the cursor."""
        row = self.view.row
        if isinstance(row, TransferJob):
            self._opened = row
            self._desk.runner.open(row)
            self.view.go(0)
            self.fill()
        else:
            self.remark("only a job of several files opens")

    def action_transfer_pause(self) -> None:
        """Pause the transfer or the job, or continue it."""
        row = self.view.row
        if isinstance(row, TransferJob):
            states = row.counts().states
            if states.get("running") or states.get("waiting"):
                self._desk.runner.steer("pause", row)
            elif states.get("paused"):
                self._desk.runner.steer("go-on", row)
            else:
                self.remark("this job has ended; there is nothing to pause")
            self._changed()
            return
        if row is not None:
            if row.state == "paused":
                self._desk.runner.unpause(row)
            else:
                self._desk.runner.pause(row)
        if row is None or row.state not in ("running", "paused"):
            self.remark("only a running transfer can be paused, and only a paused one continues")
        self._changed()

    def action_transfer_pause_all(self) -> None:
        """Pause all transfers, or continue all."""
        queue = self._desk.queue
        if not queue.is_active and not queue.is_paused:
            self.remark("nothing to pause: no transfer waits or runs")
        else:
            self._desk.runner.pause_all(not queue.is_paused)
        self._changed()

    def action_transfer_cancel(self) -> None:
        """Stop the transfer or the job; ask before gigabytes are lost."""
        row = self.view.row
        self._cancel([] if row is None else [row])

    def action_transfer_cancel_all(self) -> None:
        """Stop all transfers; ask before many or gigabytes are lost."""
        self._cancel(self._desk.queue.jobs)

    def _cancel(self, rows: Sequence[Line]) -> None:
        active = [row for row in rows if row.is_active]
        if not active:
            self.remark("nothing to cancel: only a waiting or running transfer can be cancelled")
        elif must_ask(active):
            self._ask_and_cancel(active)
        else:
            self._cancel_now(active)

    @work(group="ask", exclusive=True)
    async def _ask_and_cancel(self, rows: Sequence[Line]) -> None:
        answer = await self.app.push_screen_wait(CancelScreen(rows))
        if answer:
            self._cancel_now(rows)

    def _cancel_now(self, rows: Sequence[Line]) -> None:
        for row in rows:  # it may have ended meanwhile, which is no error
            if isinstance(row, TransferJob):
                self._desk.runner.steer("cancel", row)
            else:
                self._desk.runner.cancel(row)
        self._changed()

    def action_transfer_retry(self) -> None:
        """Try the transfer again, or the files of the job that failed or were cancelled."""
        row = self.view.row
        if isinstance(row, TransferJob):
            states = row.counts().states
            if states.get("failed") or states.get("cancelled"):
                self._desk.runner.steer("retry", row)
            else:
                self.remark("no file of this job has failed or was cancelled")
        elif row is None or not self._desk.queue.retry(row):
            self.remark("only a failed or cancelled transfer can be tried again")
        self._changed()

    def action_transfer_retry_all(self) -> None:
        """Try all failed transfers again."""
        for job in list(self._desk.queue.jobs):
            if job.counts().states.get("failed"):
                self._desk.runner.steer("retry-failed", job)
        self._changed()

    @work(group="ask", exclusive=True)
    async def action_transfer_limit(self) -> None:
        """Ask for the most bytes a second, and hold all transfers back to that."""
        from storage_tui.tui.dialogs.limit import LimitScreen  # loaded on demand, as all rare screens are

        rates = await self.app.push_screen_wait(LimitScreen(*self._desk.runner.rates))
        if rates is not None:
            self._desk.runner.limit(*rates)
            self._changed()

    def action_transfer_clear(self) -> None:
        """Remove the finished transfers from the list."""
        self._desk.runner.clear()
        self._changed()

    def action_help(self) -> None:
        """Show the keys of this screen, then all others."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_close(self) -> None:
        """Go back to all jobs, or to the screen below."""
        if self._opened is None:
            self.dismiss(None)
            return
        opened, self._opened = self._opened, None
        self.fill()
        self.view.go_to(opened)

    def _changed(self) -> None:
        self._desk.runner.pump()
        self.fill()
