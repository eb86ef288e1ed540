"""The list of keys: one row a blob or folder, drawn from a Listing page by page."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import chain
from time import time

from rich.segment import Segment
from rich.style import Style
from textual.message import Message

from storage_tui.contract.models import Blob
from storage_tui.tui.side import expires_in
from storage_tui.tui.state.listing import Folder, Listing, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.parts import Part, parts_of
from storage_tui.tui.state.sizes import Sizes
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.row_painter import ROW_COMPONENTS, Columns, RowPainter, leaf_name, no_note


class KeyList(LineView):
    """Rows of the listing with cursor and marks.

    The page of a row that is not loaded is asked for; meanwhile the row is drawn from its known values.
    """

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | ROW_COMPONENTS

    @dataclass
    class PageWanted(Message):
        """The row at `index` is in view and its page is not loaded."""

        index: int

    def __init__(
        self, marks: Marks, sizes: Sizes, *, note: Callable[[Row], str] = no_note, id: str | None = None
    ) -> None:
        """`note` returns what stands after the name of a row, such as the target of a symbolic link."""
        super().__init__(id=id)
        self._painter = RowPainter(self, marks, sizes, note)
        self.listing = Listing("data", "")
        self.state = ""
        self._state_is_error = False

    def show(self, listing: Listing, *, cursor: int = 0, top: int | None = None) -> None:
        """Draw another listing."""
        self.listing = listing
        self.cursor = cursor
        if top is None:  # a cursor on the first screen needs no scrolling
            is_far = bool(self.room.height) and cursor >= self.rows_visible
            top = cursor - self.rows_visible // 2 if is_far else 0
        self.top = top
        self.lines_changed()
        self.post_message(self.CursorMoved(self, self.cursor))

    def set_state(self, state: str, *, is_error: bool = False) -> None:
        """Set the text of a list without rows."""
        if state != self.state:
            self.state, self._state_is_error = state, is_error
            if not self.line_count():
                self.refresh()

    def row_at(self, index: int) -> Row | None:
        """Return the row of the listing; None while its page is not loaded."""
        return self.listing.row(index) if index < len(self.listing) else None

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        row = self.row_at(self.cursor)
        return None if row is None else self._painter.filled(row)

    def blobs_in_view(self) -> list[Blob]:
        """Return the blobs on the screen."""
        return [row for row in map(self.row_at, self.range_visible) if isinstance(row, Blob)]

    def parts(self, first: int, stop: int) -> list[Part]:
        """Return the rows shown from index `first` up to but not including `stop`, page by page."""
        return parts_of(self.listing, first, stop)

    @property
    def prefix(self) -> str:
        """The prefix of the list."""
        return self.listing.prefix

    @property
    def is_whole(self) -> bool:
        """Whether the list is loaded to its end."""
        return self.listing.is_complete

    def survivor(self, gone: Iterable[Row]) -> str | None:
        """Return the key for the cursor after these rows are deleted; None without one.

        The key is that of this row, else of the next row that stays, else of the row before.
        """
        names = {(row.storage_type, row.key, isinstance(row, Folder)) for row in gone}
        after = range(self.cursor, len(self.listing))
        before = range(self.cursor - 1, -1, -1)
        for index in chain(after, before):
            row = self.listing.row(index)
            if row is None or (row.storage_type, row.key, isinstance(row, Folder)) not in names:
                return row.key if row is not None else None
        return None

    def line_count(self) -> int:
        """Return the number of rows that the listing shows."""
        return len(self.listing)

    @property
    def header_rows(self) -> int:
        """The number of header rows: one where there is room."""
        return 1 if self.room.height >= 6 else 0

    def _columns(self, width: int) -> Columns:
        return Columns.fit(width, expires=expires_in(self.listing.storage_type))

    def draw_header(self, width: int) -> list[Segment]:
        """Return the titles of the columns."""
        listing = self.listing
        arrow = "↑" if listing.is_reversed else "↓"
        by = listing.sort
        name = {"key": "name, in key order", "name": "name", "type": f"name, by type {arrow}"}.get(by, "name")
        if by == "name":
            name += " ↑" if listing.is_reversed else ""
        return self._painter.titles(name, self._columns(width), by, arrow)

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the text of a list without rows."""
        return self.draw_words(self.state, y, width, shade="keys--error" if self._state_is_error else "line--dim")

    def line_name(self, index: int) -> Hashable | None:
        """Return the row, its mark, the filter, and the second (ages change); None for a row that is not loaded."""
        row = self.listing.row(index)
        if row is None:
            return None
        return (
            self._painter.filled(row),
            row in self._painter.marks,
            self.listing.filter,
            self.listing.prefix,
            int(time()),
        )

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return one row, or a note that its page is being read."""
        row = self.listing.row(index)
        is_cursor = index == self.cursor
        if row is None:
            self.post_message(self.PageWanted(index))
            row = self.listing.outline(index)
            if isinstance(row, Blob) and row.size_bytes is None:
                bar = Segment("▌", self.component("line--bar")) if is_cursor else Segment(" ")
                return [bar, Segment(f"  {leaf_name(row, self.listing.prefix)} …", self.component("line--dim"))]
        columns = self._columns(width)
        return self._painter.row(row, self.listing.prefix, columns, is_cursor=is_cursor, wanted=self.listing.filter)
