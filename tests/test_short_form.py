"""The short form leaves out cases and most slow tests, and no file; the full form leaves nothing out."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import FORM, crossed, some
from tests.short_form import _list_of, slow_tests

ROOT = Path(__file__).parent.parent
CROSSED = "tests/contract/test_checksum.py"
BOTH_CLIENTS = "tests/client/test_trash.py"
REFUSALS = "tests/cli/test_folders.py"
SEVERAL_SLOW = "tests/cli/test_commands.py"
COLLECT = [sys.executable, "-m", "pytest", "-n", "0", "-q", "--collect-only", "-p", "no:cacheprovider"]


@pytest.mark.parametrize("lists", [("ab", "12"), ("abcdefg", "123", "xy"), ("a", "12345"), ("abc",), ("abcd", "1234")])
def test_every_name_of_every_list_is_tried(lists: tuple[str, ...]) -> None:
    cases = list(itertools.product(*lists))
    chosen = [cases[at] for at in crossed(cases)]
    assert [set(names) for names in zip(*chosen, strict=True)] == [set(names) for names in lists]
    assert len(chosen) == max(map(len, lists))


def test_a_name_that_has_no_turn_of_its_own_is_tried_too() -> None:
    cases = [("a", "2"), ("b", "1"), ("b", "3"), ("c", "1")]
    chosen = [cases[at] for at in crossed(cases)]
    assert [set(names) for names in zip(*chosen, strict=True)] == [{"a", "b", "c"}, {"1", "2", "3"}]


def test_some_cases_are_shared_out_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORM, "short")
    assert [some("abcdefg", every=3, turn=turn) for turn in range(3)] == [["a", "d", "g"], ["b", "e"], ["c", "f"]]
    with pytest.raises(ValueError, match="none of 1 cases"):
        some("a", every=3, turn=1)
    monkeypatch.setenv(FORM, "full")
    assert some("abc", every=3) == ["a", "b", "c"]


def collected(*arguments: str) -> list[str]:
    told = subprocess.run([*COLLECT, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert told.returncode == 0, told.stdout + told.stderr
    return [line for line in told.stdout.splitlines() if "::" in line]


def test_a_run_tries_each_test_of_its_files_but_slow_ones_and_leaves_out_cases() -> None:
    short, full = (collected(CROSSED, BOTH_CLIENTS, REFUSALS, *form) for form in ((), ("--full",)))
    assert set(short) < set(full)
    slow = slow_tests()
    assert {line.partition("[")[0] for line in full} - {line.partition("[")[0] for line in short} <= slow
    for file in (CROSSED, BOTH_CLIENTS, REFUSALS):
        assert any(line.startswith(file) for line in short)
    clients = [line for line in short if line.startswith(BOTH_CLIENTS)]
    assert {line.partition("[")[2] for line in clients} >= {"Storage]", "AsyncStorage]"}
    refusals = [sum("missing_is_named" in line for line in lines) for lines in (short, full)]
    assert 3 * refusals[0] <= refusals[1] + 2 and refusals[0] > 1
    named = next(line for line in full if line not in short)
    assert collected(named) == [named]


def test_the_slow_tests_are_shared_out_and_each_file_tries_some() -> None:
    short, full = (
        [line for line in collected(SEVERAL_SLOW, *form) if line.partition("[")[0] in slow_tests()]
        for form in ((), ("--full",))
    )
    assert full[0] in short and 1 < len(short) <= -(-len(full) // 4)


def test_the_list_of_slow_tests_names_tests_that_are_there() -> None:
    tests = {name for file in ROOT.glob("tests/**/*.py") for name in re.findall(r"def (test_\w+)\(", file.read_text())}
    for name in slow_tests():
        file, _, test = name.partition("::")
        assert (ROOT / file).is_file() and (test.rpartition("::")[2] in tests or test.endswith("::runTest")), name


def test_the_list_of_slow_tests_is_made_from_what_pytest_says() -> None:
    said = [
        "12.3s call     tests/a/test_b.py::test_c[x y]",
        "0.6s setup    tests/a/test_b.py::test_d",
        "0.9s teardown tests/e",
    ]
    assert _list_of(said).splitlines()[1:] == ["tests/a/test_b.py::test_c", "tests/a/test_b.py::test_d"]
