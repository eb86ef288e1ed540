"""What is searched for in the contents of blobs, and what is found."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from storage_tui.contract.models import Blob

MOST_CHARS = 10_000  # of a pattern

Wanted = Literal["lines", "first", "count"]
State = Literal["whole", "binary", "damaged", "cut", "slow", "unreadable", "not searched"]
"""How the search of a blob ended: `cut` at the limit of unpacked bytes, `slow` by the clock, `not searched` because the
limit of bytes was reached before."""


@dataclass(frozen=True, slots=True)
class Query:
    """A regular expression of Python, or a text with `is_fixed`; `wanted` says whether lines, the first line or the
    number of lines of a blob are wanted. With `with_binary` bytes that are no text are searched too."""

    pattern: str
    is_fixed: bool = False
    ignores_case: bool = False
    with_binary: bool = False
    wanted: Wanted = "lines"

    def compiled(self) -> re.Pattern[str]:
        """Return the regular expression; raise ValueError with the reason when it is none."""
        if len(self.pattern) > MOST_CHARS:
            raise ValueError(f"the pattern is longer than {MOST_CHARS:,} characters")
        source = re.escape(self.pattern) if self.is_fixed else self.pattern
        try:
            return re.compile(source, re.IGNORECASE if self.ignores_case else 0)
        except (re.error, OverflowError, RecursionError) as exc:
            raise ValueError(f"{self.pattern[:80]!a} is no regular expression: {exc}; -F takes it as text") from None

    def to_json(self) -> dict[str, Any]:
        """Return the query for the process that matches lines."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Match:
    """A line that matches: its number from 1, its text, and the first match in the text.

    Of a long line the text is the part around the match; `is_cut` says so. `offset` is the byte of the blob where the
    line begins; None in a compressed blob.
    """

    number: int
    text: str
    start: int
    stop: int
    is_cut: bool = False
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Some matches of a blob, in the order of the lines."""

    blob: Blob
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the search of one blob: how it ended and why, the matching lines, and the bytes read."""

    blob: Blob
    state: State
    count: int = 0
    read_bytes: int = 0
    reason: str = ""
