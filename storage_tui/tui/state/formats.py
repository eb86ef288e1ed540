"""Numbers as people read them: counts, ages, countdowns, rates; three digits, no locale."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from storage_tui.contract.moments import local_time
from storage_tui.contract.sizes import size_text

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 31_557_600

Urgency = Literal["gone", "critical", "soon", "later"]


def count_text(count: int, *, is_open: bool = False) -> str:
    """Return a count as text: `14,000`, or `14,000+` while more may come."""
    return f"{count:,}{'+' if is_open else ''}"


def types_text(names: Iterable[str]) -> str:
    """Return the storage types of these names: `tmp`, or with the count of each: `data (2), tmp (12)`."""
    types = Counter(names)
    if len(types) == 1:
        return next(iter(types))
    return ", ".join(f"{name} ({count:,})" for name, count in types.items())


def age_text(moment: datetime | None, now: datetime) -> str:
    """Return the time since `moment` in one unit: `45s`, `12m`, `30h`, `99d`, `3y`."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < MINUTE:
        return f"{seconds}s"
    if seconds < HOUR:
        return f"{seconds // MINUTE}m"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR}h"
    if seconds < 2 * YEAR:
        return f"{seconds // DAY}d"
    return f"{seconds // YEAR}y"


def countdown_text(moment: datetime | None, now: datetime) -> str:
    """Return the time until `moment`: `6d 23h`, `3h 05m`, `42m`, `30s`, `gone`."""
    if moment is None:
        return ""
    seconds = int((moment - now).total_seconds())
    if seconds <= 0:
        return "gone"
    if seconds < MINUTE:
        return f"{seconds}s"
    if seconds < HOUR:
        return f"{seconds // MINUTE}m"
    if seconds < DAY:
        return f"{seconds // HOUR}h {seconds % HOUR // MINUTE:02d}m"
    return f"{seconds // DAY}d {seconds % DAY // HOUR}h"


def urgency(moment: datetime | None, now: datetime) -> Urgency:
    """Return the urgency of `moment`: within six hours, within two days, later, or past."""
    if moment is None:
        return "later"
    left = moment - now
    if left <= timedelta(0):
        return "gone"
    if left <= timedelta(hours=6):
        return "critical"
    return "soon" if left <= timedelta(days=2) else "later"


def duration_text(seconds: float | None) -> str:
    """Return a time to wait: `0:42`, `12:05`, `3h 20m`, `2d 4h`; `?` for an unknown one."""
    if seconds is None or seconds != seconds or seconds > 99 * DAY:
        return "?"
    whole = max(0, round(seconds))
    if whole < HOUR:
        return f"{whole // MINUTE}:{whole % MINUTE:02d}"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"


def rate_text(bytes_per_s: float) -> str:
    """Return a rate as text: `12.3 MB/s`."""
    return f"{size_text(int(bytes_per_s))}/s"


def moment_text(moment: datetime | None) -> str:
    """Return the local time to the second with its zone: `2024-05-01 14:03:22 CEST`."""
    return "unknown" if moment is None else local_time(moment).strftime("%Y-%m-%d %H:%M:%S %Z")
