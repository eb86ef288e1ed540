"""Map tiles that are pictures, of PMTiles and MBTiles, as a raster: each zoom is a level, and each tile a block."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from storage_tui.previews.base import MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tiff.compressions import PICTURE
from storage_tui.previews.raster.geokeys import Georeference
from storage_tui.previews.raster.picture import Blocks
from storage_tui.previews.raster.windows.blocks import BlockStore, PackedBlocks, Place
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.scene import Layer, LevelOfScene, Scene, Tiling
from storage_tui.previews.vector.shapes import Bounds, bounds_text
from storage_tui.previews.vector.tiles.archive import (
    ArchiveFacts,
    MbtilesArchive,
    PmtilesArchive,
    has_picture_tiles,
    is_tile_database,
    open_archive,
)
from storage_tui.previews.vector.tiles.choosing import EDGE, Tile, candidates, place_of, range_of

WORLD = (-180.0, -EDGE, 180.0, EDGE)
HALF = 20_037_508.342789244  # metres from the middle of Web Mercator to its edge (EPSG:3857)
WEB_MERCATOR = 3857
LOOK_BUDGET = Budget(requests=12, size_bytes=MIB)  # pages of a database lie all over the file
FORMATS = ("PNG", "JPEG", "WEBP")
SIDES = range(64, 1025)  # of a tile, in pixels
MOST_ACROSS = 2  # tiles on each axis, at the smallest zoom that is shown: smaller zooms show less of the bounds
KEPT_BYTES = 24 * 1024 * 1024
GUESS_BYTES = 48 * 1024  # of a tile whose size is not known: with it a view stays within its budget
REQUESTS = 2  # a tile of a database: a page of its index, and its own pages


async def holds_pictures(source: Source) -> bool:
    """Return whether a blob holds map tiles that are pictures; raise the errors of the client."""
    head = await source.head()
    if not is_tile_database(head):
        return has_picture_tiles(head)
    source.allow(LOOK_BUDGET)
    try:
        return not (await open_archive(source)).facts.is_vector
    except PreviewError:
        return False


async def open_tiles(source: Source) -> WindowReader:
    """Return the reader of map tiles; raise PreviewError for those of shapes, and the errors of the client."""
    archive = await open_archive(source)
    facts = archive.facts
    if facts.is_vector:
        raise LimitError("its tiles are shapes, which the map shows")
    bounds = facts.bounds or WORLD
    side, form = await _look_at_one(archive, bounds)
    base = _base(facts, bounds)
    left, top, right, bottom = range_of(bounds, base)
    levels = []
    for zoom in range(facts.high, base - 1, -1):
        shift, back = zoom - base, 2.0 ** (facts.high - zoom)
        across, down = (right - left + 1) << shift, (bottom - top + 1) << shift
        layer = Layer((zoom, left << shift, top << shift), Blocks(side, side, across, down), _told(across, down, side))
        levels.append(LevelOfScene(layer, None, back, back))
    main = levels[0].pixels
    _, column, row = _corner(main)
    tiling = Tiling(facts.form, facts.high, column, row, side, bounds)
    words = [
        ("pixels", f"{main.width:,} × {main.height:,}, RGBA"), ("tiles", f"{form}, {side} × {side}"),
        ("zooms", f"{facts.low} to {facts.high}"), ("bounds", bounds_text(bounds, is_geographic=True)),
    ]  # fmt: skip
    scene = Scene(tuple(levels), _place(tiling, bounds), facts=tuple(words), tiling=tiling)
    blocks: PackedBlocks = (
        BlockStore(source, TilePlaces(archive)) if isinstance(archive, PmtilesArchive) else DatabaseBlocks(archive)
    )
    return WindowReader(source, scene, blocks)


async def _look_at_one(archive: PmtilesArchive | MbtilesArchive, bounds: Bounds) -> tuple[int, str]:
    """Return the side of a tile in pixels, and the format of the picture."""
    for tile in candidates(bounds, archive.facts.low, archive.facts.high):
        found = await archive.fetch([tile])
        if tile in found:
            job = {"job": "tiles", "formats": list(FORMATS), "tiles": []}
            told, _ = await DECODER.decode(job, found[tile])
            width, height = told["size"]
            if width != height or width not in SIDES:
                raise LimitError(f"tiles of {width:,} × {height:,} pixels are not put together here")
            return width, told["form"]
    raise LimitError("there is no tile around its bounds")


def _base(facts: ArchiveFacts, bounds: Bounds) -> int:
    """Return the largest zoom at which the bounds need few tiles, the smallest zoom that is there at least."""
    for zoom in range(facts.high, facts.low, -1):
        left, top, right, bottom = range_of(bounds, zoom)
        if max(right - left, bottom - top) < MOST_ACROSS:
            return zoom
    return min(facts.low, facts.high)


def _place(tiling: Tiling, bounds: Bounds) -> Georeference:
    pixel = 2 * HALF / (tiling.side << tiling.zoom)
    west, north = tiling.column * tiling.side * pixel - HALF, HALF - tiling.row * tiling.side * pixel
    across, down = zip(place_of(bounds[0], bounds[3]), place_of(bounds[2], bounds[1]), strict=True)
    left, right = (2 * HALF * share - HALF for share in across)
    top, bottom = (HALF - 2 * HALF * share for share in down)
    transform = pixel, 0.0, west, 0.0, -pixel, north
    return Georeference(WEB_MERCATOR, "", False, (left, bottom, right, top), (pixel, pixel), transform)


def _told(across: int, down: int, side: int) -> dict[str, Any]:
    """Return a level in the form of the decoder's `Level`: tiles that are pictures, as RGBA."""
    return {
        "width": across * side, "height": down * side, "block_width": side, "block_height": side, "is_tiled": True,
        "bands": 4, "bits": 8, "sample_format": 1, "byte_order": "<", "compression": PICTURE, "predictor": 1,
        "is_planar": False, "is_reversed": False, "colours": "rgb", "shown": [0, 1, 2], "alpha": 3,
        "is_premultiplied": False, "is_inverted": False, "nodata": None, "palette": [], "turned": 1, "tags": {},
        "tables": "", "blocks": [],
    }  # fmt: skip


def _corner(layer: Layer) -> Tile:
    """Return the first tile of a layer, which it is named by."""
    assert isinstance(layer.name, tuple)
    zoom, left, top = layer.name
    return zoom, left, top


def _tile_of(layer: Layer, index: int) -> Tile:
    zoom, left, top = _corner(layer)
    row, column = divmod(index, layer.blocks.across)
    return zoom, left + column, top + row


class TilePlaces:
    """The places of tiles in PMTiles."""

    def __init__(self, archive: PmtilesArchive) -> None:
        self._archive = archive

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these tiles, as `Places` does."""
        return {index: await self._archive.find(_tile_of(layer, index)) for index in wanted}


class DatabaseBlocks:
    """The tiles of MBTiles, kept in bounded memory."""

    def __init__(self, archive: MbtilesArchive) -> None:
        self._archive = archive
        self._kept: OrderedDict[Tile, bytes] = OrderedDict()  # empty for a tile that is not there
        self._kept_bytes = 0

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the sizes of these tiles, which have no places; of a tile that was not read it is a guess."""
        tiles = {index: _tile_of(layer, index) for index in wanted}
        return {
            index: (0, len(self._kept[tile]) if tile in self._kept else GUESS_BYTES) for index, tile in tiles.items()
        }

    def cost(self, layer: Layer, places: dict[int, Place]) -> tuple[int, int]:
        """Return the requests and the bytes that the reading of these tiles costs at most, as far as is known."""
        missing = sum(_tile_of(layer, index) not in self._kept for index in places)
        return REQUESTS * missing, GUESS_BYTES * missing

    async def read(self, layer: Layer, places: dict[int, Place]) -> dict[int, bytes]:
        """Return these tiles; one that is not there is left out. Raises BudgetError."""
        tiles = {index: _tile_of(layer, index) for index in places}
        missing = [tile for tile in tiles.values() if tile not in self._kept]
        if missing:
            found = await self._archive.fetch(missing)
            for tile in missing:
                self._kept[tile] = found.get(tile, b"")
                self._kept_bytes += len(self._kept[tile])
        content = {}
        for index, tile in tiles.items():
            self._kept.move_to_end(tile)
            if self._kept[tile]:
                content[index] = self._kept[tile]
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)
        return content
