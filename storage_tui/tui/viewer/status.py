"""The title and the status line of the viewer, and their owner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from textual.content import Content
from textual.timer import Timer
from textual.worker import Worker

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import PreconditionFailedError
from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible
from storage_tui.previews import PreviewError
from storage_tui.previews.base import Mode
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.state.messages import MessageLog, explain
from storage_tui.tui.viewer.documents.document import Document
from storage_tui.tui.viewer.viewer_lines import ViewerLines
from storage_tui.tui.widgets.line_view import cut_start

MESSAGE_S = 6.0
NARROW = 60  # cells; a narrower status line says less
WIDE = 100  # cells; from this width on the title has the length and width of a table
FAILURES = (*EXPECTED, PreviewError)
WORK, LOAD, PAGE = "work", "load", "page"
READS = (WORK, LOAD, PAGE)  # the groups of workers that Esc stops

Run = Callable[..., Worker[Any]]
"""Starts work in the background, as `run_worker` of a screen does."""


class Status:
    """The running work, and the message of the last few seconds."""

    def __init__(
        self,
        blob: Blob,
        log: MessageLog,
        *,
        set_timer: Callable[[float, Callable[[], None]], Timer],
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called when the lines must be updated."""
        self.working = ""
        self.message: tuple[str, str] | None = None  # the words and their colour
        self._blob = blob
        self._log = log
        self._set_timer = set_timer
        self._changed = changed
        self._timer: Timer | None = None

    def say(self, text: str, role: str = "$success") -> None:
        """Show a message for a while; `role` is its colour."""
        self.message = (text, role)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._set_timer(MESSAGE_S, self._forget)
        self._changed()

    def fail(self, error: BaseException) -> None:
        """Show that something failed, here and in the log."""
        reason = explain(error) if not isinstance(error, PreviewError) else str(error)
        if isinstance(error, PreconditionFailedError):
            reason = "the blob has changed; R reads it again"
        self._log.error(f"viewing {self._blob.key!a}: {reason}", error)
        self.say(visible(reason), "$error")

    def update(self) -> None:
        """Show the title and the status line as they are now."""
        self._changed()

    def work(self, text: str) -> None:
        """Show the running work; an empty text when nothing runs."""
        self.working = text
        self._changed()

    @contextmanager
    def trying(self, text: str) -> Iterator[None]:
        """Show `text` while the block runs. When the block fails on the store or the blob, show the reason."""
        self.work(text)
        try:
            yield
        except FAILURES as exc:
            self.fail(exc)
        finally:
            self.work("")

    def _forget(self) -> None:
        self.message = None
        self._changed()


def title_content(name: str, blob: Blob, document: Document | None, mode: Mode, width: int) -> tuple[Content, Content]:
    """Return the key after the name of what has the blob, a storage type or a place, and the kind of the document."""
    kind = ""
    if document is not None:
        kind = f"{document.kind}{f', as {mode}' if mode != 'auto' else ''} "
        if document.extent and width >= WIDE:
            kind += f" {document.extent} "
    key = cut_start(visible(blob.key), max(8, width - max(24, len(kind) + len(name) + 8)))
    title = Content.assemble((f" {name} ", "bold $accent"), ("▸ ", "$text-muted"), (key, "bold"))
    return title, Content.styled(kind, "$text-muted")


def status_content(
    status: Status, document: Document | None, lines: ViewerLines, *, is_following: bool, width: int
) -> tuple[Content, Content]:
    """Return the most urgent message, and the position of the cursor in the document."""
    left = Content("")
    if status.working:
        left = Content.styled(status.working, "$accent")
    elif status.message is not None:
        left = Content.styled(*status.message)
    elif lines.mark is not None:
        first, stop = lines.chosen
        left = Content.styled(f"{plural(stop - first, 'line')} chosen", "bold $warning")
    elif is_following:
        left = Content.styled("following; F stops", "$accent")
    elif document is not None and document.is_damaged:
        left = Content.styled("damaged", "$error")
    right = ""
    if document is not None:
        right = document.status(lines.row, lines.shown[1] - 1, is_short=width < NARROW)
    return Content.assemble(" ", left), Content.styled(f"{right} ", "$text-muted")
