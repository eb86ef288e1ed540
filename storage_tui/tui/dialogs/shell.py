"""The question for a shell command, with the blobs that it gets."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog, field

PLACE = "{}"


class ShellScreen(Dialog[str]):
    """Asks for the command; the answer is its text, never empty."""

    TITLE_TEXT = "Shell command"
    HINT = "{} stands for the downloaded files; without {} the command reads the bytes. Enter runs, Esc leaves"

    def __init__(self, blobs: Sequence[Blob], last: str) -> None:
        super().__init__()
        self._blobs = blobs
        self._last = last

    def compose_body(self) -> ComposeResult:
        """Yield what the command gets, and the field."""
        sizes = [blob.size_bytes for blob in self._blobs]
        total = "of unknown size" if None in sizes else size_text(sum(size or 0 for size in sizes))
        what = visible(self._blobs[0].key) if len(self._blobs) == 1 else plural(len(self._blobs), "blob")
        yield Static(Content(f"It gets {what}, {total}, downloaded to a temporary folder."))
        yield field(self._last, id="command", placeholder="gdalinfo {}   or   wc -l")
        yield Static("", id="note")

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())
        else:
            self.say("Type a command, or Esc.", role="$warning")
