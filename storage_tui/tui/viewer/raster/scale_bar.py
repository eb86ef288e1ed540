"""The scale bar: a round length on the ground, drawn in whole cells."""

import math

from storage_tui.previews.raster.windows.scene import Scene
from storage_tui.previews.raster.windows.view import View

METRES_A_DEGREE = 111_320.0  # of latitude, and of longitude at the equator
LEAST_CELLS, MOST_CELLS = 6, 24
ROUND = (1.0, 2.0, 5.0)


def scale_bar(scene: Scene, view: View) -> str:
    """Return ` ├──────┤ 20 km `; in pixels where the raster has no place, or no unit that is known."""
    metres = metres_a_pixel(scene, view)
    if metres is None:
        length, words = _round(view.scale), "px"
        return _drawn(length / view.scale, f"{length:g} {words}")
    return ground_bar(view.scale * metres, "m")


def ground_bar(of_cell: float, unit: str) -> str:
    """Return the bar for a cell of so many metres, or of other units."""
    if not of_cell > 0:
        return ""
    length = _round(of_cell)
    text = f"{length / 1000:g} km" if unit == "m" and length >= 1000 else f"{length:g} {unit}"
    return _drawn(length / of_cell, text)


def metres_a_pixel(scene: Scene, view: View) -> float | None:
    """Return the width of a pixel in the middle of the view; None when its unit is not known to be metres or degrees.

    Web Mercator and degrees are corrected for the latitude.
    """
    if scene.place is None or scene.place.transform is None:
        return None
    a, _, _, d, _, _ = scene.place.transform
    width = math.hypot(a, d)
    degrees = scene.degrees(*view.middle)
    if degrees is None or not width or abs(degrees[1]) >= 90:
        return None
    shrinks = math.cos(math.radians(degrees[1]))
    if scene.place.is_geographic:
        return width * METRES_A_DEGREE * shrinks
    return width * shrinks if scene.place.epsg == 3857 else width


def _round(of_cell: float) -> float:
    """Return a round length that takes about LEAST_CELLS to MOST_CELLS."""
    least = of_cell * LEAST_CELLS
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (*ROUND, 10.0) if factor * power >= least)


def _drawn(cells: float, text: str) -> str:
    return f" ├{'─' * max(1, min(MOST_CELLS, round(cells)) - 2)}┤ {text} "
