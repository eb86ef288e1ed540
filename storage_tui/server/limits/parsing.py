"""JSON of requests, bounded in its parts and its nesting before an object is made.

The parser is written in C and lets no other thread run before it has finished, so a large document would stop the whole
server: eight million bytes of `[],` take a second and 200 MB. Looking for brackets and commas first takes a few
milliseconds, lets other threads run, and stops at the bound.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from storage_tui.contract.errors import BadRequestError, TooLargeError
from storage_tui.server.limits.lanes import Lane

INLINE_BYTES = 16 * 1024  # parsed on the event loop in half a millisecond, less than the way to a thread takes
MAX_NESTING = 100  # no call nests deeper than 32

Check = Callable[[dict[str, Any]], None]

_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)


class Parsing:
    """Parses bodies: small ones at once, large ones in threads of their own."""

    def __init__(self) -> None:
        self._lane = Lane("parsing", 2)

    async def object(self, user: str, content: bytes, parts: int, check: Check) -> dict[str, Any]:
        """Return the JSON object in the content. Raise BadRequestError when the content is not an object, TooLargeError
        for more than `parts` parts, and any error of `check`, which is called with the object."""
        if len(content) <= INLINE_BYTES:
            return parse_object(content, parts, check)
        return await self._lane.run(user, parse_object, content, parts, check)

    def close(self) -> None:
        """Close the lane. Call this after the last request."""
        self._lane.close()


def anything(_: dict[str, Any]) -> None:
    """Accept every object."""


def parse_object(content: bytes, parts: int, check: Check = anything) -> dict[str, Any]:
    """Return the JSON object in the content; raise BadRequestError, TooLargeError, or any error of `check`."""
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
    MAX_NESTING. Content that is not JSON may pass."""
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
