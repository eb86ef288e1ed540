"""The base of every list: a cursor over numbered lines. Only the visible lines are ever drawn."""

from collections.abc import Hashable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from storage_tui.tui.terminal.compositor import repaint
from storage_tui.tui.terminal.textual_private import forward
from storage_tui.tui.widgets.bare_widget import BareWidget

WHEEL_LINES = 3
MOST_WORDS = 7  # rows of text in a list without lines
STRIPS_KEPT = 400  # a few screens of drawn lines, so that scrolling draws only the new ones


def cut_middle(text: str, width: int) -> str:
    """Return `text` in at most `width` cells. A long text loses its middle, so that its end can be read."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail_cells = min((width - 1) * 2 // 5, 16)
    head = set_cell_size(text, width - 1 - tail_cells).rstrip(" ") if tail_cells else set_cell_size(text, width - 1)
    tail = ""
    for character in reversed(text):
        if cell_len(tail) + cell_len(character) > tail_cells:
            break
        tail = character + tail
    return f"{head}…{tail}"


def cut_start(text: str, width: int) -> str:
    """Return `text` in at most `width` cells. A long text loses its start: the end of a path says the place."""
    if cell_len(text) <= width:
        return text
    kept = width - 1
    tail = text[-kept:] if kept > 0 else ""
    while cell_len(tail) > kept:
        tail = tail[1:]
    return f"…{tail}"[: max(0, width)]


class LineView(BareWidget, can_focus=True):
    """Lines with a number: subclasses return the number of lines and draw one line.

    There is no scroll bar and no animation; a cursor move inside the view repaints two rows.
    """

    COMPONENT_CLASSES = {"line--cursor", "line--bar", "line--dim", "line--head"}

    @dataclass
    class CursorMoved(Message):
        """The cursor is on another line."""

        view: "LineView"
        index: int

    @dataclass
    class Chosen(Message):
        """The line under the cursor was clicked again."""

        view: "LineView"
        index: int

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor = 0
        self.top = 0
        self._strips: dict[Hashable, Strip] = {}

    def line_count(self) -> int:
        """Return the number of lines."""
        return 0

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return the segments of one line; the caller cuts and pads them."""
        return []

    def draw_header(self, width: int) -> list[Segment] | None:
        """Return the segments of a header line above the lines; None for no header."""
        return None

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the segments of row `y` while there are no lines."""
        return []

    def draw_words(self, words: str, y: int, width: int, *, shade: str = "line--dim") -> list[Segment]:
        """Return row `y` of text for a list without lines, wrapped."""
        if not words or y >= MOST_WORDS:
            return []
        lines = Text(words, self.component(shade)).wrap(self.app.console, max(8, width - 4))
        return [Segment("   "), *lines[y].render(self.app.console, end="")] if y < len(lines) else []

    @property
    def header_rows(self) -> int:
        """The number of rows of the header."""
        return 0

    @property
    def range_visible(self) -> range:
        """The numbers of the lines on the screen."""
        return range(self.top, min(self.top + self.rows_visible, self.line_count()))

    @property
    def rows_visible(self) -> int:
        """The number of lines that fit."""
        return max(1, self.room.height - self.header_rows)

    def component(self, name: str) -> Style:
        """Return the colours of a component class, without the background of the widget behind it."""
        return self.get_component_rich_style(name, partial=True)

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the widget (Textual's line API)."""
        width, base = self.room.width, self.base
        if y < self.header_rows:
            return self._strip(self.draw_header(width) or [], width, base)
        index = self.top + y - self.header_rows
        count = self.line_count()
        if index >= count:
            segments = self.draw_empty(y - self.header_rows, width) if not count else []
            return self._strip(segments, width, base)
        name = self.line_name(index)
        if name is None:
            return self._line(index, width)
        seen = (name, index == self.cursor, width, base)
        strip = self._strips.get(seen)
        if strip is None:
            if len(self._strips) >= STRIPS_KEPT:
                self._strips.clear()
            strip = self._strips[seen] = self._line(index, width)
        return strip

    def line_name(self, index: int) -> Hashable | None:
        """Return all that the look of a line depends on, except cursor and width; None to draw the line each time."""
        return None

    def _line(self, index: int, width: int) -> Strip:
        base = self.base + self.component("line--cursor") if index == self.cursor else self.base
        return self._strip(self.draw_line(index, width, base), width, base)

    @staticmethod
    def _strip(segments: list[Segment], width: int, base: Style) -> Strip:
        styled = [Segment(text, base + style if style else base) for text, style, _ in segments]
        return Strip(styled).adjust_cell_length(width, base).simplify()

    def restyle(self) -> None:
        """Draw all lines again: their colours have changed."""
        self._strips.clear()
        self.refresh()

    def move(self, delta: int) -> None:
        """Move the cursor `delta` lines down."""
        self.go(self.cursor + delta)

    def go(self, index: int) -> None:
        """Move the cursor to line `index`, or to the nearest existing line."""
        count = self.line_count()
        index = max(0, min(index, count - 1))
        before, top = self.cursor, self.top
        self.cursor = index
        self._scroll_to_cursor(count)
        if index != before and self.is_attached:
            self.screen.post_message(self.CursorMoved(self, index))  # no widget between takes it
        if self.top != top:
            repaint(self)
        else:
            self.refresh_line(before)
            self.refresh_line(index)

    def _scroll_to_cursor(self, count: int) -> None:
        rows = self.rows_visible
        step = max(1, rows // 2)  # a scroll of one row would send every row again for each step
        if self.cursor < self.top:
            self.top = self.cursor if self.top - self.cursor >= rows else min(self.cursor, self.top - step)
        elif self.cursor >= self.top + rows:
            past = self.cursor - (self.top + rows) + 1
            self.top += past if past >= rows else max(past, step)
        self.top = max(0, min(self.top, count - rows))

    def page(self, pages: float) -> None:
        """Move the cursor and the view `pages` pages down; half pages are allowed."""
        step = int(self.rows_visible * pages)
        self.top = max(0, min(self.top + step, self.line_count() - self.rows_visible))
        self.refresh()
        self.move(step)

    def refresh_line(self, index: int) -> None:
        """Paint a line again, if the line is in view."""
        y = index - self.top + self.header_rows
        width, height = self.room
        if self.header_rows <= y < height:
            repaint(self, Region(0, y, width, 1))

    def lines_changed(self) -> None:
        """Keep cursor and view in range after the number of lines has changed, and paint."""
        count = self.line_count()
        self.cursor = max(0, min(self.cursor, count - 1))
        self._scroll_to_cursor(count)
        self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._scroll_to_cursor(self.line_count())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the view with the wheel, and the cursor where it would leave the view."""
        event.stop()
        self._wheel(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the view back with the wheel, and the cursor where it would leave the view."""
        event.stop()
        self._wheel(-WHEEL_LINES)

    def _forward_event(self, event: events.Event) -> None:
        """Send a key to the screen, which has the commands, without a turn for each widget between."""
        if isinstance(event, events.Key):
            forward(event, self)
        else:
            super()._forward_event(event)

    def _wheel(self, delta: int) -> None:
        rows = self.rows_visible
        self.top = max(0, min(self.top + delta, self.line_count() - rows))
        self.refresh()
        self.go(max(self.top, min(self.cursor, self.top + rows - 1)))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked line; a click on the cursor opens the line."""
        index = self.top + event.y - self.header_rows
        if event.y < self.header_rows or index >= self.line_count():
            return
        if index == self.cursor:
            self.post_message(self.Chosen(self, index))
        else:
            self.go(index)
