"""What a window shows: its style, and the picture in cells with the statistics of what was drawn."""

from dataclasses import dataclass, replace
from functools import cached_property

from storage_tui.previews.decoding.painting.cells import CELL_BYTES
from storage_tui.previews.raster.windows.view import View

Limits = tuple[tuple[float, float], ...]
LEFT, RIGHT = 0b0101, 0b1010  # the quadrants of a cell on its left and on its right, by their bits in a sign
UPPER = 0b0011


@dataclass(frozen=True, slots=True)
class Style:
    """How samples become colours: one band or three, a stretch, a ramp for one band, and limits that are kept.

    `relief` asks for hill shade of one band: the size of a pixel of the raster across and down, in the unit of heights.
    """

    bands: tuple[int, ...]
    stretch: str
    ramp: str | None = None
    limits: Limits | None = None
    relief: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class BandFacts:
    """The values of one band in view: their number, statistics, limits of the stretch, and histogram between these."""

    count: int
    least: float
    most: float
    mean: float
    deviation: float
    limits: tuple[float, float]
    bins: tuple[int, ...]


@dataclass(frozen=True)
class Picture:
    """The cells of a view, row by row, and what is true of them.

    `factor` is the size of the pixels that were drawn, in pixels at full resolution. `is_sharp` says that no level fits
    the view better, `share` which part of the view was drawn: less than 1 where it was too much to read. `row_step`
    rows of pixels show the same row of an array, where each row would be too much. `empty` of `pixels` had no value.
    `is_natural` says that the colours are the raster's own.
    """

    view: View
    cells: bytes
    across: int
    factor: float = 1.0
    is_sharp: bool = True
    share: float = 1.0
    pixels: int = 0
    empty: int = 0
    is_natural: bool = False
    bands: tuple[BandFacts, ...] = ()
    damaged: tuple[int, int] | None = None
    row_step: int = 1
    exaggeration: float = 0.0  # of heights, by hill shade; 0 without it

    @cached_property
    def limits(self) -> Limits:
        """The limits of the stretch, for each band."""
        return tuple(band.limits for band in self.bands)

    def seen_from(self, view: View, ground: bytes, behind: "Picture | None" = None) -> "Picture":
        """Return these cells as another view shows them, until that view has its own.

        Outside of them are those of `behind`, a picture of the same view, or the colour `ground`.
        """
        old, size = self.view, view.columns * view.rows
        back = (b"\x00" + ground * 2) * size if behind is None else behind.cells
        if view.scale == old.scale and (whole := self._whole_cells(view)) is not None:
            return self._with(view, self._shifted(view, whole, back))
        stride = old.columns * CELL_BYTES
        places: list[tuple[int, int] | None] = []
        for column in range(view.columns):
            at = (view.left + (column + 0.5) * view.scale - old.left) / old.scale
            places.append((int(at) * CELL_BYTES, LEFT if at % 1 < 0.5 else RIGHT) if 0 <= at < old.columns else None)
        halves: list[tuple[int, int] | None] = []
        for half in range(view.rows * 2):
            at = (view.top + (half + 0.5) * view.scale - old.top) / (2 * old.scale)
            halves.append((int(at) * stride, UPPER if at % 1 < 0.5 else ~UPPER) if 0 <= at < old.rows else None)
        cells, kept = bytearray(), self.cells
        for row in range(view.rows):
            upper, lower = halves[2 * row], halves[2 * row + 1]
            for column, place in enumerate(places):
                if place is None or upper is None or lower is None:
                    at_back = (row * view.columns + column) * CELL_BYTES
                    cells += back[at_back : at_back + CELL_BYTES]
                    continue
                above = _colour(kept, upper[0] + place[0], upper[1] & place[1])
                below = _colour(kept, lower[0] + place[0], lower[1] & place[1])
                cells += (b"\x00" if above == below else b"\x03") + above + below
        return self._with(view, bytes(cells))

    def _with(self, view: View, cells: bytes) -> "Picture":
        """Return these facts with other cells, which are not sharp."""
        return replace(self, view=view, cells=cells, is_sharp=False)

    def _whole_cells(self, view: View) -> tuple[int, int] | None:
        """Return by how many whole cells another view of the same scale lies to the right and below; else None."""
        across = (view.left - self.view.left) / view.scale
        down = (view.top - self.view.top) / (2 * view.scale)
        whole = round(across), round(down)
        return whole if abs(across - whole[0]) < 0.01 and abs(down - whole[1]) < 0.01 else None

    def _shifted(self, view: View, by: tuple[int, int], back: bytes) -> bytes:
        wide, stride = view.columns * CELL_BYTES, self.view.columns * CELL_BYTES
        before = max(0, min(view.columns, -by[0])) * CELL_BYTES
        first = max(0, by[0]) * CELL_BYTES
        count = max(0, min(stride - first, wide - before))
        rows = []
        for row in range(view.rows):
            old, empty = row + by[1], back[row * wide : (row + 1) * wide]
            if not 0 <= old < self.view.rows or not count:
                rows.append(empty)
                continue
            start = old * stride + first
            rows.append(empty[:before] + self.cells[start : start + count] + empty[before + count :])
        return b"".join(rows)


def _colour(cells: bytes, at: int, quadrant: int) -> bytes:
    """Return the colour of a quadrant of the cell at this byte."""
    return cells[at + 1 : at + 4] if cells[at] & quadrant else cells[at + 4 : at + 7]
