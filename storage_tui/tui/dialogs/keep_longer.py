"""The question before many blobs get another seven days."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.formats import types_text
from storage_tui.tui.widgets.choice import Choice


class KeepLongerScreen(Dialog[bool]):
    """Asks whether to keep the blobs."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves"

    def __init__(self, blobs: Sequence[Blob]) -> None:
        super().__init__()
        self._blobs = blobs
        where = types_text(blob.storage_type for blob in blobs)
        self.TITLE_TEXT = f"Keep {plural(len(blobs), 'blob')} of {where} for seven more days?"

    def compose_body(self) -> ComposeResult:
        """Yield the amount, and the answer."""
        total = size_text(sum(blob.size_bytes or 0 for blob in self._blobs))
        yield Static(Content(f"{total}, written again on the server: seven days from now."), id="note")
        yield Choice([("yes", "Keep them"), ("no", "No")], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")
