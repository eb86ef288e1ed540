"""A prompt for a local path; Tab completes."""

from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.paths import expand
from storage_tui.tui.widgets.path_input import PathInput

SHOWN = 8  # candidates listed by name


class GoToPathScreen(Dialog[Path]):
    """Asks for a folder, or a file in its folder, that is there."""

    TITLE_TEXT = "Go to a local folder"
    HINT = "Tab completes, Enter goes there, Esc leaves"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._given = f"{str(folder).rstrip('/')}/"

    def compose_body(self) -> ComposeResult:
        """Yield the field."""
        yield PathInput(self._given, id="path")
        yield Static("", id="note")

    @on(PathInput.Candidates)
    def _candidates(self, event: PathInput.Candidates) -> None:
        more = f"  and {len(event.names) - SHOWN:,} more" if len(event.names) > SHOWN else ""
        self.say("  ".join(visible(name, limit=40) for name in event.names[:SHOWN]) + more)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        self._look(event.value)

    @work(thread=True, exclusive=True, group="look")
    def _look(self, text: str) -> None:
        path = expand(text)
        try:
            is_there = path.exists() or path.is_symlink()
            words = "" if is_there else "No such file or folder. Tab completes."
        except (OSError, ValueError) as exc:
            words = visible(str(exc))
        self.app.call_from_thread(self._looked, path, words)

    def _looked(self, path: Path, words: str) -> None:
        if words:
            self.say(words, role="$error")
        elif self.is_current:
            self.dismiss(path)
