"""The words of the column beside the picture: bands, ramp with histogram, statistics, cross-hair, facts."""

import textwrap
from collections.abc import Sequence

from textual.content import Content

from storage_tui.contract.visible import visible
from storage_tui.previews.decoding.painting.ramps import ramp_colours
from storage_tui.previews.raster.windows.scene import Scene
from storage_tui.previews.raster.windows.shown import BandFacts, Picture, Style
from storage_tui.tui.viewer.raster.cross_hair import CrossHair
from storage_tui.tui.viewer.raster.styling import STRETCH_WORDS
from storage_tui.tui.viewer.raster.words import coordinate_text, degrees_text, short_text, value_text

BARS = " ▁▂▃▄▅▆▇█"
BAR_ROWS = 2
RGB = (("R", "#e05050"), ("G", "#40b060"), ("B", "#5080e0"))
LABEL_CELLS = 10
VALUES_SHOWN = 16
EMPTY_COLOUR = "#282828"  # what the decoder draws where there is no value


def legend_lines(
    scene: Scene, style: Style, picture: Picture | None, *, is_per_view: bool, width: int
) -> list[Content]:
    """Return the bands, the ramp with the histogram of the view, the stretch, and the statistics."""
    if picture is None or not picture.bands:
        return []
    lines = [*_steps(scene), *_bands(scene, style)]
    if picture.is_natural:
        lines.append(_fact("colours", "its own"))
    elif len(style.bands) == 1:
        lines += _ramp(picture.bands[0], style.ramp or "grey", width)
    else:
        for (name, colour), band in zip(RGB, picture.bands, strict=False):
            low, high = band.limits
            bars = _bars(band.bins, 1)[0]
            lines.append(Content.assemble((f"{name} ", f"bold {colour}"), (bars, colour)))
            lines.append(Content.styled(f"  {short_text(low)} to {short_text(high)}", "$text-muted"))
    if not picture.is_natural:
        lines.append(_fact("stretch", STRETCH_WORDS[style.stretch]))
        lines.append(_fact("", "of each view" if is_per_view else "the same for all views"))
    lines += _statistics(picture)
    return [*lines, Content("")]


def cross_lines(scene: Scene, cross: CrossHair) -> list[Content]:
    """Return the place of the cross-hair and the values there."""
    if cross.pixel is None:
        return []
    x, y = cross.pixel
    lines = [_head("cross-hair"), _fact("column", f"{x:,}"), _fact("row", f"{y:,}")]
    middle = x + 0.5, y + 0.5
    found, degrees = scene.coordinates(*middle), scene.degrees(*middle)
    if found is not None and scene.place is not None and not scene.place.is_geographic:
        step = min(scene.place.pixel) if scene.place.pixel else 1.0
        lines += [_fact("x", coordinate_text(found[0], step)), _fact("y", coordinate_text(found[1], step))]
    if degrees is not None:
        lines.append(_fact("", degrees_text(*degrees)))
    else:
        words = "no place on the earth" if found is None else "degrees are not known for this system"
        lines.append(Content.styled(words, "$text-muted"))
    bits = int(scene.main.told["bits"])
    if cross.values is None:
        lines.append(Content.styled("reading…", "$text-muted"))
    nodata = scene.main.told["nodata"]
    for band, value in list(zip(cross.bands, cross.values or (), strict=False))[:VALUES_SHOWN]:
        remark = " nodata" if nodata is not None and value == nodata else ""
        lines.append(_fact(f"band {band + 1}", value_text(value, bits) + remark, "bold"))
    more = len(cross.values or ()) - VALUES_SHOWN
    if more > 0:
        lines.append(Content.styled(f"and {more} more", "$text-muted"))
    return [*lines, Content("")]


def fact_lines(facts: Sequence[tuple[str, str]], width: int) -> list[Content]:
    """Return the facts of the file, wrapped to the width."""
    lines = [_head("file")]
    for label, value in facts:
        rows = textwrap.wrap(value, max(8, width - LABEL_CELLS)) or [""]
        lines.append(_fact(label, rows[0]))
        lines += [_fact("", row) for row in rows[1:4]]
    return lines


def _steps(scene: Scene) -> list[Content]:
    """Return the variable, and where the slice lies on each further axis."""
    lines = [_head(f"{visible(scene.name, limit=60)}{', ' if scene.units else ''}{scene.units}")] if scene.name else []
    for step in scene.steps:
        lines.append(_fact(step.name[: LABEL_CELLS - 1], step.words or f"index {step.index:,}", "bold"))
        lines.append(Content.styled(f"{'':{LABEL_CELLS}}{step.index + 1:,} of {step.count:,}", "$text-muted"))
    return lines


def _bands(scene: Scene, style: Style) -> list[Content]:
    if scene.is_array and scene.bands == 1:
        return []
    if len(style.bands) == 1:
        return [_head(f"band {style.bands[0] + 1} of {scene.bands}")]
    names = "  ".join(
        f"{name} {band + 1}"
        for name, band in zip("CMYK" if len(style.bands) == 4 else "RGB", style.bands, strict=False)
    )
    return [_head(f"bands {names}  of {scene.bands}")]


def _ramp(band: BandFacts, ramp: str, width: int) -> list[Content]:
    """Return the histogram in the colours of the ramp, the ramp, and its ends."""
    count = len(band.bins)
    cells = max(1, min(2, width // count))
    colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in ramp_colours(ramp, count)]
    lines = [
        Content.assemble(*((bar * cells, colour) for bar, colour in zip(row, colours, strict=True)))
        for row in _bars(band.bins, BAR_ROWS)
    ]
    lines.append(Content.assemble(*((" " * cells, f"on {colour}") for colour in colours)))
    low, high = (short_text(limit) for limit in band.limits)
    middle = short_text((band.limits[0] / 2 + band.limits[1] / 2) * 1.0)
    room = count * cells
    gap = max(1, room - len(low) - len(middle) - len(high))
    lines.append(Content(f"{low}{' ' * (gap // 2)}{middle}{' ' * (gap - gap // 2)}{high}"))
    return [*lines, _fact("ramp", ramp)]


def _bars(bins: Sequence[int], rows: int) -> list[str]:
    """Return a histogram of so many rows, from the top."""
    most, steps = max(bins, default=0) or 1, len(BARS) - 1
    heights = [-(-count * rows * steps // most) for count in bins]
    return [
        "".join(BARS[max(0, min(steps, height - row * steps))] for height in heights) for row in reversed(range(rows))
    ]


def _statistics(picture: Picture) -> list[Content]:
    lines = []
    if len(picture.bands) == 1 and picture.bands[0].count:
        band = picture.bands[0]
        lines += [
            _fact("least", short_text(band.least)), _fact("most", short_text(band.most)),
            _fact("mean", short_text(band.mean)), _fact("std dev", short_text(band.deviation)),
        ]  # fmt: skip
    if picture.empty:
        share = 100 * picture.empty / picture.pixels
        lines.append(
            Content.assemble(("██", EMPTY_COLOUR), (f"{' nodata':<{LABEL_CELLS - 2}}", "$text-muted"), f"{share:.2g} %")
        )
    size = "" if picture.factor == 1 else f" of 1:{picture.factor:.3g}"
    lines.append(_fact("from", f"{picture.pixels:,} pixels{size}"))
    if picture.exaggeration:
        words = "as they are" if picture.exaggeration == 1 else f"× {picture.exaggeration:.3g}"
        lines.append(_fact("heights", words))
    if picture.row_step > 1:
        lines.append(Content.styled(f"every {picture.row_step}th row; zoom in for all", "$warning"))
    if picture.share < 1:
        lines.append(Content.styled(f"{picture.share:.0%} of the view; zoom in for all", "$warning"))
    if picture.damaged is not None:
        lines.append(Content.styled(f"{picture.damaged[0]:,} of {picture.damaged[1]:,} blocks damaged", "$error"))
    return lines


def _head(text: str) -> Content:
    return Content.styled(text, "bold $accent")


def _fact(label: str, value: str, style: str = "") -> Content:
    return Content.assemble((f"{label:<{LABEL_CELLS}}", "$text-muted"), (value, style))
