"""The widget of a map of braille dots: it draws the changed rows, and labels, cross-hair and scale bar over them."""

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from storage_tui.previews.vector.atlas.dots import CHOSEN, FIRST_LAYER, GROUND, Dots
from storage_tui.tui.terminal.link import Link
from storage_tui.tui.viewer.map.layers import COLOURS
from storage_tui.tui.viewer.views.canvas import Cell, ViewCanvas, with_bar

DARK, LIGHT = "#101010", "#ffffff"
DIM = "#808080"
LABEL, CHOSEN_LABEL = 100, 254  # colours of labels: those of the dots and so many, and that of the chosen feature
SIGNS = {bits: chr(0x2800 + bits) if bits else " " for bits in range(256)}
HALF = 0.5  # of the brightness: a darker ground has a light highlight

_RUNS = re.compile(rb"(.)(?:\1|\x00{1,2}(?=\1))*", re.DOTALL)  # cells of one colour, and single empty ones among them

Label = tuple[int, int, str, int]  # column, row, text, colour


class MapCanvas(ViewCanvas):
    """Draws the dots of a map."""

    def __init__(self, *, id: str | None = None, link: Link | None = None) -> None:
        super().__init__(id=id, link=link)
        self._dots: Dots | None = None
        self._labels: dict[int, tuple[Label, ...]] = {}
        self._cross: Cell | None = None
        self._mark: Cell | None = None
        self._bar = ""
        self._styles: dict[int, Style] = {}
        self._styled: tuple[Style, Color] | None = None  # what these styles are made for

    def show(
        self, dots: Dots | None, labels: Sequence[Label], *, cross: Cell | None, mark: Cell | None, bar: str
    ) -> None:
        """Draw these dots, labels over them, a cross-hair and a mark at a cell, and a scale bar in the last row."""
        self._restyle()
        by_row: dict[int, list[Label]] = {}
        for label in labels:
            by_row.setdefault(label[1], []).append(label)
        with self.changing():
            self._labels = {row: tuple(own) for row, own in by_row.items()}
            self._dots, self._cross, self._mark, self._bar = dots, cross, mark, bar

    def content_of(self, y: int) -> tuple[object, ...]:
        """Return what row `y` is drawn from; () where nothing is drawn."""
        dots = self._dots
        if dots is None or y >= dots.view.rows:
            return ()
        cross = self._cross if self._cross is None or self._cross[1] == y else (self._cross[0], -1)
        mark = self._mark[0] if self._mark is not None and self._mark[1] == y else None
        bar = self._bar if y == dots.view.rows - 1 else ""
        return (*dots.row(y), self._labels.get(y, ()), cross, mark, bar)

    def strip_of(self, y: int) -> Strip:
        """Return row `y`, where something is drawn."""
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
        return with_bar(strip, self._bar if y == self._dots.view.rows - 1 else "")

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
        self.forget_strips()
        strong = LIGHT if ground.brightness < HALF else DARK
        self._styles = {
            GROUND: self.base + Style(color=DIM), CHOSEN: self.base + Style(color=strong, bold=True),
            **{FIRST_LAYER + at: self.base + Style(color=colour) for at, colour in enumerate(COLOURS)},
            **{LABEL + FIRST_LAYER + at: self.base + Style(color=name, bold=True) for at, name in enumerate(COLOURS)},
            GROUND + LABEL: self.base + Style(color=DIM, italic=True),
            CHOSEN_LABEL: self.base + Style(color=strong, bold=True, underline=True),
        }  # fmt: skip


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
