"""TIFF and GeoTIFF of any size: what its directories say, and a thumbnail from the smallest useful level."""

import math
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from storage_tui.tui.decoding.compressions import SUPPORTED
from storage_tui.tui.previews import tiff_directory as tags
from storage_tui.tui.previews.base import (
    THUMBNAIL_BUDGET,
    BudgetError,
    Pixels,
    Preview,
    PreviewError,
    Source,
    View,
    rows_left,
    size_text,
)
from storage_tui.tui.previews.decoder import DECODER
from storage_tui.tui.previews.drawing import drawn, room
from storage_tui.tui.previews.geokeys import read_georeference
from storage_tui.tui.previews.npy import number_text
from storage_tui.tui.previews.projections import degrees_of_bounds
from storage_tui.tui.previews.shapes import bounds_text
from storage_tui.tui.previews.tiff_directory import Directory, Tiff, read_numbers, read_tiff
from storage_tui.tui.visible import visible

COMPRESSIONS = {1: "none", 2: "CCITT", 3: "fax G3", 4: "fax G4", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate",
                32773: "PackBits", 32946: "deflate", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 50000: "zstd",
                50001: "WebP"}  # fmt: skip
FORMATS = {1: "uint", 2: "int", 3: "float", 5: "complex int", 6: "complex"}
MOST_PIXELS = 100_000  # where the terminal draws pixels: a second of the decoder's plain Python
MAX_BLOCKS = 4096  # of one level; a level that has more is not a thumbnail
WHITE_IS_ZERO, RGB, PALETTE_PHOTOMETRIC, YCBCR = 0, 2, 3, 6


class GeoTiff:
    """Size, bands, type, compression, reference, bounds, levels; and a picture where few enough bytes make one."""

    kind = "TIFF"
    budget = THUMBNAIL_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """By byte order and version, classic or big."""
        return head[:4] in (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """The facts, and the picture or the reason why there is none."""
        tiff = await read_tiff(source, head)
        facts = describe(tiff)
        kind = "GeoTIFF" if any(label in ("reference", "bounds") for label, _ in facts) else "TIFF"
        rows = rows_left(view, [*facts, ("shades", "")])
        lines: tuple[Text, ...] = ()
        pixels: Pixels | None = None
        try:
            told, rgb = await _draw(source, tiff, room(view, rows, MOST_PIXELS))
            lines, pixels = await drawn(rgb, told["width"], told["height"], view, rows)
            if "low" in told:
                facts.append(("shades", f"{number_text(told['low'])} to {number_text(told['high'])}"))
            note = "some directories could not be reached" if tiff.is_cut else ""
        except PreviewError as exc:
            note = f"no picture: {exc}"
        return Preview(kind, facts=tuple(facts), lines=lines, note=note, is_drawing=bool(lines), pixels=pixels)


def describe(tiff: Tiff) -> list[tuple[str, str]]:
    """The facts of the first directory, and which smaller levels follow."""
    main = tiff.directories[0]
    width, height, bands = main.number(tags.WIDTH), main.number(tags.HEIGHT), main.number(tags.SAMPLES, 1)
    bits, form = main.number(tags.BITS, 1), FORMATS.get(main.number(tags.SAMPLE_FORMAT, 1), "values")
    facts = [("pixels", f"{width:,} × {height:,}, {bands} band{'s' if bands != 1 else ''} of {form}{bits}")]
    code = main.number(tags.COMPRESSION, 1)
    blocks = (
        f"tiles of {main.number(tags.TILE_WIDTH)} × {main.number(tags.TILE_HEIGHT)}"
        if main.is_tiled
        else f"strips of {min(height, main.number(tags.ROWS_PER_STRIP, height)):,} rows"
    )
    predictor = {2: ", predictor 2", 3: ", predictor 3"}.get(main.number(tags.PREDICTOR, 1), "")
    facts.append(("stored", f"{COMPRESSIONS.get(code, f'compression {code}')}{predictor}, {blocks}"))
    levels = [level for level in tiff.directories[1:] if level.is_reduced and not level.is_mask]
    if levels:
        shown = [f"{level.number(tags.WIDTH):,} × {level.number(tags.HEIGHT):,}" for level in levels[:4]]
        facts.append(("overviews", ", ".join(shown) + (f" and {len(levels) - 4} more" if len(levels) > 4 else "")))
    place = read_georeference(main, width, height)
    if place is not None:
        if place.name:
            facts.append(("reference", place.name))
        if place.bounds is not None:
            degrees = None if place.epsg is None else degrees_of_bounds(place.epsg, place.bounds)
            if degrees is not None:
                facts.append(("bounds", bounds_text(degrees, is_geographic=True)))
            label = "bounds" if degrees is None else "extent"
            facts.append((label, bounds_text(place.bounds, place.is_geographic)))
        if place.pixel is not None:
            facts.append(("pixel", " × ".join(number_text(side) for side in place.pixel)))
    if nodata := main.text(tags.GDAL_NODATA):
        facts.append(("nodata", visible(nodata, limit=30)))
    return facts


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of one level: their size in pixels, how many, and the first band's count."""

    width: int
    height: int
    across: int
    down: int

    @property
    def per_plane(self) -> int:
        """Blocks that cover the level once."""
        return self.across * self.down


async def _draw(source: Source, tiff: Tiff, space: tuple[int, int]) -> tuple[dict[str, Any], bytes]:
    """What the decoder tells of the level that fits best, and its RGB."""
    levels = _useful_levels(tiff, space)
    code = levels[0].number(tags.COMPRESSION, 1)
    if code not in SUPPORTED:
        raise PreviewError(f"{COMPRESSIONS.get(code, f'compression {code}')} is not decoded here")
    for level in levels[:-1]:
        try:
            return await _draw_level(source, tiff, level, space)
        except BudgetError:
            continue  # a smaller level may fit what is left
    return await _draw_level(source, tiff, levels[-1], space)


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
        reason = f"its smallest useful level is {size_text(stop - start)}, and a thumbnail may read 1 MiB"
        raise BudgetError(reason) from exc
    job: dict[str, Any] = {
        "job": "raster", "columns": space[0], "rows": space[1],
        "level": _level(tiff, level, blocks, shown, is_planar, [[i, at - start, n] for i, at, n in places]),
    }  # fmt: skip
    return await DECODER.decode(job, content)


def _useful_levels(tiff: Tiff, space: tuple[int, int]) -> list[Directory]:
    """The smallest level that fills the room, or else the largest there is, and then the smaller ones."""
    main = tiff.directories[0]
    levels = [main, *(level for level in tiff.directories[1:] if level.is_reduced and not level.is_mask)]
    levels = [level for level in levels if level.number(tags.SAMPLES, 1) == main.number(tags.SAMPLES, 1)]
    levels.sort(key=lambda level: level.number(tags.WIDTH), reverse=True)
    scale = max(main.number(tags.WIDTH) / space[0], main.number(tags.HEIGHT) / space[1])
    wanted = main.number(tags.WIDTH) / max(scale, 1)
    filling = sum(level.number(tags.WIDTH) >= wanted for level in levels)
    return levels[max(0, filling - 1) :]


def _blocks(level: Directory) -> Blocks:
    width, height = level.number(tags.WIDTH), level.number(tags.HEIGHT)
    if level.is_tiled:
        block = level.number(tags.TILE_WIDTH), level.number(tags.TILE_HEIGHT)
    else:
        block = width, min(height, level.number(tags.ROWS_PER_STRIP, height))
    if min(width, height, *block) <= 0:
        raise PreviewError("a side of it is zero")
    blocks = Blocks(*block, math.ceil(width / block[0]), math.ceil(height / block[1]))
    if blocks.per_plane > MAX_BLOCKS:
        raise PreviewError(f"its smallest useful level has {blocks.per_plane:,} blocks")
    return blocks


async def _block_places(source: Source, tiff: Tiff, level: Directory, count: int) -> list[tuple[int, int, int]]:
    """Index, place and size of every block that is there."""
    where = tags.TILE_OFFSETS if level.is_tiled else tags.STRIP_OFFSETS
    size = tags.TILE_SIZES if level.is_tiled else tags.STRIP_SIZES
    if where not in level.values or size not in level.values:
        raise PreviewError("its blocks are not listed")
    offsets = await read_numbers(source, tiff, level.values[where], 0, count)
    sizes = await read_numbers(source, tiff, level.values[size], 0, count)
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
    """The level as the decoder's `rasters.Level` takes it."""
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
