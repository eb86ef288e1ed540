"""The question before gone blobs are removed for good."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.trash import GoneBlob
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.text_lines import Line, TextLines

LINES_SHOWN = 1000  # more than anybody reads; the title has the full count


class PurgeScreen(Dialog[bool]):
    """Asks whether to remove these versions for good."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc keeps everything"

    def __init__(self, gone: Sequence[GoneBlob]) -> None:
        super().__init__()
        self._gone = gone
        self.TITLE_TEXT = f"Remove {plural(len(gone), 'version')} for good?"

    def compose_body(self) -> ComposeResult:
        """Yield the amount, the list and the answer."""
        total = size_text(sum(one.blob.size_bytes or 0 for one in self._gone))
        yield Static(Content.styled(f"{total}. What is removed never comes back.", "$warning"), id="note")
        yield TextLines([_line(one) for one in self._gone[:LINES_SHOWN]], indent=4, id="gone")
        yield Choice(
            [("no", "No"), ("yes", "Remove it" if len(self._gone) == 1 else f"Remove all {len(self._gone):,}")],
            id="answer",
        )

    def on_mount(self) -> None:
        """Give the keys to the answer."""
        self.query_one(Choice).focus()

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")


def _line(one: GoneBlob) -> Line:
    return [(f"{size_text(one.blob.size_bytes):>8}  ", "dim"), (visible(one.key), "")]
