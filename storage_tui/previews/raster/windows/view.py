"""The view on a raster: the corner at its upper left and the scale, in pixels of the raster at full resolution.

A cell of a terminal is about twice as high as wide. `scale` counts the pixels of the raster along the width of a cell,
so a cell shows `scale` by `2 * scale` of them.
"""

from dataclasses import dataclass, replace

MOST_ZOOM = 16  # a pixel of the raster is at most so many cells wide
MARGIN = 0.5  # of the view: the middle of the view never leaves the raster
EVEN = 2.0  # a zoom step doubles or halves


@dataclass(frozen=True, slots=True)
class View:
    """A view of `columns` by `rows` cells on a raster of `width` by `height` pixels."""

    width: int
    height: int
    columns: int
    rows: int
    left: float = 0.0
    top: float = 0.0
    scale: float = 1.0

    @property
    def fitting_scale(self) -> float:
        """The scale at which the whole raster is in view."""
        return max(self.width / self.columns, self.height / (2 * self.rows), 1 / MOST_ZOOM)

    @property
    def middle(self) -> tuple[float, float]:
        """Column and row of the raster in the middle of the view."""
        return self.left + self.columns * self.scale / 2, self.top + self.rows * self.scale

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Column, row, width and height of the pixels in view, without what is outside of the raster."""
        left, top = max(0, int(self.left)), max(0, int(self.top))
        right = min(self.width, -int(-(self.left + self.columns * self.scale) // 1))
        bottom = min(self.height, -int(-(self.top + self.rows * 2 * self.scale) // 1))
        return left, top, max(0, right - left), max(0, bottom - top)

    def fit(self) -> "View":
        """Return the view on the whole raster."""
        return replace(self, scale=self.fitting_scale).centred(self.width / 2, self.height / 2)

    def resized(self, columns: int, rows: int) -> "View":
        """Return a view of another size on the same place; a view on the whole raster stays one."""
        if self.is_fit:
            return replace(self, columns=columns, rows=rows).fit()
        return replace(self, columns=columns, rows=rows).centred(*self.middle)

    @property
    def is_fit(self) -> bool:
        """Whether this is the view on the whole raster."""
        return self.scale == self.fitting_scale

    def centred(self, x: float, y: float) -> "View":
        """Return the view with this place of the raster in its middle."""
        x, y = max(0.0, min(float(self.width), x)), max(0.0, min(float(self.height), y))
        return replace(self, left=x - self.columns * self.scale / 2, top=y - self.rows * self.scale)

    def moved(self, columns: int, rows: int) -> "View":
        """Return the view so many cells to the right and down, as far as its middle stays on the raster."""
        x, y = self.middle
        across, down = columns * self.scale, rows * 2 * self.scale
        if not -MARGIN <= x + across <= self.width + MARGIN:
            across = 0.0
        if not -MARGIN <= y + down <= self.height + MARGIN:
            down = 0.0
        return replace(self, left=self.left + across, top=self.top + down)

    def has(self, cell: tuple[int, int]) -> bool:
        """Return whether a cell is in view."""
        return 0 <= cell[0] < self.columns and 0 <= cell[1] < self.rows

    def zoomed(self, factor: float, cell: tuple[int, int] | None = None) -> "View":
        """Return the view with another scale; the place under `cell`, by default the middle, stays where it is."""
        scale = max(1 / MOST_ZOOM, min(self.fitting_scale * EVEN, self.scale * factor))
        if cell is None:
            return replace(self, scale=scale).centred(*self.middle)
        x, y = self.left + (cell[0] + 0.5) * self.scale, self.top + (cell[1] * 2 + 1) * self.scale
        return replace(self, scale=scale, left=x - (cell[0] + 0.5) * scale, top=y - (cell[1] * 2 + 1) * scale)

    def pixel_at(self, column: int, row: int) -> tuple[int, int] | None:
        """Return column and row of the raster under the middle of a cell; None outside of the raster."""
        x = int((self.left + (column + 0.5) * self.scale) // 1)
        y = int((self.top + (row * 2 + 1) * self.scale) // 1)
        return (x, y) if 0 <= x < self.width and 0 <= y < self.height else None

    def cell_of(self, x: int, y: int) -> tuple[int, int]:
        """Return the cell that shows the middle of a pixel; the cell may be out of view."""
        return int((x + 0.5 - self.left) / self.scale // 1), int((y + 0.5 - self.top) / (2 * self.scale) // 1)
