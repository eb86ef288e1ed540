"""The question before leaving while transfers run."""

from collections.abc import Callable
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.formats import duration_text
from storage_tui.tui.state.transfers import Gauge
from storage_tui.tui.widgets.choice import Choice

Answer = Literal["stay", "wait", "leave", "cancel"]
TICK_S = 0.5  # figures that change faster cannot be read
OPTIONS: tuple[tuple[Answer, str], ...] = (
    ("stay", "Stay"),
    ("wait", "Quit when done"),
    ("leave", "Quit, continue later"),
    ("cancel", "Cancel and quit"),
)


class QuitScreen(Dialog[Answer]):
    """Asks what to do with the transfers; `read` returns their state, and is called while the dialog is open."""

    IS_QUESTION = True
    TITLE_TEXT = "Transfers are running"
    HINT = "← → choose, Enter answers, Esc stays"

    def __init__(self, read: Callable[[], Gauge]) -> None:
        super().__init__()
        self._read = read
        self._said = ""

    def compose_body(self) -> ComposeResult:
        """Yield the amount left, and the answer."""
        yield Static(Content(_words(self._read())), id="note")
        yield Choice(OPTIONS, id="answer")

    def on_mount(self) -> None:
        """Update the figures from now on."""
        self.set_interval(TICK_S, self._tick)

    def _tick(self) -> None:
        words = _words(self._read())
        if words != self._said:
            self._said = words
            self.say(words, role="")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(next(value for value, _ in OPTIONS if value == event.value))


def _words(gauge: Gauge) -> str:
    if not gauge.is_active:
        failed = f", {gauge.failed:,} failed" if gauge.failed else ""
        return f"All of them have ended{failed}."
    left = plural(gauge.files - gauge.files_done, "transfer")
    size = size_text(gauge.total_bytes - gauge.done_bytes)
    failed = f" {gauge.failed:,} failed." if gauge.failed else ""
    return f"{size} to go, {duration_text(gauge.eta_s)} at this rate, {left} unfinished.{failed}"
