"""The question at the start: what to do with transfers that an earlier session began."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual import on
from textual.app import ComposeResult

from storage_tui.tui.screens.dialog import Dialog
from storage_tui.tui.state.formats import plural, size_text
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.lines import ARROWS
from storage_tui.tui.widgets.text_lines import Line, TextLines

if TYPE_CHECKING:
    from storage_tui.client.journal import UnfinishedTransfer

Answer = Literal["continue", "later", "forget"]


class UnfinishedScreen(Dialog[Answer]):
    """What to do with them."""

    HINT = "Enter answers, Esc leaves them for the next time"

    def __init__(self, found: "Sequence[UnfinishedTransfer]") -> None:
        super().__init__()
        self._found = found
        self.TITLE_TEXT = plural(len(found), "unfinished transfer")

    def compose_body(self) -> ComposeResult:
        """Each, and the answer."""
        yield TextLines([_line(one) for one in self._found], indent=4, id="unfinished")
        yield Choice([("continue", "Continue"), ("later", "Later"), ("forget", "Forget")], id="answer")

    def on_mount(self) -> None:
        """The answer has the keys."""
        self.query_one(Choice).focus()

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        answers: dict[str, Answer] = {"continue": "continue", "later": "later", "forget": "forget"}
        self.dismiss(answers[event.value])


def _line(one: "UnfinishedTransfer") -> Line:
    done = one.done_bytes()
    size = size_text(one.size_bytes)
    there = f"{size_text(done)} of {size}" if done is not None else size
    name = visible(f"{one.storage_type}:{one.key}")
    return [(f"{ARROWS[one.direction]} ", "key"), (name, ""), (f"  {there}, {visible(one.path)}", "dim")]
