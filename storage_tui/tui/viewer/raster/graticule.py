"""Lines of round coordinates over the picture: in degrees, or in the unit of the raster's reference system."""

import math
from dataclasses import dataclass, field

from storage_tui.previews.raster.windows.scene import Scene
from storage_tui.previews.raster.windows.view import View

CELLS_APART, ROWS_APART = 24, 10  # at least, so that the labels have room
ROUND = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Graticule:
    """The columns and the rows of cells with a line, and the label of each line."""

    columns: dict[int, str] = field(default_factory=dict)
    rows: dict[int, str] = field(default_factory=dict)


def graticule(scene: Scene, view: View) -> Graticule | None:
    """Return the lines of a view; None for a raster without a place, or one whose rows do not go from west to east."""
    place = scene.place
    if place is None or place.transform is None:
        return None
    a, b, c, d, e, f = place.transform
    if b or d or not a or not e:
        return None
    east = _lines(c + a * view.left, a * view.scale, view.columns, CELLS_APART)
    north = _lines(f + e * view.top, e * view.scale * 2, view.rows, ROWS_APART)
    is_degrees = place.is_geographic
    return Graticule(
        {cell: _label(value, "EW" if is_degrees else "") for cell, value in east.items()},
        {cell: _label(value, "NS" if is_degrees else "") for cell, value in north.items()},
    )


def _lines(start: float, step: float, count: int, apart: int) -> dict[int, float]:
    """Return the cells that a round coordinate lies in; a cell begins at `start + cell * step`."""
    span = abs(step) * apart
    if not 0 < span < math.inf or not math.isfinite(start):
        return {}
    power = 10.0 ** math.floor(math.log10(span))
    distance = next(factor * power for factor in (*ROUND, 10.0) if factor * power >= span)
    low, high = sorted((start, start + step * count))
    first = math.ceil(low / distance)
    found = {}
    for number in range(first, first + count // max(1, apart) + 2):
        value = number * distance
        cell = int((value - start) / step // 1)
        if value <= high and 0 <= cell < count:
            found[cell] = round(value, 12)
    return found


def _label(value: float, sides: str) -> str:
    if not sides:
        return f"{value:,.10g}"
    if sides == "EW" and 180 < value <= 540:
        value -= 360
    return f"{abs(value):.10g}°{'' if not value else sides[0] if value > 0 else sides[1]}"
