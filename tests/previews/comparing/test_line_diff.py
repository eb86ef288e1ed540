"""The unified diff: GNU patch makes the right text of the left one; its time is bounded."""

import random
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from storage_tui.previews.comparing.line_diff import GAP_LINES, find_changes, unified
from tests.wanted import program


def mixed(rng, lines, words):
    """The lines with some left out, changed, doubled, moved."""
    found = []
    for line in lines:
        kind = rng.random()
        if kind < 0.05:
            continue
        found.append(rng.choice(words) if kind < 0.1 else line)
        if kind > 0.95:
            found.append(rng.choice(lines))
    return found


def applied(left, right, changes):
    made, at = [], 0
    for a, b, c, d in changes:
        made += left[at:a] + right[c:d]
        at = b
    return made + left[at:]


@pytest.mark.parametrize("seed", range(60))
def test_the_changes_make_the_right_lines_of_the_left_ones(seed):
    rng = random.Random(seed)
    words = [f"word {number}" for number in range(rng.choice((2, 8, 4000)))]
    left = [rng.choice(words) for _ in range(rng.randrange(200))]
    right = mixed(rng, left, words) if left else [rng.choice(words) for _ in range(rng.randrange(5))]
    changes = find_changes(left, right)
    assert applied(left, right, changes) == right
    assert all(before[1] < after[0] or before[3] < after[2] for before, after in pairwise(changes))
    assert find_changes(left, left) == []


@pytest.mark.parametrize("seed", range(10))
def test_patch_takes_the_diff(seed, tmp_path: Path):
    rng = random.Random(seed)
    words = [f"{number}" for number in range(rng.choice((3, 30, 3000)))]
    left = [rng.choice(words) for _ in range(300)]
    right = mixed(rng, left, words)
    (tmp_path / "left").write_text("".join(f"{line}\n" for line in left))
    diff = "".join(f"{line}\n" for line in unified(left, right, "left", "right"))
    subprocess.run([program("patch"), "-s", "left"], cwd=tmp_path, input=diff, text=True, check=True, timeout=60)
    assert (tmp_path / "left").read_text() == "".join(f"{line}\n" for line in right)


def test_a_gap_that_difflib_would_take_minutes_for_is_one_change():
    rng = random.Random(1)
    count = int(GAP_LINES**0.5) + 1
    left, right = ([f"{rng.randrange(7)}" for _ in range(count)] for _ in range(2))
    (change,) = find_changes(["first", "left", *left, "x", "last"], ["first", "right", *right, "y", "last"])
    assert change == (1, count + 3, 1, count + 3)


def test_a_few_changes_in_many_lines_are_found_one_by_one():
    left = [f"row {number}, {number % 3}" for number in range(50_000)]
    right = list(left)
    for at in range(49_000, 0, -1000):
        right[at] = "changed"
        right.insert(at - 500, "new")
    assert len(find_changes(left, right)) == 98
