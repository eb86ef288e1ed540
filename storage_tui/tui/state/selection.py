"""Marks by description: `*.npy >3d >1GB <24h`, all words together."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import gt, lt

from storage_tui.contract.models import Blob
from storage_tui.tui.state.filter import Filter
from storage_tui.tui.state.listing import Row

_BOUND = re.compile(r"(?:(age|left|size))?([<>])(\d+(?:\.\d+)?)([a-z]+)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "y": 31_557_600}
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "pb": 10**15}

Test = Callable[[Blob, datetime], bool]

EXAMPLES = "*.npy   >3d older   <24h expires within   >1GB larger   words in the name"


class Selection:
    """The rows to mark, as typed. Raises ValueError with the reason for a bound that cannot be read.

    `>3d` is older than three days. `<24h` expires within a day (where nothing expires: written within a day). `>1GB` is
    larger. `age<2h`, `left>3d` and `size<1kB` name the value. Any other word works as in the filter of the list.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tests: list[Test] = []
        names = []
        for word in text.split():
            if word[0] in "<>" or _BOUND.match(word):
                self._tests.append(_bound(word))
            else:
                names.append(word)
        self._names = Filter(" ".join(names))

    def matches(self, row: Row, name: str, now: datetime) -> bool:
        """Return whether to mark the row, shown as `name`. A folder has no age and no size: only its name can match."""
        if not self.could_match(row, name):
            return False
        return not isinstance(row, Blob) or all(test(row, now) for test in self._tests)

    def could_match(self, row: Row, name: str) -> bool:
        """Return whether the row could match, by its name alone; false when its other values cannot matter."""
        if not self.text.strip() or not self._names.matches(name):
            return False
        return isinstance(row, Blob) or not self._tests


def _bound(word: str) -> Test:
    match = _BOUND.fullmatch(word)
    if match is None:
        raise ValueError(f"{word} is not a limit; write it as >3d, <24h or >1GB")
    what, sign, number, unit = match[1], match[2], float(match[3]), match[4].lower()
    compare = lt if sign == "<" else gt
    if unit in _BYTES and what in (None, "size"):
        bytes_ = number * _BYTES[unit]
        return lambda blob, now: blob.size_bytes is not None and compare(blob.size_bytes, bytes_)
    if unit not in _SECONDS or what == "size":
        raise ValueError(f"{match[4]} in {word} is not a unit of this limit; use {', '.join((*_SECONDS, *_BYTES))}")
    try:
        time = timedelta(seconds=number * _SECONDS[unit])
    except OverflowError:
        raise ValueError(f"{word} is more than the calendar has; write it as >3d or <24h") from None
    if what == "left":
        return lambda blob, now: blob.expires is not None and compare(blob.expires - now, time)
    if what == "age" or sign == ">":
        return lambda blob, now: blob.modified is not None and compare(now - blob.modified, time)

    def soon(blob: Blob, now: datetime) -> bool:
        if blob.expires is not None:
            return blob.expires - now < time
        return blob.modified is not None and now - blob.modified < time

    return soon
