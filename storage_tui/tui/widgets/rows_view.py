"""The base of the lists of blobs and folders: columns, marks, colours; where the rows come from is up to each list."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_parts
from storage_tui.tui.state.arranging import Sort
from storage_tui.tui.state.filter import Filter
from storage_tui.tui.state.formats import age_text, countdown_text, urgency
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.parts import Part
from storage_tui.tui.state.sizes import Sizes
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.line_view import LineView, cut_middle

SIZE_CELLS, AGE_CELLS, EXPIRY_CELLS = 9, 6, 9  # each with its gap of two before
GUTTER = "   "  # bar, mark, gap
NOT_BOLD = Style(bold=False)  # under the cursor too: only the name is
TITLES = {"size": "size", "age": "age", "expiry": "expires"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns fit, and the cells left for the name."""

    name: int
    size: bool
    age: bool
    expiry: bool

    @classmethod
    def fit(cls, width: int, *, expires: bool) -> "Columns":
        """The columns for a list `width` cells wide; where it is tight, expiry outlives size and size outlives age."""
        expiry = expires and width >= 24
        size = width >= (40 if expires else 28)
        age = width >= (54 if expires else 40)
        taken = len(GUTTER) + 1 + SIZE_CELLS * size + AGE_CELLS * age + EXPIRY_CELLS * expiry
        return cls(max(1, width - taken), size, age, expiry)


def leaf_name(row: Row, prefix: str) -> str:
    """What the list shows of a row: the key after the prefix, visible; words where there is nothing to see."""
    name = row.key[len(prefix) :]
    if not name:
        return "(this key itself)"
    return "(empty)/" if name == "/" and isinstance(row, Folder) else visible(name)


class RowsView(LineView):
    """Rows with a cursor and marks. A subclass says which row is where and how the list is ordered."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {
        "keys--folder",
        "keys--mark",
        "keys--match",
        "keys--critical",
        "keys--soon",
        "keys--error",
    }

    def __init__(self, marks: Marks, sizes: Sizes, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks = marks
        self.sizes = sizes

    def row_at(self, index: int) -> Row | None:
        """The row shown at `index`; None where there is none, or it is not here."""
        raise NotImplementedError

    def parts(self, first: int, stop: int) -> list[Part]:
        """The rows shown from index `first` to before `stop`, also those that are not here."""
        rows = (self.row_at(index) for index in range(first, min(stop, self.line_count())))
        return [Part(tuple(row for row in rows if row is not None))]

    @property
    def prefix(self) -> str:
        """What the keys of all rows begin with."""
        raise NotImplementedError

    @property
    def is_whole(self) -> bool:
        """Whether the list is all there is."""
        return True

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        row = self.row_at(self.cursor) if self.cursor < self.line_count() else None
        return None if row is None else self._filled(row)

    def _filled(self, row: Row) -> Row:
        return row if isinstance(row, Folder) else self.sizes.fill(row)

    def blobs_in_view(self) -> list[Blob]:
        """The blobs on the screen."""
        last = min(self.top + self.rows_visible, self.line_count())
        rows = (self.row_at(index) for index in range(self.top, last))
        return [row for row in rows if isinstance(row, Blob)]

    @property
    def header_rows(self) -> int:
        """One row of column titles where there is room."""
        return 1 if self.room.height >= 6 else 0

    def draw_titles(self, name: str, columns: Columns, by: Sort, arrow: str) -> list[Segment]:
        """The titles of the columns; an arrow at the one that sorts."""
        text = GUTTER + cut_middle(name, columns.name).ljust(columns.name)
        for title, shown, cells in (
            ("size", columns.size, SIZE_CELLS),
            ("age", columns.age, AGE_CELLS),
            ("expiry", columns.expiry, EXPIRY_CELLS),
        ):
            if shown:
                text += (TITLES[title] + (arrow if by == title else "")).rjust(cells)
        return [Segment(text, self.component("line--head"))]

    def draw_row(
        self, row: Row, prefix: str, columns: Columns, *, is_cursor: bool, wanted: Filter | None = None
    ) -> list[Segment]:
        """One row: bar, mark, name, size, age, expiry."""
        dim = self.component("line--dim") + NOT_BOLD
        bar = Segment("▌", self.component("line--bar")) if is_cursor else Segment(" ")
        is_marked = row in self.marks
        mark = Segment("● ", self.component("keys--mark")) if is_marked else Segment("  ")
        name = cut_middle(leaf_name(row, prefix), columns.name)
        pad = Segment(" " * (columns.name - cell_len(name)))
        style = self.component("keys--folder") if isinstance(row, Folder) else None
        if is_marked:
            style = self.component("keys--mark")
        segments = [bar, mark, *self._name_segments(name, style, wanted), pad]
        if isinstance(row, Folder):
            return segments
        row = self.sizes.fill(row)
        now = datetime.now(UTC)
        if columns.size:
            number, unit = size_parts(row.size_bytes)
            segments += [Segment(number.rjust(SIZE_CELLS - 3)), Segment(f" {unit:<2}", dim)]
        if columns.age:
            segments.append(Segment(age_text(row.modified, now).rjust(AGE_CELLS), dim))
        if columns.expiry:
            left = urgency(row.expires, now)
            shade = {"critical": "keys--critical", "gone": "keys--critical", "soon": "keys--soon"}.get(left)
            text = countdown_text(row.expires, now).rjust(EXPIRY_CELLS)
            segments.append(Segment(text, self.component(shade) if shade else dim))
        return segments

    def _name_segments(self, name: str, style: Style | None, wanted: Filter | None) -> list[Segment]:
        word = next((word for word in wanted.words if word.isalnum()), None) if wanted else None
        at = -1
        if wanted is not None and word is not None:
            at = (name if wanted.is_exact else name.lower()).find(word)
        if at < 0 or word is None:
            return [Segment(name, style)]
        match = (style or Style.null()) + self.component("keys--match")
        end = at + len(word)
        return [Segment(name[:at], style), Segment(name[at:end], match), Segment(name[end:], style)]
