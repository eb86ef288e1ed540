"""The questions of an edit: go on with an earlier one, open what no text editor should, and write back."""

from pathlib import Path
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.client.editing.copies import EditRecord
from storage_tui.client.editing.steps import Outlook
from storage_tui.contract.keys import Location
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.choice import Choice

Edited = Literal["write", "keep", "drop"]
Left = Literal["continue", "drop"]
SHOWN_OF_KEY = 60  # cells of a key in a title


class EditedScreen(Dialog[Edited]):
    """Asks whether to write back, and says what writing will do. Esc keeps the edited copy on this machine."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc keeps the edited copy on this machine"

    def __init__(self, record: EditRecord, size_bytes: int, outlook: Outlook, *, has_changed: bool) -> None:
        super().__init__()
        self._record = record
        self._size_bytes = size_bytes
        self._outlook = outlook
        self._has_changed = has_changed
        name = visible(str(record.location), limit=SHOWN_OF_KEY)
        verb = "Create" if record.is_new else "Write back"
        self.TITLE_TEXT = f"{verb} {name}?"
        if not has_changed:
            self.TITLE_TEXT = f"Create {name} as an empty blob?"
            self.HINT = "← → choose, Enter answers, Esc makes nothing"

    def compose_body(self) -> ComposeResult:
        """Yield sizes, the effect, and the answer."""
        record, now = self._record, size_text(self._size_bytes)
        sizes = now if record.is_new else f"{size_text(record.size_bytes)} before, {now} now."
        yield Static(Content(sizes), id="sizes")
        role = "$text-muted" if self._outlook.is_same else "$warning"
        yield Static(Content.styled(visible(self._outlook.words(record.location), limit=400), role), id="note")
        yield Choice(self._options(), id="answer")

    def _options(self) -> list[tuple[Edited, str]]:
        if not self._has_changed:
            return [("drop", "No"), ("write", "Create it")]
        verb = "Create it" if self._record.is_new else "Write back" if self._outlook.is_same else "Store beside it"
        return [("write", verb), ("keep", "Keep the copy here"), ("drop", "Drop my changes")]

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        answers: dict[str, Edited] = {"write": "write", "keep": "keep", "drop": "drop"}
        self.dismiss(answers[event.value])


class LeftEditScreen(Dialog[Left]):
    """Asks what to do with an earlier edit that was not written back. Esc leaves it."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves the copy where it is"

    def __init__(self, record: EditRecord, path: Path) -> None:
        super().__init__()
        self._record = record
        self._path = path
        self.TITLE_TEXT = f"{visible(str(record.location), limit=SHOWN_OF_KEY)} has an edit that was not written back"

    def compose_body(self) -> ComposeResult:
        """Yield when and where, and the answer."""
        began = self._record.created[:16].replace("T", " ")
        yield Static(Content(f"Begun {visible(began)} UTC. The copy is {visible(str(self._path))}"), id="note")
        yield Choice([("continue", "Go on with it"), ("drop", "Drop it, open the stored blob")], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss("continue" if event.value == "continue" else "drop")


class OpenAnywayScreen(Dialog[bool]):
    """Asks whether to open a blob that most editors do not take."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves"

    def __init__(self, location: Location, why: str) -> None:
        super().__init__()
        self.TITLE_TEXT = f"Edit {visible(str(location), limit=SHOWN_OF_KEY)}?"
        self._why = why

    def compose_body(self) -> ComposeResult:
        """Yield the reason to ask, and the answer."""
        yield Static(Content.styled(f"{self._why[:1].upper()}{self._why[1:]}.", "$warning"), id="note")
        yield Choice([("no", "No"), ("yes", "Download and open")], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")
