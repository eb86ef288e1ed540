"""The flat list on the screen: blobs with their path below the prefix, and the headings of their groups."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.client.patterns.words import Filter
from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.lists.flat import FlatList, Heading
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.parts import Part
from storage_tui.tui.state.sizes import Sizes
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.row_painter import ROW_COMPONENTS, Columns, RowPainter


class FlatKeys(LineView):
    """Rows of a FlatList; the cursor also stops at headings, so that a whole group can be marked."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | ROW_COMPONENTS

    def __init__(self, marks: Marks, sizes: Sizes, flat: FlatList, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._painter = RowPainter(self, marks, sizes)
        self.flat = flat
        self.wanted: Filter | None = None
        self.shows_types = False  # the blobs are of several storage types
        self.state = ""

    def show(self) -> None:
        """Sort the list again; the cursor stays on its blob."""
        current = self.current
        self.flat.arrange()
        if current is not None and self.cursor:
            index = self.flat.index_of(current.key, current.storage_type)
            if index is not None:
                self.top += index - self.cursor
                self.cursor = index
        self.lines_changed()

    def set_state(self, state: str) -> None:
        """Set the text of a list without rows."""
        if state != self.state:
            self.state = state
            if not self.line_count():
                self.refresh()

    def line_count(self) -> int:
        """Return the number of blobs and headings."""
        return len(self.flat.lines)

    def row_at(self, index: int) -> Row | None:
        """Return the blob; None at a heading."""
        line = self.flat.lines[index]
        return None if isinstance(line, Heading) else line

    @property
    def current(self) -> Row | None:
        """The blob under the cursor; None at a heading."""
        row = self.row_at(self.cursor) if self.cursor < self.line_count() else None
        return None if row is None else self._painter.filled(row)

    def blobs_in_view(self) -> list[Blob]:
        """Return the blobs on the screen."""
        return [row for row in map(self.row_at, self.range_visible) if isinstance(row, Blob)]

    def parts(self, first: int, stop: int) -> list[Part]:
        """Return the blobs shown from index `first` up to but not including `stop`."""
        rows = (self.row_at(index) for index in range(first, min(stop, self.line_count())))
        return [Part(tuple(row for row in rows if row is not None))]

    @property
    def header_rows(self) -> int:
        """The number of header rows: one where there is room."""
        return 1 if self.room.height >= 6 else 0

    @property
    def heading(self) -> Heading | None:
        """The heading under the cursor."""
        line = self.flat.lines[self.cursor] if self.cursor < self.line_count() else None
        return line if isinstance(line, Heading) else None

    @property
    def prefix(self) -> str:
        """The prefix of the list."""
        return self.flat.prefix

    @property
    def is_whole(self) -> bool:
        """Whether the list is complete."""
        return self.flat.is_complete and not self.flat.dropped

    def _columns(self, width: int) -> Columns:
        expires = self.shows_types or STORAGE_TYPES[self.flat.storage_type].expires_after is not None
        return Columns.fit(width, expires=expires)

    def draw_header(self, width: int) -> list[Segment]:
        """Return the titles of the columns."""
        arrow = "↑" if self.flat.is_reversed else "↓"
        name = {"key": "name, in key order", "name": f"name {arrow}"}.get(self.flat.sort, "name")
        return self._painter.titles(name, self._columns(width), self.flat.sort, arrow)

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the text of a list without rows."""
        return self.draw_words(self.state, y, width)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return a blob, or a heading with the count and bytes of its group."""
        line = self.flat.lines[index]
        is_cursor = index == self.cursor
        if isinstance(line, Heading):
            bar = Segment("▌", self.component("line--bar")) if is_cursor else Segment(" ")
            facts = f"  {plural(len(line.blobs), 'blob')}, {size_text(line.size_bytes)} "
            shade = self.component("line--dim")
            rule = Segment("─" * max(0, width - 1 - cell_len(line.title) - cell_len(facts)), shade)
            return [bar, Segment(line.title, self.component("keys--folder")), Segment(facts, shade), rule]
        columns = self._columns(width)
        prefix = "" if self.shows_types else self.flat.prefix
        return self._painter.row(
            line, prefix, columns, is_cursor=is_cursor, wanted=self.wanted, shows_type=self.shows_types
        )
