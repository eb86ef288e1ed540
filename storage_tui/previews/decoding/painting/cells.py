"""RGB pixels as cells of a terminal: four quadrants or two halves of a cell, in the two colours that fit best.

A cell is seven bytes: the number of its sign in SIGNS, three bytes of the colour of the sign, three of the background.
"""

from functools import lru_cache

SIGNS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""The signs by the quadrants that they fill: 1 upper left, 2 upper right, 4 lower left, 8 lower right."""
CELL_BYTES = 7
UPPER_HALF = 3
SAME_BITS = bytes(value & 0xFC for value in range(256))  # six bits a channel: equal neighbours cost no bytes over SSH

_SPLITS = ((3, (0, 1), (2, 3)), (5, (0, 2), (1, 3)), (9, (0, 3), (1, 2)),
           (1, (0,), (1, 2, 3)), (2, (1,), (0, 2, 3)), (4, (2,), (0, 1, 3)), (8, (3,), (0, 1, 2)))  # fmt: skip
"""The ways to part four pixels in two groups: the sign, the pixels in its colour, the others."""


def to_cells(rgb: bytes, columns: int, rows: int, *, across: int) -> bytes:
    """Return the cells of a picture of `columns * across` by `rows * 2` pixels; `across` is 2 for quadrants, or 1."""
    rgb = rgb.translate(SAME_BITS)
    stride = columns * across * 3
    lines = [rgb[at : at + stride] for at in range(0, stride * rows * 2, stride)]
    cell = _quadrants if across == 2 else _halves
    wide = across * 3
    return b"".join([
        cell(upper[at : at + wide], lower[at : at + wide])
        for upper, lower in zip(lines[::2], lines[1::2], strict=True)
        for at in range(0, stride, wide)
    ])  # fmt: skip


def _halves(upper: bytes, lower: bytes) -> bytes:
    return (b"\x00" if upper == lower else b"\x03") + upper + lower


@lru_cache(maxsize=8192)
def _quadrants(upper: bytes, lower: bytes) -> bytes:
    """Return the cell of four pixels: of all partings the one with the smallest squared error."""
    pixels = (upper[:3], upper[3:], lower[:3], lower[3:])
    if pixels[0] == pixels[1] == pixels[2] == pixels[3]:
        return b"\x00" + pixels[0] * 2
    if pixels[0] == pixels[1] and pixels[2] == pixels[3]:
        return b"\x03" + pixels[0] + pixels[2]
    reds, greens, blues = zip(*pixels, strict=True)
    red, green, blue = sum(reds), sum(greens), sum(blues)
    best, found = -1.0, (0, 0, 0, 0, 1)
    for sign, inside, outside in _SPLITS:
        r = g = b = 0
        for at in inside:
            r, g, b = r + reds[at], g + greens[at], b + blues[at]
        count, others = len(inside), len(outside)
        spread = (r * r + g * g + b * b) / count
        spread += ((red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2) / others
        if spread > best:  # the sum of squares is the same for all partings, so the largest spread has the least error
            best, found = spread, (sign, r, g, b, count)
    sign, r, g, b, count = found
    others = 4 - count
    return bytes((
        sign, r // count, g // count, b // count, (red - r) // others, (green - g) // others, (blue - b) // others,
    ))  # fmt: skip
