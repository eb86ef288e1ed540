"""Parsers take what nobody would send: they read it or refuse it, soon and in bounded memory, and never fail.

The short form mutates good inputs with a seed; the long one mutates more of them, with a seed of its own, and has
atheris look for inputs that reach new code.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import wanted
from tests.effort import count, is_long
from tests.promises.fuzz_child import TARGETS

ROOT = Path(__file__).parents[2]
MOST_MIB = 512  # of a process that fuzzes; it needs about 100 by itself
ROUNDS = {
    "wire": 20_000, "packs": 10_000, "keys": 8_000, "heads": 10_000, "answers": 2_000, "server": 4_000, "previews": 400,
    "terminal": 1_000,
}  # fmt: skip
QUICKER, LONGER = 10, 50
BY_COVERAGE = 200_000  # inputs a target; of those that are slow a tenth

pytestmark = pytest.mark.slow


def fuzz(folder: Path, *arguments: object) -> str:
    """The last line of a fuzzing process, which keeps its files in the folder; fails with what it told of a defect."""
    command = [sys.executable, "-m", "tests.promises.fuzz_child", *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return (done.stdout.splitlines() or [""])[-1]


@pytest.mark.parametrize("target", TARGETS)
def test_no_mutated_input_does_more_than_be_refused(target: str, tmp_path: Path) -> None:
    rounds = ROUNDS[target] * count(1, QUICKER, QUICKER * LONGER) // QUICKER
    tried, peak_mib = map(int, fuzz(tmp_path, target, rounds, f"{target}-{count(1, 1, 2)}").split())
    print(f"{target}: {tried:,} inputs, {peak_mib} MiB at most")
    assert tried > rounds
    assert peak_mib < MOST_MIB


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_that_reaches_new_code_does_more_than_be_refused(target: str, tmp_path: Path) -> None:
    if not is_long():
        pytest.skip("coverage-guided fuzzing is part of the long form: pytest --long")
    if importlib.util.find_spec("atheris") is None:
        wanted.lack("coverage-guided fuzzing needs atheris (pip install atheris)")
    rounds = BY_COVERAGE // (10 if target in ("answers", "server", "previews", "terminal") else 1)
    fuzz(tmp_path, target, rounds, "coverage", "--coverage")
