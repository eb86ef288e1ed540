"""The published client 1.12.1, unmodified, in an environment of its own, against our server."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from storage_tui.contract.catalog import CATALOG_PATH
from storage_tui.contract.wire import BASE_PATH
from tests.conformance.published_venv import published_python
from tests.server.running import RunningServer

CALLS = Path(__file__).with_name("published_calls.py")
CATALOG_CALLS = Path(__file__).with_name("published_catalog.py")
CASES = ("values", "seeked_file", "keys", "question_mark", "files", "listing", "deletes", "signed", "upload_url",
         "products")  # fmt: skip
CATALOG_CASES = ("products", "sharing", "upload", "several_files", "ndarray", "cancelled", "registered", "search")
ALL_CASES = [(CALLS, case) for case in CASES] + [(CATALOG_CALLS, case) for case in CATALOG_CASES]


@pytest.fixture(scope="module")
def python() -> Path:
    return published_python()


@pytest.mark.timeout(700)
@pytest.mark.parametrize(("calls", "case"), ALL_CASES, ids=[f"{calls.stem}-{case}" for calls, case in ALL_CASES])
def test_the_published_client_runs_unchanged(
    server: RunningServer, python: Path, tmp_path: Path, calls: Path, case: str
) -> None:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        "DESCARTESLABS_ENV": "gcp-production",
        "DESCARTESLABS_STORAGE_URL": server.url,
        "DESCARTESLABS_CATALOG_V2_URL": server.url.removesuffix(BASE_PATH) + CATALOG_PATH,
        "DESCARTESLABS_TOKEN": server.token(f"{calls.stem} {case}"),
    }
    command = [str(python), "-W", "ignore", str(calls), case]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(("calls", "cases"), [(CALLS, CASES), (CATALOG_CALLS, CATALOG_CASES)])
def test_every_case_is_run(calls: Path, cases: tuple[str, ...]) -> None:
    text, _, table = calls.read_text().partition("\nCASES = ")
    assert set(re.findall(r"^def (\w+)\(\)", text, re.MULTILINE)) == set(cases)
    assert all(re.search(rf"\b{case}\b", table) for case in cases)
