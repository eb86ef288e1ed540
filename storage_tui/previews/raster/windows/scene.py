"""An open TIFF: its levels from the largest to the smallest, its place on the earth, and its facts."""

import struct
from dataclasses import dataclass
from typing import Any

from storage_tui.previews.base import PreviewError, Source
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.geokeys import Georeference, read_georeference
from storage_tui.previews.raster.layout import describe_level
from storage_tui.previews.raster.picture import Blocks, blocks_of, fetch_palette
from storage_tui.previews.raster.projections import to_degrees
from storage_tui.previews.raster.tiff_directory import Directory, Tiff, read_tiff

MOST_BLOCKS = 1 << 31
STARTS = (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")  # byte order and version


@dataclass(frozen=True)
class Layer:
    """One level, or the mask of one: its directory, its blocks, and its layout in the decoder's form."""

    directory: Directory
    blocks: Blocks
    told: dict[str, Any]

    @property
    def width(self) -> int:
        """The width in pixels."""
        return int(self.told["width"])

    @property
    def height(self) -> int:
        """The height in pixels."""
        return int(self.told["height"])


@dataclass(frozen=True)
class LevelOfScene:
    """A level: its pixels, their mask, and how many pixels at full resolution one of its pixels stands for."""

    pixels: Layer
    mask: Layer | None
    across: float
    down: float


@dataclass(frozen=True)
class Scene:
    """A raster: its levels from the largest on, its place, and whether something of it could not be reached."""

    source: Source
    tiff: Tiff
    levels: tuple[LevelOfScene, ...]
    place: Georeference | None
    lacks_mask: bool

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
            return found
        return None if self.place.epsg is None else to_degrees(self.place.epsg, *found)


def is_raster(head: bytes) -> bool:
    """Return whether these are the first bytes of a TIFF, classic or big."""
    return head[:4] in STARTS


async def open_scene(source: Source) -> Scene:
    """Read the directories of a TIFF, within the budget of the source; raise PreviewError where it is not drawn."""
    head = await source.head()
    try:
        tiff = await read_tiff(source, head)
    except struct.error as exc:
        raise PreviewError("its first directory cannot be read") from exc
    main = tiff.main
    await fetch_palette(source, tiff, main)
    levels: list[LevelOfScene] = []
    lacks_mask = False
    largest = _layer(tiff, main)
    for directory in (main, *tiff.levels):
        try:
            layer = largest if directory is main else _layer(tiff, directory)
        except PreviewError:
            continue  # the other levels show as much
        if layer.told["bands"] != largest.told["bands"] or layer.told["bits"] != largest.told["bits"]:
            continue
        layer.told["palette"] = largest.told["palette"]
        mask, found = None, tiff.mask_of(directory)
        try:
            mask = None if found is None else _layer(tiff, found)
        except PreviewError:
            lacks_mask = True
        if mask is not None:
            mask.told["nodata"], mask.told["palette"] = None, []
        levels.append(LevelOfScene(layer, mask, largest.width / layer.width, largest.height / layer.height))
    levels.sort(key=lambda level: level.across)
    place = read_georeference(main, largest.width, largest.height)
    return Scene(source, tiff, tuple(levels), place, lacks_mask)


def _layer(tiff: Tiff, directory: Directory) -> Layer:
    blocks = blocks_of(directory, MOST_BLOCKS)
    size = directory.number(tags.WIDTH), directory.number(tags.HEIGHT)
    return Layer(directory, blocks, describe_level(tiff, directory, (blocks.width, blocks.height), size, ()))
