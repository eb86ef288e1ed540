"""Points, lines and polygons for previews: their bounds, and their area on the sphere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.rings import (
    HALF,
    TURN,
    closed_ring,
    in_degrees,
    pole_inside,
    ring_area,
    unwrapped,
)  # fmt: skip

LEAST_GAP = 30.0  # degrees without shapes; with a smaller gap shapes go around the world, and the gap is no edge
TOUCH = 1e-6  # degrees; a nearer shape touches the antimeridian, as the parts of a cut shape do

Bounds = tuple[float, float, float, float]
"""West, south, east and north. East is more than 180 where the shapes go over the antimeridian."""


class Taker(Protocol):
    """What takes the shapes of a file as they are read."""

    has_area: bool

    def add_polygon(self, rings: Sequence[Sequence[Point]]) -> None:
        """Take one polygon: its outer ring and its holes."""

    def add_path(self, path: Sequence[Point]) -> None:
        """Take one line."""

    def add_point(self, point: Point) -> None:
        """Take one point."""


@dataclass
class Shapes:
    """The shapes that were read of a file.

    `rings` are closed polygon rings, the outer one of each polygon first. `is_degrees` is what the file says about its
    coordinates; None when the file says nothing, and the values decide. Shapes in degrees go over the antimeridian
    without a jump. `has_area` is false when the sum of the areas of the polygons would not be the area of anything.
    """

    rings: list[list[Point]] = field(default_factory=list)
    paths: list[list[Point]] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    area_m2: float = 0.0
    taken: int = 0
    is_degrees: bool | None = None
    has_area: bool = True
    poles: set[float] = field(default_factory=set)

    def add_polygon(self, rings: Sequence[Sequence[Point]]) -> None:
        """Add one polygon: its outer ring and its holes."""
        for index, points in enumerate(ring for ring in rings if ring):
            is_angle = self._in_degrees(points)
            ring = closed_ring(points) if is_angle else [*points, points[0]]
            self.rings.append(ring)
            self.taken += len(ring)
            if is_angle:
                self.area_m2 += ring_area(ring) * (-1 if index else 1)
                pole = pole_inside(ring)
                self.poles |= set() if pole is None or index else {pole}

    def add_path(self, path: Sequence[Point]) -> None:
        """Add one line."""
        self.paths.append(unwrapped(path) if self._in_degrees(path) else list(path))
        self.taken += len(path)

    def add_point(self, point: Point) -> None:
        """Add one point."""
        self.points.append(point)
        self.taken += 1

    def add(self, other: "Shapes") -> None:
        """Add the shapes of another file, for common bounds."""
        self.rings += other.rings
        self.paths += other.paths
        self.points += other.points
        self.poles |= other.poles
        self.is_degrees = False if other.is_degrees is False else self.is_degrees

    def bounds(self) -> Bounds | None:
        """Return west, south, east and north of all shapes; None when there are none."""
        parts = [part for part in (*self.rings, *self.paths) if part]
        spans = [(min(x for x, _ in part), max(x for x, _ in part)) for part in parts]
        spans += [(x, x) for x, _ in self.points]
        if not spans:
            return None
        ys = [*(y for part in parts for _, y in part), *(y for _, y in self.points), *self.poles]
        west, east = min(west for west, _ in spans), max(east for _, east in spans)
        if self.is_degrees is not False and _are_degrees((west, min(ys), east, max(ys))):
            west, east = around(spans, west, east)
        return west, min(ys), east, max(ys)

    @property
    def is_geographic(self) -> bool:
        """Whether the coordinates are degrees of longitude and latitude, or can be."""
        bounds = self.bounds()
        return bounds is not None and self.is_degrees is not False and _are_degrees(bounds)

    def facts(self) -> list[tuple[str, str]]:
        """Return bounds and area as pairs of label and value."""
        bounds = self.bounds()
        if bounds is None:
            return []
        facts = [("bounds", bounds_text(bounds, self.is_geographic))]
        if self.rings and self.is_geographic and self.has_area:
            facts.append(("area", area_text(abs(self.area_m2))))
        return facts

    def _in_degrees(self, points: Sequence[Point]) -> bool:
        return self.is_degrees is not False and bool(points) and in_degrees(points)


MOST_LATITUDE, MOST_LONGITUDE = 100.0, 720.0  # half a coarse pixel past a pole; a file that says more has no degrees


def _are_degrees(bounds: Bounds) -> bool:
    """Return whether bounds can be degrees: of longitudes to 360, and half a turn on where a line goes around."""
    return -TURN <= bounds[0] <= bounds[2] <= TURN + HALF and -90 <= bounds[1] <= bounds[3] <= 90


def around(spans: Sequence[tuple[float, float]], west: float, east: float) -> tuple[float, float]:
    """Return west and east of spans in degrees; east is more than 180 when the spans go over the antimeridian.

    They do when one of them does, or when some end at it and others begin there, as the parts of a cut shape do
    (RFC 7946, sections 3.1.9 and 5.2).
    """
    crosses = any((low < -HALF or high > HALF) and high - low > 0 and _crosses(low, high) for low, high in spans)
    touches = any(abs(high - HALF) <= TOUCH for _, high in spans) and any(abs(low + HALF) <= TOUCH for low, _ in spans)
    if not crosses and not touches:
        return west, east
    edges = sorted((low % TURN, min(high - low, TURN)) for low, high in spans)
    widest, begin, reached = 0.0, 0.0, edges[-1][0] + edges[-1][1] - TURN
    reached = max([reached, *(low + width - TURN for low, width in edges)])
    for low, width in edges:
        if low - reached > widest:
            widest, begin = low - reached, low
        reached = max(reached, low + width)
    if widest < LEAST_GAP:
        return -HALF, HALF
    begin -= TURN if begin >= HALF else 0
    return begin, begin + TURN - widest


def _crosses(low: float, high: float) -> bool:
    """Return whether a span has the antimeridian inside."""
    first = math.floor((low + HALF) / TURN)
    return high > first * TURN + HALF + TOUCH


def bounds_text(bounds: Bounds, is_geographic: bool) -> str:
    """Return bounds as text: `36.7° N to 38.9° N, 1.2° E to 2.0° E`, or plain numbers where they are not degrees."""
    west, south, east, north = bounds
    if is_geographic and max(abs(south), abs(north)) < MOST_LATITUDE and max(abs(west), abs(east)) < MOST_LONGITUDE:
        digits = digits_of(bounds)
        return (
            f"{latitude_text(south, digits)} to {latitude_text(north, digits)}, "
            f"{longitude_text(west, digits)} to {longitude_text(east, digits)}"
        )
    return f"x {number_text(west)} to {number_text(east)}, y {number_text(south)} to {number_text(north)}"


def area_text(area_m2: float) -> str:
    """Return an area in the unit that fits it."""
    if area_m2 >= 1e6:
        return f"{area_m2 / 1e6:,.0f} km²" if area_m2 >= 1e8 else f"{area_m2 / 1e6:.3g} km²"
    return f"{area_m2 / 1e4:.3g} ha" if area_m2 >= 1e4 else f"{area_m2:.0f} m²"


def digits_of(bounds: Bounds) -> int:
    """Return the decimals that show a hundredth of the larger side, five at most: a metre."""
    span = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    return 5 if span <= 0 else max(0, min(5, 2 - math.floor(math.log10(span))))


def latitude_text(value: float, digits: int) -> str:
    """Return a latitude in degrees, with its side."""
    return f"{_degrees(value, digits)}°{'S' if value < 0 else 'N'}"


def longitude_text(value: float, digits: int) -> str:
    """Return a longitude in degrees, with its side; more than 180 degrees east are degrees west."""
    value = value - TURN if HALF < value < TURN else value + TURN if -TURN < value < -HALF else value
    return f"{_degrees(value, digits)}°{'W' if value < 0 else 'E'}"


def number_text(value: float) -> str:
    """Return a coordinate that is not in degrees."""
    return f"{value:.7g}"


def _degrees(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
