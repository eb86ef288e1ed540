"""TIFF and GeoTIFF of any size: the facts of its directories, and a thumbnail from the smallest useful level."""

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
from storage_tui.previews.formats.npy import number_text
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.raster.geokeys import read_georeference
from storage_tui.previews.raster.picture import COMPRESSIONS, draw
from storage_tui.previews.raster.projections import degrees_of_bounds
from storage_tui.previews.raster.tiff_directory import Tiff, read_tiff
from storage_tui.previews.vector.shapes import bounds_text

FORMATS = {1: "uint", 2: "int", 3: "float", 5: "complex int", 6: "complex"}
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
            told, rgb = await draw(source, tiff, room(view, rows, MOST_PIXELS))
            lines, pixels = await drawn(rgb, told["width"], told["height"], view, rows)
            if "part" in told:
                facts.append(("drawn", told["part"]))
            if "low" in told:
                facts.append(("shades", f"{number_text(told['low'])} to {number_text(told['high'])}"))
            note = "some directories could not be reached" if tiff.is_cut else ""
        except PreviewError as exc:
            note = f"no picture: {exc}"
        return Preview(kind, facts=tuple(facts), lines=lines, note=note, is_drawing=bool(lines), pixels=pixels)


def describe(tiff: Tiff) -> list[tuple[str, str]]:
    """Return the facts of the first directory, and the sizes of its smaller levels."""
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
