"""Times of the CF conventions as dates: `days since 2000-01-01` (CF 1.11, section 4.4)."""

import math
import re
from datetime import UTC, datetime, timedelta

SECONDS = {"second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0,
           "day": 86_400.0, "d": 86_400.0, "millisecond": 0.001, "msec": 0.001, "week": 604_800.0,
           "microsecond": 1e-6, "nanosecond": 1e-9}  # fmt: skip
SINCE = re.compile(
    r"\s*([A-Za-z]+)\s+since\s+(-?\d{1,4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ]+(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(Z|UTC|[-+]0{1,2}:?(?:00)?)?\s*"
)
STANDARD = frozenset(("", "standard", "gregorian", "proleptic_gregorian"))
MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTHS_OF = {"noleap": MONTHS, "365_day": MONTHS, "all_leap": (31, 29, *MONTHS[2:]), "366_day": (31, 29, *MONTHS[2:]),
             "360_day": (30,) * 12}  # fmt: skip
GREGORIAN_FROM = datetime(1582, 10, 15, tzinfo=UTC)
DAY_SECONDS = 86_400


def date_words(value: float, units: str, calendar: str = "standard") -> str:
    """Return a time as `2024-01-31 12:00`; empty for units of no time, or a calendar that is not known.

    Dates before the Gregorian calendar are left out in the calendar that was another then.
    """
    found = SINCE.fullmatch(units)
    if found is None or not math.isfinite(value):
        return ""
    seconds = SECONDS.get(found[1].lower().removesuffix("s") or "s")
    if seconds is None:
        return ""
    year, month, day = (int(part) for part in found.group(2, 3, 4))
    clock = [int(part or 0) for part in found.group(5, 6, 7)]
    kind = calendar.lower()
    if kind in MONTHS_OF:
        of_day = clock[0] * 3600 + clock[1] * 60 + clock[2]
        return _in_years_of_one_length(value * seconds + of_day, year, month, day, MONTHS_OF[kind])
    if kind not in STANDARD:
        return ""
    try:
        begin = datetime(year, month, day, clock[0], clock[1], clock[2], tzinfo=UTC)
        date = begin + timedelta(seconds=round(value * seconds))
    except (ValueError, OverflowError):
        return ""
    if kind != "proleptic_gregorian" and min(begin, date) < GREGORIAN_FROM:
        return ""
    return _words(date.year, date.month, date.day, date.hour * 3600 + date.minute * 60 + date.second)


def unit_of_time(units: str) -> str:
    """Return the unit of `hours since 2000-01-01`; empty for other units."""
    found = SINCE.fullmatch(units)
    return "" if found is None else found[1]


def _in_years_of_one_length(seconds: float, year: int, month: int, day: int, months: tuple[int, ...]) -> str:
    """Return the date so many seconds after the start of a day, in a calendar whose years are equally long."""
    if not (1 <= month <= 12 and 1 <= day <= months[month - 1]) or abs(seconds) > 1e14:
        return ""
    days, rest = divmod(round(seconds), DAY_SECONDS)
    more, at = divmod(sum(months[: month - 1]) + day - 1 + days, sum(months))
    month = 0
    while at >= months[month]:
        at -= months[month]
        month += 1
    return _words(year + more, month + 1, at + 1, rest)


def _words(year: int, month: int, day: int, seconds: int) -> str:
    date = f"{year:04d}-{month:02d}-{day:02d}"
    hours, rest = divmod(seconds, 3600)
    clock = f"{hours:02d}:{rest // 60:02d}" + (f":{rest % 60:02d}" if rest % 60 else "")
    return f"{date} {clock}" if seconds else date
