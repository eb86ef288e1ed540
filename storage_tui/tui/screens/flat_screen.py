"""The base of the screens that show blobs out of many folders in one list: clean-up and search."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.commands import Context, in_context
from storage_tui.tui.screens.choosing import ChoosingScreen
from storage_tui.tui.screens.line_moves import LineMoves
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.arranging import Sort
from storage_tui.tui.state.flat import KEPT, FlatList
from storage_tui.tui.state.listing import SORTS, Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.visible import place_text, visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.flat_keys import FlatKeys
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.lines import chord_content, footer_content, gauge_content, marks_content
from storage_tui.tui.widgets.notice import notice_content

TICK_S = 0.2

Go = Callable[[Location, str], None]
"""Shows a blob, by its key, in its folder on the main screen."""


class FlatScreen(ChoosingScreen, LineMoves):
    """Reads blobs in the background and lists them. A subclass says which, and in what order."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = ("flat", "rows", "act", "lines")
    CSS_PATH = ["rows.tcss", "flat_screen.tcss"]
    AUTO_FOCUS = "FlatKeys"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, session: Session, location: Location, go: Go, *, sort: Sort) -> None:
        super().__init__(session)
        self.location = location
        self.flat = FlatList(location.storage_type, location.key, sort=sort)
        self.is_reading = False
        self._go = go
        self._error = ""

    # What a subclass says

    def read(self) -> AsyncIterator[Sequence[Blob]]:
        """The blobs to list, some at a time."""
        raise NotImplementedError

    def title_content(self) -> Content:
        """What this list is."""
        raise NotImplementedError

    # Screen

    def compose(self) -> ComposeResult:
        """Title, list, status, keys."""
        yield Bar(id="title")
        yield FlatKeys(self.session.marks, self.session.sizes, self.flat, id="flat")
        yield Bar(id="status")
        yield Bar(id="footer")

    def on_mount(self) -> None:
        """Read, and tell how it goes a few times a second."""
        self.set_interval(TICK_S, self._tick)

    def on_screen_resume(self) -> None:
        """Messages are shown here."""
        self.session.on_message = self.update_lines
        self.update_lines()

    @property
    def view(self) -> FlatKeys:
        """The list."""
        return self.query_one(FlatKeys)

    def shown(self, rows: Sequence[Row]) -> list[Row]:
        """The blobs of this list among these rows."""
        names = {(blob.storage_type, blob.key) for blob in self.flat}
        return [row for row in rows if isinstance(row, Blob) and (row.storage_type, row.key) in names]

    def start(self) -> None:
        """Read from the beginning."""
        self.range_start = None
        self.flat = FlatList(self.location.storage_type, self.location.key, sort=self.flat.sort)
        self.view.flat = self.flat
        self.view.lines_changed()
        self._read()

    @work(exclusive=True, group="flat")
    async def _read(self) -> None:
        self.is_reading, self._error = True, ""
        flat = self.flat
        try:
            async for blobs in self.read():
                flat.add(blobs)
                if not flat.lines and len(flat):
                    self.view.show()
            flat.is_complete = True
        except EXPECTED as exc:
            self._error = explain(exc)
            self.session.fail(f"cannot list {place_text(self.location)}", exc)
        finally:
            if flat is self.flat:
                self.is_reading = False
                if self.has_lines:
                    self._arrange()
                    self.update_lines()

    def _tick(self) -> None:
        if self.flat.is_worth_arranging:
            self._arrange()
        self.ask_sizes()
        self.update_lines()

    def _arrange(self) -> None:
        """Show what has arrived; not amid a range of marks, whose rows would go elsewhere."""
        if self.range_start is None:
            self.view.show()

    def update_lines(self) -> None:
        """Say again what the one-row lines say."""
        if not self.has_lines:
            return
        width, view = self.size.width, self.view
        error = f"{visible(self._error)}\nR tries again." if self._error else ""
        view.set_state("Reading… (Esc stops)" if self.is_reading else error or self.empty_words())
        self.query_one("#title", Bar).say(self.title_content(), self._counts())
        notice = notice_content(self.session, view.current, in_range=self.range_start is not None)
        position = f"  {min(view.cursor + 1, view.line_count()):,}/{view.line_count():,} "
        right = Content.assemble(
            gauge_content(self.session.queue.poll(), width=width), Content.styled(position, "$text-muted")
        )
        self.query_one("#status", Bar).say(Content.assemble(" ", marks_content(self.session.marks), notice), right)
        footer = footer_content(in_context(*self.CONTEXTS), width=width)
        if self.keymap.pending:
            footer = chord_content(self.keymap.pending, self.keymap.hints())
        self.query_one("#footer", Bar).say(footer)

    def empty_words(self) -> str:
        """What stands in a list without rows."""
        return "Empty. Esc goes back."

    def counts_words(self) -> str:
        """How many there are, and how much."""
        return f"{plural(self.flat.seen, 'blob')} · {size_text(self.flat.size_bytes)}"

    def _counts(self) -> Content:
        flat, words = self.flat, self.counts_words()
        if flat.dropped:
            words += f", the first {KEPT:,} shown"
        if self.is_reading:
            words = f"reading… {words} so far (Esc stops)"
        elif not flat.is_complete and words:
            words += ", not read to the end"
        return Content.styled(f"  {words} ", "$text-muted")

    def chord_changed(self) -> None:
        """Show what may follow."""
        self.update_lines()

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self.update_lines()

    # Keys

    @on(LineView.Chosen)
    def action_flat_open(self) -> None:
        """Leave for the folder of the blob, the cursor on it."""
        row = self.current
        if row is not None:
            self.dismiss(None)
            self._go(Location(row.storage_type, parent_prefix(row.key)), row.key)

    def action_mark(self) -> None:
        """Mark the row; at a heading its whole group."""
        heading = self.view.heading
        if heading is None:
            super().action_mark()
            return
        marks = self.session.marks
        if all(blob in marks for blob in heading.blobs):
            marks.discard(heading.blobs)
        else:
            marks.add(heading.blobs)
        self.rows_changed()

    def action_sort(self) -> None:
        """By the next column."""
        expires = STORAGE_TYPES[self.flat.storage_type].expires_after is not None
        names: list[Sort] = [sort for sort in SORTS if sort != "type" and (expires or sort != "expiry")]
        self.range_start = None
        self.flat.sort = names[(names.index(self.flat.sort) + 1) % len(names)] if self.flat.sort in names else names[0]
        self.view.show()

    def action_sort_reverse(self) -> None:
        """The other way round."""
        self.range_start = None
        self.flat.is_reversed = not self.flat.is_reversed
        self.view.show()

    def action_find(self) -> None:
        """Type again; only a search has something to type."""

    def action_refresh(self) -> None:
        """Read again."""
        self.start()

    def rows_gone(self, rows: list[Row], gone: set[tuple[str, str]]) -> None:
        """Take them out; the cursor stays at its place."""
        self.flat.discard(gone)
        self.view.lines_changed()
        for name in {row.storage_type for row in rows}:
            self.session.touch(name)

    def action_flat_peel(self) -> None:
        """Stop what works, stop reading, end the range, leave: one at a time."""
        if self.stop_work():
            pass
        elif self.is_reading:
            self.workers.cancel_group(self, "flat")
        elif self.range_start is not None:
            self.range_start = None
        else:
            self.dismiss(None)
        self.update_lines()

    def action_close(self) -> None:
        """Back to the main screen."""
        self.dismiss(None)
