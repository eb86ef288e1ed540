"""Points, lines and polygons for previews: bounds, area on the sphere, and a map of braille dots."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from storage_tui.previews.vector.canvas import Canvas, Point
from storage_tui.previews.vector.coastline import LARGE_DEGREES, coastline

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
MAX_POINTS = 60_000  # more points would not show in a pane and would take longer than a key press
MIN_MAP = (12, 4)  # cells; a smaller map is not readable
MARGIN = 0.25  # of a large map's side, around the shapes
BLANK = 0x2800  # the braille cell without dots

Bounds = tuple[float, float, float, float]


@dataclass
class Shapes:
    """The shapes that were read of a file; `rings` are polygon rings, the outer one of each polygon first."""

    rings: list[list[Point]] = field(default_factory=list)
    paths: list[list[Point]] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    area_m2: float = 0.0
    taken: int = 0

    def add_polygon(self, rings: list[list[Point]]) -> None:
        """Add one polygon: its outer ring and its holes."""
        for index, ring in enumerate(rings):
            size = ring_area(ring)
            self.area_m2 += -size if index else size
            self.rings.append(ring)
            self.taken += len(ring)

    def add_path(self, path: list[Point]) -> None:
        """Add one line."""
        self.paths.append(path)
        self.taken += len(path)

    def add_point(self, point: Point) -> None:
        """Add one point."""
        self.points.append(point)
        self.taken += 1

    @property
    def is_full(self) -> bool:
        """Whether the limit of points is reached."""
        return self.taken >= MAX_POINTS

    def bounds(self) -> Bounds | None:
        """Return west, south, east and north of all shapes; None when there are none."""
        everything = [point for part in (*self.rings, *self.paths, self.points) for point in part]
        if not everything:
            return None
        xs, ys = [x for x, _ in everything], [y for _, y in everything]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def is_geographic(self) -> bool:
        """Whether the coordinates can be degrees of longitude and latitude."""
        bounds = self.bounds()
        return bounds is not None and -360 <= bounds[0] <= bounds[2] <= 360 and -90 <= bounds[1] <= bounds[3] <= 90

    def facts(self) -> list[tuple[str, str]]:
        """Return bounds and area as pairs of label and value."""
        bounds = self.bounds()
        if bounds is None:
            return []
        facts = [("bounds", bounds_text(bounds, self.is_geographic))]
        if self.rings and self.is_geographic:
            facts.append(("area", area_text(abs(self.area_m2))))
        return facts


def draw_map(shapes: Shapes, columns: int, rows: int) -> list[Text]:
    """Return the shapes on a map of at most `columns` by `rows` cells, framed by coordinates; empty without room."""
    return draw_layers([(shapes, "")], columns, rows)


def draw_layers(layers: Sequence[tuple[Shapes, str]], columns: int, rows: int) -> list[Text]:
    """Return several shapes on one map, each in its style; a large map has the coasts of the world behind them."""
    boxes = [box for shapes, _ in layers if (box := shapes.bounds()) is not None]
    if not boxes or columns < MIN_MAP[0] or rows < MIN_MAP[1]:
        return []
    is_geographic = all(shapes.is_geographic for shapes, _ in layers if shapes.taken)
    bounds = min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
    has_coasts = is_geographic and max(bounds[2] - bounds[0], bounds[3] - bounds[1]) >= LARGE_DEGREES
    if has_coasts:
        bounds = _with_margin(bounds)
    frame = _Frame(bounds, is_geographic, columns, rows - 2)
    cells: list[tuple[list[str], str]] = []
    if has_coasts:
        canvas = frame.canvas()
        for line in coastline():
            canvas.path(map(frame.place, line))
        cells.append((canvas.rows(), "dim"))
    for shapes, style in layers:
        canvas = frame.canvas()
        _draw(canvas, shapes, frame.place)
        cells.append((canvas.rows(), style))
    return _framed(_overlaid(cells), frame.columns, bounds, is_geographic)


class _Frame:
    """The projection from the bounds to dots on a canvas of at most `columns` by `rows` cells."""

    def __init__(self, bounds: Bounds, is_geographic: bool, columns: int, rows: int) -> None:
        self._west, south, east, self._north = bounds
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

    def place(self, point: Point) -> Point:
        """Return the dot of a place."""
        x, y = point
        return self._left + (x - self._west) * self._squeeze / self._dot, self._top + (self._north - y) / self._dot


def _with_margin(bounds: Bounds) -> Bounds:
    """Return the bounds with a margin around them, so that the coasts show where the map is."""
    west, south, east, north = bounds
    margin = max(east - west, north - south) * MARGIN
    return max(-180.0, west - margin), max(-90.0, south - margin), min(180.0, east + margin), min(90.0, north + margin)


def _draw(canvas: Canvas, shapes: Shapes, place: Callable[[Point], Point]) -> None:
    for ring in shapes.rings:
        canvas.path(map(place, [*ring, ring[0]] if ring else ring))
    for path in shapes.paths:
        canvas.path(map(place, path))
    for point in shapes.points:
        x, y = place(point)
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
    digits = _digits(bounds)
    if geographic:
        first = f"{_latitude(north, digits)} {_longitude(west, digits)}"
        last = f"{_latitude(south, digits)} {_longitude(east, digits)}"
    else:
        first, last = f"{_number(west)}, {_number(north)}", f"{_number(east)}, {_number(south)}"
    return [Text(first, style="dim", no_wrap=True), *rows, Text(f"{last:>{columns}}", style="dim", no_wrap=True)]


def ring_area(ring: list[Point]) -> float:
    """Return the area inside a ring on the sphere, in square metres, never negative (Chamberlain and Duquette, 2007).

    The coordinates of the ring are degrees.
    """
    total = 0.0
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        total += math.radians(x1 - x0) * (2 + math.sin(math.radians(y0)) + math.sin(math.radians(y1)))
    return abs(total) * EARTH_RADIUS_M**2 / 2


def bounds_text(bounds: Bounds, is_geographic: bool) -> str:
    """Return bounds as text: `36.7° N to 38.9° N, 1.2° E to 2.0° E`, or plain numbers where they are not degrees."""
    west, south, east, north = bounds
    if is_geographic:
        digits = _digits(bounds)
        return f"{_latitude(south, digits)} to {_latitude(north, digits)}, {_longitude(west, digits)} to " + _longitude(
            east, digits
        )
    return f"x {_number(west)} to {_number(east)}, y {_number(south)} to {_number(north)}"


def area_text(area_m2: float) -> str:
    """Return an area in the unit that fits it."""
    if area_m2 >= 1e6:
        return f"{area_m2 / 1e6:,.0f} km²" if area_m2 >= 1e8 else f"{area_m2 / 1e6:.3g} km²"
    return f"{area_m2 / 1e4:.3g} ha" if area_m2 >= 1e4 else f"{area_m2:.0f} m²"


def _digits(bounds: Bounds) -> int:
    """Return the decimals that show a hundredth of the larger side, five at most: a metre."""
    span = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    return 5 if span <= 0 else max(0, min(5, 2 - math.floor(math.log10(span))))


def _latitude(value: float, digits: int) -> str:
    return f"{_degrees(value, digits)}°{'S' if value < 0 else 'N'}"


def _longitude(value: float, digits: int) -> str:
    return f"{_degrees(value, digits)}°{'W' if value < 0 else 'E'}"


def _degrees(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(value: float) -> str:
    return f"{value:.7g}"
