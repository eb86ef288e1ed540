"""The widget that draws the rows of a document: wrapped or cut, moved sideways, coloured, with matches marked."""

import re
from collections.abc import Sequence

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from storage_tui.previews.syntax import ROLES, Colours
from storage_tui.tui.viewer.documents.document import Row
from storage_tui.tui.widgets.line_view import LineView

SIDE_STEP = 8  # cells that h and l move by
MATCHES = 200  # marked in one row


class ViewerLines(LineView):
    """Rows with a cursor. A drawing has no cursor: the keys move the view."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {f"view--{role}" for role in (*ROLES, "match", "chosen")}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.is_drawing = False
        self.can_wrap = False
        self.wraps = True
        self.left = 0
        self.heads: Sequence[Text] = ()  # rows that stay above the others and move sideways with them
        self.mark: int | None = None
        self.pattern: re.Pattern[str] | None = None
        self.colours: Colours | None = None
        self._rows: Sequence[Row] = ()
        self._places: list[tuple[int, int, int]] | None = None
        self._width = 0

    def begin(
        self,
        *,
        heads: Sequence[Text],
        is_drawing: bool,
        can_wrap: bool,
        colours: Colours | None = None,
    ) -> None:
        """Prepare for the rows of another document: no line is chosen, and the view is at the start."""
        self.heads, self.is_drawing, self.can_wrap, self.colours = heads, is_drawing, can_wrap, colours
        self.mark, self.left, self.top = None, 0, 0

    @property
    def header_rows(self) -> int:
        """The number of head rows that have room."""
        height = self.room.height
        return min(len(self.heads), 2 if height >= 6 else 1 if height >= 3 else 0)

    @property
    def row(self) -> int:
        """The number of the row under the cursor, or at the top of a drawing."""
        places = self._visual()
        at = self.top if self.is_drawing else self.cursor
        return places[at][0] if at < len(places) else 0

    @property
    def shown(self) -> tuple[int, int]:
        """The first row in view, and the one after the last."""
        places = self._visual()
        if not places:
            return 0, 0
        last = min(len(places), self.top + self.rows_visible) - 1
        return places[min(self.top, len(places) - 1)][0], places[last][0] + 1

    @property
    def chosen(self) -> tuple[int, int]:
        """The range of the chosen rows; of the row under the cursor where none are chosen."""
        if self.mark is None:
            return self.row, self.row + 1
        return min(self.mark, self.row), max(self.mark, self.row) + 1

    def show_rows(self, rows: Sequence[Row], row: int, *, moved: int | None = None) -> None:
        """Show rows, with the cursor on `row`. With `moved` the rows shown before stay, that many rows further down."""
        in_view = self.cursor - self.top
        inside = self._inside() if moved is not None else 0
        self._rows, self._places = rows, None
        if moved is not None and self.mark is not None:
            self.mark = max(0, self.mark + moved)
        places = self._visual()
        self.cursor = min(self._first_of(row) + inside, max(0, len(places) - 1))
        self.top = max(0, min(self.cursor - in_view if moved is not None else self.top, len(places) - 1))
        self.lines_changed()

    def go_row(self, row: int) -> None:
        """Put the cursor on a row. A row that was not in view comes to a third of the height."""
        at = self._first_of(row)
        if not self.top <= at < self.top + self.rows_visible:
            self.top = max(0, at - self.rows_visible // 3)
            self.refresh()
        self.go(at)

    def toggle_wrap(self) -> bool:
        """Wrap long rows or cut them, and return whether they wrap; the cursor stays on its row."""
        row = self.row
        self.wraps, self.left, self._places = not self.wraps, 0, None
        self.cursor = self._first_of(row)
        self.top = max(0, self.cursor - self.rows_visible // 3)
        self.lines_changed()
        return self.wraps

    def move_side(self, steps: int) -> None:
        """Move cut rows sideways."""
        first, stop = self.shown
        shown = [*self.heads, *(row.text for row in self._rows[first:stop])]
        widest = max((text.cell_len for text in shown), default=0)
        most = 0 if self._is_wrapped else max(0, widest - self.size.width + 1)
        wanted = max(0, min(self.left + steps * SIDE_STEP, most))
        if wanted != self.left:
            self.left = wanted
            self.refresh()

    def move(self, delta: int) -> None:
        """Move the cursor down, or a drawing up."""
        if self.is_drawing:
            self.top = max(0, min(self.top + delta, self.line_count() - self.rows_visible))
            self.cursor = self.top
            self.refresh()
            self.post_message(self.CursorMoved(self, self.cursor))
        else:
            super().move(delta)
            if self.mark is not None:
                self.refresh()

    def line_count(self) -> int:
        """Return the number of lines of the wrapped rows."""
        return len(self._visual())

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return a row, or a part of a row."""
        number, start, stop = self._visual()[index]
        text = self._styled(self._rows[number].text)
        piece = text[start:stop] if self._is_wrapped else text
        strip = self._cut(piece)
        first, after = self.chosen
        if self.mark is not None and first <= number < after:
            strip = strip.apply_style(self.component("view--chosen"))
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        return [*([] if self.is_drawing else [bar]), *strip]

    def render_line(self, y: int) -> Strip:
        """Return a head, or a row (Textual's line API)."""
        if y < self.header_rows:
            return self._strip([Segment(" "), *self._cut(self.heads[y])], self.room.width, self.base)
        if not self.is_drawing:
            return super().render_line(y)
        index = self.top + y
        segments = self.draw_line(index, self.room.width, self.base) if index < self.line_count() else []
        return self._strip(segments, self.room.width, self.base)

    def on_resize(self) -> None:
        """Wrap the rows again; the cursor stays on its row."""
        if self._is_wrapped and self._width != self._room:
            row = self.row
            self._places = None
            self.cursor = self._first_of(row)
        super().on_resize()

    def _cut(self, text: Text) -> Strip:
        """Return the visible part of a row."""
        own = self.app.console.get_style(text.style, default=Style.null())  # `render` may leave this out
        strip = Strip(text.render(self.app.console, end="")).apply_style(own)
        return strip.crop(self.left, self.left + self.room.width) if self.left else strip

    @property
    def _is_wrapped(self) -> bool:
        return self.can_wrap and self.wraps

    @property
    def _room(self) -> int:
        return max(4, self.size.width - 1)

    def _styled(self, text: Text) -> Text:
        spans = self.colours(text.plain) if self.colours is not None else ()
        matches = self.pattern.finditer(text.plain) if self.pattern is not None else ()
        text = text.copy()
        for start, stop, role in spans:
            text.stylize(self.component(f"view--{role}"), start, stop)
        for _, match in zip(range(MATCHES), matches, strict=False):
            text.stylize(self.component("view--match"), match.start(), match.end())
        return text

    def _inside(self) -> int:
        """Return the number of lines between the start of the row and the cursor."""
        places = self._visual()
        return self.cursor - self._first_of(places[self.cursor][0]) if self.cursor < len(places) else 0

    def _first_of(self, row: int) -> int:
        """Return the number of the line at which a row begins."""
        if not self._is_wrapped:
            return row
        low, high = 0, len(self._visual())
        while low < high:
            middle = (low + high) // 2
            if self._visual()[middle][0] < row:
                low = middle + 1
            else:
                high = middle
        return low

    def _visual(self) -> list[tuple[int, int, int]]:
        if self._places is None:
            self._width = self._room
            if self._is_wrapped:
                self._places = [
                    (number, *piece)
                    for number, row in enumerate(self._rows)
                    for piece in cut(row.text.plain, self._room)
                ]
            else:
                self._places = [(number, 0, 0) for number in range(len(self._rows))]
        return self._places


def cut(text: str, cells: int) -> list[tuple[int, int]]:
    """Return the parts of a line, each at most `cells` cells wide, as ranges of characters."""
    if text.isascii():
        return [(at, min(at + cells, len(text))) for at in range(0, len(text), cells)] or [(0, 0)]
    if cell_len(text) <= cells:
        return [(0, len(text))]
    parts, start, used = [], 0, 0
    for at, character in enumerate(text):
        size = get_character_cell_size(character)
        if used + size > cells and at > start:
            parts.append((start, at))
            start, used = at, 0
        used += size
    return [*parts, (start, len(text))]
