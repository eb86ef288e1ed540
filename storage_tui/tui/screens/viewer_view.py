"""What the viewer shows: a title, the rows of one blob, where one is in it, a prompt, the keys."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import PreconditionFailedError
from storage_tui.contract.models import Blob
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.previews import PreviewError, Source
from storage_tui.tui.previews.base import Mode
from storage_tui.tui.screens.dialog import field
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.viewer_document import Document
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.line_view import cut_start
from storage_tui.tui.widgets.viewer_lines import ViewerLines

MESSAGE_S = 6.0
NARROW = 60  # cells; the status line says less under that
WIDE = 100  # from here on the title tells how long and wide a table is
FAILURES = (*EXPECTED, PreviewError)

Submit = Callable[[str], object]


class ViewerView(CommandScreen[None]):
    """One blob on the whole screen: its lines, what is said about it, the prompt."""

    CONTEXT: ClassVar[Context] = "viewer"
    AUTO_FOCUS = "ViewerLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, blob: Blob, source: Source | None = None) -> None:
        super().__init__()
        self.desk = desk
        self.blob = blob
        self.is_member = source is not None
        self.mode: Mode = "auto"
        self.document: Document | None = None
        self.working = ""
        self.is_following = False
        self._source = source or Source(desk.storage, blob)
        self._message: tuple[str, str] | None = None
        self._message_timer: Timer | None = None
        self._submit: Submit | None = None
        self.view = ViewerLines(id="rows")  # held here: what still reads while one leaves asks it for its size

    def compose(self) -> ComposeResult:
        """Title, rows, status, prompt, keys."""
        yield Bar(id="title")
        yield self.view
        yield Bar(id="status")
        with Horizontal(id="prompt"):
            yield Bar(id="prompt-label")
            yield field("", id="words")
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """The screen, then the cursor over its rows."""
        return (self, Cursor(self.view))

    @property
    def place(self) -> int | None:
        """The offset of the row under the cursor; None where rows have none."""
        rows = self.document.rows if self.document is not None else []
        at = self.view.row
        return rows[at].start if at < len(rows) and rows[at].start >= 0 else None

    # Lines

    def tell(self, text: str, role: str = "$success") -> None:
        """Say something in the status line for a while."""
        self._message = (text, role)
        if self._message_timer is not None:
            self._message_timer.stop()
        self._message_timer = self.set_timer(MESSAGE_S, self._forget)
        self.update_lines()

    def tell_failure(self, error: BaseException) -> None:
        """Say what failed, here and in the log."""
        reason = explain(error) if not isinstance(error, PreviewError) else str(error)
        if isinstance(error, PreconditionFailedError):
            reason = "the blob is another one by now; R reads it again"
        self.desk.log.error(f"viewing {self.blob.key!a}: {reason}", error)
        self.tell(visible(reason), "$error")

    def _forget(self) -> None:
        self._message = None
        self.update_lines()

    def ask(self, label: str, submit: Submit, value: str = "") -> None:
        """Open the prompt; Enter hands what was typed to `submit`."""
        self._submit = submit
        self.query_one("#prompt-label", Bar).say(Content.styled(f" {label}", "bold $accent"))
        self.query_one("#prompt-label").styles.width = len(label) + 2
        words = self.query_one("#words", Input)
        words.value = value
        words.cursor_position = len(value)
        self.add_class("-asking")
        self.set_focus(words)  # at once, so that what is typed meanwhile goes there

    def stop_asking(self) -> bool:
        """Close the prompt; False when it is closed."""
        was_open = self.has_class("-asking")
        self.remove_class("-asking")
        self.view.focus()
        return was_open

    @on(Input.Submitted, "#words")
    def _submitted(self, event: Input.Submitted) -> None:
        self.stop_asking()
        if self._submit is not None:
            self._submit(event.value)

    def update_lines(self) -> None:
        """Say again what the one-row lines say."""
        if not self.has_lines:
            return
        width = self.size.width
        name = cut_start(visible(self.blob.key), max(8, width - 24))
        kind = f"{self.document.kind}{', as ' + self.mode if self.mode != 'auto' else ''} " if self.document else ""
        if self.document is not None and self.document.extent and width >= WIDE:
            kind += f" {self.document.extent} "
        title = Content.assemble((f" {self.blob.storage_type} ", "bold $accent"), ("▸ ", "$text-muted"), (name, "bold"))
        self.query_one("#title", Bar).say(title, Content.styled(kind, "$text-muted"))
        self.query_one("#status", Bar).say(*self._status(width))

    def _status(self, width: int) -> tuple[Content, Content]:
        document, words = self.document, ""
        if document is not None:
            size = document.source.size_bytes
            at = self.place
            if document.window is not None and at is not None:
                stop = document.rows[min(max(self.view.shown[1] - 1, self.view.row), len(document.rows) - 1)].stop
                share = f"{stop / size:.0%}" if size else ""
                digits = f"0x{at:x}" if document.is_hex else f"{at:,}"
                words = share if width < NARROW else f"{digits}  {share}  {document.read_text()}"
            else:
                shown = self.view.shown[1] if document.shown.is_drawing else self.view.row + 1
                words = f"{shown:,}/{len(document.rows):,}"
                words += f"  {document.read_text()}" if width >= NARROW else ""
        left = Content("")
        if self.working:
            left = Content.styled(self.working, "$accent")
        elif self._message is not None:
            left = Content.styled(*self._message)
        elif self.view.mark is not None:
            first, stop = self.view.chosen
            left = Content.styled(f"{plural(stop - first, 'line')} chosen", "bold $warning")
        elif self.is_following:
            left = Content.styled("following; F stops", "$accent")
        elif document is not None and document.shown.is_damaged:
            left = Content.styled("damaged", "$error")
        return Content.assemble(" ", left), Content.styled(f"{words} ", "$text-muted")
