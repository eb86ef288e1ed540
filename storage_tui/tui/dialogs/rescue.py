"""The question before many blobs are copied to a storage type that keeps them."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.choice import Choice


class RescueScreen(Dialog[bool]):
    """Asks whether to copy the blobs."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves"

    def __init__(self, blobs: Sequence[Blob], target: str) -> None:
        super().__init__()
        self._blobs = blobs
        self.TITLE_TEXT = f"Copy {plural(len(blobs), 'blob')} to {target}?"

    def compose_body(self) -> ComposeResult:
        """Yield the amount, and the answer."""
        total = size_text(sum(blob.size_bytes or 0 for blob in self._blobs))
        yield Static(Content(f"{total}, under the same keys; a key that is taken gets a number."), id="note")
        yield Choice([("yes", "Copy them"), ("no", "No")], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")
