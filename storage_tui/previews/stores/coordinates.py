"""Coordinates of a Zarr store in words: first and last value, step, times of the CF conventions (section 4.4)."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import PreviewError
from storage_tui.previews.formats.npy import number_text
from storage_tui.previews.stores.nodes import Array
from storage_tui.previews.stores.prefix import Prefix
from storage_tui.previews.stores.slices import Axis, read_slice

MOST_COORDINATES = 6
SINCE = re.compile(
    r"\s*(\w+)\s+since\s+(\d{1,4})-(\d{1,2})-(\d{1,2})"
    r"(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?",
    re.ASCII,
)
SECONDS = {"seconds": 1, "second": 1, "s": 1, "sec": 1, "secs": 1, "minutes": 60, "minute": 60, "min": 60, "mins": 60,
           "hours": 3600, "hour": 3600, "hr": 3600, "h": 3600, "hrs": 3600, "days": 86_400, "day": 86_400,
           "d": 86_400, "milliseconds": 1e-3, "millisecond": 1e-3, "microseconds": 1e-6, "microsecond": 1e-6,
           "nanoseconds": 1e-9, "nanosecond": 1e-9}  # fmt: skip
REAL_CALENDARS = ("standard", "gregorian", "proleptic_gregorian", "")
EVEN = 1e-4  # of a step: the mean step of an even axis differs from its first by rounding only


def coordinates_of(arrays: list[Array]) -> list[Array]:
    """Return the arrays that are the values along a dimension of their own name, at most MOST_COORDINATES."""
    found = [
        array for array in arrays
        if len(array.shape) == 1 and array.shape[0] and array.dtype is not None
        and (array.dimensions == (array.name,) or (not array.dimensions and array.name in _sides_of(arrays)))
    ]  # fmt: skip
    return found[:MOST_COORDINATES]


async def coordinate_text(prefix: Prefix, array: Array) -> str:
    """Return a coordinate in words; "" for one that cannot be read. Raises an error of the client."""
    count, chunk = array.shape[0], array.pieces[0]
    places = sorted({0, min(1, count - 1), count - 1})
    try:
        found = await read_slice(prefix, array, Axis((0,), 1), Axis(tuple(places), chunk))
    except PreviewError:
        return ""
    values = found.values[0]
    if values[0] is None or values[-1] is None:
        return ""
    first, last = _text(array, values[0]), _text(array, values[-1])
    if count == 1:
        return f"{count:,}: {first}"
    return f"{count:,}: {first} to {last}{_step(array, values, count)}"


def time_text(units: Any, calendar: Any, value: float) -> str:
    """Return a moment of the CF conventions; "" for units that are no time, and a calendar that no clock has."""
    match = SINCE.match(units) if isinstance(units, str) else None
    if match is None or match[1].lower() not in SECONDS or not math.isfinite(value):
        return ""
    if str(calendar or "").lower() not in REAL_CALENDARS:
        return ""
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[1:])
        start = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        moment = start + timedelta(seconds=float(value) * SECONDS[match[1].lower()])
        moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    except (ValueError, OverflowError):
        return ""
    text = moment.strftime("%Y-%m-%d %H:%M:%S") if moment.year >= 1000 else str(moment)[:19]
    return text.removesuffix(":00").removesuffix(" 00:00")


def _text(array: Array, value: Any) -> str:
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        return visible(str(value), limit=40)
    units = array.attributes.get("units")
    moment = time_text(units, array.attributes.get("calendar"), value)
    if moment:
        return moment
    words = f" {units}" if isinstance(units, str) and "since" in units else ""
    return visible(f"{number_text(value)}{words}", limit=60)


def _step(array: Array, values: list[Any], count: int) -> str:
    """Return the step of an even axis; "" where it is not even, or where steps are no numbers."""
    if count < 3 or not all(isinstance(value, int | float) for value in (values[0], values[1], values[-1])):
        return ""
    step = values[1] - values[0]
    mean = (values[-1] - values[0]) / (count - 1)
    if not (math.isfinite(mean) and math.isfinite(step)) or abs(step - mean) > abs(step) * EVEN:
        return ""
    units = array.attributes.get("units")
    match = SINCE.match(units) if isinstance(units, str) else None
    return f", step {number_text(step)}{f' {match[1]}' if match is not None else ''}"


def _sides_of(arrays: list[Array]) -> set[str]:
    return {name for array in arrays for name in array.dimensions}
