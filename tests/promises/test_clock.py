"""The clock of the server's machine jumps while it runs: what has expired is gone, and nothing else is lost."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from storage_tui.server.run.serve import Bounds
from tests import wanted
from tests.server.running import RunningServer

SOON = Bounds(sweep_s=0.05)
DAY_S = 24 * 3600

pytestmark = pytest.mark.slow


@dataclass
class TimeMachine:
    """A server whose clock is where `jump` put it last."""

    server: RunningServer
    file: Path

    def jump(self, seconds: int) -> None:
        """The clock is so far from the true one from now on."""
        temporary = self.file.with_suffix(".new")
        temporary.write_text(f"{seconds:+d}\n")
        temporary.replace(self.file)


@pytest.fixture(scope="module")
def library() -> str:
    """Where libfaketime is, as the program `faketime` would load it."""
    command = (wanted.program("faketime"), "now", "sh", "-c", "echo $LD_PRELOAD")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def machine(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TimeMachine]:
    made = TimeMachine(RunningServer(tmp_path / "data", bounds=SOON), tmp_path / "clock")
    made.jump(0)
    with monkeypatch.context() as patch:
        patch.setenv("LD_PRELOAD", library)
        patch.setenv("FAKETIME_TIMESTAMP_FILE", str(made.file))
        patch.setenv("FAKETIME_NO_CACHE", "1")
        patch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        made.server.start()
    yield made
    assert made.server.stop() == 0


def swept(client: httpx.Client) -> None:
    """Until the server swept at least once more: a sweep of many small waits lies between so many requests."""
    for _ in range(60):
        assert client.get("/data/list").status_code in (200, 401)


def test_a_blob_in_tmp_is_gone_after_its_week_and_one_in_data_is_not(machine: TimeMachine) -> None:
    token = machine.server.token(valid_for=timedelta(days=400))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=machine.server.url, headers=headers, trust_env=False) as client:
        for storage_type in ("tmp", "data"):
            assert client.put(f"/{storage_type}/set/k", content=b"x").status_code == 200
        machine.jump(7 * DAY_S - 60)
        assert client.get("/tmp/get/k").status_code == 200
        machine.jump(7 * DAY_S + 60)
        assert client.get("/tmp/get/k").status_code == 404
        assert client.get("/tmp/list").json() == []
        assert client.get("/data/get/k").status_code == 200
        assert client.put("/tmp/set/k", content=b"again").status_code == 200
        assert client.get("/tmp/get/k").content == b"again"


def test_a_clock_that_is_wrong_for_a_while_deletes_nothing(machine: TimeMachine) -> None:
    token = machine.server.token(valid_for=timedelta(days=4000))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=machine.server.url, headers=headers, trust_env=False) as client:
        assert client.put("/tmp/set/k", content=b"x").status_code == 200
        swept(client)
        for wrong in (400 * DAY_S, -400 * DAY_S, 3000 * DAY_S):
            machine.jump(wrong)
            swept(client)
        machine.jump(0)
        assert client.get("/tmp/get/k").content == b"x"
    assert "the clock has jumped" in machine.server.log_text()


def test_tokens_and_signed_urls_end_by_the_clock_and_work_again_when_it_is_right(machine: TimeMachine) -> None:
    server = machine.server
    with server.client() as client:
        assert client.put("/data/set/k", content=b"x").status_code == 200
        signed = client.get("/data/get_signed_url/k", params={"expires_in": 600}).text

        def both() -> tuple[int, int]:
            return client.get("/data/get/k").status_code, httpx.get(signed, trust_env=False).status_code

        assert both() == (200, 200)
        machine.jump(590)
        assert both() == (200, 200)
        machine.jump(610)
        assert both() == (200, 403)
        machine.jump(3700)
        assert both() == (401, 403)
        machine.jump(-3600)  # a clock that is behind keeps nobody out
        assert both()[0] == 200
        machine.jump(0)
        assert both() == (200, 200)
