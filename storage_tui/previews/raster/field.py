"""A field of numbers as a picture: stretched between two percentiles, in a ramp of colours."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from storage_tui.previews.decoding.painting.ramps import ramp_table
from storage_tui.previews.decoding.painting.stretching import Statistics

BACKDROP = bytes((40, 40, 40))  # where there is no value
RAMP = "viridis"


@dataclass(frozen=True, slots=True)
class Field:
    """The picture in RGB, and the least and most of its values."""

    rgb: bytes
    width: int
    height: int
    least: float
    most: float


def is_value(value: Any, missing: Collection[float] = ()) -> bool:
    """Return whether a value is a number that is there."""
    return isinstance(value, int | float) and math.isfinite(value) and value not in missing


def painted(rows: Sequence[Sequence[Any]], missing: Collection[float] = ()) -> Field | None:
    """Return rows of values as a picture, a pixel a value; None when none of them is a number that is there."""
    known = [float(value) for row in rows for value in row if is_value(value, missing)]
    if not known:
        return None
    low, high = Statistics.of(known).limits("percent")
    red, green, blue = ramp_table(RAMP)
    colours = [bytes((red[at], green[at], blue[at])) for at in range(256)]
    half = high / 2 - low / 2  # the difference of two floats may be too large for a float
    pixels = []
    for row in rows:
        for value in row:
            if not is_value(value, missing):
                pixels.append(BACKDROP)
                continue
            share = (value / 2 - low / 2) / half if half > 0 else 0.5
            pixels.append(colours[max(0, min(255, int(share * 255 + 0.5)))])
    return Field(b"".join(pixels), len(rows[0]), len(rows), min(known), max(known))


def spread(start: int, stop: int, count: int) -> list[int]:
    """Return `count` places between two, each in the middle of its part."""
    return [start + (2 * at + 1) * (stop - start) // (2 * count) for at in range(count)]


def sampled(width: int, height: int, room: tuple[int, int]) -> tuple[list[int], list[int]]:
    """Return the columns and rows of a field that are taken for a room of `room` columns and rows."""
    scale = min(room[0] / width, room[1] / height, 1.0)
    return spread(0, width, max(1, round(width * scale))), spread(0, height, max(1, round(height * scale)))
