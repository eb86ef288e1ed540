"""The question before a comparison: the local folder."""

from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static
from textual.worker import Worker, get_current_worker

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.dialogs.dialog import Dialog, label
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.paths import expand
from storage_tui.tui.widgets.path_input import PathInput


class FolderQuestion(Dialog[Path]):
    """Asks for the local folder to compare with a place of the store; the folder need not exist."""

    HINT = "Enter compares, Tab completes, Esc leaves"

    def __init__(self, location: Location, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.TITLE_TEXT = f"Compare {place_text(location)} with a local folder"

    def compose_body(self) -> ComposeResult:
        """Yield the folder, and what it is."""
        yield label("Local folder")
        yield PathInput(f"{self._folder}/", id="folder", only_folders=True)
        yield Static("", id="note")

    @on(Input.Changed, "#folder")
    def _changed(self, event: Input.Changed) -> None:
        self._look(event.value)

    @on(Input.Submitted, "#folder")
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._answer(event.value)
        else:
            self.say("name a folder", role="$error")

    @work(thread=True, exclusive=True, group="look")
    def _look(self, text: str) -> None:
        self._check(text, is_answer=False)

    @work(thread=True, exclusive=True, group="answer")  # news of the text that come after Enter do not undo the Enter
    def _answer(self, text: str) -> None:
        self._check(text, is_answer=True)

    def _check(self, text: str, *, is_answer: bool) -> None:
        worker, folder = get_current_worker(), expand(text)
        words, role = "", "$text-muted"
        try:
            if not folder.exists():
                words = "No such folder; a run makes it."
            elif not folder.is_dir():
                words, role = "This is a file, not a folder.", "$error"
        except (OSError, ValueError) as exc:  # no right to look, or an invalid name
            words, role = explain(exc), "$error"
        answer = folder if is_answer and role != "$error" else None
        self.app.call_from_thread(self._looked, worker, visible(words), role, answer)

    def _looked(self, worker: Worker[None], words: str, role: str, answer: Path | None) -> None:
        if worker.is_cancelled or not self.is_current:
            return  # newer text is being checked
        self.say(words, role=role)
        if answer is not None:
            self.dismiss(answer)
