"""The type of the values of a column of text: by their form alone, as exporters in many countries write them."""

import re
from collections.abc import Sequence

MISSING = frozenset(("", "-", "--", "---", ".", "?", "na", "n/a", "#n/a", "nan", "null", "(null)", "none", "nil",
                     "missing", "unknown", "\\n", "n.a.", "k.a.", "<na>"))  # fmt: skip
"""Words for no value, in lower case: they say nothing about the type of a column."""

TYPED = frozenset(("integer", "code", "number", "date", "time"))
NUMBERS = frozenset(("integer", "number"))

_DAY = (
    r"(?:[-+]?\d{4,6}-\d\d?-\d\d?|\d{4}/\d\d?/\d\d?|\d\d?[./]\d\d?[./](?:\d{4}|\d\d)|\d\d?[- ][A-Za-z]{3}[- ]\d{2,4})"
)
_CLOCK = r"\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?"
_GROUP = "[ \xa0\u2009\u202f,.'\u2019]"  # the blanks are of no break and narrow, as in French and by the SI
_TYPES = (
    ("integer", re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")),
    ("code", re.compile(r"\d+")),
    ("date", re.compile(_DAY)),
    ("time", re.compile(rf"(?:{_DAY}[T ])?{_CLOCK} ?(?:Z|UTC|[-+]\d\d(?::?\d\d)?)?")),
    ("number", re.compile(rf"[-+]?(?:(?:\d+|\d{{1,3}}(?:{_GROUP}\d{{3}})+)(?:[.,]\d*)?|[.,]\d+)"
                          r"(?:[eE][-+]?\d+)?(?: ?%)?|[-+]?(?:inf|Inf|INF|infinity|Infinity|∞)")),
    ("yes/no", re.compile(r"true|false|yes|no|ja|nein|oui|non", re.IGNORECASE)),
)  # fmt: skip


def is_missing(value: str) -> bool:
    """Return whether a value is none."""
    return value.strip().lower() in MISSING


def column_type(values: Sequence[str], share: float = 1.0) -> str:
    """Return the type that all values share, or at least a `share` of them; values that are missing do not count."""
    known = [value.strip() for value in values if not is_missing(value)]
    if not known:
        return "empty"
    for name, form in _TYPES:
        if sum(form.fullmatch(value) is not None for value in known) >= share * len(known):
            return name
    return "text"
