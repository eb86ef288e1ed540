"""Coordinates brought to degrees as they are taken: those of one feature after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from storage_tui.previews.projections import Bounds, Projection, projection_of_code, projection_of_text
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.reference import Reference
from storage_tui.previews.vector.rings import HALF, in_degrees, unwrapped

POINT, LINE, RING = 0, 1, 2
MOST_LONGITUDE, MOST_LATITUDE = 540.0, 90.0
Part = tuple[int, list[Point]]


@dataclass
class Placing:
    """What is done with the coordinates of a layer: nothing to degrees, or a projection undone.

    `is_plane` says that the coordinates stay those of a plane: their system is not known here, or there is none and the
    values are no degrees.
    """

    reference: Reference | None
    projection: Projection | None = None
    is_plane: bool = False

    @classmethod
    def of(cls, reference: Reference | None) -> "Placing":
        """Return the placing of a reference system."""
        if reference is None or reference.is_geographic:
            return cls(reference)
        projection = None if reference.epsg is None else projection_of_code(reference.epsg)
        projection = projection or projection_of_text(reference.definition)
        is_open = reference.is_geographic is None and reference.epsg is None and not reference.definition
        return cls(reference, projection, is_plane=projection is None and not is_open)

    @property
    def is_open(self) -> bool:
        """Whether the values decide if they are degrees."""
        return not self.is_plane and self.projection is None and not (self.reference and self.reference.is_geographic)

    def plane_box(self, box: Bounds) -> Bounds | None:
        """Return a box in degrees in the coordinates of the file; None where that is not known."""
        if self.is_plane:
            return None
        return box if self.projection is None else self.projection.plane_of_box(box)

    def degrees_box(self, box: Bounds) -> Bounds | None:
        """Return a box of the file in degrees; None where that is not known."""
        if self.is_plane:
            return None
        return box if self.projection is None else self.projection.degrees_of_box(box)


@dataclass
class Taken:
    """The parts of one feature; it takes shapes as `Shapes` does."""

    placing: Placing
    parts: list[Part] = field(default_factory=list)
    has_area: bool = True

    def add_polygon(self, rings: Sequence[Sequence[Point]]) -> None:
        """Take one polygon."""
        for ring in rings:
            if ring:
                self._add(RING, ring if ring[0] == ring[-1] else [*ring, ring[0]])

    def add_path(self, path: Sequence[Point]) -> None:
        """Take one line."""
        if path:
            self._add(LINE, path)

    def add_point(self, point: Point) -> None:
        """Take one point."""
        self._add(POINT, [point])

    def _add(self, kind: int, points: Sequence[Point]) -> None:
        placing = self.placing
        if placing.projection is not None:
            to_degrees = placing.projection.to_degrees
            found = [pair for x, y in points if (pair := to_degrees(x, y)) is not None]
        else:
            found = list(points)
            if not placing.is_plane and not in_degrees(found):
                if placing.is_open:
                    placing.is_plane = True
                else:  # a file that states degrees has no place for these
                    found = [(x, y) for x, y in found if abs(x) <= MOST_LONGITUDE and abs(y) <= MOST_LATITUDE]
        if not found:
            return
        if not placing.is_plane and len(found) > 1 and _jumps(found):
            found = unwrapped(found)
        self.parts.append((kind, found))


def _jumps(points: list[Point]) -> bool:
    xs = [x for x, _ in points]
    return max(xs) - min(xs) > HALF
