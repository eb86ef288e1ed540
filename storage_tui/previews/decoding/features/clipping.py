"""Lines and rings of a map tile cut at its edges: the margin of a tile is a part of the tile beside it."""

from collections.abc import Sequence
from itertools import pairwise

Place = tuple[float, float]


def clipped_ring(ring: Sequence[Place], extent: float) -> Sequence[Place]:
    """Return the part of a ring between 0 and `extent` on both axes, edge by edge; empty where nothing is left."""
    if _is_inside(ring, extent):
        return ring
    found = list(ring)
    for axis in (0, 1):
        for limit, is_least in ((0.0, True), (float(extent), False)):
            found = _one_side(found, axis, limit, is_least=is_least)
    return found


def clipped_line(line: Sequence[Place], extent: float) -> list[Sequence[Place]]:
    """Return the parts of a line between 0 and `extent` on both axes."""
    if _is_inside(line, extent):
        return [line] if line else []
    found: list[list[Place]] = []
    end: Place | None = None  # where the last part ended, while the line goes on from there
    for start, stop in pairwise(line):
        part = _segment(start, stop, extent)
        if part is None:
            end = None
            continue
        if part[0] == end:
            found[-1].append(part[1])
        else:
            found.append([*part])
        end = part[1]
    return list(found)


def _is_inside(places: Sequence[Place], extent: float) -> bool:
    return all(0 <= x <= extent and 0 <= y <= extent for x, y in places)


def _one_side(ring: list[Place], axis: int, limit: float, *, is_least: bool) -> list[Place]:
    found: list[Place] = []
    for at, place in enumerate(ring):
        before = ring[at - 1]
        is_in = place[axis] >= limit if is_least else place[axis] <= limit
        was_in = before[axis] >= limit if is_least else before[axis] <= limit
        if is_in != was_in:
            share = (limit - before[axis]) / (place[axis] - before[axis])
            other = before[1 - axis] + share * (place[1 - axis] - before[1 - axis])
            found.append((limit, other) if axis == 0 else (other, limit))
        if is_in:
            found.append(place)
    return found


def _segment(start: Place, stop: Place, extent: float) -> tuple[Place, Place] | None:
    """Return the part of a segment inside of the tile; None where it has none."""
    steps = stop[0] - start[0], stop[1] - start[1]
    first, last = 0.0, 1.0
    for axis in (0, 1):
        if not steps[axis]:
            if not 0 <= start[axis] <= extent:
                return None
            continue
        low, high = sorted(((0 - start[axis]) / steps[axis], (extent - start[axis]) / steps[axis]))
        first, last = max(first, low), min(last, high)
    if first >= last:
        return None
    begin = start if first == 0 else (start[0] + first * steps[0], start[1] + first * steps[1])
    end = stop if last == 1 else (start[0] + last * steps[0], start[1] + last * steps[1])
    return begin, end
