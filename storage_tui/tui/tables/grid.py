"""The widget that draws the cells in view: a head that stays, numbers of rows, columns cut at the edge and counted."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.table.grid import cell_text
from storage_tui.tui.tables.arrangement import Arrangement, Placed
from storage_tui.tui.tables.cells import Cells
from storage_tui.tui.widgets.line_view import LineView

NULL, WAITING = "null", "…"
TWO_HEADS_FROM = 6  # rows of the view


class Grid(LineView):
    """Rows of cells with a cursor on one row and one column."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"grid--cell", "grid--frozen", "grid--more"}

    def __init__(self, arrangement: Arrangement, cells: Cells, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = arrangement
        self._cells = cells

    def line_count(self) -> int:
        """Return the number of rows that can be gone to now."""
        return self._cells.count

    @property
    def header_rows(self) -> int:
        """The rows of the head that have room: names, then types."""
        height = self.room.height
        return 2 if height >= TWO_HEADS_FROM else 1 if height >= 3 else 0

    @property
    def number_cells(self) -> int:
        """The cells of the numbers of rows, with the cursor's bar before them; none on a narrow screen."""
        digits = len(f"{max(1, self._cells.highest):,}")
        return digits + 3 if self.room.width >= 4 * digits else 1

    @property
    def column_room(self) -> int:
        """The cells for columns."""
        return max(1, self.room.width - self.number_cells)

    def placed(self) -> tuple[list[Placed], int]:
        """Return the columns in view, and how many are cut off at the right."""
        return self._columns.place(self.column_room)

    def reveal(self) -> None:
        """Bring the column under the cursor into view, and paint."""
        if self._columns.columns:
            self._columns.reveal(self.column_room)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a row of the head, or a row of the table (Textual's line API)."""
        if y < self.header_rows:
            return self._strip(self._head(y), self.room.width, self.base)
        return super().render_line(y)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return a row: its number, and its cells in view."""
        row = self._cells.row_at(index)
        placed, _ = self.placed()
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        number = self.number_cells
        found = [bar]
        if number > 1:
            found.append(Segment(f"{row + 1:>{number - 3},}  ", self.component("line--dim")))
        return [*found, *self._row(placed, [self._cell(row, each, index) for each in placed])]

    def _cell(self, row: int, placed: Placed, index: int) -> tuple[str, Style | None]:
        column, width = placed.column, placed.width
        is_here = index == self.cursor and column == self._columns.current
        mark = self.component("grid--cell") if is_here else None
        if not self._cells.has(row, column):
            return self._set(WAITING, width, column), mark or self.component("line--dim")
        value = self._cells.get(row, column)
        if value is None:
            return self._set(NULL if width >= len(NULL) else "∅", width, column), mark or self.component("line--dim")
        style = self.component("grid--frozen") if column in self._columns.frozen else None
        return self._set(cell_text(value, width), width, column), mark or style

    def _set(self, text: str, width: int, column: int) -> str:
        return text.rjust(width - cell_len(text) + len(text)) if self._columns.is_right(column) else set_cell_size(
            text, width
        )  # fmt: skip

    @staticmethod
    def _row(placed: Sequence[Placed], cells: Sequence[tuple[str, Style | None]]) -> list[Segment]:
        found, x = [], 0
        for each, (text, style) in zip(placed, cells, strict=True):
            if each.x > x:
                found.append(Segment(" " * (each.x - x)))
            found.append(Segment(text, style))
            x = each.x + each.width
        return found

    def _head(self, y: int) -> list[Segment]:
        if not self._columns.columns:
            return []
        placed, cut = self.placed()
        room, shown = self.column_room, self._columns.columns
        mark, head = self.component("grid--cell"), Style(bold=True) if not y else self.component("line--dim")
        cells: list[tuple[str, Style | None]] = []
        for each in placed:
            column = shown[each.column]
            text = cell_text(column.name if not y else column.type, each.width)
            is_here = not y and each.column == self._columns.current
            cells.append((self._set(text, each.width, each.column), mark + Style(bold=True) if is_here else head))
        before = f"‹{self._columns.left}" if self._columns.left and not y else ""
        lead = Segment(f" {before}".ljust(self.number_cells)[: self.number_cells], self.component("grid--more"))
        line = Strip([lead, *self._row(placed, cells)])
        if not cut or y:
            return list(line)
        more = f" +{visible(plural(cut, 'column'))} ›"
        if room < 2 * len(more):
            more = f" +{cut} ›"
        kept = line.adjust_cell_length(self.room.width - len(more))
        return [*kept, Segment(more, self.component("grid--more"))]
