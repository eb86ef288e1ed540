"""Lines with fewer positions for the smaller scales, in short pieces with their boxes.

A piece has few positions, so that a paint of a small window looks at the boxes of all pieces and at the positions of
few. A level keeps the positions of a line that lie farther from the last one kept than its tolerance; the next one has
three times the tolerance.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

PIECE = 48  # positions; the box of a piece is looked at in each paint
LEVELS = 6
STEP = 3.0  # from one tolerance to the next
FINEST = 8192  # of the first thinned level: the layer is so many tolerances wide
WORTH = 0.6  # a level with more of the positions before is left out


@dataclass
class Level:
    """Pieces of lines: `places` are x and y in turn, `starts` the first position of each piece and one past the last.

    `owners` are the features of the pieces, `kinds` those of `placing`, `boxes` four numbers for each piece.
    """

    tolerance: float
    places: "array[float]" = field(default_factory=lambda: array("d"))
    starts: "array[int]" = field(default_factory=lambda: array("I", [0]))
    owners: "array[int]" = field(default_factory=lambda: array("I"))
    kinds: bytearray = field(default_factory=bytearray)
    boxes: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, owner: int, kind: int, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Add a line as pieces; each begins where the one before ended."""
        count = len(xs)
        if count <= PIECE:
            self._piece(owner, kind, xs, ys)
            return
        for start in range(0, max(1, count - 1), PIECE - 1):
            self._piece(owner, kind, xs[start : start + PIECE], ys[start : start + PIECE])

    def _piece(self, owner: int, kind: int, xs: Sequence[float], ys: Sequence[float]) -> None:
        self.places.extend(chain.from_iterable(zip(xs, ys, strict=True)))
        self.starts.append(len(self.places) // 2)
        self.owners.append(owner)
        self.kinds.append(kind)
        self.boxes.extend((min(xs), min(ys), max(xs), max(ys)))

    @property
    def positions(self) -> int:
        """The number of positions."""
        return len(self.places) // 2


Line = tuple[int, int, list[float], list[float]]  # owner, kind, xs, ys


def levels_of(lines: Sequence[Line], extent: float) -> list[Level]:
    """Return the lines as they are, and thinned versions, the finest first, of a layer so many units wide or high."""
    found = [Level(0.0)]
    for owner, kind, xs, ys in lines:
        found[0].add(owner, kind, xs, ys)
    now = list(lines)
    for number in range(LEVELS):
        tolerance = extent / FINEST * STEP**number
        if not tolerance:
            break
        now = [(owner, kind, *_thinned(xs, ys, tolerance)) for owner, kind, xs, ys in now]
        if sum(len(xs) for _, _, xs, _ in now) > WORTH * found[-1].positions:
            continue
        level = Level(tolerance)
        for owner, kind, xs, ys in now:
            level.add(owner, kind, xs, ys)
        found.append(level)
    return found


def _thinned(xs: list[float], ys: list[float], tolerance: float) -> tuple[list[float], list[float]]:
    if len(xs) < 3:
        return xs, ys
    x0, y0 = xs[0], ys[0]
    across, up = [x0], [y0]
    for x, y in zip(xs, ys, strict=True):
        if not (-tolerance < x - x0 < tolerance and -tolerance < y - y0 < tolerance):
            across.append(x)
            up.append(y)
            x0, y0 = x, y
    if (across[-1], up[-1]) != (xs[-1], ys[-1]):
        across.append(xs[-1])
        up.append(ys[-1])
    return across, up
