"""How often a test of a promise tries: in short, as often as tests/promises/README.md counts, or for long.

| form | option | for |
|---|---|---|
| short | none | everybody who changes something: every promise is tried, in minutes |
| full | `--full` | CI, before a change lands |
| long | `--long` | a night |
"""

import os

FORM = "STORAGE_TUI_TESTS_FORM"  # set for the whole run by the options
FORMS = ("short", "full", "long")


def count(short: int, full: int, long: int | None = None) -> int:
    """The number of rounds of this run. Without a number of its own the long form tries as often as the full one."""
    counts = {"short": short, "full": full, "long": full if long is None else long}
    return counts[os.environ.get(FORM, "short")]


def is_long() -> bool:
    """Whether this run is of the long form."""
    return os.environ.get(FORM) == "long"
