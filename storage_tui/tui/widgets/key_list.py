"""The list of keys: one row a blob or folder, drawn from a Listing page by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.message import Message

from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.state.formats import age_text, countdown_text, size_parts, urgency
from storage_tui.tui.state.listing import Folder, Listing, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.line_view import LineView, cut_middle

SIZE_CELLS, AGE_CELLS, EXPIRY_CELLS = 9, 6, 9  # each with its gap of two before
GUTTER = "   "  # bar, mark, gap
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


class KeyList(LineView):
    """Rows of the listing with cursor and marks. A row whose page is not here is drawn as `…` and asked for."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {
        "keys--folder",
        "keys--mark",
        "keys--match",
        "keys--critical",
        "keys--soon",
        "keys--error",
    }

    @dataclass
    class PageWanted(Message):
        """The row at `index` is in view and its page is not here."""

        index: int

    def __init__(self, marks: Marks, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listing = Listing("data", "")
        self.state = ""
        self._state_is_error = False
        self._marks = marks

    def show(self, listing: Listing, *, cursor: int = 0, top: int | None = None) -> None:
        """Draw another listing."""
        self.listing = listing
        self.cursor = cursor
        self.top = max(0, cursor - self.rows_visible // 2) if top is None else top
        self.lines_changed()
        self.post_message(self.CursorMoved(self, self.cursor))

    def set_state(self, state: str, *, is_error: bool = False) -> None:
        """The words shown while there are no rows."""
        if state != self.state:
            self.state, self._state_is_error = state, is_error
            if not self.line_count():
                self.refresh()

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.listing.row(self.cursor) if self.cursor < len(self.listing) else None

    def survivor(self, gone: Iterable[Row]) -> str | None:
        """The key for the cursor once these rows are gone: this one, else the next that stays, else the one before."""
        names = {(row.storage_type, row.key, isinstance(row, Folder)) for row in gone}
        after = range(self.cursor, len(self.listing))
        before = range(self.cursor - 1, -1, -1)
        for index in chain(after, before):
            row = self.listing.row(index)
            if row is None or (row.storage_type, row.key, isinstance(row, Folder)) not in names:
                return row.key if row is not None else None
        return None

    def line_count(self) -> int:
        """How many rows the listing shows."""
        return len(self.listing)

    @property
    def header_rows(self) -> int:
        """One row of column titles where there is room."""
        return 1 if self.size.height >= 6 else 0

    def _columns(self, width: int) -> Columns:
        expires = STORAGE_TYPES[self.listing.storage_type].expires_after is not None
        return Columns.fit(width, expires=expires)

    def draw_header(self, width: int) -> list[Segment]:
        """The titles of the columns; an arrow at the one that sorts."""
        columns = self._columns(width)
        head = self.component("line--head")
        listing = self.listing
        up = "↑" if listing.is_reversed else "↓"
        by = listing.sort
        name = {"key": "name, in key order", "name": "name", "type": f"name, by type {up}"}.get(by, "name")
        if by == "name":
            name += " ↑" if listing.is_reversed else ""
        text = GUTTER + cut_middle(name, columns.name).ljust(columns.name)
        for title, shown, cells in (
            ("size", columns.size, SIZE_CELLS),
            ("age", columns.age, AGE_CELLS),
            ("expiry", columns.expiry, EXPIRY_CELLS),
        ):
            if shown:
                text += (TITLES[title] + (up if by == title else "")).rjust(cells)
        return [Segment(text, head)]

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """The state in words, wrapped, a row below the header."""
        if not self.state or y > 6:
            return []
        shade = self.component("keys--error" if self._state_is_error else "line--dim")
        lines = Text(self.state, shade).wrap(self.app.console, max(8, width - 4))
        if y >= len(lines):
            return []
        return [Segment(GUTTER), *lines[y].render(self.app.console, end="")]

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """One row: bar, mark, name, size, age, expiry."""
        row = self.listing.row(index)
        is_cursor = index == self.cursor
        dim = self.component("line--dim")
        bar = Segment("▌", self.component("line--bar")) if is_cursor else Segment(" ")
        if row is None:
            self.post_message(self.PageWanted(index))
            return [bar, Segment("  …", dim)]
        columns = self._columns(width)
        is_marked = row in self._marks
        mark = Segment("● ", self.component("keys--mark")) if is_marked else Segment("  ")
        name = cut_middle(leaf_name(row, self.listing.prefix), columns.name)
        pad = Segment(" " * (columns.name - cell_len(name)))
        style = self.component("keys--folder") if isinstance(row, Folder) else None
        if is_marked:
            style = self.component("keys--mark")
        segments = [bar, mark, *self._name_segments(name, style), pad]
        if isinstance(row, Folder):
            return segments
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

    def _name_segments(self, name: str, style: Style | None) -> list[Segment]:
        wanted = self.listing.filter
        word = next((word for word in wanted.words if word.isalnum()), None) if wanted else None
        at = -1
        if wanted is not None and word is not None:
            at = (name if wanted.is_exact else name.lower()).find(word)
        if at < 0 or word is None:
            return [Segment(name, style)]
        match = (style or Style.null()) + self.component("keys--match")
        end = at + len(word)
        return [Segment(name[:at], style), Segment(name[at:end], match), Segment(name[end:], style)]
