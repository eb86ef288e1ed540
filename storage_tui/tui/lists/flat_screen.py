"""The base of the screens with blobs of many folders in one list: clean-up and search."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.edits.actions import EditActions
from storage_tui.tui.lists.flat import FlatList
from storage_tui.tui.lists.flat_reader import FlatReader, Read
from storage_tui.tui.lists.program import ProgramActions
from storage_tui.tui.look.beside import Beside
from storage_tui.tui.look.row_keys import RowKeys
from storage_tui.tui.moves.actions import MoveActions
from storage_tui.tui.rows.actions import Gone, RowActions
from storage_tui.tui.rows.job import Job
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.rows.missing_sizes import MissingSizes
from storage_tui.tui.state.arranging import Sort
from storage_tui.tui.state.listing import Row
from storage_tui.tui.trash.actions import TrashActions
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import gauge_content, marks_content, place_title, taken_content
from storage_tui.tui.widgets.flat_keys import FlatKeys
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.notice import notice_content

TICK_S = 0.2

Go = Callable[[Location, str], None]
"""Shows a blob, given by its key, in its folder on the main screen."""


class FlatScreen(CommandScreen[None]):
    """Reads blobs in the background and lists them: `read` yields the blobs, `name` is the name of the screen.

    A subclass may change `empty_words` and `counts_words` at any time.
    """

    CONTEXT: ClassVar[Context] = "flat"
    CSS_PATH = ["../widgets/rows.tcss", "flat_screen.tcss"]
    AUTO_FOCUS = "FlatKeys"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, location: Location, go: Go, read: Read, *, name: str, sort: Sort) -> None:
        super().__init__()
        self.desk = desk
        self.location = location
        self._go = go
        self._title = name
        self.title_place: tuple[str, str] | None = None  # shown in the title instead of the location
        flat = FlatList(location.storage_type, location.key, sort=sort)
        self.title_bar = Bar(id="title")
        self.view = FlatKeys(desk.marks, desk.sizes, flat, id="flat")
        self.beside = Beside(desk, self.view)
        self.status = Bar(id="status")
        self.job = Job(self, desk)
        self.cursor = Cursor(self.view, moved=lambda: self.marking.cursor_moved())
        self.marking = Marking(self, desk, self.view, self.cursor, self.job, changed=self.update_lines)
        self.reader = FlatReader(self, desk, self.view, self.marking, location, read, changed=self.update_lines)
        self._sizes = MissingSizes(self, desk, self.view)
        self._row_keys = RowKeys(self)

    def compose(self) -> ComposeResult:
        """Yield title, list, status and keys."""
        yield self.title_bar
        yield self.beside
        yield self.status
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the objects that it owns."""
        actions = RowActions(
            self, self.desk, self.job, current=self.current_row, shown=self._shown, gone=self._rows_gone,
            changed=self._rows_changed,
        )  # fmt: skip
        edits = EditActions(
            self, self.desk, self.job, current=self.current_row, asked=actions.asked, written=self._blob_written,
            changed=self.reader.start,
        )  # fmt: skip
        moves = MoveActions(
            self, self.desk, self.job, current=self.current_row, asked=actions.asked, folder=self._folder_here,
            arrived=self._blob_written, left=self._rows_left, changed=self._rows_changed,
        )  # fmt: skip
        trash = TrashActions(
            self, self.desk, self.job, here=self._folder_here, back=self._blob_written, changed=self.reader.start
        )
        program = ProgramActions(self, self.desk, current=self.current_row)
        return (self, self.reader, self.marking, actions, edits, moves, trash, program, self.cursor)

    def on_mount(self) -> None:
        """Show the progress of the reading a few times a second."""
        self.set_interval(TICK_S, self._tick)

    def on_screen_resume(self) -> None:
        """Show messages on this screen."""
        self.desk.front.on_message = self.update_lines
        self.update_lines()

    def current_row(self) -> Row | None:
        """Return the blob under the cursor; None on a heading."""
        return self.view.current

    def _shown(self, rows: Sequence[Row]) -> list[Row]:
        """Return those of the rows whose blobs are in this list."""
        names = {(blob.storage_type, blob.key) for blob in self.view.flat}
        return [row for row in rows if isinstance(row, Blob) and (row.storage_type, row.key) in names]

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self.desk.hint(text)

    def _rows_changed(self) -> None:
        self.view.refresh()
        self.update_lines()

    def _rows_gone(self, rows: Sequence[Row], gone: Gone) -> None:
        """Remove blobs from the list; the cursor stays at its place."""
        self.view.flat.discard(gone)
        self.view.lines_changed()
        for name in {row.storage_type for row in rows}:
            self.desk.touch(name)

    def _blob_written(self, location: Location) -> None:
        self.reader.start()

    def _rows_left(self, rows: Sequence[Row]) -> None:
        self.reader.start()

    def _folder_here(self) -> Location:
        return self.location

    def _tick(self) -> None:
        self.reader.show_arrived()
        self._sizes.ask()
        self.update_lines()

    def update_lines(self) -> None:
        """Update the one-row lines."""
        if not self.has_lines:
            return
        width, view, reader = self.size.width, self.view, self.reader
        self.beside.show_row(view.current)
        self._row_keys.follow(view.current, opened_by="view")
        error = f"{visible(reader.error)}\nR tries again." if reader.error else ""
        view.set_state("Reading… (Esc stops)" if reader.is_reading else error or self.empty_words())
        kind, prefix = self.title_place or (self.location.storage_type, self.location.key)
        self.title_bar.say(place_title(self.desk.type_name(kind), prefix, self._title, width=width), self._counts())
        notice = notice_content(self.desk, view.current, in_range=self.marking.has_range)
        shown = view.flat.shown  # headings are lines, but no blobs
        position = f"  {min(view.flat.number_of(view.cursor), shown):,}/{shown:,} "
        right = Content.assemble(
            gauge_content(self.desk.queue.poll(), width=width), Content.styled(position, "$text-muted")
        )
        waiting = taken_content(self.desk.taken, width=width)
        left = Content.assemble(" ", marks_content(self.desk.marks), waiting, notice)
        self.status.say(left, right, is_urgent=self.desk.has_bad_news)

    def empty_words(self) -> str:
        """Return the text of a list without rows."""
        return "Empty. Esc goes back."

    def counts_words(self) -> str:
        """Return the text with the number and bytes of the blobs."""
        return f"{plural(self.view.flat.seen, 'blob')} · {size_text(self.view.flat.size_bytes)}"

    def _counts(self) -> Content:
        flat, words = self.view.flat, self.counts_words()
        if flat.dropped:
            words += f", the first {flat.most:,} shown"
        if self.reader.is_reading:
            words = f"reading… {words} so far (Esc stops)"
        elif not flat.is_complete and words:
            words += ", not read to the end"
        return Content.styled(f"  {words} ", "$text-muted")

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self.update_lines()

    @on(LineView.Chosen)
    def action_show_in_folder(self) -> None:
        """Go to the folder of the blob with the cursor on the blob."""
        row = self.view.current
        if row is not None:
            self.dismiss(None)
            self._go(Location(row.storage_type, parent_prefix(row.key)), row.key)

    def action_mark(self) -> None:
        """Mark the row; at a heading mark the whole group."""
        heading = self.view.heading
        if heading is None:
            self.marking.action_mark()
            return
        marks = self.desk.marks
        if all(blob in marks for blob in heading.blobs):
            marks.discard(heading.blobs)
        else:
            marks.add(heading.blobs)
        self._rows_changed()

    def action_search_contents(self) -> None:
        """Search the contents of the marks, or of all blobs in this list."""
        from storage_tui.tui.contents.screen import ContentsScreen

        def go(location: Location, key: str) -> None:
            self.dismiss(None)
            self._go(location, key)

        rows: list[Row] = list(self.desk.marks) or list(self.view.flat)
        self.app.push_screen(ContentsScreen(self.desk, self.location, rows, go))

    def action_find_types(self) -> None:
        """Say that only a search looks into all storage types."""
        self.remark("this list is of one storage type; f in the main list searches, C-t all types")

    def action_find(self) -> None:
        """Say that only a search has words to type again."""
        self.remark("this list has no words to type; f in the main list searches")

    def action_peel(self) -> None:
        """Stop running work, stop reading, end the range, leave: one of them at a time."""
        if self.job.stop():
            pass
        elif self.reader.is_reading:
            self.reader.stop()
        elif not self.marking.end_range():
            self.dismiss(None)
        self.update_lines()

    def action_close(self) -> None:
        """Go back to the main screen."""
        self.dismiss(None)
