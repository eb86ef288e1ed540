"""An open raster: its levels from the largest to the smallest, its place on the earth, its facts, and its steps."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

from storage_tui.previews.decoding.tiff.turning import seen_size
from storage_tui.previews.projections import to_degrees
from storage_tui.previews.raster.geokeys import Georeference
from storage_tui.previews.raster.picture import Blocks

ArrayKind = Literal["npy", "netcdf", "hdf5", "zarr", "icechunk"]


@dataclass(frozen=True)
class Layer:
    """One level, or the mask of one: its name in its store, its blocks, and its layout in the decoder's form."""

    name: Hashable
    blocks: Blocks
    told: dict[str, Any]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as the level is seen."""
        return seen_size(int(self.told["turned"]), int(self.told["width"]), int(self.told["height"]))

    @property
    def width(self) -> int:
        """The width in pixels as the level is seen."""
        return self.size[0]

    @property
    def height(self) -> int:
        """The height in pixels as the level is seen."""
        return self.size[1]


@dataclass(frozen=True)
class LevelOfScene:
    """A level: its pixels, their mask, and how many pixels at full resolution one of its pixels stands for."""

    pixels: Layer
    mask: Layer | None
    across: float
    down: float


@dataclass(frozen=True)
class Step:
    """A further axis of an array: its name, the index that is shown, the indexes there are, and the index in words."""

    name: str
    index: int
    count: int
    words: str = ""


@dataclass(frozen=True)
class Cut:
    """Where a slice lies in its array: an index for each axis, None for the two that are shown, from top to bottom and
    from left to right; all of a last axis of bands. `kind` is the kind of file."""

    kind: ArrayKind
    indexes: tuple[int | None, ...]
    down: int
    across: int
    is_from_below: bool
    has_bands: bool


@dataclass(frozen=True)
class Tiling:
    """Where the pixels of map tiles lie in the tiling of the world, at the largest zoom.

    `column` and `row` are those of the first tile, `side` is that of a tile in pixels. `bounds` are stated in degrees.
    """

    form: str
    zoom: int
    column: int
    row: int
    side: int
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """A raster: its levels from the largest on, its place, its facts, and the steps along the axes of an array.

    `lacks_mask` says that its mask could not be reached. `cut` is that of a slice of an array, whose blocks are rows or
    chunks without overviews: fewer rows make a coarser picture. `name` is the variable, not escaped.
    """

    levels: tuple[LevelOfScene, ...]
    place: Georeference | None = None
    lacks_mask: bool = False
    facts: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = ()
    name: str = ""
    units: str = ""
    cut: Cut | None = None
    is_tiff: bool = False
    geo: tuple[tuple[int, ...], tuple[float, ...], bytes] | None = None
    """The keys of a GeoTIFF with their numbers and texts, as they are in the file."""
    tiling: Tiling | None = None

    @property
    def is_array(self) -> bool:
        """Whether this is a slice of an array."""
        return self.cut is not None

    @property
    def main(self) -> Layer:
        """The level at full resolution."""
        return self.levels[0].pixels

    @property
    def bands(self) -> int:
        """The number of bands, opacity included."""
        return int(self.main.told["bands"])

    @property
    def natural_bands(self) -> tuple[int, ...]:
        """The bands of the picture that a preview shows."""
        told = self.main.told
        return tuple(told["shown"] if told["colours"] != "cmyk" else told["shown"][:4])

    @property
    def is_in_bytes(self) -> bool:
        """Whether the samples are colours as they are."""
        told = self.main.told
        return told["colours"] in ("rgb", "ycbcr") and told["bits"] == 8 and told["sample_format"] == 1

    def coordinates(self, x: float, y: float) -> tuple[float, float] | None:
        """Return the coordinates of a place in the reference system of the raster; None when it has none."""
        if self.place is None or self.place.transform is None:
            return None
        a, b, c, d, e, f = self.place.transform
        return a * x + b * y + c, d * x + e * y + f

    def degrees(self, x: float, y: float) -> tuple[float, float] | None:
        """Return longitude and latitude of a place; None where the reference system is not brought to degrees."""
        found = self.coordinates(x, y)
        if found is None or self.place is None:
            return None
        if self.place.is_geographic:
            return (found[0] - 360 if 180 < found[0] <= 540 else found[0]), found[1]
        return None if self.place.epsg is None else to_degrees(self.place.epsg, *found)
