"""The widget of a map of braille dots: it draws the changed rows, and labels, cross-hair and scale bar over them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from storage_tui.previews.vector.atlas.dots import CHOSEN, FIRST_LAYER, GROUND, Dots
from storage_tui.tui.terminal.compositor import repaint
from storage_tui.tui.viewer.map.layers import COLOURS
from storage_tui.tui.widgets.bare_widget import BareWidget

DARK, LIGHT = "#101010", "#ffffff"
DIM = "#808080"
BAR = Style.parse("bold #ffffff on #202020")
LABEL, CHOSEN_LABEL = 100, 254  # colours of labels: those of the dots and so many, and that of the chosen feature
MOVED_CELLS = 1  # a pointer that moved further between press and release has dragged
SIGNS = {bits: chr(0x2800 + bits) if bits else " " for bits in range(256)}
HALF = 0.5  # of the brightness: a darker ground has a light highlight

_RUNS = re.compile(rb"(.)(?:\1|\x00{1,2}(?=\1))*", re.DOTALL)  # cells of one colour, and single empty ones among them

Cell = tuple[int, int]  # column and row
Label = tuple[int, int, str, int]  # column, row, text, colour


class MapCanvas(BareWidget, can_focus=True):
    """Draws the dots of a map."""

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
        """The map was dragged by so many cells to the right and down."""

        columns: int
        rows: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._dots: Dots | None = None
        self._labels: dict[int, tuple[Label, ...]] = {}
        self._cross: Cell | None = None
        self._mark: Cell | None = None
        self._bar = ""
        self._strips: dict[int, tuple[tuple[object, ...], Strip]] = {}
        self._pressed: Cell | None = None
        self._styles: dict[int, Style] = {}
        self._styled: tuple[Style, Color] | None = None  # what these styles are made for

    def on_resize(self) -> None:
        """Ask for a map of the new size."""
        self._strips.clear()
        self.post_message(self.Resized())

    def show(
        self, dots: Dots | None, labels: Sequence[Label], *, cross: Cell | None, mark: Cell | None, bar: str
    ) -> None:
        """Draw these dots, labels over them, a cross-hair and a mark at a cell, and a scale bar in the last row."""
        self._restyle()
        before = [self._content(y) for y in range(self.room.height)]
        by_row: dict[int, list[Label]] = {}
        for label in labels:
            by_row.setdefault(label[1], []).append(label)
        self._labels = {row: tuple(own) for row, own in by_row.items()}
        self._dots, self._cross, self._mark, self._bar = dots, cross, mark, bar
        rows = [y for y, content in enumerate(before) if content != self._content(y)]
        repaint(self, *(Region(0, y, self.room.width, 1) for y in rows))

    def _content(self, y: int) -> tuple[object, ...]:
        """Return what row `y` is drawn from."""
        dots = self._dots
        if dots is None or y >= dots.view.rows:
            return ()
        cross = self._cross if self._cross is None or self._cross[1] == y else (self._cross[0], -1)
        mark = self._mark[0] if self._mark is not None and self._mark[1] == y else None
        bar = self._bar if y == dots.view.rows - 1 else ""
        return (*dots.row(y), self._labels.get(y, ()), cross, mark, bar)

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the widget (Textual's line API)."""
        content = self._content(y)
        if not content:
            return Strip.blank(self.room.width, self.base)
        kept = self._strips.get(y)
        if kept is None or kept[0] != content:
            kept = self._strips[y] = (content, self._drawn(y))
        return kept[1].adjust_cell_length(self.room.width, self.base)

    def _drawn(self, y: int) -> Strip:
        assert self._dots is not None
        bits, colours = self._dots.row(y)
        text = bits.decode("latin-1").translate(SIGNS)
        own, cross = self._labels.get(y, ()), self._cross
        has_mark = self._mark is not None and self._mark[1] == y
        if own or has_mark or cross is not None:
            text, colours = self._covered(y, list(text), bytearray(colours))
        styles = self._styles
        runs = ((text[run.start() : run.end()], run[1][0]) for run in _RUNS.finditer(colours))
        strip = Strip([Segment(part, styles.get(colour, self.base)) for part, colour in runs], len(bits))
        if not self._bar or y != self._dots.view.rows - 1 or len(self._bar) > len(bits):
            return strip
        return Strip.join([Strip([Segment(self._bar, BAR)], len(self._bar)), strip.crop(len(self._bar))])

    def _covered(self, y: int, signs: list[str], colours: bytearray) -> tuple[str, bytes]:
        """Return the signs and colours of a row with labels, the mark and the cross-hair over them."""
        width = len(signs)
        if self._cross is not None:
            column, row = self._cross
            for at in range(width) if row == y else (column,):
                if 0 <= at < width and signs[at] == " ":
                    signs[at], colours[at] = "─" if row == y else "│", GROUND
        for column, _, text, colour in self._labels.get(y, ()):
            _write(signs, colours, column, text, CHOSEN_LABEL if colour == CHOSEN else colour + LABEL)
        if self._mark is not None and self._mark[1] == y and 0 <= self._mark[0] < width:
            signs[self._mark[0]], colours[self._mark[0]] = "◆", CHOSEN
        if self._cross is not None and self._cross[1] == y and 0 <= self._cross[0] < width:
            signs[self._cross[0]], colours[self._cross[0]] = "┼", CHOSEN
        return _joined(signs, colours)

    def _restyle(self) -> None:
        """Make the style of each colour of a cell, when the theme is another one."""
        ground = self.background_colors[1]
        if self._styled == (self.base, ground):
            return
        self._styled = self.base, ground
        self._strips.clear()
        strong = LIGHT if ground.brightness < HALF else DARK
        self._styles = {
            GROUND: self.base + Style(color=DIM), CHOSEN: self.base + Style(color=strong, bold=True),
            **{FIRST_LAYER + at: self.base + Style(color=colour) for at, colour in enumerate(COLOURS)},
            **{LABEL + FIRST_LAYER + at: self.base + Style(color=name, bold=True) for at, name in enumerate(COLOURS)},
            GROUND + LABEL: self.base + Style(color=DIM, italic=True),
            CHOSEN_LABEL: self.base + Style(color=strong, bold=True, underline=True),
        }  # fmt: skip

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
        """Drag the map, or point at a cell."""
        self.release_mouse()
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            return
        across, down = event.x - pressed[0], event.y - pressed[1]
        is_drag = max(abs(across), abs(down)) > MOVED_CELLS
        self.post_message(self.Dragged(across, down) if is_drag else self.Pointed(pressed))


def _write(signs: list[str], colours: bytearray, column: int, text: str, colour: int) -> None:
    """Put a text over the signs; a wide letter takes two of them, and one without width is left out."""
    for letter in text:
        width = cell_len(letter)
        if not width or column < 0:
            continue
        if column + width > len(signs):
            return
        signs[column], colours[column] = letter, colour
        if width > 1:
            signs[column + 1], colours[column + 1] = "", colour
        column += width


def _joined(signs: list[str], colours: bytearray) -> tuple[str, bytes]:
    """Return signs and colours without the second cells of wide letters: one colour to a letter."""
    kept = [at for at, sign in enumerate(signs) if sign]
    return "".join(signs), bytes(colours) if len(kept) == len(signs) else bytes(colours[at] for at in kept)
