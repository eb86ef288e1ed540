"""The transfers: each with state, bytes, rate and time left; pause, cancel, retry."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.client.http.rates import rates_text
from storage_tui.contract.visible import visible
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.limit import LimitScreen
from storage_tui.tui.dialogs.quit import CancelScreen, must_ask
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.lists.transfer_lines import TransferLines, remark_of
from storage_tui.tui.state.paths import brief
from storage_tui.tui.state.transfers import Transfer
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import gauge_content
from storage_tui.tui.widgets.line_view import LineView

TICK_S = 0.25


class TransfersScreen(CommandScreen[None]):
    """The queue as a list; below it the full destination of the transfer under the cursor, and its error."""

    CONTEXT: ClassVar[Context] = "transfers"
    CSS_PATH = ["../widgets/rows.tcss", "transfers.tcss"]
    AUTO_FOCUS = "TransferLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (12, "-tall")]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._title_bar = Bar(id="title")
        self.view = TransferLines(id="transfers")
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
        self._title_bar.say(self._title())
        self.view.show(self._desk.queue.items)
        self.say_cursor()

    def _title(self) -> Content:
        gauge = gauge_content(self._desk.queue.poll(), width=self.size.width)
        up, down = self._desk.runner.rates
        is_limited = up is not None or down is not None
        limit = (f"  limit {rates_text(up, down)}", "$warning") if is_limited else ""
        return Content.assemble((" Transfers  ", "bold $accent"), gauge, limit)

    def say_cursor(self) -> None:
        """Show both ends of the transfer under the cursor, and the details that its line may have no room for."""
        transfer = self.view.transfer
        where = why = Content("")
        if transfer is not None:
            word = "to" if transfer.direction == "download" else "from"
            where = Content.styled(f" {word} {visible(brief(transfer.path))}", "$text-muted")
            why = Content.styled(visible(remark_of(transfer)), "$text-error" if transfer.error else "$text-muted")
        self._where.say(where)
        if why != self._why.content:
            self._why.update(why)

    def action_transfer_pause(self) -> None:
        """Pause the transfer, or continue it."""
        transfer = self.view.transfer
        if transfer is not None:
            if transfer.state == "paused":
                self._desk.runner.unpause(transfer)
            else:
                self._desk.runner.pause(transfer)
        if transfer is None or transfer.state not in ("running", "paused"):
            self.remark("only a running transfer can be paused, and only a paused one continues")
        self._changed()

    def action_transfer_cancel(self) -> None:
        """Stop the transfer; ask before gigabytes are lost."""
        transfer = self.view.transfer
        self._cancel([] if transfer is None else [transfer])

    def action_transfer_cancel_all(self) -> None:
        """Stop all transfers; ask before many or gigabytes are lost."""
        self._cancel(self._desk.queue.items)

    def _cancel(self, transfers: Sequence[Transfer]) -> None:
        active = [transfer for transfer in transfers if transfer.is_active]
        if not active:
            self.remark("nothing to cancel: only a waiting or running transfer can be cancelled")
        elif must_ask(active):
            self._ask_and_cancel(active)
        else:
            self._cancel_now(active)

    @work(group="ask", exclusive=True)
    async def _ask_and_cancel(self, transfers: Sequence[Transfer]) -> None:
        answer = await self.app.push_screen_wait(CancelScreen(transfers))
        if answer:
            self._cancel_now(transfers)

    def _cancel_now(self, transfers: Sequence[Transfer]) -> None:
        for transfer in transfers:
            self._desk.runner.cancel(transfer)  # it may have ended meanwhile, which is no error
        self._changed()

    def action_transfer_retry(self) -> None:
        """Try the transfer again."""
        transfer = self.view.transfer
        if transfer is None or not self._desk.queue.retry(transfer):
            self.remark("only a failed or cancelled transfer can be tried again")
        self._changed()

    def action_transfer_retry_all(self) -> None:
        """Try all failed transfers again."""
        for transfer in list(self._desk.queue.items):
            if transfer.state == "failed":
                self._desk.queue.retry(transfer)
        self._changed()

    @work(group="ask", exclusive=True)
    async def action_transfer_limit(self) -> None:
        """Ask for the most bytes a second, and hold all transfers back to that."""
        rates = await self.app.push_screen_wait(LimitScreen(*self._desk.runner.rates))
        if rates is not None:
            self._desk.runner.limit(*rates)
            self._changed()

    def action_transfer_clear(self) -> None:
        """Remove the finished transfers from the list."""
        self._desk.queue.clear_finished()
        self._changed()

    def action_help(self) -> None:
        """Show the keys of this screen, then all others."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)

    def _changed(self) -> None:
        self._desk.runner.pump()
        self.fill()
