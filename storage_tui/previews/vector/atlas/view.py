"""The view on a map: the place in its middle and the scale. A cell has two by four dots, which are about square.

x and y are degrees, or the coordinates of a plane. `scale` is the height of a dot in these units; a dot is
`scale * stretch` units wide, so that shapes in degrees look as they do on the ground around the middle of the view.
"""

import math
from dataclasses import dataclass, replace

from storage_tui.previews.projections import Bounds

DOTS_ACROSS, DOTS_DOWN = 2, 4
MARGIN = 1.06  # of a fitted view: shapes do not touch its edge
LEAST_SCALE = 1e-9  # a tenth of a millimetre
MOST_STRETCH = 20.0
POINT_SCALE = 0.0005  # of a fit to one point: about 50 m to a dot
STEADY = 0.05  # a stretch that differs by less stays: the cells of the view before can be moved


@dataclass(frozen=True, slots=True)
class MapView:
    """A view of `columns` by `rows` cells."""

    columns: int
    rows: int
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    stretch: float = 1.0
    is_plane: bool = False

    @property
    def width(self) -> int:
        """The width in dots."""
        return self.columns * DOTS_ACROSS

    @property
    def height(self) -> int:
        """The height in dots."""
        return self.rows * DOTS_DOWN

    @property
    def bounds(self) -> Bounds:
        """Least x, least y, most x and most y in view."""
        across, up = self.width * self.scale * self.stretch / 2, self.height * self.scale / 2
        return self.x - across, self.y - up, self.x + across, self.y + up

    def fit(self, bounds: Bounds) -> "MapView":
        """Return the view on these bounds, all of them."""
        west, south, east, north = bounds
        found = replace(self, x=(west + east) / 2, y=(south + north) / 2)
        found = replace(found, stretch=found.own_stretch)
        across = (east - west) / (self.width * found.stretch)
        scale = max(across, (north - south) / self.height) * MARGIN
        if not scale:
            scale = POINT_SCALE if not self.is_plane else 1.0
        return replace(found, scale=max(LEAST_SCALE, scale))

    @property
    def own_stretch(self) -> float:
        """The degrees of longitude that are as long as a degree of latitude in the middle of the view."""
        if self.is_plane:
            return 1.0
        return min(MOST_STRETCH, 1 / max(1e-9, math.cos(math.radians(max(-90.0, min(90.0, self.y))))))

    def centred(self, x: float, y: float) -> "MapView":
        """Return the view with a place in its middle."""
        if not self.is_plane:
            y = max(-90.0, min(90.0, y))
        moved = replace(self, x=x, y=y)
        wanted = moved.own_stretch
        return moved if abs(wanted / self.stretch - 1) <= STEADY else replace(moved, stretch=wanted)

    def moved(self, columns: int, rows: int) -> "MapView":
        """Return the view so many cells to the right and down."""
        return self.centred(
            self.x + columns * DOTS_ACROSS * self.scale * self.stretch, self.y - rows * DOTS_DOWN * self.scale
        )

    def resized(self, columns: int, rows: int) -> "MapView":
        """Return a view of another size on the same place."""
        return replace(self, columns=columns, rows=rows)

    def zoomed(self, factor: float, cell: tuple[int, int] | None = None) -> "MapView":
        """Return the view at another scale; the place under `cell`, by default the middle, stays where it is."""
        most = 720.0 / max(1, self.height) if not self.is_plane else math.inf
        scale = max(LEAST_SCALE, min(most, self.scale * factor))
        if cell is None:
            return replace(self, scale=scale)
        x, y = self.place_of(cell)
        kept = replace(self, scale=scale)
        now = kept.place_of(cell)
        moved = kept.centred(self.x + x - now[0], self.y + y - now[1])
        now = moved.place_of(cell)  # the stretch may be another one here
        return replace(moved, x=moved.x + x - now[0], y=moved.y + y - now[1])

    def place_of(self, cell: tuple[int, int]) -> tuple[float, float]:
        """Return the place in the middle of a cell."""
        across = (cell[0] + 0.5) * DOTS_ACROSS - self.width / 2
        down = (cell[1] + 0.5) * DOTS_DOWN - self.height / 2
        return self.x + across * self.scale * self.stretch, self.y - down * self.scale

    def cell_of(self, x: float, y: float) -> tuple[int, int]:
        """Return the cell that shows a place; it may be out of view."""
        across = (x - self.x) / (self.scale * self.stretch) + self.width / 2
        down = (self.y - y) / self.scale + self.height / 2
        return int(across // DOTS_ACROSS), int(down // DOTS_DOWN)

    def has(self, cell: tuple[int, int]) -> bool:
        """Return whether a cell is in view."""
        return 0 <= cell[0] < self.columns and 0 <= cell[1] < self.rows

    def shift_to(self, other: "MapView") -> tuple[int, int] | None:
        """Return by how many whole cells to the right and down `other` lies, None where it is no plain move."""
        same = (self.columns, self.rows, self.scale, self.stretch) == (
            other.columns, other.rows, other.scale, other.stretch,
        )  # fmt: skip
        if not same:
            return None
        across = (other.x - self.x) / (self.scale * self.stretch * DOTS_ACROSS)
        down = (self.y - other.y) / (self.scale * DOTS_DOWN)
        if abs(across) > self.columns or abs(down) > self.rows:
            return None
        return round(across), round(down)
