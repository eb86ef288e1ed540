"""A variable: its axes with their coordinates, the type of its values, and how they lie in the file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.raster.cubes.calendars import date_words
from storage_tui.previews.table.dtypes import Dtype

LEAST_SIDE = 8  # pixels: a smaller array is a table, not a picture
MOST_BANDS = 16  # of a last axis that is no side of a picture
UINT, INT, FLOAT = 1, 2, 3  # as SampleFormat of TIFF
FORMS = {"b": INT, "h": INT, "i": INT, "q": INT, "B": UINT, "H": UINT, "I": UINT, "Q": UINT, "?": UINT,
         "e": FLOAT, "f": FLOAT, "d": FLOAT}  # fmt: skip
NORTH, EAST = ("lat", "latitude", "y", "northing", "nav_lat"), ("lon", "longitude", "x", "easting", "nav_lon")
REGULAR = 1e-3  # of a step: coordinates that differ less are evenly spaced, for they may be floats of 32 bits


@dataclass(frozen=True)
class Axis:
    """An axis: its name, its length, and its coordinates where these are known and few enough to be read."""

    name: str
    length: int
    values: tuple[float, ...] = ()
    units: str = ""
    calendar: str = "standard"

    @property
    def is_north(self) -> bool:
        """Whether the axis goes from south to north, or back."""
        return self.units.startswith(("degrees_n", "degree_n")) or self.name.lower() in NORTH

    @property
    def is_east(self) -> bool:
        """Whether the axis goes from west to east, or back."""
        return self.units.startswith(("degrees_e", "degree_e")) or self.name.lower() in EAST

    @property
    def is_in_degrees(self) -> bool:
        """Whether its coordinates are longitudes or latitudes."""
        return self.units.startswith("degree") and (self.is_north or self.is_east)

    @property
    def step(self) -> float | None:
        """The distance of two coordinates; None where they are not evenly spaced."""
        count = len(self.values)
        if count < 2 or count != self.length or not all(map(math.isfinite, self.values)):
            return None
        step = (self.values[-1] - self.values[0]) / (count - 1)
        first = self.values[0]
        is_even = all(abs(value - first - at * step) <= REGULAR * abs(step) for at, value in enumerate(self.values))
        return step if step and is_even else None

    def words(self, index: int) -> str:
        """Return the coordinate at an index for people: a date, or a number with its unit; empty without any."""
        if index >= len(self.values):
            return ""
        value = self.values[index]
        date = date_words(value, self.units, self.calendar)
        return date or f"{value:.6g}{' ' if self.units else ''}{visible(self.units, limit=24)}"


@dataclass(frozen=True)
class Plain:
    """Values in one piece: the first is at byte `begin`, the next along each axis so many bytes further."""

    begin: int
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Chunked:
    """Values in chunks of these sides, each packed by filters of HDF5, which are names with a number each, or by codecs
    of Zarr, in the order of packing. `strides` are the steps in bytes in a chunk; none where the last axis is fastest.
    """

    sides: tuple[int, ...]
    filters: tuple[tuple[str, int], ...] = ()
    codecs: tuple[tuple[str, dict[str, Any]], ...] = ()
    strides: tuple[int, ...] = ()


@dataclass(frozen=True)
class Variable:
    """A variable with two axes or more. `code` is the struct format of a value, its byte order in front."""

    name: str
    axes: tuple[Axis, ...]
    code: str
    layout: Plain | Chunked
    nodata: float | None = None
    fill: float = 0
    units: str = ""
    facts: tuple[tuple[str, str], ...] = field(default=())
    epsg: int | None = None

    @property
    def sample_format(self) -> int:
        """The kind of its values, as SampleFormat of TIFF."""
        return FORMS[self.code[1]]

    @property
    def bands_last(self) -> int:
        """The number of bands that lie side by side on the last axis; 0 where that axis is none of bands."""
        count = self.axes[-1].length
        if len(self.axes) != 3 or not 1 < count <= MOST_BANDS or count >= min(self.axes[0].length, self.axes[1].length):
            return 0
        if isinstance(self.layout, Chunked):
            return count if self.layout.sides[-1] == count else 0
        is_side_by_side = self.layout.strides[-1] < min(self.layout.strides[:2])
        return count if is_side_by_side and not self.axes[-1].values else 0

    @property
    def plane(self) -> tuple[int, int]:
        """The numbers of the axes that are shown: the one from top to bottom, and the one from left to right."""
        north = next((at for at, axis in enumerate(self.axes) if axis.is_north), None)
        east = next((at for at, axis in enumerate(self.axes) if axis.is_east), None)
        if north is not None and east is not None and north != east:
            return north, east
        last = len(self.axes) - (1 if self.bands_last else 0)
        return last - 2, last - 1

    @property
    def pixels(self) -> int:
        """The number of pixels of a slice; 0 for a variable that is no picture."""
        if len(self.axes) < 2 or not all(axis.length for axis in self.axes):
            return 0
        sides = [self.axes[at].length for at in self.plane]
        return sides[0] * sides[1] if min(sides) >= LEAST_SIDE else 0


def code_of(kind: Dtype) -> str | None:
    """Return the struct format of plain numbers that are drawn; None for any other type."""
    return kind.code.replace("?", "B") if kind.code is not None and kind.code[1] in FORMS else None


def first_of(variables: Sequence[Variable]) -> Variable | None:
    """Return the variable that is shown first: the one with the most pixels, of those the one with the most slices."""
    drawn = [variable for variable in variables if variable.pixels]
    return max(drawn, key=lambda one: (one.pixels, len(one.axes)), default=None)
