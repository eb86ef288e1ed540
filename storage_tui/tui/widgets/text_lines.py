"""Lines of plain text with a cursor: help, log, delete reviews, details."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size

from storage_tui.tui.widgets.line_view import LineView

Run = tuple[str, str]
"""A piece of text and its role: "" for plain, or dim, head, key, good, warn, bad."""
Line = Sequence[Run]


class TextLines(LineView):
    """Lines made of runs; a line that is too long continues in the next row, `indent` cells to the right."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"line--key", "line--good", "line--warn", "line--bad"}

    def __init__(self, lines: Iterable[Line] = (), *, indent: int = 2, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines = [list(line) for line in lines]
        self.indent = indent
        self._rows: list[tuple[int, list[Run]]] | None = None
        self._width = 0

    def set_lines(self, lines: Iterable[Line]) -> None:
        """Show other lines; the cursor stays where it was as far as possible."""
        self._lines = [list(line) for line in lines]
        self._rows = None
        self.lines_changed()
        if self.styles.is_auto_height:
            self.refresh(layout=True)

    @property
    def current(self) -> int:
        """The number of the line, not the row, under the cursor."""
        rows = self._wrapped()
        return rows[self.cursor][0] if self.cursor < len(rows) else 0

    def move_line(self, delta: int) -> None:
        """Move the cursor `delta` lines down; a line may have several rows."""
        wanted = max(0, min(self.current + delta, len(self._lines) - 1))
        self.go(next((row for row, (number, _) in enumerate(self._wrapped()) if number == wanted), 0))

    def line_count(self) -> int:
        """Return the number of rows after wrapping."""
        return len(self._wrapped())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the height of all rows, for dialogs that take as much as there is room."""
        return len(self._wrapped(width))

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return one row."""
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        runs = self._wrapped()[index][1]
        return [bar, *(Segment(text, self.component(f"line--{role}") if role else None) for text, role in runs)]

    def _wrapped(self, cells: int = 0) -> list[tuple[int, list[Run]]]:
        width = max(8, (cells or self.size.width) - 2)
        if self._rows is None or self._width != width:
            at = self._line_at_cursor()
            self._width = width
            self._rows = [
                (number, row) for number, line in enumerate(self._lines) for row in wrapped(line, width, self.indent)
            ]
            self.cursor = next((row for row, (number, _) in enumerate(self._rows) if number == at), self.cursor)
        return self._rows

    def _line_at_cursor(self) -> int | None:
        """Return the line to keep the cursor on while the rows change; None when the lines change too."""
        if not self._width:
            return self.cursor  # nothing was wrapped yet, so the cursor counts lines
        return self._rows[self.cursor][0] if self._rows is not None and self.cursor < len(self._rows) else None


def wrapped(line: list[Run], width: int, indent: int) -> list[list[Run]]:
    """Return a line as rows of at most `width` cells; the rows after the first begin with `indent` spaces."""
    if sum(cell_len(text) for text, _ in line) <= width:
        return [line]
    rows: list[list[Run]] = [[]]
    room = width
    for text, role in line:
        while text:
            piece = text if cell_len(text) <= room else _head(text, room)
            rows[-1].append((piece, role))
            room -= cell_len(piece)
            text = text[len(piece) :]
            if text:
                rows.append([(" " * indent, "")])
                room = width - indent
    return rows


def _head(text: str, cells: int) -> str:
    """Return as much of `text` as fits, cut after a near space; at least one character."""
    piece = chop_cells(text, max(1, cells))[0]
    space = piece.rfind(" ")
    return piece[: space + 1] if space > len(piece) // 2 and len(piece) < len(text) else piece
