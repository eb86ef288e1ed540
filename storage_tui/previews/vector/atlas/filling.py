"""The areas of a layer in half tone: a quarter of the dots inside, holes left out, drawn in slices."""

import math
from collections.abc import Iterator
from itertools import pairwise
from time import perf_counter

from storage_tui.previews.decoding.features.placing import RING
from storage_tui.previews.vector.atlas.dots import BITS, GROUND, NOTHING, SLICE_S, Dots, level_for, shifts_of
from storage_tui.previews.vector.atlas.layer import Features

EVERY = 2  # dot rows and columns, each second row of dots one to the right of the others


def fill(dots: Dots, features: Features, colour: int) -> Iterator[None]:
    """Fill the areas of a layer; yield after each slice. Cells of another layer stay as they are.

    A dot is inside where a line from it to the left crosses the rings of its feature an odd number of times.
    """
    view, level = dots.view, level_for(features, dots.view)
    _, _, _, north = view.bounds
    extent = features.bounds
    until = perf_counter() + SLICE_S
    for shift in () if extent is None else shifts_of(view, extent[0], extent[2]):
        for rings in _rings_in_view(dots, features, shift):
            crossed: dict[int, list[float]] = {}
            for at in rings:
                start, stop = 2 * level.starts[at], 2 * level.starts[at + 1]
                xs = [(x + shift - view.bounds[0]) / (view.scale * view.stretch) for x in level.places[start:stop:2]]
                ys = [(north - y) / view.scale for y in level.places[start + 1 : stop : 2]]
                for (x0, y0), (x1, y1) in pairwise(zip(xs, ys, strict=True)):
                    _cross(crossed, x0, y0, x1, y1, view.height)
            for row, found in crossed.items():
                found.sort()
                for left, right in zip(found[0::2], found[1::2], strict=False):
                    _shade(dots, row, left, right, colour)
                if perf_counter() > until:
                    yield
                    until = perf_counter() + SLICE_S
    yield


def _rings_in_view(dots: Dots, features: Features, shift: float) -> list[list[int]]:
    """Return the pieces of rings of each area that touches the view: those at its height, and not to its right."""
    level = level_for(features, dots.view)
    west, south, east, north = dots.view.bounds
    boxes, found = level.boxes, dict[int, list[int]]()
    for at, (owner, kind) in enumerate(zip(level.owners, level.kinds, strict=True)):
        low, bottom, _, top = boxes[4 * at : 4 * at + 4]
        if kind == RING and bottom <= north and top >= south and low + shift <= east:
            found.setdefault(owner, []).append(at)
    touching = []
    for owner, rings in found.items():
        box = features.box_of(owner)
        if box is not None and box[2] + shift >= west:
            touching.append(rings)
    return touching


def _cross(crossed: dict[int, list[float]], x0: float, y0: float, x1: float, y1: float, height: int) -> None:
    """Note where an edge crosses the middles of the rows of dots that are filled."""
    if y0 == y1:
        return
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    first = max(0, EVERY * math.ceil(max(-1.0, y0 - 0.5) / EVERY))
    steepness = (x1 - x0) / (y1 - y0)
    for row in range(first, min(height, math.ceil(min(float(height), y1 - 0.5))), EVERY):
        crossed.setdefault(row, []).append(x0 + (row + 0.5 - y0) * steepness)


def _shade(dots: Dots, row: int, left: float, right: float, colour: int) -> None:
    """Draw the dots of one row between two places."""
    turn = row // EVERY % EVERY
    start = max(0, math.ceil(max(-1.0, left - 0.5)))
    stop = min(dots.view.width, math.ceil(min(float(dots.view.width), right - 0.5)))
    bits, colours, base = dots.bits, dots.colours, (row >> 2) * dots.view.columns
    for x in range(start + (start + turn) % EVERY, stop, EVERY):
        cell = base + (x >> 1)
        if colours[cell] in (NOTHING, GROUND, colour):
            bits[cell] |= BITS[x & 1 | (row & 3) << 1]
            colours[cell] = colour
