"""The question at the start: what to do with transfers that an earlier session began."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual import on
from textual.app import ComposeResult

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.tui.screens.dialog import Dialog
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.lines import ARROWS
from storage_tui.tui.widgets.text_lines import Line, TextLines

if TYPE_CHECKING:
    from storage_tui.client.batch.waiting import WaitingItem
    from storage_tui.client.transfer.journal import UnfinishedTransfer

LINES_SHOWN = 200  # of what waits; the title tells how many there are
Answer = Literal["continue", "later", "forget"]


class UnfinishedScreen(Dialog[Answer]):
    """What to do with them."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves them for the next time"

    def __init__(self, begun: "Sequence[UnfinishedTransfer]", waiting: "Sequence[WaitingItem]" = ()) -> None:
        super().__init__()
        self._found = [_line(one) for one in begun] + [_waiting_line(one) for one in waiting[:LINES_SHOWN]]
        self.TITLE_TEXT = plural(len(begun) + len(waiting), "unfinished transfer")

    def compose_body(self) -> ComposeResult:
        """Each, and the answer."""
        yield TextLines(self._found, indent=4, id="unfinished")
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


def _waiting_line(row: "WaitingItem") -> Line:
    item = row.item
    size = "" if item.size_bytes is None else f"{size_text(item.size_bytes)}, "
    name = visible(f"{item.storage_type}:{item.key}")
    return [(f"{ARROWS[item.direction]} ", "key"), (name, ""), (f"  {size}not begun, {visible(str(item.path))}", "dim")]
