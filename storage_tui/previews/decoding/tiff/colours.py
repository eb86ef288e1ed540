"""From samples to RGB: shades of grey, palettes, CMYK, and what lies behind transparent pixels.

Values that are not bytes of a colour are stretched between the 2nd and the 98th percentile of the visible values. A
pixel without any value, masked out or wholly transparent shows the backdrop.
"""

from typing import Any

from PIL import Image

from storage_tui.previews.decoding.pictures import BACKDROP
from storage_tui.previews.decoding.tiff.levels import FLOAT, INT, UINT, Level
from storage_tui.previews.decoding.tiff.samples import Plane, known

INVERTED = bytes(range(255, -1, -1))
LEAST_SPAN = 1e-300  # 255 divided by a smaller span is too large for a float


def to_rgb(
    level: Level,
    planes: list[Plane],
    alpha: Plane | None,
    mask: Plane | None,
    palette: bytes,
    size: tuple[int, int],
    told: dict[str, Any],
) -> Image.Image:
    """Return the picture of the bands `level.shown`, and put `low`, `high` or `is_empty` into `told`."""
    values = [known(plane, level) for plane in planes]
    opacity = opacity_of(level, values, alpha, mask)
    if opacity is not None:
        if not any(opacity):
            told["is_empty"] = True
            return Image.new("RGB", size, BACKDROP)
        if not is_fixed(level):
            values = [[v if o else None for v, o in zip(plane, opacity, strict=True)] for plane in values]
            planes = values
        if level.is_premultiplied and alpha is not None:
            planes = values = [divided(plane, alpha, most_of(level)) for plane in planes]
    channels = _channels(level, planes, values, palette, told)
    picture = Image.merge("RGB", [Image.frombytes("L", size, channel) for channel in channels])
    if opacity is None:
        return picture
    return Image.composite(picture, Image.new("RGB", size, BACKDROP), Image.frombytes("L", size, opacity))


def opacity_of(level: Level, values: list[Plane], alpha: Plane | None, mask: Plane | None) -> bytes | None:
    """Return 0 to 255 for each pixel; None when all of them are opaque. A pixel is there if any band has a value."""
    there: list[bool] | None = None
    if any(None in plane for plane in values):
        there = [not all(value is None for value in pixel) for pixel in zip(*values, strict=True)]
    if mask is not None:
        there = [bool(inside) and (there is None or there[at]) for at, inside in enumerate(mask)]
    if alpha is None:
        return None if there is None else bytes(255 * is_there for is_there in there)
    scale = 255 / most_of(level)
    parts = (max(0, min(255, int(part * scale + 0.5))) if part and part == part else 0 for part in alpha)
    if there is None:
        return bytes(parts)
    return bytes(part if is_there else 0 for is_there, part in zip(there, parts, strict=True))


def is_fixed(level: Level) -> bool:
    """Return whether the samples are colours as they are, not values to be stretched."""
    is_bytes = level.bits <= 8 and level.sample_format == UINT
    return level.colours in ("palette", "cmyk") or (is_bytes and level.colours in ("rgb", "ycbcr"))


def most_of(level: Level) -> float:
    """Return the value of a sample that is fully opaque, or fully inked."""
    if level.sample_format == FLOAT:
        return 1.0
    return float((1 << level.bits - (level.sample_format == INT)) - 1)


def divided(plane: Plane, alpha: Plane, most: float) -> Plane:
    """Return colours that were multiplied by their opacity as they were before."""
    return [
        value if value is None or not part else most if (whole := value * most / part) > most else whole
        for value, part in zip(plane, alpha, strict=True)
    ]


def _channels(
    level: Level, planes: list[Plane], values: list[Plane], palette: bytes, told: dict[str, Any]
) -> list[bytes]:
    """Return red, green and blue."""
    if level.colours == "palette":
        return _painted(planes[0], palette)
    if level.colours == "cmyk":
        return _uninked(planes, most_of(level))
    if is_fixed(level):
        scale = 255 / most_of(level)
        return [bytes(0 if value is None else int(value * scale + 0.5) for value in plane) for plane in planes]
    limits = [_range(plane) for plane in values]
    shades = [
        shades_of(plane, *limit, is_inverted=level.is_inverted) for plane, limit in zip(values, limits, strict=True)
    ]
    if len(shades) == 1:
        told["low"], told["high"] = limits[0]
    return shades if len(shades) == 3 else shades[:1] * 3


def _painted(plane: Plane, palette: bytes) -> list[bytes]:
    """Return the colours of the entries; black where there is no such entry, as in libtiff."""
    channels = []
    for part in range(3):
        shades = palette[part::3]
        most = len(shades)
        channels.append(bytes(shades[int(at)] if at is not None and 0 <= at < most else 0 for at in plane))
    return channels


def _uninked(planes: list[Plane], most: float) -> list[bytes]:
    """Return red, green and blue of cyan, magenta, yellow and black, as libtiff does without a colour profile."""
    scale = 255 / most
    inks = [[255 if ink is None else int(ink * scale) for ink in plane] for plane in planes]
    return [
        bytes((255 - ink) * (255 - black) // 255 for ink, black in zip(plane, inks[3], strict=True))
        for plane in inks[:3]
    ]


def _range(plane: Plane) -> tuple[float, float]:
    values = sorted(value for value in plane if value is not None)
    if not values:
        return 0.0, 0.0
    low, high = values[len(values) * 2 // 100], values[min(len(values) - 1, len(values) * 98 // 100)]
    return (low, high) if low < high else (values[0], values[-1])  # nearly all have one value: show the others too


def shades_of(plane: Plane, low: float, high: float, *, is_inverted: bool) -> bytes:
    """Return a byte for each value: 0 at `low` and below and where there is no value, 255 at `high` and above."""
    half = high / 2 - low / 2  # the difference of two floats may be too large for a float
    scale = 255 / half if half > LEAST_SPAN else 0.0
    shades = bytes(
        0 if value is None or value <= low else 255 if value >= high else int((value / 2 - low / 2) * scale + 0.5)
        for value in plane
    )
    return shades.translate(INVERTED) if is_inverted else shades
