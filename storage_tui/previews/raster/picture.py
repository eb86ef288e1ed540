"""The picture of a TIFF: from the smallest useful level, or from the middle of one that is too large to read."""

import math
import struct
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import THUMBNAIL_BUDGET, BudgetError, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tiff.compressions import NONE
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.layout import PALETTE, choose_bands, describe_level, sample_type
from storage_tui.previews.raster.tiff_directory import Directory, Tiff, read_numbers

MAX_BLOCKS = 4096  # of one level; a level with more blocks is not a thumbnail
MIDDLE_BLOCKS = 512  # looked at for a drawing of the middle: an uncompressed scene has strips of one row
MAX_PALETTE = 3 << 16  # red, green and blue for each value of 16 bits
GAP_BYTES = 64 * 1024  # between a level and its mask: less than a second request costs

Place = tuple[int, int, int]  # index, offset and size of a block


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


@dataclass(frozen=True, slots=True)
class Plan:
    """A job for the decoder, the bytes it needs, and what is true of the picture: `part` and `lacks_mask`."""

    job: dict[str, Any]
    content: bytes
    part: str = ""
    lacks_mask: bool = False


async def draw(
    source: Source, tiff: Tiff, space: tuple[int, int], bands: tuple[int, ...] = (), *, quadrants: bool = False
) -> tuple[dict[str, Any], bytes]:
    """Return the decoder's facts about the level that fits best, and its RGB, or with `quadrants` its cells. `bands`
    are those of a View."""
    plan = await plan_picture(source, tiff, space, bands)
    answer, rgb = await DECODER.decode({**plan.job, "quadrants": quadrants}, plan.content)
    told = {"colours": plan.job["level"]["colours"], "shown": plan.job["level"]["shown"], **answer}
    if plan.part:
        told["part"] = plan.part
    if plan.lacks_mask:
        told["lacks_mask"] = True
    return told, rgb


async def plan_picture(source: Source, tiff: Tiff, space: tuple[int, int], bands: tuple[int, ...] = ()) -> Plan:
    """Return the job for the level that fits best; raise PreviewError with the reason why there is no picture."""
    levels = _useful_levels(tiff, space)
    for level in levels[:-1]:
        try:
            return await _plan_level(source, tiff, level, space, bands)
        except BudgetError:
            continue  # a smaller level may fit the rest of the budget
    try:
        return await _plan_level(source, tiff, levels[-1], space, bands)
    except PreviewError as exc:
        try:
            return await _plan_middle(source, tiff, levels[-1], space, bands)
        except (PreviewError, struct.error):
            raise exc from None


async def _plan_level(
    source: Source, tiff: Tiff, level: Directory, space: tuple[int, int], bands: tuple[int, ...]
) -> Plan:
    blocks = blocks_of(level)
    block, size = (blocks.width, blocks.height), (level.number(tags.WIDTH), level.number(tags.HEIGHT))
    await fetch_palette(source, tiff, level)
    told = choose_bands(describe_level(tiff, level, block, size, ()), bands)
    planes = sorted({*told["shown"], *([] if told["alpha"] is None else [told["alpha"]])}) if told["is_planar"] else [0]
    places = await block_places(source, tiff, level, blocks.per_plane * (planes[-1] + 1))
    places = [place for place in places if place[0] // blocks.per_plane in planes]
    mask = tiff.mask_of(level)
    masked = None if mask is None else await _plan_mask(source, tiff, mask)
    try:
        content, moved = await _read_blocks(source, places, () if masked is None else masked[1])
    except BudgetError as exc:
        most, first = size_text(THUMBNAIL_BUDGET.size_bytes), min(at for _, at, _ in places)
        last = max(at + count for _, at, count in places)
        reason = f"its smallest useful level is {size_text(last - first)}, and a thumbnail may read {most}"
        raise BudgetError(reason) from exc
    told["blocks"] = moved[0]
    lacks_mask = mask is not None and (masked is None or moved[1] is None)
    if masked is not None and moved[1] is not None:
        told["mask"] = {**masked[0], "blocks": moved[1], "palette": [0, 0]}
    return Plan(_job(told, space), content + packed_palette(told, content), lacks_mask=lacks_mask)


def _job(level: dict[str, Any], space: tuple[int, int]) -> dict[str, Any]:
    return {"job": "raster", "columns": space[0], "rows": space[1], "level": level}


async def fetch_palette(source: Source, tiff: Tiff, level: Directory) -> None:
    """Fetch the palette of a level that is too large for the walk over the directories, if the budget reaches it."""
    value = level.values.get(tags.PALETTE)
    is_used = level.number(tags.PHOTOMETRIC) == PALETTE
    if value is None or not is_used or level.all(tags.PALETTE) or value.count > MAX_PALETTE:
        return
    try:
        level.numbers[tags.PALETTE] = await read_numbers(source, tiff, value, 0, value.count)
    except BudgetError:
        return


def packed_palette(level: dict[str, Any], content: bytes) -> bytes:
    """Return the colours of the palette as bytes, and put into the level their place after the content."""
    colours = bytes(level["palette"])
    level["palette"] = [len(content), len(colours)]
    return colours


async def _plan_mask(source: Source, tiff: Tiff, mask: Directory) -> tuple[dict[str, Any], list[Place]] | None:
    """Return the description of a mask and its blocks; None for one that cannot be read."""
    try:
        blocks = blocks_of(mask)
        size = mask.number(tags.WIDTH), mask.number(tags.HEIGHT)
        told = describe_level(tiff, mask, (blocks.width, blocks.height), size, ())
        places = await block_places(source, tiff, mask, blocks.per_plane)
    except (PreviewError, struct.error):
        return None
    return {**told, "nodata": None}, places


async def _read_blocks(
    source: Source, places: list[Place], masked: list[Place] | tuple[()]
) -> tuple[bytes, tuple[list[list[int]], list[list[int]] | None]]:
    """Return the bytes of the blocks of a level and of its mask, and their places in these bytes.

    The mask is None when the budget does not reach it. Raises BudgetError when it does not reach the level.
    """
    start, stop = _span(places)
    first, last = _span([*places, *masked])
    if masked and last - first <= min(source.bytes_left, stop - start + sum(n for _, _, n in masked) + GAP_BYTES):
        content = await source.read(first, last)
        return content, (_moved(places, first), _moved(masked, first))
    content = await source.read(start, stop)
    if not masked:
        return content, (_moved(places, start), [])
    from_mask, to_mask = _span(masked)
    try:
        more = await source.read(from_mask, to_mask)
    except BudgetError:
        return content, (_moved(places, start), None)
    return content + more, (_moved(places, start), _moved(masked, from_mask - len(content)))


def _span(places: list[Place]) -> tuple[int, int]:
    if not places:
        return 0, 0
    return min(at for _, at, _ in places), max(at + size for _, at, size in places)


def _moved(places: list[Place] | tuple[()], start: int) -> list[list[int]]:
    return [[index, at - start, size] for index, at, size in places]


async def _plan_middle(
    source: Source, tiff: Tiff, level: Directory, space: tuple[int, int], bands: tuple[int, ...]
) -> Plan:
    """Return neighbouring blocks from the middle of a level, as many as the budget allows; `part` says which."""
    blocks, is_planar = blocks_of(level, most=1 << 31), level.number(tags.PLANAR, 1) == 2
    if is_planar and level.number(tags.SAMPLES, 1) > 1:
        raise PreviewError("its bands are stored separately")
    line = blocks.across if level.is_tiled else blocks.down  # blocks that lie side by side or below each other
    count = min(line, MIDDLE_BLOCKS)
    column = (line - count) // 2
    row = blocks.down // 2 if level.is_tiled else column
    first = row * blocks.across + column if level.is_tiled else column
    places = await block_places(source, tiff, level, count, first=first)
    if not places:
        raise PreviewError("its middle is empty")
    start, left = places[0][1], source.bytes_left
    fitting = [place for place in places if start <= place[1] and place[1] + place[2] - start <= left]
    wanted = [place for number, place in enumerate(fitting) if place[0] == number]
    if not wanted:
        raise PreviewError("one block of it is larger than a preview may read")
    width, height = level.number(tags.WIDTH), level.number(tags.HEIGHT) - row * blocks.height
    if level.is_tiled:
        size = min(width - column * blocks.width, len(wanted) * blocks.width), min(height, blocks.height)
    else:
        size = width, min(height, len(wanted) * blocks.height)
    told = describe_level(tiff, level, (blocks.width, blocks.height), size, _moved(wanted, start))
    told = choose_bands(told, bands)
    content = await source.read(start, max(at + count for _, at, count in wanted))
    part = f"{size[0]:,} × {size[1]:,} from its middle"
    content += packed_palette(told, content)
    return Plan(_job(told, space), content, part, lacks_mask=tiff.mask_of(level) is not None)


def _useful_levels(tiff: Tiff, space: tuple[int, int]) -> list[Directory]:
    """Return the smallest level that fills the room, or else the largest one, and then the smaller ones."""
    main = tiff.main
    levels = [main, *tiff.levels]
    levels = [level for level in levels if level.number(tags.SAMPLES, 1) == main.number(tags.SAMPLES, 1)]
    levels.sort(key=lambda level: level.number(tags.WIDTH), reverse=True)
    scale = max(main.number(tags.WIDTH) / space[0], main.number(tags.HEIGHT) / space[1])
    wanted = main.number(tags.WIDTH) / max(scale, 1)
    filling = sum(level.number(tags.WIDTH) >= wanted for level in levels)
    return levels[max(0, filling - 1) :]


def blocks_of(level: Directory, most: int = MAX_BLOCKS) -> Blocks:
    """Return the blocks of a level; raise PreviewError for more than `most`, or for sides that are zero."""
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


async def block_places(source: Source, tiff: Tiff, level: Directory, count: int, *, first: int = 0) -> list[Place]:
    """Return index, place and size of each existing block among `count` blocks from `first` on."""
    where = next((tag for tag in _either(level, tags.TILE_OFFSETS, tags.STRIP_OFFSETS) if tag in level.values), None)
    size = next((tag for tag in _either(level, tags.TILE_SIZES, tags.STRIP_SIZES) if tag in level.values), None)
    if where is None:
        raise PreviewError("its blocks are not listed")
    offsets = await read_numbers(source, tiff, level.values[where], first, count)
    sizes: tuple[float, ...] = ()
    if size is not None:
        sizes = await read_numbers(source, tiff, level.values[size], first, count)
    if len(offsets) < count or (sizes and len(sizes) < count):
        raise PreviewError(f"it lists {min(len(offsets), len(sizes) or count)} of its {count} blocks")
    if min((*offsets, *sizes), default=0) < 0:
        raise PreviewError("a block of it has a place below zero")
    if not sizes or _is_one_strip_of_a_wrong_size(level, offsets, sizes):
        sizes = _sizes_of(source, level, offsets)
    if level.number(tags.COMPRESSION, 1) == NONE:
        sizes = tuple(min(count, _plain_bytes(level)) for count in sizes)
    return [(i, int(at), int(n)) for i, (at, n) in enumerate(zip(offsets, sizes, strict=True)) if n]


def _either(level: Directory, of_tiles: int, of_strips: int) -> tuple[int, int]:
    return (of_tiles, of_strips) if level.is_tiled else (of_strips, of_tiles)


def _is_one_strip_of_a_wrong_size(level: Directory, offsets: tuple[float, ...], sizes: tuple[float, ...]) -> bool:
    """Return whether the size of the only strip is none, or too small for plain pixels: libtiff guesses these too."""
    if len(sizes) != 1 or level.is_tiled or not offsets[0]:
        return False
    return not sizes[0] or (level.number(tags.COMPRESSION, 1) == NONE and sizes[0] < _plain_bytes(level))


def _plain_bytes(level: Directory) -> int:
    """Return the size of a block that is not compressed."""
    _, bits = sample_type(level)
    side = level.number(tags.TILE_WIDTH) if level.is_tiled else level.number(tags.WIDTH)
    height = level.number(tags.HEIGHT)
    rows = level.number(tags.TILE_HEIGHT) if level.is_tiled else min(height, level.number(tags.ROWS_PER_STRIP, height))
    bands = 1 if level.number(tags.PLANAR, 1) == 2 else level.number(tags.SAMPLES, 1)
    return (side * bands * bits + 7) // 8 * rows


def _sizes_of(source: Source, level: Directory, offsets: tuple[float, ...]) -> tuple[float, ...]:
    """Return the sizes of blocks where the file does not say them: up to the next block, or the end of the file."""
    end = max(source.size_bytes or 0, *offsets)
    starts = sorted({*offsets, end})
    following = dict(zip(starts, (*starts[1:], end), strict=True))
    return tuple(following[start] - start for start in offsets)
