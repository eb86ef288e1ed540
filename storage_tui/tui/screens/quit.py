"""The question before leaving while transfers run."""

from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.sizes import size_text
from storage_tui.tui.screens.dialog import Dialog
from storage_tui.tui.state.formats import duration_text, plural
from storage_tui.tui.state.transfers import Gauge
from storage_tui.tui.widgets.choice import Choice

Answer = Literal["stay", "wait", "leave", "cancel"]
OPTIONS: tuple[tuple[Answer, str], ...] = (
    ("stay", "Stay"),
    ("wait", "Quit when they are done"),
    ("leave", "Quit, continue next time"),
    ("cancel", "Cancel them and quit"),
)


class QuitScreen(Dialog[Answer]):
    """What to do with the transfers."""

    TITLE_TEXT = "Transfers are running"
    HINT = "← → choose, Enter answers, Esc stays"

    def __init__(self, gauge: Gauge) -> None:
        super().__init__()
        self._gauge = gauge

    def compose_body(self) -> ComposeResult:
        """How much is left, and the answer."""
        gauge = self._gauge
        left = plural(gauge.files - gauge.files_done, "transfer")
        size = size_text(gauge.total_bytes - gauge.done_bytes)
        yield Static(Content(f"{left} unfinished, {size} to go, {duration_text(gauge.eta_s)} at this rate."), id="note")
        yield Choice(OPTIONS, id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(next(value for value, _ in OPTIONS if value == event.value))
