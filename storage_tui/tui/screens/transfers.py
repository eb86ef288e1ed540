"""The transfers: each with state, bytes, rate and time left; pause, cancel, retry."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.tui.commands import Context, in_context
from storage_tui.tui.screens.command_screen import CommandScreen
from storage_tui.tui.screens.help import HelpScreen
from storage_tui.tui.screens.line_moves import LineMoves
from storage_tui.tui.session import Session
from storage_tui.tui.state.paths import brief
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.lines import footer_content, gauge_content
from storage_tui.tui.widgets.transfer_lines import TransferLines, remark_of

TICK_S = 0.25


class TransfersScreen(LineMoves, CommandScreen[None]):
    """The queue as a list; below it, in full, where the transfer under the cursor goes and why it failed."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = ("transfers", "lines")
    CSS_PATH = ["rows.tcss", "transfers.tcss"]
    AUTO_FOCUS = "TransferLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (12, "-tall")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        """Title, transfers, the one under the cursor, keys."""
        yield Bar(id="title")
        yield TransferLines(id="transfers")
        yield Bar(id="where")
        yield Static(id="why")
        yield Bar(id="footer")

    @property
    def view(self) -> TransferLines:
        """The list."""
        return self.query_one(TransferLines)

    def on_mount(self) -> None:
        """Fill in now and again a few times a second."""
        self.fill()
        self.set_interval(TICK_S, self.fill)

    def on_resize(self) -> None:
        """The keys that fit."""
        self.query_one("#footer", Bar).say(footer_content(in_context(*self.CONTEXTS), width=self.size.width))

    def on_line_view_cursor_moved(self, message: LineView.CursorMoved) -> None:
        """Tell of another transfer."""
        self.say_cursor()

    def fill(self) -> None:
        """Paint what changed."""
        self.query_one("#title", Bar).say(self._title())
        self.view.show(self._session.queue.items)
        self.say_cursor()

    def _title(self) -> Content:
        """The batch at a glance."""
        gauge = gauge_content(self._session.queue.poll(), width=self.size.width)
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
                self._session.runner.unpause(transfer)
            else:
                self._session.runner.pause(transfer)
        self._changed()

    def action_transfer_cancel(self) -> None:
        """Stop this one."""
        transfer = self.view.transfer
        if transfer is not None:
            self._session.runner.cancel(transfer)
        self._changed()

    def action_transfer_cancel_all(self) -> None:
        """Stop all."""
        for transfer in list(self._session.queue.items):
            self._session.runner.cancel(transfer)
        self._changed()

    def action_transfer_retry(self) -> None:
        """This one again."""
        transfer = self.view.transfer
        if transfer is not None:
            self._session.queue.retry(transfer)
        self._changed()

    def action_transfer_retry_all(self) -> None:
        """All that failed again."""
        for transfer in list(self._session.queue.items):
            if transfer.state == "failed":
                self._session.queue.retry(transfer)
        self._changed()

    def action_transfer_clear(self) -> None:
        """Forget what is over."""
        self._session.queue.clear_finished()
        self._changed()

    def action_transfer_help(self) -> None:
        """The keys of this screen, then all others."""
        self.app.push_screen(HelpScreen(self.CONTEXTS))

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)

    def _changed(self) -> None:
        self._session.runner.pump()
        self.fill()
