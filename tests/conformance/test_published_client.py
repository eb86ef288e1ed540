"""The published client 1.12.1, unmodified, in an environment of its own, against our server."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conformance.published_venv import published_python
from tests.server.running import RunningServer

CALLS = Path(__file__).with_name("published_calls.py")
CASES = ("values", "seeked_file", "keys", "question_mark", "files", "listing", "deletes", "signed", "upload_url",
         "products")  # fmt: skip


@pytest.fixture(scope="module")
def python() -> Path:
    return published_python()


@pytest.mark.timeout(700)
@pytest.mark.parametrize("case", CASES)
def test_the_published_client_runs_unchanged(server: RunningServer, python: Path, tmp_path: Path, case: str) -> None:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        "DESCARTESLABS_ENV": "gcp-production",
        "DESCARTESLABS_STORAGE_URL": server.url,
        "DESCARTESLABS_TOKEN": server.token(case),
    }
    command = [str(python), "-W", "ignore", str(CALLS), case]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()


def test_every_case_is_run() -> None:
    text = CALLS.read_text()
    assert all(f"def {case}(" in text for case in CASES)
    assert text.count("\ndef ") == len(CASES) + 1
