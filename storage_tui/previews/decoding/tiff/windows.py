"""A window of one level of a raster: its cells, its statistics, its values, and the values at one pixel."""

import struct
from typing import Any

from PIL import Image

from storage_tui.previews.decoding.painting.cells import to_cells
from storage_tui.previews.decoding.painting.ramps import AROUND_ZERO, ramp_table
from storage_tui.previews.decoding.painting.relief import shaded
from storage_tui.previews.decoding.painting.stretching import Statistics, around_zero, histogram
from storage_tui.previews.decoding.pictures import BACKDROP
from storage_tui.previews.decoding.tiff.colours import divided, is_fixed, most_of, opacity_of, shades_of, to_rgb
from storage_tui.previews.decoding.tiff.levels import CODES, Level
from storage_tui.previews.decoding.tiff.samples import Plane, Samples, known, sample_seen

MOST_PIXELS = 400_000  # of a window: a terminal of 800 by 250 cells in quadrants
MOST_VALUES = 1024  # bands at one pixel
MOST_BYTES = 8 * 1024 * 1024  # of values in one answer
WHOLE_BITS = (8, 16, 32, 64)


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return facts and cells for a job with `level`, `xs`, `ys`, `at`, `columns`, `rows`, `across`, `ground`, `style`.

    `xs` and `ys` are the columns and rows of the level, as it is seen, that are drawn; `at` is the place of the first
    one in the picture of `columns * across` by `rows * 2` pixels, which is `ground` elsewhere. `style` has `bands`,
    `stretch`, `ramp`, `limits` when these are kept, and `relief`, the size of a pixel, for hill shade. The facts are
    `limits`, `statistics` and `histogram` of each band, `is_natural` for a picture in its own colours, `pixels` and
    `empty`, the pixels drawn and those without a value, `relief`, by how much heights are exaggerated, and `damaged`.
    Raises ValueError for samples that are not supported, and when every block is damaged.
    """
    level, style = Level.of(job["level"]), job["style"]
    xs, ys = job["xs"], job["ys"]
    size = len(xs), len(ys)
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError("the window has more pixels than a terminal")
    shown: list[int] = style["bands"]
    found = sample_seen(level, content, [*shown, *([] if level.alpha is None else [level.alpha])], xs, ys)
    told: dict[str, Any] = {"pixels": size[0] * size[1]}
    if found.damaged:
        told["damaged"] = [len(found.damaged), len(found.looked_at)]
    mask = None if level.mask is None else sample_seen(level.mask, content, [0], xs, ys).planes[0]
    alpha = None if level.alpha is None else found.planes.pop()
    picture = _painted(level, style, found.planes, alpha, mask, content, size, told)
    canvas = Image.new("RGB", (job["columns"] * job["across"], job["rows"] * 2), tuple(job["ground"]))
    canvas.paste(picture, tuple(job["at"]))
    return told, to_cells(canvas.tobytes(), job["columns"], job["rows"], across=job["across"])


def read_pixel(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return `values`, the values of `bands` at the pixel `x`, `y` of `level` as seen; None for a damaged block."""
    level = Level.of(job["level"])
    bands = job["bands"][:MOST_VALUES]
    found = sample_seen(level, content, bands, [job["x"]], [job["y"]])
    return {"values": [plane[0] for plane in found.planes]}, b""


def read_values(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return all bands of `level` in `columns` and `rows` as seen, little-endian, pixel by pixel.

    `columns` and `rows` are a first one and a count. Samples of odd widths are widened. A damaged block has nodata, or
    0; `damaged` counts these blocks.
    """
    level = Level.of(job["level"])
    form, bits = level.sample_format, next(whole for whole in WHOLE_BITS if level.bits <= whole)
    xs, ys = (range(first, first + count) for first, count in (job["columns"], job["rows"]))
    count = len(xs) * len(ys)
    if count * level.bands * bits // 8 > MOST_BYTES:
        raise ValueError("the part has more values than fit an answer")
    try:
        found = sample_seen(level, content, list(range(level.bands)), xs, ys)
    except ValueError:
        found = Samples([[None] * count for _ in range(level.bands)], set(), {0: "damaged"})
    fill = level.nodata if level.nodata is not None else 0
    code = f"<{count}{CODES[form, bits]}"
    item = bits // 8
    values = bytearray(count * level.bands * item)
    for band, plane in enumerate(found.planes):
        raw = struct.pack(code, *[fill if value is None else value for value in plane])
        for place in range(item):
            values[band * item + place :: level.bands * item] = raw[place::item]
    return {"damaged": len(found.damaged)}, bytes(values)


def _painted(
    level: Level,
    style: dict[str, Any],
    planes: list[Plane],
    alpha: Plane | None,
    mask: Plane | None,
    content: bytes,
    size: tuple[int, int],
    told: dict[str, Any],
) -> Image.Image:
    """Return the picture, and put what is known about its values into `told`."""
    values = [known(plane, level) for plane in planes]
    opacity = opacity_of(level, values, alpha, mask)
    empty = 0 if opacity is None else opacity.count(0)
    told["empty"] = empty
    if opacity is not None and empty:
        values = [[v if o else None for v, o in zip(plane, opacity, strict=True)] for plane in values]
    if level.is_premultiplied and alpha is not None:
        values = [divided(plane, alpha, most_of(level)) for plane in values]
    plain = [sorted([value for value in plane if value is not None]) for plane in values]
    statistics = [Statistics.of(plane) for plane in plain]
    told["statistics"] = [[one.count, one.least, one.most, one.mean, one.deviation] for one in statistics]
    start, count = level.palette
    is_own = style["ramp"] is None and style["bands"] == level.shown and level.colours in ("palette", "cmyk")
    limits = style["limits"] or [one.limits(style["stretch"]) for one in statistics]
    if style["ramp"] in AROUND_ZERO:
        limits = [around_zero(*limit) for limit in limits]
    told["limits"], told["is_natural"] = limits, is_own
    told["histogram"] = [histogram(plane, *limit) for plane, limit in zip(plain, limits, strict=True)]
    if is_own and is_fixed(level):
        return to_rgb(level, planes, alpha, mask, content[start : start + count], size, told)
    is_turned = level.is_inverted and style["ramp"] in (None, "grey")
    shades = [shades_of(plane, *limit, is_inverted=is_turned) for plane, limit in zip(values, limits, strict=True)]
    if len(shades) == 1:
        table = ramp_table(style["ramp"] or "grey")
        relief = style.get("relief")
        if relief is not None:
            bright, told["relief"] = shaded(values[0], size[0], *relief)
            if style["ramp"] in (None, "grey"):
                shades = [bytes(int(255 * light) for light in bright)]
        shades = [shades[0].translate(channel) for channel in table]
        if relief is not None and style["ramp"] not in (None, "grey"):
            shades = [
                bytes(int(shade * light) for shade, light in zip(channel, bright, strict=True)) for channel in shades
            ]
    picture = Image.merge("RGB", [Image.frombytes("L", size, channel) for channel in shades[:3]])
    if opacity is None:
        return picture
    return Image.composite(picture, Image.new("RGB", size, BACKDROP), Image.frombytes("L", size, opacity))
