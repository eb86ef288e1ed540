"""The question before local files go to the trash: the exact list, No preselected."""

from collections.abc import Sequence
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.text_lines import Line, TextLines

ROWS_SHOWN = 1000  # the rest is summed up in a line


class TrashScreen(Dialog[bool]):
    """Asks whether to put these local rows into the trash."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc keeps everything"

    def __init__(self, rows: Sequence[Row], trashes: Sequence[Path]) -> None:
        super().__init__()
        self._rows = rows
        self._where = ", ".join(visible(str(trash)) for trash in trashes)
        what = "folder" if all(isinstance(row, Folder) for row in rows) else "file"
        what = "path" if len({isinstance(row, Folder) for row in rows}) > 1 else what
        self.TITLE_TEXT = f"Put {plural(len(rows), f'local {what}')} into the trash?"

    def compose_body(self) -> ComposeResult:
        """Yield the trash, the list and the answer."""
        folders = sum(isinstance(row, Folder) for row in self._rows)
        whole = " A folder goes with all that is in it." if folders else ""
        yield Static(Content.styled(f"Files of this machine, to {self._where}.{whole}", "$warning"), id="note")
        yield TextLines(self._lines(), indent=4, id="gone")
        yes = "Put it there" if len(self._rows) == 1 else f"Put all {len(self._rows):,} there"
        yield Choice([("no", "No"), ("yes", yes)], id="answer")

    def on_mount(self) -> None:
        """Give the keys to the answer."""
        self.query_one(Choice).focus()

    def _lines(self) -> list[Line]:
        lines: list[Line] = [_line(row) for row in self._rows[:ROWS_SHOWN]]
        if len(self._rows) > ROWS_SHOWN:
            lines.append([(f"and {len(self._rows) - ROWS_SHOWN:,} more", "dim")])
        return lines

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")


def _line(row: Row) -> Line:
    size = "folder" if isinstance(row, Folder) else size_text(row.size_bytes) if row.size_bytes is not None else ""
    return [(f"{size:>8}  ", "dim"), (visible(row.key), "")]
