"""How often a test of a promise tries, and how many of its cases: in short, as CI does, or for long.

| form | option | for |
|---|---|---|
| short | none | everybody who changes something: every promise and every kind is tried, in minutes |
| full | `--full` | CI, before a change lands: as often as tests/promises/README.md counts, and every case |
| long | `--long` | a night |
"""

import os
from collections.abc import Iterable, Sequence
from typing import TypeVar

FORM = "STORAGE_TUI_TESTS_FORM"  # set for the whole run by the options
FORMS = ("short", "full", "long")

T = TypeVar("T")


def count(short: int, full: int, long: int | None = None) -> int:
    """The number of rounds of this run. Without a number of its own the long form tries as often as the full one."""
    counts = {"short": short, "full": full, "long": full if long is None else long}
    return counts[os.environ.get(FORM, "short")]


def is_short() -> bool:
    """Whether this run is of the short form."""
    return os.environ.get(FORM, "short") == "short"


def is_long() -> bool:
    """Whether this run is of the long form."""
    return os.environ.get(FORM) == "long"


def some(cases: Iterable[T], *, every: int, turn: int = 0) -> list[T]:
    """In the short form one of `every` cases, from the one at `turn` on; otherwise all of them.

    Tests of the same cases with different turns share the cases out. Raises ValueError where a turn has no case.
    """
    found = list(cases)
    chosen = found[turn % every :: every]
    if not chosen:
        raise ValueError(f"turn {turn} of {every} has none of {len(found)} cases")
    return chosen if is_short() else found


def crossed(cases: Sequence[tuple[str, ...]]) -> list[int]:
    """Which of the crossed cases of one test the short form tries: those in which every name stands at least once.

    A case has one name of each list that the test is crossed with. As many cases are taken as the longest list has
    names. They go through all lists at once, so that the names of two lists meet in turn.
    """
    lists = [list(dict.fromkeys(names)) for names in zip(*cases, strict=True)]
    places = [[known.index(name) for known, name in zip(lists, case, strict=True)] for case in cases]
    longest = max(map(len, lists), default=0)
    turns = [[turn % len(known) for known in lists] for turn in range(longest)]
    chosen = {at for at, place in enumerate(places) if place in turns}
    met = {(which, name) for at in chosen for which, name in enumerate(cases[at])}
    for at, case in enumerate(cases):  # where some pairs are left out, a name may not have had its turn
        if at not in chosen and not met.issuperset(enumerate(case)):
            chosen.add(at)
            met.update(enumerate(case))
    return sorted(chosen)
