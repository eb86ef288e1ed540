"""The widget that draws the rows of a view: only the changed ones, and it says what the pointer does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from storage_tui.tui.terminal.compositor import repaint
from storage_tui.tui.terminal.link import AWAY_S, Link
from storage_tui.tui.widgets.bare_widget import BareWidget

BAR = Style.parse("bold #ffffff on #202020")
MOVED_CELLS = 1  # a pointer that moved further between press and release has dragged

Cell = tuple[int, int]  # column and row


class ViewCanvas(BareWidget, can_focus=True):
    """Draws a view; a subclass says what each row is drawn from, and draws the row.

    Over a slow `link` to the terminal the next picture is painted once the terminal has drawn the one before; of
    several pictures that come meanwhile, only the last.
    """

    class Resized(Message):
        """The canvas has another size."""

    @dataclass
    class Zoomed(Message):
        """The wheel was turned over a cell."""

        cell: Cell
        is_in: bool

    @dataclass
    class Pointed(Message):
        """A cell was clicked."""

        cell: Cell

    @dataclass
    class Dragged(Message):
        """The view was dragged by so many cells to the right and down."""

        columns: int
        rows: int

    def __init__(self, *, id: str | None = None, link: Link | None = None) -> None:
        super().__init__(id=id)
        self._link = link or Link()
        self._late: set[int] = set()  # the rows to paint once the link is free
        self._is_waiting = False
        self._strips: dict[int, tuple[tuple[object, ...], Strip]] = {}
        self._pressed: Cell | None = None

    def content_of(self, y: int) -> tuple[object, ...]:
        """Return what row `y` is drawn from; () where nothing is drawn."""
        return ()

    def strip_of(self, y: int) -> Strip:
        """Return row `y`, where something is drawn."""
        return Strip.blank(self.room.width, self.base)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Paint the rows that are drawn from something else after the block."""
        before = [self.content_of(y) for y in range(self.room.height)]
        yield
        self._late |= {y for y, content in enumerate(before) if content != self.content_of(y)}
        if not self._link.is_busy:
            self._paint_late()
        elif self._late and not self._is_waiting:
            self._is_waiting = True
            self._link.when_free(self._paint_late)
            self.set_timer(AWAY_S, self._go_on)

    def _paint_late(self) -> None:
        rows, self._late, self._is_waiting = self._late, set(), False
        if rows and self.is_attached:
            repaint(self, *(Region(0, y, self.room.width, 1) for y in sorted(rows)))

    def _go_on(self) -> None:
        """Wait no longer for a terminal that has gone silent."""
        if self._is_waiting:
            self._link.give_up()

    def forget_strips(self) -> None:
        """Draw each row again, for it has another style."""
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the widget (Textual's line API)."""
        content = self.content_of(y)
        if not content:
            return Strip.blank(self.room.width, self.base)
        kept = self._strips.get(y)
        if kept is None or kept[0] != content:
            kept = self._strips[y] = (content, self.strip_of(y))
        return kept[1].adjust_cell_length(self.room.width, self.base)

    def on_resize(self) -> None:
        """Ask for a view of the new size."""
        self._strips.clear()
        self.post_message(self.Resized())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.post_message(self.Zoomed((event.x, event.y), is_in=True))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.post_message(self.Zoomed((event.x, event.y), is_in=False))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Keep the place for a drag."""
        self._pressed = event.x, event.y
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Drag the view, or point at a cell."""
        self.release_mouse()
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            return
        across, down = event.x - pressed[0], event.y - pressed[1]
        is_drag = max(abs(across), abs(down)) > MOVED_CELLS
        self.post_message(self.Dragged(across, down) if is_drag else self.Pointed(pressed))


def with_bar(strip: Strip, bar: str) -> Strip:
    """Return a row with a scale bar over its start; the row itself where the bar has no room."""
    if not bar or len(bar) > strip.cell_length:
        return strip
    return Strip.join([Strip([Segment(bar, BAR)], len(bar)), strip.crop(len(bar))])
