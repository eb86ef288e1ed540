"""Limits of size, age and time left: `>3d`, `<24h`, `>1GB`. The same words serve lists, marks and the command line.

| limit | a blob matches |
|---|---|
| `>3d`, `age>3d` | written more than three days ago |
| `age<24h` | written within 24 hours |
| `<24h` | expires within 24 hours; where nothing expires, written within 24 hours |
| `left<24h`, `left>3d` | expires within 24 hours; in more than three days |
| `>1GB`, `size>1GB`, `<10k` | larger than 10^9 bytes; smaller than 10,000 bytes |

Times are `s m h d w y`, sizes `B kB MB GB TB PB`, in powers of ten, `KiB MiB GiB TiB PiB` in powers of two. `k G T P`
are sizes too, and `M` after `size`; alone `m` is a minute. A blob with an unknown value never matches.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import gt, lt
from typing import Literal

from storage_tui.contract.models import Blob

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "y": 31_557_600}
BYTES: dict[str, int] = {"b": 1} | {
    f"{letter}{ending}": base**power
    for power, letter in enumerate("kmgtp", 1)
    for ending, base in (("", 1000), ("b", 1000), ("ib", 1024))
}
_BOUND = re.compile(r"(?:(age|left|size))?([<>])([0-9]{1,18}(?:\.[0-9]{1,9})?)([a-z]+)", re.IGNORECASE)
_BEGINNING = re.compile(r"(?:age|left|size)?[<>]", re.IGNORECASE)
_NUMBER = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([a-z]*)", re.IGNORECASE)

Subject = Literal["age", "left", "size", "soon"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One limit: what is compared, whether less or more is wanted, and bytes or a time.

    The subject `soon` is the time left, or where nothing expires the age.
    """

    subject: Subject
    is_less: bool
    size_bytes: float = 0
    time: timedelta = timedelta()

    def matches(self, blob: Blob, now: datetime) -> bool:
        """Return whether a blob is within the limit; false when its value is not known."""
        compare: Callable[[float | timedelta, float | timedelta], bool] = lt if self.is_less else gt
        if self.subject == "size":
            return blob.size_bytes is not None and compare(blob.size_bytes, self.size_bytes)
        if self.subject == "left" or (self.subject == "soon" and blob.expires is not None):
            return blob.expires is not None and compare(blob.expires - now, self.time)
        return blob.modified is not None and compare(now - blob.modified, self.time)

    def is_known(self, blob: Blob) -> bool:
        """Return whether the value that is compared was sent with the blob: a published server lists keys only."""
        return blob.size_bytes is not None if self.subject == "size" else blob.modified is not None


def is_condition(word: str) -> bool:
    """Return whether a word is a limit, perhaps a wrong one, and no part of a name."""
    return _BEGINNING.match(word) is not None and (word[0] in "<>" or _BOUND.match(word) is not None)


def condition(word: str) -> Condition:
    """Return the limit in a word; raise ValueError with the reason when it cannot be read."""
    match = _BOUND.fullmatch(word)
    if match is None:
        raise ValueError(f"{word} is not a limit; write it as >3d, <24h or >1GB")
    what, is_less, number, unit = (match[1] or "").lower(), match[2] == "<", float(match[3]), match[4].lower()
    is_size = unit in BYTES and (what == "size" or (not what and unit not in SECONDS))
    if is_size:
        return Condition("size", is_less, size_bytes=number * BYTES[unit])
    if unit not in SECONDS or what == "size":
        raise ValueError(f"{match[4]} in {word} is not a unit of this limit; use {_units(SECONDS)}, {_units(BYTES)}")
    time = _time(number, unit, word)
    if what == "left":
        return Condition("left", is_less, time=time)
    return Condition("soon" if is_less and not what else "age", is_less, time=time)


def length_of_time(text: str) -> timedelta:
    """Return a time such as `90s`, `24h`, `3d` or `1.5w`; raise ValueError with the reason for another text."""
    match = _NUMBER.fullmatch(text)
    if match is None or match[2].lower() not in SECONDS:
        raise ValueError(f"{text[:40]!a} is not a length of time; write it as 90s, 15m, 24h, 3d or 2w")
    return _time(float(match[1]), match[2].lower(), text)


def size_of(text: str) -> float:
    """Return a size in bytes such as `10k`, `1.5GB` or `1GiB`, without a unit in bytes; raise ValueError with the
    reason for another text."""
    match = _NUMBER.fullmatch(text)
    if match is None or (match[2] and match[2].lower() not in BYTES):
        raise ValueError(f"{text[:40]!a} is not a size; write it as 500, 10k, 1.5GB or 1GiB")
    return float(match[1]) * BYTES[match[2].lower() or "b"]


def _time(number: float, unit: str, word: str) -> timedelta:
    try:
        return timedelta(seconds=number * SECONDS[unit])
    except OverflowError:
        raise ValueError(f"{word} is more than the calendar has; write it as >3d or <24h") from None


def _units(table: dict[str, int]) -> str:
    return ", ".join(unit for unit in table if not unit.endswith("ib") and (unit in SECONDS or unit[-1] == "b"))
