"""The question before a delete: the exact list, No preselected, a typed count for more than ten."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from textual import events, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog, field
from storage_tui.tui.state.formats import age_text, types_text
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.text_lines import Line, TextLines

TYPED_FROM = 11  # up to ten can be taken in at a glance


class DeleteScreen(Dialog[bool]):
    """Asks whether to delete these blobs; `after` says what can be done after a delete.

    `write` writes their list to a file and returns it, or raises OSError.
    """

    IS_QUESTION = True

    def __init__(
        self, blobs: Sequence[Blob], write: Callable[[], Path], *, title: str = "", note: str = "",
        after: str = "This cannot be undone.",
    ) -> None:  # fmt: skip
        super().__init__()
        self._blobs = blobs
        self._write_list = write
        self._note = note
        self._after = after
        types = [blob.storage_type for blob in blobs]
        self._is_mixed = len(set(types)) > 1
        self.TITLE_TEXT = title or f"Delete {plural(len(blobs), 'blob')} from {types_text(types)}?"
        choose = "" if len(blobs) >= TYPED_FROM else "← → choose, "
        self.HINT = f"{choose}Enter answers, F2 writes this list to a file, Esc keeps everything"

    def compose_body(self) -> ComposeResult:
        """Yield the warnings, the totals, the list and the answer."""
        if self._note:
            yield Static(Content(self._note), id="before")
        yield Static(self._totals_content(), id="note")
        yield TextLines([_line(blob, is_mixed=self._is_mixed) for blob in self._blobs], indent=4, id="gone")
        if len(self._blobs) >= TYPED_FROM:
            yield Static(Content.styled(f"Type {len(self._blobs)} to delete them:", "$warning"), classes="label")
            yield field("", id="count", placeholder=f"{len(self._blobs)} deletes them")
            yield Static("", id="mismatch")
        else:
            delete = "Delete it" if len(self._blobs) == 1 else f"Delete all {len(self._blobs)}"
            yield Choice([("no", "No"), ("yes", delete)], id="answer")

    def on_mount(self) -> None:
        """Give the keys to the answer."""
        self.query_one("#count" if len(self._blobs) >= TYPED_FROM else "#answer").focus()

    def _totals_content(self) -> Content:
        now = datetime.now(UTC)
        moments = [blob.modified for blob in self._blobs if blob.modified is not None]
        oldest, newest = (age_text(moment, now) for moment in (min(moments), max(moments))) if moments else ("", "")
        ages = f", {oldest} old" if len(self._blobs) == 1 else f", oldest {oldest}, newest {newest}"
        ages = ages if moments else ""
        total = sum(blob.size_bytes or 0 for blob in self._blobs)
        bound = "at least " if any(blob.size_bytes is None for blob in self._blobs) else ""
        return Content.styled(f"{bound}{size_text(total)}{ages}. {self._after}", "$text-muted")

    def on_key(self, event: events.Key) -> None:
        """Write the list on F2, as a dry run."""
        if event.key == "f2":
            event.stop()
            self._write()

    @work(thread=True, exclusive=True)
    def _write(self) -> None:
        try:
            path = self._write_list()
            words, role = f"Nothing was deleted. The list is in {path}", "$success"
        except OSError as exc:
            words, role = f"The list was not written: {exc.strerror or exc}", "$error"
        self.app.call_from_thread(self.say, visible(words), role=role)

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")

    @on(Input.Submitted, "#count")
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip().replace(",", "") == str(len(self._blobs)):
            self.dismiss(True)
        else:
            self.say(f"That is not {len(self._blobs)}. Esc keeps everything.", id="mismatch", role="$error")


def _line(blob: Blob, *, is_mixed: bool) -> Line:
    place = f"{blob.storage_type}:" if is_mixed else ""
    return [(f"{size_text(blob.size_bytes):>8}  ", "dim"), (f"{place}{visible(blob.key)}", "")]
