"""Hill shade: how bright a slope is under a sun in the north-west, 45° high.

Slopes are those of Zevenbergen and Thorne (Earth Surface Processes and Landforms 12, 1987), as `gdaldem -alg` has them.
"""

import math
from collections.abc import Sequence

SUN_FROM, SUN_HIGH = math.radians(315), math.radians(45)
LEAST_STEEPNESS = 0.4  # of the steep tenth of a view: flatter ones are exaggerated, or they would all be one grey
STEEP = 0.9
DARKEST = 0.25  # of a colour


def shaded(values: Sequence[float | None], width: int, across: float, down: float) -> tuple[list[float], float]:
    """Return the brightness of each pixel, DARKEST to 1, and the factor by which heights are exaggerated.

    `values` are heights row by row, `across` and `down` the size of a pixel in the unit of the heights. A pixel at the
    edge, or beside one without a height, takes its own height for the missing one.
    """
    rows = [values[at : at + width] for at in range(0, len(values), width)]
    slopes: list[tuple[float, float]] = []
    for y, row in enumerate(rows):
        above, below = rows[max(0, y - 1)], rows[min(len(rows) - 1, y + 1)]
        for x, height in enumerate(row):
            if height is None:
                slopes.append((0.0, 0.0))
                continue
            left, right = row[max(0, x - 1)], row[min(width - 1, x + 1)]
            east = (height if right is None else right) / 2 - (height if left is None else left) / 2
            upper, lower = above[x], below[x]
            south = (height if lower is None else lower) / 2 - (height if upper is None else upper) / 2
            slopes.append((east / across, south / down))
    steep = sorted(east * east + south * south for east, south in slopes)
    typical = math.sqrt(steep[int((len(steep) - 1) * STEEP)]) if steep else 0.0
    factor = max(1.0, LEAST_STEEPNESS / typical) if 0 < typical < math.inf else 1.0
    sun_east, sun_south = math.sin(SUN_FROM) * math.cos(SUN_HIGH), -math.cos(SUN_FROM) * math.cos(SUN_HIGH)
    sun_up = math.sin(SUN_HIGH)
    bright = []
    for east, south in slopes:
        east, south = east * factor, south * factor
        length = math.sqrt(1 + east * east + south * south)
        light = (sun_up - east * sun_east - south * sun_south) / length if length < math.inf else 0.0
        bright.append(DARKEST + (1 - DARKEST) * max(0.0, light))
    return bright, factor
