"""What the short form leaves out of tests with many cases; CI tries every case with `--full`.

A test that is crossed with several lists (formats and modes, keys and calls, engines and sizes) tries every name of
each list, but not every pair. A test marked `some(every=3)`, of many refusals say, tries every third case, from the one
at `turn` on. A test that runs on both clients, or on both wires, and has no other cases, runs on one of the two: the
tests of a file take turns. Whoever names a test, or filters by words, gets every case.

`pytest -q --full -vv --durations=0 --durations-min=0.5 | python -m tests.short_form` renews slow.txt, on a machine with
nothing else to do.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.effort import crossed, some

SLOW = Path(__file__).with_name("slow.txt")
SLOW_SHARE = 4  # one of so many slow tests of a file is tried
_HEADING = "# Tests that need over half a second, or whose cases do; tests/short_form.py says how to renew the list.\n"
_DURATION = re.compile(r"[0-9.]+s (?:call|setup) +(tests/[^\[\s]+)")
TWINS = ("make", "wire")  # the fixtures that make both clients, and those of both wires


def left_out(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """The items that the short form leaves out; none where a test or words are given."""
    if config.option.keyword or any("::" in arg for arg in config.args):
        return []
    tests: dict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            tests[item.nodeid.partition("[")[0]].append(item)
    turns: dict[str, int] = defaultdict(int)
    dropped: list[pytest.Item] = []
    for name, cases in tests.items():
        if (mark := cases[0].get_closest_marker("some")) is not None:
            kept = set(some(range(len(cases)), **mark.kwargs))
        elif len(cases) > 1 and len(lists := set(cases[0].callspec.params)) == 1 and lists & {*TWINS}:
            file = name.partition("::")[0]
            kept = {turns[file] % len(cases)}
            turns[file] += 1
        else:
            kept = set(crossed([tuple(case.callspec._idlist) for case in cases]))
        dropped += [case for at, case in enumerate(cases) if at not in kept]
    left = set(dropped)
    return dropped + _out_of_turn([item for item in items if item not in left])


def slow_tests() -> frozenset[str]:
    """The names of the slow tests, without their cases."""
    return frozenset(line for line in SLOW.read_text().splitlines() if not line.startswith("#"))


def _out_of_turn(items: list[pytest.Item]) -> list[pytest.Item]:
    """The slow items of each file but every fourth."""
    slow = slow_tests()
    found: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.nodeid.partition("[")[0] in slow:
            found[item.nodeid.partition("::")[0]].append(item)
    return [item for of_file in found.values() for at, item in enumerate(of_file) if at % SLOW_SHARE]


def _list_of(output: Iterable[str]) -> str:
    """The list of slow tests out of what pytest says of durations."""
    names = {found[1] for line in output if (found := _DURATION.match(line))}
    return _HEADING + "".join(f"{name}\n" for name in sorted(names))


if __name__ == "__main__":
    SLOW.write_text(_list_of(sys.stdin))
