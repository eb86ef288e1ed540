"""A canvas of braille dots: two by four to a cell, so a dot is about square in every terminal font."""

from collections.abc import Iterable

Point = tuple[float, float]

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Canvas:
    """Dots on `columns` by `rows` cells; points outside are not drawn."""

    def __init__(self, columns: int, rows: int) -> None:
        self.width = columns * 2
        self.height = rows * 4
        self._cells = [bytearray(columns) for _ in range(rows)]

    def dot(self, x: int, y: int) -> None:
        """Draw one dot; `y` grows downward."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._cells[y >> 2][x >> 1] |= _BITS[y & 3][x & 1]

    def line(self, start: Point, end: Point) -> None:
        """Draw a straight line between two points, given in dots."""
        clipped = clip(start, end, self.width - 1, self.height - 1)
        if clipped is None:
            return
        (x0, y0), (x1, y1) = clipped
        steps = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
        dx, dy = (x1 - x0) / steps, (y1 - y0) / steps
        for step in range(steps + 1):
            self.dot(round(x0 + dx * step), round(y0 + dy * step))

    def path(self, points: Iterable[Point]) -> None:
        """Draw lines from point to point."""
        previous: Point | None = None
        for point in points:
            if previous is not None:
                self.line(previous, point)
            previous = point

    def rows(self) -> list[str]:
        """Return the canvas as text, one string a row of cells; a cell without dots is a space."""
        return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in self._cells]


def clip(start: Point, end: Point, right: float, bottom: float) -> tuple[Point, Point] | None:
    """Return the part of a line inside 0, 0 to `right`, `bottom`; None when no part is (Liang and Barsky, 1984)."""
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    enter, leave = 0.0, 1.0
    for delta, room in ((-dx, x0), (dx, right - x0), (-dy, y0), (dy, bottom - y0)):
        if delta == 0:
            if room < 0:
                return None
            continue
        share = room / delta
        if delta < 0:
            enter = max(enter, share)
        else:
            leave = min(leave, share)
    if enter > leave:
        return None
    return (x0 + enter * dx, y0 + enter * dy), (x0 + leave * dx, y0 + leave * dy)
