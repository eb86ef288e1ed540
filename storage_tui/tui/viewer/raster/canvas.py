"""The widget of a picture in cells: it draws the changed rows only, with the cross-hair and the scale bar over them."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from storage_tui.previews.decoding.painting.cells import CELL_BYTES, SIGNS, UPPER_HALF
from storage_tui.previews.raster.halfblocks import cell_style
from storage_tui.previews.raster.windows.shown import Picture
from storage_tui.tui.terminal.link import Link
from storage_tui.tui.viewer.raster.graticule import Graticule
from storage_tui.tui.viewer.views.canvas import Cell, ViewCanvas, with_bar

DARK, BRIGHT = b"\x00\x00\x00", b"\xff\xff\xff"
BRIGHT_FROM = 128_000  # of 255,000: brighter cells have a dark cross-hair


class RasterCanvas(ViewCanvas):
    """Draws the picture of a raster."""

    def __init__(self, *, id: str | None = None, link: Link | None = None) -> None:
        super().__init__(id=id, link=link)
        self._picture: Picture | None = None
        self._cross: Cell | None = None
        self._bar = ""
        self._grid: Graticule | None = None
        self._truecolor = True

    def on_mount(self) -> None:
        """Take the colours of the terminal."""
        self._truecolor = self.app.console.color_system == "truecolor"

    @property
    def ground(self) -> bytes:
        """The background of the theme, three bytes: what lies outside of the raster."""
        return bytes(self.background_colors[1].rgb)

    def show(self, picture: Picture | None, cross: Cell | None, bar: str, grid: Graticule | None = None) -> None:
        """Draw these cells, a cross-hair at a cell, a scale bar in the last row, and lines of round coordinates."""
        with self.changing():
            self._picture, self._cross, self._bar, self._grid = picture, cross, bar, grid

    def content_of(self, y: int) -> tuple[object, ...]:
        """Return what row `y` is drawn from; () where nothing is drawn."""
        picture = self._picture
        if picture is None or y >= picture.view.rows:
            return ()
        stride = picture.view.columns * CELL_BYTES
        cross = self._cross if self._cross is None or self._cross[1] == y else (self._cross[0], -1)
        is_last = y == picture.view.rows - 1
        return (
            picture.cells[y * stride : (y + 1) * stride],
            picture.across,
            cross,
            self._bar if is_last else "",
            *self._lines_of(y),
        )

    def _lines_of(self, y: int) -> tuple[object, object]:
        """Return the columns with a line, and the label of the line in row `y`."""
        grid = self._grid
        if grid is None:
            return (), ""
        return tuple(grid.columns.items()) if not y else tuple(grid.columns), grid.rows.get(y, "")

    def _labels(self, y: int) -> dict[int, str]:
        """Return the signs of labels in a row by their columns: of a row at its start, of columns in the first row."""
        grid = self._grid
        if grid is None:
            return {}
        starts = {1: grid.rows[y]} if y in grid.rows else {}
        if not y:
            starts = {column + 1: text for column, text in grid.columns.items()}
        return {start + at: sign for start, text in starts.items() for at, sign in enumerate(text)}

    def strip_of(self, y: int) -> Strip:
        """Return row `y`, where something is drawn."""
        cells, across, cross, bar, *_ = self.content_of(y)
        assert isinstance(cells, bytes) and isinstance(bar, str)
        grid, labels = self._grid, self._labels(y)
        segments: list[Segment] = []
        text, before = "", b""
        for column, at in enumerate(range(0, len(cells), CELL_BYTES)):
            sign, colours = SIGNS[cells[at] if across == 2 else UPPER_HALF], cells[at + 1 : at + CELL_BYTES]
            if grid is not None and (column in grid.columns or y in grid.rows):
                is_crossing = column in grid.columns and y in grid.rows
                sign = "┼" if is_crossing else "│" if column in grid.columns else "─"
                colours = _mixed(colours[3:], _contrast(colours[3:])) + colours[3:]
            if column in labels:
                sign, colours = labels[column], _contrast(colours[3:]) + colours[3:]
            if self._cross is not None and cross is not None and (self._cross[1] == y or self._cross[0] == column):
                sign = "┼" if self._cross == (column, y) else "─" if self._cross[1] == y else "│"
                colours = _contrast(colours[3:]) + colours[3:]
            if colours != before and text:
                segments.append(Segment(text, self._style(before)))
                text = ""
            text, before = text + sign, colours
        segments.append(Segment(text, self._style(before)))
        return with_bar(Strip(segments, len(cells) // CELL_BYTES), bar)

    def _style(self, colours: bytes) -> Style:
        return cell_style(colours[:3], colours[3:], truecolor=self._truecolor)


def _mixed(colour: bytes, other: bytes) -> bytes:
    """Return the colour between two."""
    return bytes((one + two) // 2 for one, two in zip(colour, other, strict=True))


def _contrast(colour: bytes) -> bytes:
    """Return black or white, whichever is seen on this colour."""
    return DARK if colour[0] * 299 + colour[1] * 587 + colour[2] * 114 > BRIGHT_FROM else BRIGHT
