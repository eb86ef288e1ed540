"""A map of braille dots: shapes in their bounds, coasts behind large maps, coordinates in two corners."""

import math
from collections.abc import Sequence

from rich.text import Text

from storage_tui.previews.vector.canvas import Canvas, Point
from storage_tui.previews.vector.coastline import LARGE_DEGREES, coastline
from storage_tui.previews.vector.rings import HALF, TURN
from storage_tui.previews.vector.shapes import (
    Bounds,
    Shapes,
    digits_of,
    latitude_text,
    longitude_text,
    number_text,
)  # fmt: skip

MAX_POINTS = 60_000  # more points would not show in a pane and would take longer than a key press
MIN_MAP = (12, 4)  # cells; a smaller map is not readable
MARGIN = 0.25  # of a large map's side, around the shapes
BLANK = 0x2800  # the braille cell without dots


def draw_map(shapes: Shapes, columns: int, rows: int) -> list[Text]:
    """Return the shapes on a map of at most `columns` by `rows` cells, framed by coordinates; empty without room."""
    return draw_layers([(shapes, "")], columns, rows)


def draw_layers(layers: Sequence[tuple[Shapes, str]], columns: int, rows: int) -> list[Text]:
    """Return several shapes on one map, each in its style; a large map has the coasts of the world behind them."""
    everything = Shapes()
    for shapes, _ in layers:
        everything.add(shapes)
    bounds = everything.bounds()
    if bounds is None or columns < MIN_MAP[0] or rows < MIN_MAP[1]:
        return []
    is_geographic = everything.is_geographic
    has_coasts = is_geographic and max(bounds[2] - bounds[0], bounds[3] - bounds[1]) >= LARGE_DEGREES
    if has_coasts:
        bounds = _with_margin(bounds)
    frame = _Frame(bounds, is_geographic, columns, rows - 2)
    cells: list[tuple[list[str], str]] = []
    if has_coasts:
        canvas = frame.canvas()
        for line in coastline():
            for shift in frame.shifts(line):
                canvas.path(frame.place((x + shift, y)) for x, y in line)
        cells.append((canvas.rows(), "dim"))
    for shapes, style in layers:
        canvas = frame.canvas()
        _draw(canvas, shapes, frame)
        cells.append((canvas.rows(), style))
    return _framed(_overlaid(cells), frame.columns, bounds, is_geographic)


class _Frame:
    """The projection from the bounds to dots on a canvas of at most `columns` by `rows` cells."""

    def __init__(self, bounds: Bounds, is_geographic: bool, columns: int, rows: int) -> None:
        self._west, south, east, self._north = bounds
        self._east = east
        self._turns = (-TURN, 0.0, TURN) if is_geographic else (0.0,)
        self._squeeze = max(0.05, math.cos(math.radians((south + self._north) / 2))) if is_geographic else 1.0
        width, height = (east - self._west) * self._squeeze, self._north - south
        span_x, span_y = max(width, 1e-9), max(height, 1e-9)
        span_x, span_y = max(span_x, span_y / 50), max(span_y, span_x / 50)
        self._dot = max(span_x / (columns * 2 - 4), span_y / (rows * 4 - 4))
        self.columns = min(columns, max(MIN_MAP[0], math.ceil(span_x / self._dot / 2) + 2))
        self.rows = min(rows, max(2, math.ceil(span_y / self._dot / 4) + 1))
        self._left = (self.columns * 2 - width / self._dot) / 2
        self._top = (self.rows * 4 - height / self._dot) / 2

    def canvas(self) -> Canvas:
        """Return an empty canvas of this size."""
        return Canvas(self.columns, self.rows)

    def shifts(self, part: Sequence[Point]) -> list[float]:
        """Return the degrees by which a part is moved to lie on the map: none, a turn, or both."""
        if len(self._turns) == 1 or (len(part) == 1 and self._west <= part[0][0] <= self._east):
            return [0.0]
        low, high = min(x for x, _ in part), max(x for x, _ in part)
        found = [turn for turn in self._turns if low + turn < self._east and high + turn > self._west]
        return found or [turn for turn in self._turns if low + turn <= self._east and high + turn >= self._west][:1]

    def place(self, point: Point) -> Point:
        """Return the dot of a place."""
        x, y = point
        return self._left + (x - self._west) * self._squeeze / self._dot, self._top + (self._north - y) / self._dot


def _with_margin(bounds: Bounds) -> Bounds:
    """Return the bounds with a margin around them, so that the coasts show where the map is."""
    west, south, east, north = bounds
    margin = max(east - west, north - south) * MARGIN
    room = max(0.0, TURN - (east - west)) / 2
    if west >= -HALF and east <= HALF:
        west, east = max(-HALF, west - margin), min(HALF, east + margin)
    else:
        west, east = west - min(margin, room), east + min(margin, room)
    return west, max(-90.0, south - margin), east, min(90.0, north + margin)


def _draw(canvas: Canvas, shapes: Shapes, frame: _Frame) -> None:
    drawn = 0
    for part in (*shapes.rings, *shapes.paths):
        for shift in frame.shifts(part) if part and drawn < MAX_POINTS else ():
            canvas.path(frame.place((x + shift, y)) for x, y in part)
            drawn += len(part)
    for point in shapes.points[: max(0, MAX_POINTS - drawn)]:
        for shift in frame.shifts([point])[:1]:
            x, y = frame.place((point[0] + shift, point[1]))
            for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
                canvas.dot(round(x) + dx, round(y) + dy)


def _overlaid(layers: Sequence[tuple[list[str], str]]) -> list[Text]:
    """Return rows of the dots of all layers; a cell has the style of the last layer with dots in that cell."""
    lines = []
    for y in range(len(layers[0][0])):
        line = Text(no_wrap=True)
        for cells in zip(*(rows[y] for rows, _ in layers), strict=True):
            dots, style = 0, ""
            for cell, (_, layer_style) in zip(cells, layers, strict=True):
                if cell != " ":
                    dots, style = dots | ord(cell) - BLANK, layer_style
            line.append(chr(BLANK + dots) if dots else " ", style)
        lines.append(line)
    return lines


def _framed(rows: list[Text], columns: int, bounds: Bounds, geographic: bool) -> list[Text]:
    west, south, east, north = bounds
    digits = digits_of(bounds)
    if geographic:
        first = f"{latitude_text(north, digits)} {longitude_text(west, digits)}"
        last = f"{latitude_text(south, digits)} {longitude_text(east, digits)}"
    else:
        first, last = f"{number_text(west)}, {number_text(north)}", f"{number_text(east)}, {number_text(south)}"
    return [Text(first, style="dim", no_wrap=True), *rows, Text(f"{last:>{columns}}", style="dim", no_wrap=True)]
