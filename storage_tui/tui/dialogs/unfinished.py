"""The question at the start about transfers of an earlier session."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual import on
from textual.app import ComposeResult

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.bar_content import ARROWS
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.text_lines import Line, TextLines

if TYPE_CHECKING:
    from storage_tui.client.transfer.records import UnfinishedTransfer

LINES_SHOWN = 200  # more than anybody reads; the title has the full count
Answer = Literal["continue", "later", "forget"]


class UnfinishedScreen(Dialog[Answer]):
    """Asks what to do with the transfers."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves them for the next time"

    def __init__(self, rows: "Sequence[UnfinishedTransfer]") -> None:
        super().__init__()
        self._found = [_line(row) for row in rows[:LINES_SHOWN]]
        self.TITLE_TEXT = plural(len(rows), "unfinished transfer")

    def compose_body(self) -> ComposeResult:
        """Yield each transfer, and the answer."""
        yield TextLines(self._found, indent=4, id="unfinished")
        yield Choice([("continue", "Continue"), ("later", "Later"), ("forget", "Forget")], id="answer")

    def on_mount(self) -> None:
        """Give the keys to the answer."""
        self.query_one(Choice).focus()

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        answers: dict[str, Answer] = {"continue": "continue", "later": "later", "forget": "forget"}
        self.dismiss(answers[event.value])


def _line(row: "UnfinishedTransfer") -> Line:
    size = "" if row.size_bytes is None else size_text(row.size_bytes)
    if not row.has_begun:
        there = f"{size}, not begun" if size else "not begun"
    else:
        done = row.done_bytes()
        there = f"{size_text(done)} of {size}" if done is not None else size
    name = visible(f"{row.storage_type}:{row.key}")
    return [(f"{ARROWS[row.direction]} ", "key"), (name, ""), (f"  {there}, {visible(row.path)}", "dim")]
