"""A coordinate in words: how many values, the first and the last, the step; times of the CF conventions as dates."""

import math
from collections.abc import Sequence
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.formats.npy import number_text
from storage_tui.previews.raster.cubes.calendars import date_words, unit_of_time

MOST_COORDINATES = 6  # of one file or store that are put into words
EVEN = 1e-4  # of a step: the mean step of an even axis differs from its first by rounding only
UNIT_CHARS = 40


def axis_words(count: int, values: Sequence[Any], units: Any = "", calendar: Any = "") -> str:
    """Return a coordinate of `count` values in words, from its first, second and last value, or from one that is all.

    `units` and `calendar` are what its attributes hold; what is no text there is left out. Values of None are not
    known: the result is empty without the first and the last.
    """
    first, last = values[0], values[-1]
    if first is None or last is None:
        return ""
    units = units if isinstance(units, str) else ""
    calendar = calendar if isinstance(calendar, str) else ""
    if count == 1:
        return f"1: {_value(first, units, calendar)}{_unit(first, units, calendar)}"
    span = f"{_value(first, units, calendar)} to {_value(last, units, calendar)}{_unit(last, units, calendar)}"
    return f"{count:,}: {span}{_step(count, values, units)}"


def _value(value: Any, units: str, calendar: str) -> str:
    if not _is_number(value):
        return visible(str(value), limit=40)
    return date_words(value, units, calendar) or number_text(value)


def _unit(value: Any, units: str, calendar: str) -> str:
    """Return the unit of a number that is not told as a date; a text has none."""
    if not units or not _is_number(value) or date_words(value, units, calendar):
        return ""
    return f" {visible(units, limit=UNIT_CHARS)}"


def _step(count: int, values: Sequence[Any], units: str) -> str:
    """Return the step of an even axis; "" where it is not even, or where steps are no numbers."""
    if len(values) < 3 or not all(map(_is_number, values)):
        return ""
    step = values[1] - values[0]
    mean = (values[-1] - values[0]) / (count - 1)
    if not (math.isfinite(mean) and math.isfinite(step)) or abs(step - mean) > abs(step) * EVEN:
        return ""
    unit = unit_of_time(units)
    return f", step {number_text(step)}{f' {visible(unit, limit=UNIT_CHARS)}' if unit else ''}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
