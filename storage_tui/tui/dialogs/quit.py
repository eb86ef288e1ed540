"""The questions before transfers are stopped: by leaving the program, and by cancelling much of them."""

from collections.abc import Callable, Sequence
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.formats import duration_text
from storage_tui.tui.state.transfers import Gauge, Transfer, TransferJob
from storage_tui.tui.widgets.choice import Choice

Answer = Literal["stay", "wait", "leave", "cancel"]
TICK_S = 0.5  # figures that change faster cannot be read
ASK_FROM = 1_000_000_000  # bytes: minutes of many links
ASK_FROM_FILES = 10  # more than a screenful of a small terminal cannot be put back by hand
OPTIONS: tuple[tuple[Answer, str], ...] = (
    ("stay", "Stay"),
    ("wait", "Quit when done"),
    ("leave", "Quit, continue later"),
    ("cancel", "Cancel and quit"),
)


class QuitScreen(Dialog[Answer]):
    """Asks what to do with the transfers; `read` returns their state, and is called while the dialog is open."""

    IS_QUESTION = True
    TITLE_TEXT = "Transfers are running"
    HINT = "← → choose, Enter answers, Esc stays"

    def __init__(self, read: Callable[[], Gauge]) -> None:
        super().__init__()
        self._read = read
        self._said = ""

    def compose_body(self) -> ComposeResult:
        """Yield the amount left, and the answer."""
        yield Static(Content(_words(self._read())), id="note")
        yield Choice(OPTIONS, id="answer")

    def on_mount(self) -> None:
        """Update the figures from now on."""
        self.set_interval(TICK_S, self._tick)

    def _tick(self) -> None:
        words = _words(self._read())
        if words != self._said:
            self._said = words
            self.say(words, role="")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(next(value for value, _ in OPTIONS if value == event.value))


class CancelScreen(Dialog[bool]):
    """Asks whether to cancel transfers. What an upload has sent, or a download has received, is lost by that."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc lets them run"

    def __init__(self, transfers: Sequence[Transfer | TransferJob]) -> None:
        super().__init__()
        self._transfers = transfers
        count = sum(_files(row) for row in transfers)
        first = transfers[0]
        name = visible(first.key if isinstance(first, Transfer) else first.name, limit=60)
        self._is_single = len(transfers) == 1
        self.TITLE_TEXT = f"Cancel {name if self._is_single else plural(count, 'transfer')}?"

    def compose_body(self) -> ComposeResult:
        """Yield what would be lost, and the answer."""
        moved = size_text(sum(_bytes(row)[0] for row in self._transfers))
        total = size_text(sum(_bytes(row)[1] for row in self._transfers))
        words = f"{moved} of {total} moved so far, which is thrown away. p pauses and loses nothing."
        yield Static(Content(words), id="note")
        yield Choice([("no", "No"), ("yes", "Cancel it" if self._is_single else "Cancel all")], id="answer")

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")


def must_ask(transfers: Sequence[Transfer | TransferJob]) -> bool:
    """Return whether to ask before these transfers are cancelled: they are many, or a gigabyte or more."""
    return (
        sum(_files(row) for row in transfers) > ASK_FROM_FILES or sum(_bytes(row)[1] for row in transfers) >= ASK_FROM
    )


def _files(row: Transfer | TransferJob) -> int:
    return 1 if isinstance(row, Transfer) else row.files - row.counts().ended


def _bytes(row: Transfer | TransferJob) -> tuple[int, int]:
    """Return the bytes moved, and the size as far as known."""
    if isinstance(row, Transfer):
        return row.done_bytes, row.total_bytes or row.done_bytes
    counts = row.counts()
    return counts.done_bytes, counts.total_bytes


def _words(gauge: Gauge) -> str:
    if not gauge.is_active:
        failed = f", {gauge.failed:,} failed" if gauge.failed else ""
        return f"All of them have ended{failed}."
    left = plural(gauge.files - gauge.files_done, "transfer")
    size = size_text(gauge.total_bytes - gauge.done_bytes)
    failed = f" {gauge.failed:,} failed." if gauge.failed else ""
    return f"{size} to go, {duration_text(gauge.eta_s)} at this rate, {left} unfinished.{failed}"
