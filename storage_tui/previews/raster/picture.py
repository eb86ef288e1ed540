"""The picture of a TIFF: from the smallest useful level, or from the middle of one that is too large to read."""

import math
import struct
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import THUMBNAIL_BUDGET, BudgetError, PreviewError, Source
from storage_tui.previews.decoding.compressions import SUPPORTED
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.tiff_directory import Directory, Tiff, read_numbers

COMPRESSIONS = {1: "none", 2: "CCITT", 3: "fax G3", 4: "fax G4", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate",
                32773: "PackBits", 32946: "deflate", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 50000: "zstd",
                50001: "WebP"}  # fmt: skip
MAX_BLOCKS = 4096  # of one level; a level with more blocks is not a thumbnail
MIDDLE_BLOCKS = 512  # looked at for a drawing of the middle: an uncompressed scene has strips of one row
WHITE_IS_ZERO, RGB, PALETTE_PHOTOMETRIC, YCBCR = 0, 2, 3, 6


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of one level: the size of a block in pixels, and the number of blocks across and down."""

    width: int
    height: int
    across: int
    down: int

    @property
    def per_plane(self) -> int:
        """The number of blocks that cover the level once."""
        return self.across * self.down


async def draw(source: Source, tiff: Tiff, space: tuple[int, int]) -> tuple[dict[str, Any], bytes]:
    """Return the decoder's facts about the level that fits best, and its RGB."""
    levels = _useful_levels(tiff, space)
    code = levels[0].number(tags.COMPRESSION, 1)
    if code not in SUPPORTED:
        raise PreviewError(f"{COMPRESSIONS.get(code, f'compression {code}')} is not decoded here")
    for level in levels[:-1]:
        try:
            return await _draw_level(source, tiff, level, space)
        except BudgetError:
            continue  # a smaller level may fit the rest of the budget
    try:
        return await _draw_level(source, tiff, levels[-1], space)
    except PreviewError as exc:
        try:
            return await _draw_middle(source, tiff, levels[-1], space)
        except (PreviewError, struct.error):
            raise exc from None


async def _draw_middle(
    source: Source, tiff: Tiff, level: Directory, space: tuple[int, int]
) -> tuple[dict[str, Any], bytes]:
    """Return neighbouring blocks from the middle of a level, as many as the budget allows; `part` says which."""
    blocks, is_planar = _blocks(level, most=1 << 31), level.number(tags.PLANAR, 1) == 2
    if is_planar and level.number(tags.SAMPLES, 1) > 1:
        raise PreviewError("its bands are stored separately")
    line = blocks.across if level.is_tiled else blocks.down  # blocks that lie side by side or below each other
    count = min(line, MIDDLE_BLOCKS)
    first = (line - count) // 2 + (blocks.down // 2 * blocks.across if level.is_tiled else 0)
    places = await _block_places(source, tiff, level, count, first=first)
    start, left = places[0][1], source.bytes_left
    fitting = [place for place in places if start <= place[1] and place[1] + place[2] - start <= left]
    wanted = [place for number, place in enumerate(fitting) if place[0] == number]
    if not wanted:
        raise PreviewError("one block of it is larger than a preview may read")
    content = await source.read(start, max(at + size for _, at, size in wanted))
    told = _level(tiff, level, blocks, _shown_bands(level), False, [[i, at - start, n] for i, at, n in wanted])
    width, height = level.number(tags.WIDTH), level.number(tags.HEIGHT)
    if level.is_tiled:
        told["width"], told["height"] = min(width, len(wanted) * blocks.width), min(height, blocks.height)
    else:
        told["height"] = min(height, len(wanted) * blocks.height)
    job = {"job": "raster", "columns": space[0], "rows": space[1], "level": told}
    answer, rgb = await DECODER.decode(job, content)
    return {**answer, "part": f"{told['width']:,} × {told['height']:,} from its middle"}, rgb


async def _draw_level(
    source: Source, tiff: Tiff, level: Directory, space: tuple[int, int]
) -> tuple[dict[str, Any], bytes]:
    blocks = _blocks(level)
    is_planar = level.number(tags.PLANAR, 1) == 2 and level.number(tags.SAMPLES, 1) > 1
    shown = _shown_bands(level)
    places = await _block_places(source, tiff, level, blocks.per_plane * (shown if is_planar else 1))
    start = min(place for _, place, _ in places)
    stop = max(place + size for _, place, size in places)
    try:
        content = await source.read(start, stop)
    except BudgetError as exc:
        most = size_text(THUMBNAIL_BUDGET.size_bytes)
        reason = f"its smallest useful level is {size_text(stop - start)}, and a thumbnail may read {most}"
        raise BudgetError(reason) from exc
    job: dict[str, Any] = {
        "job": "raster", "columns": space[0], "rows": space[1],
        "level": _level(tiff, level, blocks, shown, is_planar, [[i, at - start, n] for i, at, n in places]),
    }  # fmt: skip
    return await DECODER.decode(job, content)


def _useful_levels(tiff: Tiff, space: tuple[int, int]) -> list[Directory]:
    """Return the smallest level that fills the room, or else the largest one, and then the smaller ones."""
    main = tiff.directories[0]
    levels = [main, *(level for level in tiff.directories[1:] if level.is_reduced and not level.is_mask)]
    levels = [level for level in levels if level.number(tags.SAMPLES, 1) == main.number(tags.SAMPLES, 1)]
    levels.sort(key=lambda level: level.number(tags.WIDTH), reverse=True)
    scale = max(main.number(tags.WIDTH) / space[0], main.number(tags.HEIGHT) / space[1])
    wanted = main.number(tags.WIDTH) / max(scale, 1)
    filling = sum(level.number(tags.WIDTH) >= wanted for level in levels)
    return levels[max(0, filling - 1) :]


def _blocks(level: Directory, most: int = MAX_BLOCKS) -> Blocks:
    width, height = level.number(tags.WIDTH), level.number(tags.HEIGHT)
    if level.is_tiled:
        block = level.number(tags.TILE_WIDTH), level.number(tags.TILE_HEIGHT)
    else:
        block = width, min(height, level.number(tags.ROWS_PER_STRIP, height))
    if min(width, height, *block) <= 0:
        raise PreviewError("a side of it is zero")
    blocks = Blocks(*block, math.ceil(width / block[0]), math.ceil(height / block[1]))
    if blocks.per_plane > most:
        raise PreviewError(f"its smallest useful level has {blocks.per_plane:,} blocks")
    return blocks


async def _block_places(
    source: Source, tiff: Tiff, level: Directory, count: int, *, first: int = 0
) -> list[tuple[int, int, int]]:
    """Return index, place and size of each existing block among `count` blocks from `first` on."""
    where = tags.TILE_OFFSETS if level.is_tiled else tags.STRIP_OFFSETS
    size = tags.TILE_SIZES if level.is_tiled else tags.STRIP_SIZES
    if where not in level.values or size not in level.values:
        raise PreviewError("its blocks are not listed")
    offsets = await read_numbers(source, tiff, level.values[where], first, count)
    sizes = await read_numbers(source, tiff, level.values[size], first, count)
    places = [(i, int(at), int(n)) for i, (at, n) in enumerate(zip(offsets, sizes, strict=False)) if n]
    if not places:
        raise PreviewError("it holds no blocks")
    return places


def _shown_bands(level: Directory) -> int:
    bands, photometric = level.number(tags.SAMPLES, 1), level.number(tags.PHOTOMETRIC, 1)
    return 3 if bands >= 3 and (photometric in (RGB, YCBCR) or level.number(tags.BITS) >= 8) else 1


def _level(
    tiff: Tiff, level: Directory, blocks: Blocks, shown: int, is_planar: bool, places: list[list[int]]
) -> dict[str, Any]:
    """Return the level in the form of the decoder's `rasters.Level`."""
    photometric = level.number(tags.PHOTOMETRIC, 1)
    palette = level.all(tags.PALETTE) if photometric == PALETTE_PHOTOMETRIC else ()
    try:
        nodata: float | None = float(tiff.directories[0].text(tags.GDAL_NODATA))
    except ValueError:
        nodata = None
    return {
        "width": level.number(tags.WIDTH), "height": level.number(tags.HEIGHT),
        "block_width": blocks.width, "block_height": blocks.height,
        "bands": level.number(tags.SAMPLES, 1), "shown": shown,
        "bits": level.number(tags.BITS, 1), "sample_format": level.number(tags.SAMPLE_FORMAT, 1),
        "compression": level.number(tags.COMPRESSION, 1), "predictor": level.number(tags.PREDICTOR, 1),
        "is_planar": is_planar, "byte_order": tiff.order,
        "is_rgb": photometric in (RGB, YCBCR), "is_inverted": photometric == WHITE_IS_ZERO,
        "nodata": nodata if nodata is not None and math.isfinite(nodata) else None,
        "palette": [int(entry) for entry in palette] or None,
        "blocks": places, "tables": level.texts.get(tags.JPEG_TABLES, b"").hex(),
    }  # fmt: skip
