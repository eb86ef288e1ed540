"""A TIFF as a scene: its directories become levels and masks."""

import struct

from storage_tui.previews.base import THUMBNAIL_BUDGET, PreviewError, Source
from storage_tui.previews.formats.geotiff import describe
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.geokeys import read_georeference
from storage_tui.previews.raster.layout import describe_level
from storage_tui.previews.raster.picture import blocks_of, fetch_palette
from storage_tui.previews.raster.tiff_directory import Directory, Tiff, read_tiff
from storage_tui.previews.raster.windows.blocks import BlockStore
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.scene import Layer, LevelOfScene, Scene
from storage_tui.previews.raster.windows.tiff_places import TiffPlaces

FIRST_BUDGET = THUMBNAIL_BUDGET  # the directories, the lists of blocks and the first picture
MOST_BLOCKS = 1 << 31


async def open_tiff(source: Source) -> WindowReader:
    """Read the directories of a TIFF; the first picture has what is left of FIRST_BUDGET.

    Raises PreviewError where it is not drawn.
    """
    source.begin()
    source.allow(FIRST_BUDGET)
    head = await source.head()
    try:
        tiff = await read_tiff(source, head)
    except struct.error as exc:
        raise PreviewError("its first directory cannot be read") from exc
    main = tiff.main
    await fetch_palette(source, tiff, main)
    levels: list[LevelOfScene] = []
    directories: list[Directory] = []
    lacks_mask = False
    largest = _layer(tiff, main, directories)
    for directory in (main, *tiff.levels):
        try:
            layer = largest if directory is main else _layer(tiff, directory, directories)
        except PreviewError:
            continue  # the other levels show as much
        if layer.told["bands"] != largest.told["bands"] or layer.told["bits"] != largest.told["bits"]:
            continue
        layer.told["palette"] = largest.told["palette"]
        mask, found = None, tiff.mask_of(directory)
        try:
            mask = None if found is None else _layer(tiff, found, directories)
        except PreviewError:
            lacks_mask = True
        if mask is not None:
            mask.told["nodata"], mask.told["palette"] = None, []
        levels.append(LevelOfScene(layer, mask, largest.width / layer.width, largest.height / layer.height))
    levels.sort(key=lambda level: level.across)
    place = read_georeference(main, largest.width, largest.height)
    keys, doubles = tuple(main.integers(tags.GEO_KEYS)), main.all(tags.GEO_DOUBLES)
    geo = (keys, doubles, main.texts.get(tags.GEO_TEXT, b"")) if keys and max(keys) < 1 << 16 else None
    scene = Scene(tuple(levels), place, lacks_mask, tuple(describe(tiff)), is_tiff=True, geo=geo)
    return WindowReader(source, scene, BlockStore(source, TiffPlaces(source, tiff, directories)))


def _layer(tiff: Tiff, directory: Directory, directories: list[Directory]) -> Layer:
    """Return a directory as a layer that is named by its number among `directories`, to which it is added."""
    blocks = blocks_of(directory, MOST_BLOCKS)
    size = directory.number(tags.WIDTH), directory.number(tags.HEIGHT)
    told = describe_level(tiff, directory, (blocks.width, blocks.height), size, ())
    directories.append(directory)
    return Layer(len(directories) - 1, blocks, told)
