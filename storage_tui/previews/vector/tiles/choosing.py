"""The tile that shows most of some bounds, and the place of a tile, in the common tiling of Web Mercator."""

import math
from collections.abc import Iterator

from storage_tui.previews.vector.shapes import Bounds

MOST_ZOOM = 30
EDGE = 85.0511287798  # degrees of latitude at the edge of the square
SLACK = 1e-9  # of the world: bounds that end at the edge of a tile do not need the next one

Tile = tuple[int, int, int]
"""Zoom, column from the west, row from the north."""


def candidates(bounds: Bounds | None, low: int, high: int) -> Iterator[Tile]:
    """Yield tiles from the one that shows most: the smallest around all of the bounds, and those around it in turn.

    Without such a tile from zoom `low` on, the one in the middle at zoom `low`.
    """
    low, high = max(0, min(low, MOST_ZOOM)), max(0, min(high, MOST_ZOOM))
    west, south, east, north = bounds or (-180.0, -EDGE, 180.0, EDGE)
    left, top = place_of(west, north)
    right, bottom = place_of(east, south)
    right, bottom = max(left, right - SLACK), max(top, bottom - SLACK)
    for zoom in range(high, low - 1, -1):
        first, last = tile_of(left, top, zoom), tile_of(right, bottom, zoom)
        if first == last:
            yield first
    yield tile_of((left + right) / 2, (top + bottom) / 2, low)


def place_of(longitude: float, latitude: float) -> tuple[float, float]:
    """Return a place as shares of the world, from the west and from the north."""
    phi = math.radians(max(-EDGE, min(EDGE, latitude)))
    across = (longitude + 180) / 360
    down = (1 - math.asinh(math.tan(phi)) / math.pi) / 2
    return min(max(across, 0.0), 1.0), min(max(down, 0.0), 1.0)


def tile_of(across: float, down: float, zoom: int) -> Tile:
    """Return the tile of a place at a zoom."""
    side = 1 << zoom
    return zoom, min(side - 1, int(across * side)), min(side - 1, int(down * side))


def degrees_of(zoom: int, column: float, row: float) -> tuple[float, float]:
    """Return longitude and latitude of the upper left corner of a tile."""
    side = 1 << zoom
    return column / side * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side))))


def range_of(bounds: Bounds, zoom: int) -> tuple[int, int, int, int]:
    """Return the first and the last columns and rows of the tiles that some bounds touch: left, top, right, bottom."""
    west, south, east, north = bounds
    left, top = place_of(west, north)
    right, bottom = place_of(east, south)
    _, *first = tile_of(min(left + SLACK, right), min(top + SLACK, bottom), zoom)
    _, *last = tile_of(max(left, right - SLACK), max(top, bottom - SLACK), zoom)
    return first[0], first[1], last[0], last[1]


def tiles_in(bounds: Bounds, low: int, high: int, most: int) -> list[Tile]:
    """Return the tiles that some bounds touch at the largest zoom at which they are at most `most`.

    At zoom `low` there may be more: those in the middle are returned.
    """
    for zoom in range(min(high, MOST_ZOOM), max(0, low) - 1, -1):
        left, top, right, bottom = range_of(bounds, zoom)
        if (right - left + 1) * (bottom - top + 1) <= most:
            return [(zoom, x, y) for y in range(top, bottom + 1) for x in range(left, right + 1)]
    zoom, side = max(0, min(low, MOST_ZOOM)), max(1, math.isqrt(most))
    left, top, right, bottom = range_of(bounds, zoom)
    x0, y0 = max(left, (left + right + 1 - side) // 2), max(top, (top + bottom + 1 - side) // 2)
    columns, rows = range(x0, min(right + 1, x0 + side)), range(y0, min(bottom + 1, y0 + side))
    return [(zoom, x, y) for y in rows for x in columns]
