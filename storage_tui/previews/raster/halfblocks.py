"""Pictures as rows of text: in half blocks, where the upper pixel is the colour of the sign and the lower one its
background, or in the cells that the decoder has made, of four quadrants in two colours."""

from functools import lru_cache

from rich.color import Color
from rich.style import Style
from rich.text import Text

from storage_tui.previews.decoding.painting.cells import CELL_BYTES, SIGNS

UPPER = "▀"
TRUECOLOR_MASK = 0xFC  # six bits a channel: no eye sees the rest, and equal neighbours cost no bytes over SSH
LEVELS = (0, 95, 135, 175, 215, 255)  # the colour cube of 256-colour terminals, entries 16 to 231; greys after it


def picture_lines(pixels: bytes, width: int, height: int, *, truecolor: bool) -> list[Text]:
    """Return the lines of a picture, one for two rows of pixels."""
    pick = _true_color if truecolor else _cube_color
    lines = []
    stride = width * 3
    for y in range(0, height, 2):
        upper = pixels[y * stride : (y + 1) * stride]
        lower = pixels[(y + 1) * stride : (y + 2) * stride]
        line = Text(UPPER * width, no_wrap=True, end="")
        start, running = 0, None
        for x in range(width):
            at = x * 3
            above = pick(upper[at], upper[at + 1], upper[at + 2])
            below = pick(lower[at], lower[at + 1], lower[at + 2]) if lower else None
            if (above, below) != running:
                if running is not None:
                    line.stylize(_style(*running), start, x)
                start, running = x, (above, below)
        if running is not None:
            line.stylize(_style(*running), start, width)
        lines.append(line)
    return lines


def cell_lines(cells: bytes, columns: int, *, truecolor: bool) -> list[Text]:
    """Return the lines of a picture from its cells, `columns` of them a line."""
    lines = []
    stride = columns * CELL_BYTES
    for begin in range(0, len(cells) // stride * stride, stride):
        row = cells[begin : begin + stride]
        line = Text("".join([SIGNS[sign] for sign in row[::CELL_BYTES]]), no_wrap=True, end="")
        start, running = 0, row[1:CELL_BYTES]
        for column in range(1, columns + 1):
            colours = row[column * CELL_BYTES + 1 : (column + 1) * CELL_BYTES]
            if colours != running:
                line.stylize(_cells_style(running, truecolor=truecolor), start, column)
                start, running = column, colours
        lines.append(line)
    return lines


def _cells_style(colours: bytes, *, truecolor: bool) -> Style:
    """Return the style of cells; those of one colour are spaces, which need no ink."""
    style = cell_style(colours[:3], colours[3:], truecolor=truecolor)
    return Style(bgcolor=style.bgcolor) if colours[:3] == colours[3:] else style


@lru_cache(maxsize=16384)
def cell_style(above: bytes, below: bytes, *, truecolor: bool) -> Style:
    """Return the style of a cell with a sign in the colour `above` on the background `below`, three bytes each."""
    pick = _true_color if truecolor else _cube_color
    return _style(pick(*above), pick(*below))


@lru_cache(maxsize=16384)
def _style(above: int, below: int | None) -> Style:
    return Style(color=_color(above), bgcolor=None if below is None else _color(below))


@lru_cache(maxsize=16384)
def _color(code: int) -> Color:
    """Return a colour by its number: 24 bits, or below zero the entry of the 256-colour table."""
    return Color.from_ansi(-code) if code < 0 else Color.from_rgb(code >> 16, code >> 8 & 255, code & 255)


def _true_color(red: int, green: int, blue: int) -> int:
    return (red & TRUECOLOR_MASK) << 16 | (green & TRUECOLOR_MASK) << 8 | (blue & TRUECOLOR_MASK)


@lru_cache(maxsize=16384)
def _cube_color(red: int, green: int, blue: int) -> int:
    steps = [_nearest_level(value) for value in (red, green, blue)]
    cube = 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
    grey = max(0, min(23, round(((red + green + blue) / 3 - 8) / 10)))
    grey_error = sum(abs(8 + 10 * grey - value) for value in (red, green, blue))
    cube_error = sum(abs(LEVELS[step] - value) for step, value in zip(steps, (red, green, blue), strict=True))
    return -(232 + grey) if grey_error < cube_error else -cube


def _nearest_level(value: int) -> int:
    return 0 if value < 48 else 1 if value < 115 else (value - 35) // 40
