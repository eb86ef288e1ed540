"""The command line as a person has it: a fresh home, the real program, the embedded store it starts by itself."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An environment with a home of its own and an embedded store that goes soon after its last user."""
    folder = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_TUI", "DESCARTESLABS"))}
    return {**kept, "HOME": str(folder), "STORAGE_TUI_HOME": str(folder / "store"), "STORAGE_TUI_LINGER": "20"}


@pytest.fixture
def run(home, tmp_path):
    """Run `storage-tui ARGS` in a folder of its own and hand back the finished process; its output is bytes."""

    def call(*args, stdin=b"", code=0, **environ):
        result = subprocess.run(
            [sys.executable, "-m", "storage_tui", *args],
            input=stdin, capture_output=True, cwd=tmp_path, env={**home, **environ}, timeout=60,
        )  # fmt: skip
        assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
        assert b"Traceback" not in result.stderr
        return result

    return call
