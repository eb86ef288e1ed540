"""A layer: its features as arrays, their properties, the feature at a place."""

import itertools
import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from storage_tui.previews.decoding.features.packing import unpack_levels
from storage_tui.previews.decoding.features.placing import MOST_LONGITUDE, POINT, RING
from storage_tui.previews.decoding.features.thinning import Level
from storage_tui.previews.projections import Bounds
from storage_tui.previews.vector.rings import in_degrees, ring_area

KINDS = ("point", "line", "area")  # by the numbers of the parts
TEXT_FIELDS = ("name", "title", "label", "id")  # what a label is made of where a layer has them


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a layer besides its features.

    `total` is the number of features in the file, None where the file does not say it. `is_all` says that all of them
    were read, or all of the box. `is_plane` says that coordinates are no degrees. `bounds` are those that the file
    states, in the same units. `can_window` says that the features of a box can be read, `detail` is of which detail
    the features are, where a file has several, and `is_cut` that there are more of this detail.
    """

    total: int | None
    is_all: bool
    problem: str
    is_plane: bool
    reference: str
    epsg: int | None
    definition: str
    fields: tuple[str, ...]
    bounds: Bounds | None
    can_window: bool
    detail: str = ""
    is_cut: bool = False


@dataclass
class Features:
    """The features of a layer. `boxes` are four numbers for each feature; NaN for one without a shape."""

    told: Told
    levels: list[Level]
    ends: "array[int]"
    values: bytes
    boxes: "array[float]" = field(default_factory=lambda: array("d"))
    count: int = 0
    bounds: Bounds | None = None  # of the features that were read; None without shapes

    @classmethod
    def unpacked(cls, told: dict[str, Any], raw: bytes) -> "Features":
        """Return the features in an answer of the decoder."""
        ends_bytes, values_bytes = told["sizes"]
        ends = array("I")
        ends.frombytes(raw[:ends_bytes])
        reference = told["reference"]
        bounds = told.get("bounds")
        facts = Told(
            told["total"], bool(told["is_all"]), str(told["problem"]), bool(told["is_plane"]),
            "" if reference is None else str(reference[0]), None if reference is None else reference[2],
            str(told["definition"]), tuple(told["fields"]),
            None if not bounds else _bounds(bounds, is_plane=bool(told["is_plane"])), bool(told.get("can_window")),
            str(told.get("detail", "")), bool(told.get("is_cut")),
        )  # fmt: skip
        values = raw[ends_bytes : ends_bytes + values_bytes]
        found = cls(facts, unpack_levels(told["levels"], raw, ends_bytes + values_bytes), ends, values)
        found.count = int(told["count"])
        found.measure()
        return found

    def measure(self) -> None:
        """Take the box of each feature, and of all, from their pieces."""
        nan = float("nan")
        boxes = array("d", [nan]) * (4 * self.count)
        level = self.levels[0]
        for at, owner in enumerate(level.owners):
            west, south, east, north = level.boxes[4 * at : 4 * at + 4]
            place = 4 * owner
            if boxes[place] != boxes[place]:
                boxes[place : place + 4] = array("d", (west, south, east, north))
                continue
            boxes[place] = min(boxes[place], west)
            boxes[place + 1] = min(boxes[place + 1], south)
            boxes[place + 2] = max(boxes[place + 2], east)
            boxes[place + 3] = max(boxes[place + 3], north)
        self.boxes = boxes
        every = level.boxes
        if every:
            self.bounds = min(every[0::4]), min(every[1::4]), max(every[2::4]), max(every[3::4])

    def in_degrees(self, levels: list[Level]) -> "Features":
        """Return the same features at other places, in degrees."""
        found = replace(self, told=replace(self.told, is_plane=False, bounds=None, can_window=False), levels=levels)
        found.measure()
        before, after = self.bounds, found.bounds
        if before is not None and after is not None:
            was = max(before[2] - before[0], before[3] - before[1])
            now = max(after[2] - after[0], after[3] - after[1])
            for level in levels:
                level.tolerance *= now / was if was else 0.0
        return found

    def box_of(self, feature: int) -> Bounds | None:
        """Return the bounds of a feature; None for one without a shape."""
        west, south, east, north = self.boxes[4 * feature : 4 * feature + 4]
        return None if west != west else (west, south, east, north)

    def properties(self, feature: int) -> dict[str, str]:
        """Return the properties of a feature as texts, not escaped."""
        start = self.ends[feature - 1] if feature else 0
        raw = self.values[start : self.ends[feature]]
        found = json.loads(raw) if raw else {}
        return {str(name): str(value) for name, value in found.items()}

    def label(self, feature: int, name: str | None) -> str:
        """Return the value of a property; without a name that of the usual ones, else the first with letters."""
        found = self.properties(feature)
        if name is not None:
            return found.get(name, "")
        usual = {key.lower(): value for key, value in found.items()}
        for key in TEXT_FIELDS:
            if usual.get(key):
                return usual[key]
        return next((value for value in found.values() if any(sign.isalpha() for sign in value)), "")

    def parts(self, feature: int) -> list[tuple[int, list[tuple[float, float]]]]:
        """Return kind and positions of each piece of a feature, pieces of one line in one."""
        level = self.levels[0]
        found: list[tuple[int, list[tuple[float, float]]]] = []
        for at in _owned(level, feature):
            start, stop = level.starts[at], level.starts[at + 1]
            flat = level.places[2 * start : 2 * stop]
            points = list(zip(flat[0::2], flat[1::2], strict=True))
            if found and found[-1][0] == level.kinds[at] != POINT and found[-1][1][-1] == points[0]:
                found[-1][1].extend(points[1:])
            else:
                found.append((level.kinds[at], points))
        return found

    @property
    def kind(self) -> str:
        """The kind of the first shape: `area`, `line` or `point`; "" without shapes."""
        kinds = self.levels[0].kinds
        return KINDS[kinds[0]] if kinds else ""

    def kind_of(self, feature: int) -> str:
        """Return `area`, `line` or `point`, the highest of its parts; "" without a shape."""
        level = self.levels[0]
        kinds = {level.kinds[at] for at in _owned(level, feature)}
        return KINDS[max(kinds)] if kinds else ""

    def area_m2(self, feature: int) -> float | None:
        """Return the area of a feature in degrees on the sphere; None without one."""
        rings = [points for kind, points in self.parts(feature) if kind == RING]
        if not rings or self.told.is_plane or not all(in_degrees(ring) for ring in rings):
            return None
        found = [(ring_area(ring), ring) for ring in rings if len(ring) > 3]
        return sum(-area if _is_hole(ring, rings) else area for area, ring in found)

    def at(self, x: float, y: float, reach: tuple[float, float]) -> int | None:
        """Return the feature at a place: the smallest area around it, or what lies within `reach` of it."""
        best: tuple[float, int] | None = None
        for feature in range(self.count):
            west, south, east, north = self.boxes[4 * feature : 4 * feature + 4]
            if not (west - reach[0] <= x <= east + reach[0] and south - reach[1] <= y <= north + reach[1]):
                continue
            if not self._hits(feature, x, y, reach):
                continue
            size = (east - west) * (north - south)
            if best is None or size < best[0]:
                best = size, feature
        return None if best is None else best[1]

    def _hits(self, feature: int, x: float, y: float, reach: tuple[float, float]) -> bool:
        is_inside = False
        for kind, points in self.parts(feature):
            before = points[-1]
            for place in points:
                if abs(place[0] - x) <= reach[0] and abs(place[1] - y) <= reach[1]:
                    return True
                if kind != POINT and place is not points[0] and _is_near(before, place, (x, y), reach):
                    return True
                if kind == RING and (before[1] > y) != (place[1] > y):
                    across = before[0] + (y - before[1]) / (place[1] - before[1]) * (place[0] - before[0])
                    is_inside ^= x < across
                before = place
        return is_inside


def _bounds(told: Sequence[float], *, is_plane: bool) -> Bounds | None:
    """Return the bounds that a file states; None for degrees that are none."""
    west, south, east, north = told
    if not is_plane and not (-MOST_LONGITUDE <= west <= east <= MOST_LONGITUDE and -90 <= south <= north <= 90):
        return None
    return west, south, east, north


def _owned(level: Level, feature: int) -> range:
    """Return the pieces of a feature, which lie together and in the order of the features."""
    low, high = 0, len(level.owners)
    while low < high:
        middle = (low + high) // 2
        if level.owners[middle] < feature:
            low = middle + 1
        else:
            high = middle
    stop = low
    while stop < len(level.owners) and level.owners[stop] == feature:
        stop += 1
    return range(low, stop)


def _is_hole(ring: list[tuple[float, float]], rings: list[list[tuple[float, float]]]) -> bool:
    """Return whether an odd number of the other rings go around the first position of a ring."""
    x, y = ring[0]
    count = 0
    for other in rings:
        if other is ring:
            continue
        is_inside = False
        for (x0, y0), (x1, y1) in itertools.pairwise(other):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                is_inside = not is_inside
        count += is_inside
    return count % 2 == 1


def _is_near(
    start: tuple[float, float], stop: tuple[float, float], place: tuple[float, float], reach: tuple[float, float]
) -> bool:
    """Return whether a line passes a place, in units of the reach."""
    x0, y0 = (start[0] - place[0]) / reach[0], (start[1] - place[1]) / reach[1]
    x1, y1 = (stop[0] - place[0]) / reach[0], (stop[1] - place[1]) / reach[1]
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    share = 0.0 if not length else max(0.0, min(1.0, -(x0 * dx + y0 * dy) / length))
    return (x0 + share * dx) ** 2 + (y0 + share * dy) ** 2 <= 1
