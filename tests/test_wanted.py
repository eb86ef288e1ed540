"""No test is skipped in CI for want of a program, and each program has a Debian package that CI installs."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import wanted

ROOT = Path(__file__).parents[1]
ASKS = ("which", "importorskip", "find_spec")  # what a test could ask instead, and skip itself unseen
MAY_ASK = {
    "tests/wanted.py", "tests/conformance/published_venv.py", "tests/promises/test_fuzz.py", "tests/test_packaging.py",
    "tests/world/test_world.py",
}  # fmt: skip
PROBE = """
import pytest
from tests import wanted

@pytest.mark.wants("xfs_io")
def test_marked(): pass

def test_asking(): assert wanted.program("xfs_io")
"""


def test_every_test_asks_for_its_programs_in_one_place() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name in MAY_ASK or name.startswith("tests/benchmarks/"):
            continue
        asked = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        assert not asked.intersection(ASKS), f"{name}: ask tests/wanted.py for what a test needs"


@pytest.mark.parametrize("ci", ["", "1"])
def test_without_its_program_a_test_is_skipped_at_home_and_fails_in_ci(tmp_path: Path, ci: str) -> None:
    probe = tmp_path / "test_probe.py"
    probe.write_text(PROBE)
    (tmp_path / "bin").mkdir()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "tests.conftest", "-c",
               str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(probe)]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": str(tmp_path / "bin"), "CI": ci}, capture_output=True, text=True,
        check=False, timeout=100,
    )  # fmt: skip
    shown = done.stdout.strip().splitlines()[-1]
    assert ("1 failed, 1 error" if ci else "2 skipped") in shown, done.stdout
    assert "xfs_io is not installed (Debian: xfsprogs)" in done.stdout


def test_ci_installs_what_tests_want() -> None:
    assert "tests.wanted" in (ROOT / ".ci" / "run").read_text("utf-8")
    shown = subprocess.run(
        [sys.executable, "-m", "tests.wanted"], cwd=ROOT, env={**os.environ, "PATH": ""}, capture_output=True, text=True
    )
    assert set(shown.stdout.split()) == {package for value in wanted.PACKAGES.values() for package in value.split()}
