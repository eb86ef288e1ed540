"""The transfers: each with state, bytes, rate and time left; pause, cancel, retry."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.screens.help import HelpScreen
from storage_tui.tui.state.paths import brief
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.lines import gauge_content
from storage_tui.tui.widgets.transfer_lines import TransferLines, remark_of

TICK_S = 0.25


class TransfersScreen(CommandScreen[None]):
    """The queue as a list; below it, in full, where the transfer under the cursor goes and why it failed."""

    CONTEXT: ClassVar[Context] = "transfers"
    CSS_PATH = ["rows.tcss", "transfers.tcss"]
    AUTO_FOCUS = "TransferLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (12, "-tall")]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def compose(self) -> ComposeResult:
        """Title, transfers, the one under the cursor, keys."""
        yield Bar(id="title")
        yield TransferLines(id="transfers")
        yield Bar(id="where")
        yield Static(id="why")
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """The screen, then the cursor over the transfers."""
        return (self, Cursor(self.view))

    @property
    def view(self) -> TransferLines:
        """The list."""
        return self.query_one(TransferLines)

    def on_mount(self) -> None:
        """Fill in now and again a few times a second."""
        self.fill()
        self.set_interval(TICK_S, self.fill)

    def on_line_view_cursor_moved(self, message: LineView.CursorMoved) -> None:
        """Tell of another transfer."""
        self.say_cursor()

    def fill(self) -> None:
        """Paint what changed."""
        self.query_one("#title", Bar).say(self._title())
        self.view.show(self._desk.queue.items)
        self.say_cursor()

    def _title(self) -> Content:
        """The batch at a glance."""
        gauge = gauge_content(self._desk.queue.poll(), width=self.size.width)
        return Content.assemble((" Transfers  ", "bold $accent"), gauge)

    def say_cursor(self) -> None:
        """Both ends of the transfer under the cursor, and what its line may have had no room for."""
        transfer = self.view.transfer
        where = why = Content("")
        if transfer is not None:
            word = "to" if transfer.direction == "download" else "from"
            where = Content.styled(f" {word} {visible(brief(transfer.path))}", "$text-muted")
            why = Content.styled(visible(remark_of(transfer)), "$text-error" if transfer.error else "$text-muted")
        self.query_one("#where", Bar).say(where)
        reason = self.query_one("#why", Static)
        if why != reason.content:
            reason.update(why)

    def action_transfer_pause(self) -> None:
        """Hold, or go on."""
        transfer = self.view.transfer
        if transfer is not None:
            if transfer.state == "paused":
                self._desk.queue.resume(transfer)
            else:
                self._desk.queue.pause(transfer)
        self._changed()

    def action_transfer_cancel(self) -> None:
        """Stop this one."""
        transfer = self.view.transfer
        if transfer is not None:
            self._desk.runner.cancel(transfer)
        self._changed()

    def action_transfer_cancel_all(self) -> None:
        """Stop all."""
        for transfer in list(self._desk.queue.items):
            self._desk.runner.cancel(transfer)
        self._changed()

    def action_transfer_retry(self) -> None:
        """This one again."""
        transfer = self.view.transfer
        if transfer is not None:
            self._desk.queue.retry(transfer)
        self._changed()

    def action_transfer_retry_all(self) -> None:
        """All that failed again."""
        for transfer in list(self._desk.queue.items):
            if transfer.state == "failed":
                self._desk.queue.retry(transfer)
        self._changed()

    def action_transfer_clear(self) -> None:
        """Forget what is over."""
        self._desk.queue.clear_finished()
        self._changed()

    def action_help(self) -> None:
        """The keys of this screen, then all others."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)

    def _changed(self) -> None:
        self._desk.runner.pump()
        self.fill()
