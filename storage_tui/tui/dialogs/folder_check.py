"""The check of a local folder that is typed into a dialog: in a thread, the newest text only."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from textual.worker import Worker, get_current_worker

from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.paths import expand

Judge = Callable[[Path], tuple[str, str]]
"""Returns what is said of a folder, and the colour of it; `$error` refuses the folder. Blocks. Raises OSError or
ValueError for a folder that cannot be looked at."""


class FolderCheck:
    """Says in the note of a dialog what a typed folder is. `answered` gets the folder after Enter, unless refused."""

    def __init__(self, dialog: Dialog[Any], judge: Judge, answered: Callable[[Path], object]) -> None:
        self._dialog = dialog
        self._judge = judge
        self._answered = answered

    def look(self, text: str) -> None:
        """Say what the folder is."""
        self._start(text, group="look", is_answer=False)

    def answer(self, text: str) -> None:
        """Take the folder as the answer. News of the text that come after Enter do not undo the Enter."""
        if text.strip():
            self._start(text, group="answer", is_answer=True)
        else:
            self._dialog.say("name a folder", role="$error")

    def _start(self, text: str, *, group: str, is_answer: bool) -> None:
        work = partial(self._check, text, is_answer=is_answer)
        self._dialog.run_worker(work, thread=True, exclusive=True, group=group)

    def _check(self, text: str, *, is_answer: bool) -> None:
        worker, folder = get_current_worker(), expand(text)
        try:
            words, role = self._judge(folder)
        except (OSError, ValueError) as exc:  # no right to look, or an invalid name
            words, role = explain(exc), "$error"
        answer = folder if is_answer and role != "$error" else None
        self._dialog.app.call_from_thread(self._looked, worker, visible(words), role, answer)

    def _looked(self, worker: Worker[Any], words: str, role: str, answer: Path | None) -> None:
        if worker.is_cancelled or not self._dialog.is_current:
            return  # newer text is being checked
        self._dialog.say(words, role=role)
        if answer is not None:
            self._answered(answer)
