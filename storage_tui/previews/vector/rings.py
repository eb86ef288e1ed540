"""Lines and rings in degrees: without a jump at the antimeridian, and the area inside a ring on the sphere.

A line between two positions is straight in longitude and latitude (RFC 7946, section 3.1.1).
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from storage_tui.previews.vector.canvas import Point

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
HALF, TURN = 180.0, 360.0
LEAST_BAND = 0.05  # of the area beside it; a band of less is the line around a pole, closed at the antimeridian
WORLD_STEP, WORLD_HEIGHT = 340.0, 120.0  # degrees; a longer step in a higher ring is the edge of a world map


def in_degrees(points: Sequence[Point]) -> bool:
    """Return whether these coordinates can be longitudes and latitudes."""
    return all(-TURN <= x <= TURN and -90 <= y <= 90 for x, y in points)


def unwrapped(points: Sequence[Point]) -> list[Point]:
    """Return a line without jumps at the antimeridian: a step of more than half a turn goes the short way."""
    line: list[Point] = []
    shift = 0.0
    for x, y in points:
        if line:
            step = x + shift - line[-1][0]
            shift -= TURN * ((step > HALF) - (step < -HALF))
        line.append((x + shift, y))
    return line


def closed_ring(points: Sequence[Point]) -> list[Point]:
    """Return a ring without jumps, closed: its last point is its first, or a whole turn beside it around a pole.

    A ring as wide as the world that has no other way to be read stays as it is: the frame of a world map, or a band.
    """
    plain = [*points, points[0]] if points[-1] != points[0] else list(points)
    steps = [abs(after[0] - before[0]) for before, after in pairwise(plain)]
    longest = max(steps, default=0.0)
    if longest <= HALF:
        return plain
    ring = unwrapped(plain)
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    jumps = [step for step in steps if step > HALF]
    is_world = longest >= WORLD_STEP and max(ys) - min(ys) >= WORLD_HEIGHT
    is_band = ring[0][0] != ring[-1][0] and all(jump == TURN for jump in jumps)
    is_band = is_band and abs(_south_of(plain)) > LEAST_BAND * abs(_south_of(ring))  # else a ring around a pole
    return plain if is_world or is_band or max(xs) == min(xs) else ring


def pole_inside(ring: Sequence[Point]) -> float | None:
    """Return the latitude of the pole that a closed ring goes around; None when the ring goes around none."""
    if abs(ring[-1][0] - ring[0][0]) < HALF:
        return None
    return -90.0 if abs(_south_of(ring)) <= 2 * math.pi else 90.0


def ring_area(ring: Sequence[Point]) -> float:
    """Return the area inside a closed ring on the sphere, in square metres, never negative."""
    share = abs(_south_of(ring))
    if pole_inside(ring) is not None:
        share = min(share, 4 * math.pi - share)
    return share * EARTH_RADIUS_M**2


def _south_of(ring: Sequence[Point]) -> float:
    """Return the area between a line and the south pole, on a sphere of radius 1.

    The integral of 1 + sin(latitude) over the longitude, exact for edges that are straight in degrees.
    """
    total = 0.0
    for (x0, y0), (x1, y1) in pairwise(ring):
        half = math.radians(y1 - y0) / 2
        mean = math.sin(math.radians(y0 + y1) / 2) * (math.sin(half) / half if half else 1.0)
        total += math.radians(x1 - x0) * (1 + mean)
    return total
