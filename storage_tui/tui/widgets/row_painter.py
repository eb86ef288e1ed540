"""The drawing of a blob or folder as a row of a list: columns, marks, colours."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.client.patterns.words import Filter
from storage_tui.contract.sizes import size_parts
from storage_tui.contract.visible import visible
from storage_tui.tui.look.archives import archive_note
from storage_tui.tui.look.kinds import FOLDER, KINDS, Kind, has_signs, kind_of
from storage_tui.tui.look.tints import TINTS, age_tint, size_tint
from storage_tui.tui.state.arranging import Sort
from storage_tui.tui.state.formats import age_text, countdown_text, urgency
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.sizes import Sizes
from storage_tui.tui.widgets.line_view import LineView, cut_middle

SIZE_CELLS, AGE_CELLS, EXPIRY_CELLS = 9, 6, 9  # each with the gap of two cells before it
GUTTER = "   "  # bar, mark or sign of the kind, gap
NOT_BOLD = Style(bold=False)  # under the cursor too: only the name is bold
TITLES = {"size": "size", "age": "age", "expiry": "expires"}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that fit, and the cells left for the name."""

    name: int
    size: bool
    age: bool
    expiry: bool

    @classmethod
    def fit(cls, width: int, *, expires: bool) -> "Columns":
        """Return the columns of a list `width` cells wide; a narrow list drops age first, then size, then expiry."""
        expiry = expires and width >= 24
        size = width >= (40 if expires else 28)
        age = width >= (54 if expires else 40)
        taken = len(GUTTER) + 1 + SIZE_CELLS * size + AGE_CELLS * age + EXPIRY_CELLS * expiry
        return cls(max(1, width - taken), size, age, expiry)


def leaf_name(row: Row, prefix: str) -> str:
    """Return the shown part of a key: the key after the prefix, visible; a description for an invisible one."""
    name = row.key[len(prefix) :]
    if not name:
        return "(this key itself)"
    return "(empty)/" if name == "/" and isinstance(row, Folder) else visible(name)


def no_note(row: Row) -> str:
    """Return nothing: most rows have no note after their names."""
    return ""


ROW_COMPONENTS = {
    "keys--folder",
    "keys--mark",
    "keys--match",
    "keys--critical",
    "keys--soon",
    "keys--error",
    *TINTS,
    *(f"keys--{kind.name}" for kind in KINDS),
}


class RowPainter:
    """Draws rows with their marks, and the titles above them, in the colours of a view."""

    def __init__(self, view: LineView, marks: Marks, sizes: Sizes, note: Callable[[Row], str] = no_note) -> None:
        self._view = view
        self._note = note
        self.marks = marks
        self.sizes = sizes
        self._has_signs = has_signs()

    def filled(self, row: Row) -> Row:
        """Return the row with its size, if a single question to the server has returned the size."""
        return row if isinstance(row, Folder) else self.sizes.fill(row)

    def titles(self, name: str, columns: Columns, by: Sort, arrow: str) -> list[Segment]:
        """Return the titles of the columns, with an arrow at the sorted column."""
        text = GUTTER + cut_middle(name, columns.name).ljust(columns.name)
        for title, shown, cells in (
            ("size", columns.size, SIZE_CELLS),
            ("age", columns.age, AGE_CELLS),
            ("expiry", columns.expiry, EXPIRY_CELLS),
        ):
            if shown:
                text += (TITLES[title] + (arrow if by == title else "")).rjust(cells)
        return [Segment(text, self._view.component("line--head"))]

    def row(
        self, row: Row, prefix: str, columns: Columns, *, is_cursor: bool, wanted: Filter | None = None,
        shows_type: bool = False,
    ) -> list[Segment]:  # fmt: skip
        """Return a row: bar, mark or sign, name (with `shows_type` behind its storage type), size, age, expiry."""
        dim = self._view.component("line--dim") + NOT_BOLD
        bar = Segment("▌", self._view.component("line--bar")) if is_cursor else Segment(" ")
        is_marked = row in self.marks
        lead = f"{row.storage_type}:" if shows_type else ""
        name, after = lead + leaf_name(row, prefix), visible(self._note(row))
        after += archive_note(row, columns.name, has_signs=self._has_signs)
        name = cut_middle(name, max(columns.name - cell_len(after), columns.name // 2))
        after = cut_middle(after, columns.name - cell_len(name))
        pad = Segment(after + " " * (columns.name - cell_len(name) - cell_len(after)), dim if after else None)
        kind = FOLDER if isinstance(row, Folder) else kind_of(row.key, row.storage_type)
        style = self._view.component("keys--mark" if is_marked else f"keys--{kind.name}")
        sign = Segment("● " if is_marked else self._sign(kind), style)
        segments = [bar, sign, *self._name_segments(name, style, wanted), pad]
        if isinstance(row, Folder):
            return segments
        row = self.sizes.fill(row)
        now = datetime.now(UTC)
        if columns.size:
            number, unit = ("", "") if after and row.size_bytes is None else size_parts(row.size_bytes)
            segments.append(self._tinted(f"{number.rjust(SIZE_CELLS - 3)} {unit:<2}", size_tint(row.size_bytes)))
        if columns.age:
            segments.append(self._tinted(age_text(row.modified, now).rjust(AGE_CELLS), age_tint(row.modified, now)))
        if columns.expiry:
            left = urgency(row.expires, now)
            shade = {"critical": "keys--critical", "gone": "keys--critical", "soon": "keys--soon"}.get(
                left, "line--dim"
            )
            segments.append(self._tinted(countdown_text(row.expires, now).rjust(EXPIRY_CELLS), shade))
        return segments

    def _sign(self, kind: Kind) -> str:
        return f"{kind.sign if self._has_signs else kind.ascii} "

    def _tinted(self, text: str, tint: str) -> Segment:
        return Segment(text, self._view.component(tint) + NOT_BOLD)

    def _name_segments(self, name: str, style: Style | None, wanted: Filter | None) -> list[Segment]:
        word = next((word for word in wanted.words if word.isalnum()), None) if wanted else None
        at = -1
        if wanted is not None and word is not None:
            at = (name if wanted.is_exact else name.lower()).find(word)
        if at < 0 or word is None:
            return [Segment(name, style)]
        match = (style or Style.null()) + self._view.component("keys--match")
        end = at + len(word)
        return [Segment(name[:at], style), Segment(name[at:end], match), Segment(name[end:], style)]
