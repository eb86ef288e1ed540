"""Tasks: what one leaves is a blob in `result`, and what it said meanwhile a blob under the same key in `logs`.

The published client reads both with the key of the task. A long log goes on in parts beside it, `KEY.part-2` and so on.
"""

import re

from storage_tui.contract.keys import Location

RESULT, LOGS = "result", "logs"

_PART = re.compile(r"(.+)\.part-[1-9][0-9]{0,5}")


def part_key(key: str, number: int) -> str:
    """The key of a part of the log; the first one has the key of the task itself."""
    return key if number == 1 else f"{key}.part-{number}"


def part_prefix(key: str) -> str:
    """What the keys of the later parts begin with."""
    return f"{key}.part-"


def pair_of(storage_type: str, key: str) -> Location | None:
    """The log of a result, the result of a log or of a part of one; None for a blob of another type."""
    if storage_type == RESULT:
        return Location(LOGS, key)
    if storage_type == LOGS:
        part = _PART.fullmatch(key)
        return Location(RESULT, part[1] if part else key)
    return None
