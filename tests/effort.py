"""How often a test of a promise tries: the short form, which CI runs, or the long one of `pytest --long`."""

import os

LONG_FORM = "STORAGE_TUI_TESTS_LONG"  # set for the whole run by `--long`


def count(short: int, long: int) -> int:
    """The number of rounds of this run."""
    return long if os.environ.get(LONG_FORM) else short
