"""A unified diff of two texts, whose time is bounded.

`difflib` looks for the longest equal part of two texts, again and again; two texts of 20,000 lines can take it minutes.
So the texts are first cut at the lines that are in each of them exactly once and in the same order (Bram Cohen's
"patience diff"), and `difflib` sees only the gaps between two such lines.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

GAP_LINES = 4_000_000  # left times right lines of a gap; difflib takes up to 0.5 s for it. A larger gap is one change
CONTEXT = 3  # equal lines before and after a change, as diff -u shows them

Change = tuple[int, int, int, int]
"""Lines `a` to `b` of the left text became the lines `c` to `d` of the right text; `b` and `d` are excluded."""


def find_changes(left: Sequence[str], right: Sequence[str]) -> list[Change]:
    """Return what must change in the left lines to get the right ones, in order; empty for equal lines."""
    changes: list[Change] = []
    at_left = at_right = 0
    for stop_left, stop_right in (*_anchors(left, right), (len(left), len(right))):
        for change in _gap(left, right, at_left, stop_left, at_right, stop_right):
            if changes and changes[-1][1] == change[0] and changes[-1][3] == change[2]:
                change = (changes[-1][0], change[1], changes.pop()[2], change[3])
            changes.append(change)
        at_left, at_right = stop_left + 1, stop_right + 1
    return changes


def unified(left: Sequence[str], right: Sequence[str], left_name: str, right_name: str) -> Iterator[str]:
    """Yield the lines of a unified diff, without line ends; none for equal lines."""
    changes = find_changes(left, right)
    if not changes:
        return
    yield f"--- {left_name}"
    yield f"+++ {right_name}"
    hunk: list[Change] = []
    for change in changes:
        if hunk and change[0] - hunk[-1][1] > 2 * CONTEXT:
            yield from _hunk(left, right, hunk)
            hunk = []
        hunk.append(change)
    yield from _hunk(left, right, hunk)


def _hunk(left: Sequence[str], right: Sequence[str], changes: Sequence[Change]) -> Iterator[str]:
    before = min(CONTEXT, changes[0][0])
    after = min(CONTEXT, len(left) - changes[-1][1])
    begin, end = changes[0][0] - before, changes[-1][1] + after
    begin_right, end_right = changes[0][2] - before, changes[-1][3] + after
    yield f"@@ -{_span(begin, end)} +{_span(begin_right, end_right)} @@"
    at = begin
    for a, b, c, d in changes:
        yield from (f" {line}" for line in left[at:a])
        yield from (f"-{line}" for line in left[a:b])
        yield from (f"+{line}" for line in right[c:d])
        at = b
    yield from (f" {line}" for line in left[at:end])


def _span(begin: int, end: int) -> str:
    count = end - begin
    first = begin + 1 if count else begin  # an empty range names the line before it
    return str(first) if count == 1 else f"{first},{count}"


def _anchors(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return the lines that are in each text exactly once, as pairs of positions that both rise."""
    counts_left, counts_right = Counter(left), Counter(right)
    where = {line: at for at, line in enumerate(right) if counts_right[line] == 1}
    pairs = [(at, where[line]) for at, line in enumerate(left) if counts_left[line] == 1 and line in where]
    tails: list[int] = []  # the smallest right position that ends a rising row of each length
    ends: list[int] = []  # the pair at that end
    before = [-1] * len(pairs)
    for number, (_, position) in enumerate(pairs):
        length = bisect_left(tails, position)
        before[number] = ends[length - 1] if length else -1
        tails[length : length + 1] = [position]
        ends[length : length + 1] = [number]
    found = []
    number = ends[-1] if ends else -1
    while number != -1:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _gap(left: Sequence[str], right: Sequence[str], a: int, b: int, c: int, d: int) -> Iterator[Change]:
    """Yield the changes between two anchors."""
    while a < b and c < d and left[a] == right[c]:
        a, c = a + 1, c + 1
    while a < b and c < d and left[b - 1] == right[d - 1]:
        b, d = b - 1, d - 1
    if a == b and c == d:
        return
    if (b - a) * (d - c) > GAP_LINES or a == b or c == d:
        yield a, b, c, d
        return
    matcher = SequenceMatcher(None, left[a:b], right[c:d], autojunk=False)
    for kind, i, j, m, n in matcher.get_opcodes():
        if kind != "equal":
            yield a + i, a + j, c + m, c + n
