"""Mark by description: names, age, size and expiry, with a live count of matches."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static
from textual.worker import Worker, get_current_worker

from storage_tui.client.patterns.words import EXAMPLES
from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog, field
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.selection import Selection


class MarkWhereScreen(Dialog[Selection]):
    """Asks for a description of rows to mark."""

    TITLE_TEXT = "Mark"
    HINT = "Enter marks them, Esc leaves"

    def __init__(self, rows: Sequence[Row], name_of: Callable[[Row], str], *, unread: int) -> None:
        """`rows` are counted while the user types; `unread` more rows must be read first."""
        super().__init__()
        self._rows = rows
        self._name_of = name_of
        self._unread = unread

    def compose_body(self) -> ComposeResult:
        """Yield the field, and the count of matches."""
        yield field("", id="words")
        yield Static("", id="note")

    def on_mount(self) -> None:
        """Show the syntax."""
        self.say(EXAMPLES)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        if event.value.strip():
            self._count(event.value)
        else:
            self.workers.cancel_node(self)
            self.say(EXAMPLES)

    @work(thread=True, exclusive=True)
    def _count(self, text: str) -> None:
        worker = get_current_worker()
        try:
            selection, now = Selection(text), datetime.now(UTC)
        except ValueError as exc:
            self.app.call_from_thread(self._counted, worker, visible(str(exc)), "$warning")
            return
        rows = [row for row in self._rows if selection.matches(row, self._name_of(row), now)]
        size = size_text(sum(row.size_bytes or 0 for row in rows if isinstance(row, Blob)))
        words = f"{len(rows):,} of {plural(len(self._rows), 'row')}, {size}"
        words += f"; Enter reads {self._unread:,} more" if self._unread else ""
        self.app.call_from_thread(self._counted, worker, words, "$success" if rows else "$text-muted")

    def _counted(self, worker: Worker[None], words: str, role: str) -> None:
        if not worker.is_cancelled:  # else the text has changed since
            self.say(words, role=role)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(Selection(event.value))
        except ValueError as exc:
            self.say(visible(str(exc)), role="$error")
