"""The question before a comparison: the local folder."""

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.tui.dialogs.dialog import Dialog, label
from storage_tui.tui.dialogs.folder_check import FolderCheck
from storage_tui.tui.widgets.path_input import PathInput


class FolderQuestion(Dialog[Path]):
    """Asks for the local folder to compare with a place of the store; the folder need not exist."""

    HINT = "Enter compares, Tab completes, Esc leaves"

    def __init__(self, place: str, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._check = FolderCheck(self, _told, self.dismiss)
        self.TITLE_TEXT = f"Compare {place} with a local folder"

    def compose_body(self) -> ComposeResult:
        """Yield the folder, and what it is."""
        yield label("Local folder")
        yield PathInput(f"{self._folder}/", id="folder", only_folders=True)
        yield Static("", id="note")

    @on(Input.Changed, "#folder")
    def _changed(self, event: Input.Changed) -> None:
        self._check.look(event.value)

    @on(Input.Submitted, "#folder")
    def _submitted(self, event: Input.Submitted) -> None:
        self._check.answer(event.value)


def _told(folder: Path) -> tuple[str, str]:
    """Return the text about the folder, and its colour. Raise OSError or ValueError."""
    if not folder.exists():
        return "No such folder; a run makes it.", "$text-muted"
    if not folder.is_dir():
        return "This is a file, not a folder.", "$error"
    return "", "$text-muted"
