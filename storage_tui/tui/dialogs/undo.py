"""The question before the last change is taken back."""

from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.choice import Choice

Answer = Literal["undo", "forget"]


class UndoScreen(Dialog[Answer]):
    """Asks whether to take back the last of `steps` changes; `words` say what that does.

    Of a lasting change `words` say why it cannot be taken back, and the change before is the only way on.
    """

    IS_QUESTION = True
    TITLE_TEXT = "Take back the last change?"
    HINT = "← → choose, Enter answers, Esc leaves all as it is"

    def __init__(self, words: str, steps: int, *, is_lasting: bool = False) -> None:
        super().__init__()
        if is_lasting:
            self.TITLE_TEXT = "The last change cannot be taken back"
        self._is_lasting = is_lasting
        self._words = words
        self._steps = steps

    def compose_body(self) -> ComposeResult:
        """Yield what happens, and the answer."""
        before = f" {plural(self._steps - 1, 'change')} before it can follow." if self._steps > 1 else ""
        yield Static(Content(f"{self._words[:1].upper()}{self._words[1:]}."), id="note")
        if not self._is_lasting:
            yield Static(Content.styled(f"Nothing that somebody changed since is touched.{before}", "$text-muted"))
        if self._is_lasting:
            on = [("forget", "Go to the change before")] if self._steps > 1 else []
            yield Choice([("no", "Leave"), *on], id="answer")
            return
        yield Choice([("undo", "Take it back"), ("no", "No"), ("forget", "Keep it, go to the one before")], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        answers: dict[str, Answer] = {"undo": "undo", "forget": "forget"}
        self.dismiss(answers.get(event.value))
