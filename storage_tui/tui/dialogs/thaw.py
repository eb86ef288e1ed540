"""The question before archived blobs of a bucket are asked back: for how many days, how fast."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.tui.dialogs.dialog import Dialog, field
from storage_tui.tui.widgets.choice import Choice

USUAL_DAYS = 7
MOST_DAYS = 3650  # ten years; whoever needs more copies the blobs
TIERS = [
    ("standard", "Standard: hours"),
    ("bulk", "Bulk: two days, cheapest"),
    ("expedited", "Expedited: minutes"),
]


class ThawScreen(Dialog[tuple[int, str] | None]):
    """Asks for the days and the tier; None asks for nothing."""

    IS_QUESTION = True
    HINT = "← → choose, Tab goes to the days, Enter answers, Esc leaves"

    def __init__(self, blobs: Sequence[Blob]) -> None:
        super().__init__()
        self._blobs = blobs
        self.TITLE_TEXT = f"Ask the archive for {plural(len(blobs), 'blob')}?"

    def compose_body(self) -> ComposeResult:
        """Yield the amount, the days and the tiers."""
        total = size_text(sum(blob.size_bytes or 0 for blob in self._blobs))
        yield Static(Content(f"{total}, which the engine bills. The details say when they can be read."), id="note")
        yield Static(Content("Days to keep them readable:"), classes="label")
        yield field(str(USUAL_DAYS), id="days", placeholder=f"1 to {MOST_DAYS}")
        yield Static("", id="mismatch")
        yield Choice([("no", "No"), *TIERS], id="answer")

    def on_mount(self) -> None:
        """Give the keys to the answer."""
        self.query_one(Choice).focus()

    @on(Input.Submitted, "#days")
    def _typed(self) -> None:
        self.query_one(Choice).focus()

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        if event.value == "no":
            self.dismiss(None)
            return
        text = self.query_one("#days", Input).value.strip()
        days = int(text) if text.isdecimal() and len(text) < 5 else 0
        if 1 <= days <= MOST_DAYS:
            self.dismiss((days, event.value))
        else:
            self.say(f"Days are a number from 1 to {MOST_DAYS}.", id="mismatch", role="$error")
