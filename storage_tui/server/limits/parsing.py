"""JSON of requests, bounded in its parts and its nesting before an object is made.

A parser that runs in C lets no other thread in before its end, so that a large document would stop the whole server:
eight million bytes of `[],` take a second and 200 MB. Looking for brackets and commas first takes a few milliseconds,
lets other threads in, and ends at the bound.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from storage_tui.contract.errors import BadRequestError, TooLargeError
from storage_tui.server.limits.lanes import Lane

INLINE_BYTES = 16 * 1024  # parsed on the event loop in half a millisecond, less than the way to a thread
MAX_NESTING = 100  # no call nests deeper than 32

Check = Callable[[dict[str, Any]], None]

_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)


class Parsing:
    """Parses bodies: small ones at once, large ones one after the other in a thread."""

    def __init__(self) -> None:
        self._lane = Lane("parsing", 2)

    async def object(self, user: str, content: bytes, parts: int, check: Check) -> dict[str, Any]:
        """The JSON object; raises BadRequestError when the content is none, TooLargeError past so many parts, and
        whatever `check` raises for it."""
        if len(content) <= INLINE_BYTES:
            return parse_object(content, parts, check)
        return await self._lane.run(user, parse_object, content, parts, check)

    def close(self) -> None:
        """After the last request."""
        self._lane.close()


def anything(_: dict[str, Any]) -> None:
    """The check that takes every object."""


def parse_object(content: bytes, parts: int, check: Check = anything) -> dict[str, Any]:
    """The JSON object in the content; raises BadRequestError or TooLargeError."""
    check_structure(content, parts)
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise BadRequestError("the body is not JSON") from exc
    if not isinstance(raw, dict):
        raise BadRequestError("the body must be a JSON object")
    check(raw)
    return raw


def check_structure(content: bytes, parts: int) -> None:
    """Raise TooLargeError for more arrays, objects and members than `parts`, BadRequestError for deeper nesting than
    MAX_NESTING. Content that is no JSON may pass."""
    count = depth = 0
    for found in _STRUCTURE.finditer(content):
        first = content[found.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_NESTING:
                raise BadRequestError(f"the body nests deeper than {MAX_NESTING}")
        elif first in b"]}":
            depth -= 1
            continue
        elif first != ord(","):
            continue
        count += 1
        if count > parts:
            raise TooLargeError(f"the body has more than {parts} arrays, objects and members")
