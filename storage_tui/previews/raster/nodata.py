"""The nodata value of a raster from its text, in the type of the raster: as GDAL reads it."""

import math
import re
import struct

from storage_tui.previews.decoding.levels import FLOAT, INT

NUMBER = re.compile(
    r"\s*([-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?inf(?:inity)?|[-+]?nan)", re.IGNORECASE
)
WINDOWS_NAN = re.compile(r"\s*-?1\.#(?:IND|QNAN|SNAN)", re.IGNORECASE)
FLOAT_CODES = {16: "e", 32: "f", 64: "d"}


def read_nodata(text: str, sample_format: int, bits: int) -> float | int | None:
    """Return the value that stands for no value; None without one, and when no sample can have it.

    Text after the number is left out, a comma may stand for the point, and a float is rounded to the width of the
    raster's floats: `-9999.9` is -9999.900390625 in 32 bits. Not a number is None: such samples never have a value.
    """
    number = parse_nodata(text)
    if number is None or math.isnan(number) or bits < 1:
        return None
    if sample_format == FLOAT:
        return _rounded(float(number), bits)
    least = -(1 << bits - 1) if sample_format == INT else 0
    most = (1 << bits - (sample_format == INT)) - 1
    return int(number) if math.isfinite(number) and least <= number <= most else None


def parse_nodata(text: str) -> float | int | None:
    """Return the number at the start of the text; 0 when there is none, as in GDAL, and None for no text at all."""
    if not text:
        return None
    if WINDOWS_NAN.match(text):
        return math.nan
    found = NUMBER.match(text)
    if found is None:
        return 0
    number = found[1].replace(",", ".")
    return int(number) if number.lstrip("+-").isdigit() else float(number)


def _rounded(number: float, bits: int) -> float | None:
    """Return the nearest float of this width; None for an infinity, which is no value anyway."""
    code = FLOAT_CODES.get(bits, "d")
    try:
        rounded = float(struct.unpack(code, struct.pack(code, number))[0])
    except OverflowError:  # the largest float of 32 bits, written with too few digits
        rounded = math.copysign(struct.unpack("<f", b"\xff\xff\x7f\x7f")[0], number) if bits == 32 else math.inf
    return rounded if math.isfinite(rounded) else None
