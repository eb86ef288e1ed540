"""Tasks: the result of a task is a blob in `result`, and its log is a blob under the same key in `logs`.

The published client reads both with the key of the task. A long log continues in parts: `KEY.part-2` and so on.
"""

import re

from storage_tui.contract.keys import Location

RESULT, LOGS = "result", "logs"

_PART = re.compile(r"(.+)\.part-[1-9][0-9]{0,5}")


def part_key(key: str, number: int) -> str:
    """Return the key of a part of the log; part 1 has the key of the task itself."""
    return key if number == 1 else f"{key}.part-{number}"


def part_prefix(key: str) -> str:
    """Return the prefix of the keys of the later parts."""
    return f"{key}.part-"


def pair_of(storage_type: str, key: str) -> Location | None:
    """Return the log of a result, or the result of a log or of a part of a log; None for a blob of another type."""
    if storage_type == RESULT:
        return Location(LOGS, key)
    if storage_type == LOGS:
        part = _PART.fullmatch(key)
        return Location(RESULT, part[1] if part else key)
    return None
