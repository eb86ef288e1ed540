"""The question before a whole blob is downloaded for another program."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.choice import Choice


class HandOverScreen(Dialog[bool]):
    """Asks whether to download a blob and open it."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves"

    def __init__(self, blob: Blob, command: str) -> None:
        super().__init__()
        self.TITLE_TEXT = f"Open in {visible(command, limit=40)}"
        self._blob = blob

    def compose_body(self) -> ComposeResult:
        """Yield the blob to download, and the answer."""
        size = "of unknown size" if self._blob.size_bytes is None else size_text(self._blob.size_bytes)
        yield Static(Content(f"Downloads the whole blob, {size}, to a temporary file."), id="note")
        yield Choice([("no", "No"), ("yes", "Download and open")], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")
