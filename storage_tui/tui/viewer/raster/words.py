"""Numbers and coordinates of rasters for people."""

import math
import struct

FLOAT_FORMS = {16: "e", 32: "f"}
DIGITS = range(1, 18)


def value_text(value: float | None, bits: int) -> str:
    """Return a sample in the fewest digits that name it among all samples of its width; `?` for a damaged block."""
    if value is None:
        return "?"
    form = FLOAT_FORMS.get(bits)
    if not isinstance(value, float) or form is None or not math.isfinite(value):
        return str(value)
    wanted = struct.pack(form, value)
    for digits in DIGITS:
        text = f"{value:.{digits}g}"
        try:
            if struct.pack(form, float(text)) == wanted:
                return text
        except OverflowError:
            continue
    return str(value)


def short_text(value: float) -> str:
    """Return a number in few characters."""
    if isinstance(value, int) and abs(value) < 10_000_000:
        return str(value)
    return f"{value:.4g}"


def coordinate_text(value: float, step: float) -> str:
    """Return a coordinate with as many decimals as a tenth of `step`, the size of a pixel, asks for."""
    if not math.isfinite(value):
        return str(value)
    decimals = 0 if step <= 0 else max(0, min(9, 1 - math.floor(math.log10(step))))
    return f"{value:,.{decimals}f}"


def degrees_text(longitude: float, latitude: float) -> str:
    """Return a place as `45.12345° N 9.12345° E`: about a metre."""
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.5f}° {north} {abs(longitude):.5f}° {east}"


def scale_text(scale: float) -> str:
    """Return how many pixels of the raster lie along the width of a cell: `1:8`, or `4:1` when a pixel is larger."""
    return f"1:{scale:.3g}" if scale >= 1 else f"{1 / scale:.3g}:1"
