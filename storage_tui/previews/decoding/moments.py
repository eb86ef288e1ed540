"""Dates, times and durations of Arrow as text: of any year, to the nanosecond, which Python's own types do not hold."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "µs": 10**6, "ns": 10**9}
DAY_S = 86_400
ERA_DAYS, ERA_YEARS = 146_097, 400  # of the Gregorian calendar: after these its days repeat
UNIX_DAYS = 719_468  # from 1 March of the year 0 to 1 January 1970
PYTHON_S = (-62_135_596_800 + DAY_S, 253_402_300_799 - DAY_S)  # of the years that Python knows, with room for a zone


def is_moment(kind: Any) -> bool:
    """Return whether values of this Arrow type are dates, times or durations."""
    return any((kind.is_timestamp(kind), kind.is_date(kind), kind.is_time(kind), kind.is_duration(kind)))


def moment_text(value: int, kind: Any) -> str:
    """Return a value of such a type, given as its number of units."""
    if kind.is_date32(kind):
        return date_text(value)
    if kind.is_date64(kind):
        return date_text(value // (DAY_S * PER_SECOND["ms"]))
    per_second = PER_SECOND[kind.time_unit]
    seconds, part = divmod(value, per_second)
    fraction = _fraction_text(part, per_second)
    if kind.is_duration(kind):
        days, seconds = divmod(seconds, DAY_S)
        told = f"{days} day{'s' if abs(days) != 1 else ''}, " if days else ""
        return f"{told}{clock_text(seconds).removeprefix('0')}{fraction}"
    if kind.is_time(kind):
        return clock_text(seconds) + fraction
    return f"{_local_text(seconds, kind.tz, fraction)}"


def date_text(days: int) -> str:
    """Return a date, given as days since 1970; the year 0 is the year before the year 1 (ISO 8601).

    The rule is that of the Gregorian calendar, in eras of 400 years that begin in March.
    """
    era, day = divmod(days + UNIX_DAYS, ERA_DAYS)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    of_year = day - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    number = month + 3 if month < 10 else month - 9
    full = year + era * ERA_YEARS + (number <= 2)
    return f"{'-' if full < 0 else ''}{abs(full):04d}-{number:02d}-{of_year - (153 * month + 2) // 5 + 1:02d}"


def clock_text(seconds: int) -> str:
    """Return a time of day."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _local_text(seconds: int, zone: str | None, fraction: str) -> str:
    """Return a moment in its zone; in UTC, with a Z, when the zone or its rules for that year are not known."""
    ending = ""
    if zone:
        ending = "Z"
        if PYTHON_S[0] <= seconds <= PYTHON_S[1] and (offset := _offset(seconds, zone)) is not None:
            seconds += round(offset.total_seconds())
            minutes = round(offset.total_seconds() / 60)
            ending = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    days, clock = divmod(seconds, DAY_S)
    return f"{date_text(days)} {clock_text(clock)}{fraction}{ending}"


def _offset(seconds: int, zone: str) -> timedelta | None:
    """Return how far a zone is ahead of UTC at a moment; None for an unknown zone."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    try:
        if zone[:1] in "+-":
            return datetime.strptime(zone, "%z").utcoffset()
        return moment.astimezone(ZoneInfo(zone)).utcoffset()
    except (ValueError, KeyError, OSError):
        return None


def _fraction_text(part: int, per_second: int) -> str:
    """Return the part of a second: nothing when it is none, else microseconds, or nanoseconds where they count."""
    nanoseconds = part * (PER_SECOND["ns"] // per_second)
    if not nanoseconds:
        return ""
    return f".{nanoseconds:09d}" if nanoseconds % 1000 else f".{nanoseconds // 1000:06d}"
