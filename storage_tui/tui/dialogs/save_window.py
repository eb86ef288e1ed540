"""The question before a window is saved: the file, whose ending says what is saved."""

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.paths import expand
from storage_tui.tui.widgets.path_input import PathInput

SHOWN = 6  # candidates listed by name
ASK_BYTES = 64 * 1024 * 1024  # of values: from here on a second Enter is asked for
KINDS = (".tif", ".tiff", ".png")


class SaveWindowScreen(Dialog[Path]):
    """Asks for a new file: a GeoTIFF of the window at full resolution, or a PNG of the view."""

    TITLE_TEXT = "Save the window"
    HINT = "Enter saves, Tab completes, Esc leaves"

    def __init__(self, given: Path, words: str, size_bytes: int) -> None:
        """`words` describe the window, and `size_bytes` is the size of its values."""
        super().__init__()
        self._given = str(given)
        self._words = words
        self._size_bytes = size_bytes
        self._asked: str | None = None

    def compose_body(self) -> ComposeResult:
        """Yield the field, and what will be saved."""
        yield PathInput(self._given, id="path")
        yield Static(Content(self._words), id="window")
        yield Static(Content(".tif: all bands at full resolution · .png: the picture"), id="kinds")
        yield Static("", id="note")

    @on(PathInput.Candidates)
    def _candidates(self, event: PathInput.Candidates) -> None:
        more = f"  and {len(event.names) - SHOWN:,} more" if len(event.names) > SHOWN else ""
        self.say("  ".join(visible(name, limit=40) for name in event.names[:SHOWN]) + more)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        path = expand(event.value)
        if path.suffix.lower() not in KINDS:
            self.say("The name must end in .tif or .png.", role="$error")
        elif path.suffix.lower() != ".png" and self._size_bytes > ASK_BYTES and self._asked != event.value:
            self._asked = event.value
            words = f"The window has {size_text(self._size_bytes)} of values. Enter again saves it; zoom in for less."
            self.say(words, role="$warning")
        else:
            self.dismiss(path)
