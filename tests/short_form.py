"""What the short form leaves out of tests with many cases; CI tries every case with `--full`.

A test that is crossed with several lists (formats and modes, keys and calls, engines and sizes) tries every name of
each list, but not every pair. A test marked `some(every=3)`, of many refusals say, tries every third case, from the one
at `turn` on. A test that runs on both clients, or on both wires, and has no other cases, runs on one of the two: the
tests of a file take turns. Whoever names a test, or filters by words, gets every case.
"""

from collections import defaultdict

import pytest

from tests.effort import crossed, some

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
    return dropped
