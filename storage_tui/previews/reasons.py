"""The reason why a parser gave up, in words for people: never what Python says about its own values."""

import re
import struct
import zlib

PLACE = "a place in it lies outside of what it holds"
KIND = "a part of it has another type than its format says"
REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((UnicodeError,), "its text is in another encoding than it says"),
    ((RecursionError,), "it is nested deeper than a preview goes"),
    ((MemoryError,), "it claims more than the memory that a preview has"),
    ((zlib.error,), "its packed bytes are damaged"),
    ((struct.error, LookupError, EOFError), PLACE),
    ((ArithmeticError,), "a number in it is out of range"),
    ((TypeError, AttributeError), KIND),
)
"""By the classes of Python's errors, the first that fits."""
_OF_PYTHON = re.compile(
    r"invalid literal|could not convert|zip\(\)|not enough values|too many values|year .* is out of range|"
    r"time data|Invalid isoformat|embedded null|negative |Exceeds the limit"
)
"""How Python begins the texts of a ValueError of its own."""


def reason_of(exc: BaseException) -> str:
    """Return one line about an error of a parser. The texts of errors that were raised on purpose stay as they are."""
    text = " ".join(str(exc).split())
    for kinds, words in REASONS:
        if isinstance(exc, kinds):
            return words
    if isinstance(exc, ValueError) and _OF_PYTHON.match(text):
        return KIND
    return text or "it is not as its format says"
