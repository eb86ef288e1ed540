"""The question before downloads overwrite local files, whose bytes nothing brings back."""

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.choice import Choice


class ReplaceFilesScreen(Dialog[bool]):
    """Asks whether `count` files below a folder are overwritten."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc downloads nothing"

    def __init__(self, count: int, folder: Path) -> None:
        super().__init__()
        self._count = count
        self.TITLE_TEXT = f"Overwrite {plural(count, 'local file')} in {visible(str(folder), limit=60)}?"

    def compose_body(self) -> ComposeResult:
        """Yield what cannot come back, and the answer."""
        yield Static(Content("Z does not bring back the bytes of local files."), id="note")
        overwrite = "Overwrite it" if self._count == 1 else f"Overwrite all {self._count:,}"
        yield Choice([("no", "No"), ("yes", overwrite)], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")
