"""The dots of braille of a view, drawn in slices of a few milliseconds.

Each cell has the dots of all layers and the colour of the layer that was drawn last. A layer is drawn from the thinned
level whose tolerance is just below a dot, and only the pieces whose boxes touch the view.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from storage_tui.previews.decoding.features.placing import POINT
from storage_tui.previews.decoding.features.thinning import Level
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.view import MapView
from storage_tui.previews.vector.canvas import clip
from storage_tui.previews.vector.coastline import LARGE_DEGREES, coastline

SLICE_S = 0.005  # of drawing between two looks at the clock of the caller
TURN = 360.0
NOTHING, GROUND, CHOSEN = 0, 1, 255  # colours of cells; the layers have those from FIRST_LAYER on
FIRST_LAYER = 2
BITS = (0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80)  # of the dot x & 1 | (y & 3) << 1
FAR = 1 << 20  # dots; lines to places farther away are cut before they become numbers of dots
STEPS = (90.0, 45.0, 30.0, 15.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
LEAST_LINES = 3  # of the graticule along the longer side of the view
DASH = 4  # dots from one dot of the graticule to the next


@dataclass
class Dots:
    """The dots of a view: `bits` and `colours` have a byte for each cell, row after row."""

    view: MapView
    bits: bytearray = field(default_factory=bytearray)
    colours: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        size = self.view.columns * self.view.rows
        self.bits = self.bits or bytearray(size)
        self.colours = self.colours or bytearray(size)

    def row(self, y: int) -> tuple[bytes, bytes]:
        """Return dots and colours of a row of cells."""
        width = self.view.columns
        return bytes(self.bits[y * width : (y + 1) * width]), bytes(self.colours[y * width : (y + 1) * width])

    def seen_from(self, view: MapView) -> "Dots | None":
        """Return these cells moved to another view; None where that is no plain move."""
        shift = self.view.shift_to(view)
        if shift is None:
            return None
        across, down = shift
        found, width = Dots(view), view.columns
        first, last = max(0, -across), min(width, width - across)
        for y in range(max(0, -down), min(view.rows, view.rows - down)):
            start = (y + down) * width + across
            for target, own in ((found.bits, self.bits), (found.colours, self.colours)):
                target[y * width + first : y * width + last] = own[start + first : start + last]
        return found

    def dot(self, x: int, y: int, colour: int) -> None:
        """Draw one dot, if it is in view."""
        if 0 <= x < self.view.width and 0 <= y < self.view.height:
            cell = (y >> 2) * self.view.columns + (x >> 1)
            self.bits[cell] |= BITS[x & 1 | (y & 3) << 1]
            self.colours[cell] = colour

    def path(self, xs: list[int], ys: list[int], colour: int) -> None:
        """Draw lines from dot to dot."""
        width, height, columns = self.view.width, self.view.height, self.view.columns
        bits, colours, masks = self.bits, self.colours, BITS
        px, py = xs[0], ys[0]
        was_in = 0 <= px < width and 0 <= py < height
        if was_in:
            self.dot(px, py, colour)
        for x, y in zip(xs, ys, strict=True):
            if x == px and y == py:
                continue
            is_in = 0 <= x < width and 0 <= y < height
            fx, fy, tx, ty = px, py, x, y
            px, py = x, y
            if not (is_in and was_in):
                was_in = is_in
                cut = clip((fx, fy), (tx, ty), width - 1, height - 1)
                if cut is None:
                    continue
                (fx, fy), (tx, ty) = (round(cut[0][0]), round(cut[0][1])), (round(cut[1][0]), round(cut[1][1]))
            dx, dy = tx - fx, ty - fy
            steps = max(dx if dx > 0 else -dx, dy if dy > 0 else -dy)
            if steps < 2:
                cell = (ty >> 2) * columns + (tx >> 1)
                bits[cell] |= masks[tx & 1 | (ty & 3) << 1]
                colours[cell] = colour
                continue
            half = steps >> 1
            for step in range(steps + 1):
                ax, ay = fx + (dx * step + half) // steps, fy + (dy * step + half) // steps
                cell = (ay >> 2) * columns + (ax >> 1)
                bits[cell] |= masks[ax & 1 | (ay & 3) << 1]
                colours[cell] = colour

    def point(self, x: int, y: int, colour: int) -> None:
        """Draw a point as four dots."""
        for across in (0, 1):
            for down in (0, 1):
                self.dot(x + across, y + down, colour)


def level_for(features: Features, view: MapView) -> Level:
    """Return the coarsest level whose tolerance is below a dot."""
    fitting = [level for level in features.levels if level.tolerance <= view.scale]
    return fitting[-1] if fitting else features.levels[0]


def shifts_of(view: MapView, low: float, high: float) -> tuple[float, ...]:
    """Return by how many degrees shapes from `low` to `high` are moved to be in view: by whole turns, or not at all."""
    if view.is_plane:
        return (0.0,)
    west, _, east, _ = view.bounds
    return tuple(shift for shift in (-2 * TURN, -TURN, 0.0, TURN) if low + shift <= east and high + shift >= west)


def draw(dots: Dots, features: Features, colour: int, *, only: int | None = None) -> Iterator[None]:
    """Draw a layer, or one feature of it; yield after each slice."""
    view, level = dots.view, level_for(features, dots.view)
    width_x, height_y = 1 / (view.scale * view.stretch), 1 / view.scale
    west, south, east, north = view.bounds
    places, starts, boxes, kinds, owners = level.places, level.starts, level.boxes, level.kinds, level.owners
    wests, souths, easts, norths = boxes[0::4], boxes[1::4], boxes[2::4], boxes[3::4]
    until = perf_counter() + SLICE_S
    extent = features.bounds
    for shift in () if extent is None else shifts_of(view, extent[0], extent[2]):
        low, high = west - shift, east - shift
        seen = [
            at for at, (w, s, e, n) in enumerate(zip(wests, souths, easts, norths, strict=True))
            if w <= high and e >= low and s <= north and n >= south
        ]  # fmt: skip
        for at in seen:
            if only is not None and owners[at] != only:
                continue
            start, stop = 2 * starts[at], 2 * starts[at + 1]
            xs = [int((x - low) * width_x) for x in places[start:stop:2]]
            ys = [int((north - y) * height_y) for y in places[start + 1 : stop : 2]]
            if kinds[at] == POINT:
                for x, y in zip(xs, ys, strict=True):
                    dots.point(x, y, colour)
            elif (
                stop - start > 4 or colour == CHOSEN
                or max(xs) - min(xs) > 0 or max(ys) - min(ys) > 0
            ):  # fmt: skip
                dots.path(xs, ys, colour)
            else:
                dots.dot(xs[0], ys[0], colour)
            if perf_counter() > until:
                yield
                until = perf_counter() + SLICE_S
    yield


def draw_ground(dots: Dots, *, has_graticule: bool) -> list[tuple[int, int, str]]:
    """Draw coasts behind large maps, and the graticule; return its labels as column, row and text."""
    view = dots.view
    if view.is_plane:
        return []
    west, south, east, north = view.bounds
    if max(east - west, north - south) >= LARGE_DEGREES:
        across, up = 1 / (view.scale * view.stretch), 1 / view.scale
        for line in coastline():
            for shift in shifts_of(view, min(x for x, _ in line), max(x for x, _ in line)):
                xs = [int((x + shift - west) * across) for x, _ in line]
                dots.path(xs, [int((north - y) * up) for _, y in line], GROUND)
    return _graticule(dots) if has_graticule else []


def graticule_step(view: MapView) -> float:
    """Return the degrees between the lines of the graticule."""
    west, south, east, north = view.bounds
    longest = max(east - west, north - south)
    return next((step for step in STEPS if longest / step >= LEAST_LINES), STEPS[-1])


def _graticule(dots: Dots) -> list[tuple[int, int, str]]:
    view = dots.view
    west, south, east, north = view.bounds
    step = graticule_step(view)
    found: list[tuple[int, int, str]] = []
    for number in range(math.ceil(west / step), math.floor(east / step) + 1):
        x = int((number * step - west) / (view.scale * view.stretch))
        for y in range(0, view.height, DASH):
            dots.dot(x, y, GROUND)
        value = (number * step + 180) % TURN - 180
        found.append((x // 2, 0, f"{abs(value):g}°{'W' if value < 0 else 'E' if value else ''}"))
    for number in range(math.ceil(max(-90.0, south) / step), math.floor(min(90.0, north) / step) + 1):
        y = int((north - number * step) / view.scale)
        for x in range(0, view.width, DASH):
            dots.dot(x, y, GROUND)
        value = number * step
        found.append((0, y // 4, f"{abs(value):g}°{'S' if value < 0 else 'N' if value else ''}"))
    return found
