"""TIFF and GeoTIFF of any size: the facts of its directories, and a thumbnail from the smallest useful level."""

import math
from typing import Any

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import (
    THUMBNAIL_BUDGET,
    Pixels,
    Preview,
    PreviewError,
    Source,
    View,
    rows_left,
)
from storage_tui.previews.decoding.tiff.compressions import compression_name
from storage_tui.previews.decoding.tiff.levels import FLOAT, INT, UINT
from storage_tui.previews.formats.npy import number_text
from storage_tui.previews.projections import degrees_of_bounds
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.by_gdal import by_another, completed
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.raster.geokeys import read_georeference
from storage_tui.previews.raster.layout import FORMATS, sample_type
from storage_tui.previews.raster.nodata import parse_nodata, read_nodata
from storage_tui.previews.raster.picture import draw
from storage_tui.previews.raster.tiff_directory import Directory, Tiff, read_tiff
from storage_tui.previews.vector.shapes import bounds_text

MOST_PIXELS = 100_000  # where the terminal draws pixels: a second of the decoder's plain Python


class GeoTiff:
    """A TIFF: size, bands, type, compression, reference, bounds, levels, and a picture when few bytes suffice."""

    kind = "TIFF"
    budget = THUMBNAIL_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are a byte order and a version, classic or big."""
        return head[:4] in (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts, and the picture or the reason why there is none."""
        tiff = await read_tiff(source, head)
        facts = describe(tiff)
        kind = "GeoTIFF" if any(label in ("reference", "bounds") for label, _ in facts) else "TIFF"
        rows = rows_left(view, [*facts, ("shades", "")])
        lines: tuple[Text, ...] = ()
        pixels: Pixels | None = None
        try:
            told, rgb = await draw(source, tiff, room(view, rows, MOST_PIXELS), view.bands, quadrants=view.quadrants)
            lines, pixels = await drawn(rgb, told["width"], told["height"], view, rows)
            facts += _drawn_facts(told, view.bands)
            note = " · ".join(_warnings(told, is_cut=tiff.is_cut))
        except PreviewError as exc:
            shown = Preview(kind, facts=tuple(facts), note=f"no picture: {exc}")
            return await completed(shown, source, view, ("GTiff",)) if by_another(exc) else shown
        return Preview(kind, facts=tuple(facts), lines=lines, note=note, is_drawing=bool(lines), pixels=pixels)


def _drawn_facts(told: dict[str, Any], asked: tuple[int, ...]) -> list[tuple[str, str]]:
    """Return what the picture shows of the raster."""
    facts = []
    bands = "bands " + ", ".join(str(band + 1) for band in told["shown"]) + " as red, green, blue"
    shown = [told["part"]] if "part" in told else []
    shown += [bands] if told["colours"] == "bands" or len(asked) == len(told["shown"]) == 3 else []
    shown += [f"band {asked[0]}"] if len(asked) == 1 else []
    if shown:
        facts.append(("drawn", ", ".join(shown)))
    if "low" in told:
        facts.append(("shades", f"{number_text(told['low'])} to {number_text(told['high'])}"))
    return facts


def _warnings(told: dict[str, Any], *, is_cut: bool) -> list[str]:
    """Return what is missing in the picture."""
    warnings = ["some directories could not be reached"] if is_cut else []
    if "is_empty" in told:
        warnings.append("no pixel of the picture has a value")
    if "damaged" in told:
        damaged, looked_at = told["damaged"]
        warnings.append(f"{damaged:,} of {looked_at:,} blocks are damaged")
    if "lacks_mask" in told:
        warnings.append("drawn without its mask")
    return warnings


def describe(tiff: Tiff) -> list[tuple[str, str]]:
    """Return the facts of the main directory, and the sizes of its smaller levels."""
    main = tiff.main
    width, height, bands = main.number(tags.WIDTH), main.number(tags.HEIGHT), main.number(tags.SAMPLES, 1)
    try:
        form, bits = sample_type(main)
        kind = f"{FORMATS.get(form, 'values')}{bits}"
    except PreviewError:
        kind = "/".join(map(str, main.integers(tags.BITS)[:4])) + " bits"
    facts = [("pixels", f"{width:,} × {height:,}, {bands} band{'s' if bands != 1 else ''} of {kind}")]
    if tiff.pages > 1:
        facts.append(("pages", f"the first of {tiff.pages}{' or more' if tiff.is_cut else ''}"))
    code = main.number(tags.COMPRESSION, 1)
    blocks = (
        f"tiles of {main.number(tags.TILE_WIDTH)} × {main.number(tags.TILE_HEIGHT)}"
        if main.is_tiled
        else f"strips of {min(height, main.number(tags.ROWS_PER_STRIP, height)):,} rows"
    )
    predictor = {2: ", predictor 2", 3: ", predictor 3"}.get(main.number(tags.PREDICTOR, 1), "")
    facts.append(("stored", f"{compression_name(code)}{predictor}, {blocks}"))
    levels = tiff.levels
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
    if text := main.text(tags.GDAL_NODATA):
        facts.append(("nodata", visible(text, limit=30) + _nodata_remark(main, text)))
    return facts


def _nodata_remark(main: Directory, text: str) -> str:
    """Return what is odd about a nodata value: a text that is no number, or a number that no sample can have."""
    number = parse_nodata(text)
    try:
        form, bits = sample_type(main)
    except PreviewError:
        return ""
    if number is None or form not in (UINT, INT, FLOAT) or (form == FLOAT and not math.isfinite(number)):
        return ""
    read = read_nodata(text, form, bits)
    if read is None:
        return f", which no {FORMATS[form]}{bits} has"
    try:
        is_as_written = float(text.replace(",", ".")) == number
    except ValueError:
        is_as_written = False
    return "" if is_as_written and (form == FLOAT or read == number) else f", read as {number_text(read)}"
