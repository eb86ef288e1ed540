"""Dates, times and durations of Arrow as text: of any year, to the nanosecond, which Python's own types do not hold.

What they do hold is written as they write it.
"""

import struct
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAY_S = 86_400
NANOSECONDS = 1_000_000_000
ERA_DAYS, ERA_YEARS = 146_097, 400  # of the Gregorian calendar: after these its days repeat
UNIX_DAYS = 719_468  # from 1 March of the year 0 to 1 January 1970
JULIAN_DAYS = 2_440_588  # from the first Julian day to 1 January 1970
INT96_BYTES = 12  # of Parquet's first timestamps: nanoseconds of the day, and the Julian day

Zone = tzinfo | timedelta | None


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


def clock_text(value: int, per_second: int) -> str:
    """Return a time of day."""
    sign, (seconds, part) = "-" if value < 0 else "", divmod(abs(value), per_second)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{sign}{clock}{_fraction_text(part, per_second)}"


def timestamp_text(value: int, per_second: int, zone: Zone) -> str:
    """Return a point in time in its zone; in UTC, with a Z, where the rules of the zone for that year are not known."""
    shift = _offset_s(value // per_second, zone)
    days, rest = divmod(value + (shift or 0) * per_second, DAY_S * per_second)
    ending = "Z"
    if zone is None:
        ending = ""
    elif shift is not None:
        minutes = round(shift / 60)
        ending = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    return f"{date_text(days)} {clock_text(rest, per_second)}{ending}"


def duration_text(value: int, per_second: int) -> str:
    """Return a length of time; of one before 0 the days alone are negative."""
    days, rest = divmod(value, DAY_S * per_second)
    told = f"{days} day{'' if abs(days) == 1 else 's'}, " if days else ""
    return f"{told}{clock_text(rest, per_second).removeprefix('0')}"


def interval_text(months: int, days: int, rest: int, per_second: int = NANOSECONDS) -> str:
    """Return an interval of the calendar."""
    counts = ((months, "month"), (days, "day"))
    parts = [f"{count} {word}{'' if abs(count) == 1 else 's'}" for count, word in counts if count]
    if rest or not parts:
        parts.append(clock_text(rest, per_second))
    return " ".join(parts)


def int96_text(raw: bytes) -> str:
    """Return a timestamp in the form that Parquet had before it had timestamps."""
    nanoseconds, day = struct.unpack("<qi", raw)
    return timestamp_text((day - JULIAN_DAYS) * DAY_S * NANOSECONDS + nanoseconds, NANOSECONDS, None)


def find_zone(name: str) -> Zone:
    """Return the time zone of a name or an offset; UTC for one that is not known here, None for an empty name."""
    if not name:
        return None
    try:
        if name[0] in "+-":
            return datetime.strptime(name, "%z").utcoffset()
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return UTC


def _offset_s(seconds: int, zone: Zone) -> int | None:
    """Return the offset of a zone from UTC at a time, in seconds; None at times that Python's calendar lacks."""
    if isinstance(zone, timedelta):
        return int(zone.total_seconds())
    if zone is None or zone is UTC or str(zone) == "UTC":
        return 0
    try:
        shift = datetime.fromtimestamp(seconds, zone).utcoffset()
    except (OverflowError, ValueError, OSError):
        return None
    return None if shift is None else int(shift.total_seconds())


def _fraction_text(part: int, per_second: int) -> str:
    """Return the part of a second: nothing when it is none, else microseconds, or nanoseconds where they count."""
    nanoseconds = part * (NANOSECONDS // per_second)
    if not nanoseconds:
        return ""
    return f".{nanoseconds:09d}" if nanoseconds % 1000 else f".{nanoseconds // 1000:06d}"
