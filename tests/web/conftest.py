"""The web page on a server with a few blobs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.server.running import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("web") / "store")
    running.data_dir.mkdir(mode=0o700)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def storage(server: RunningServer) -> Iterator[Storage]:
    with Storage(server.url, token=server.token()) as storage:
        for name in ("a", "b", "c"):
            storage.set(f"page/{name}.txt", f"content of {name}\n" * 3)
        yield storage


@pytest.fixture(scope="module")
def link(server: RunningServer, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `storage-tui web` printed."""
    home: Path = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_TUI", "DESCARTESLABS"))}
    environ = {**kept, "HOME": str(home), "STORAGE_TUI_HOME": str(home / "own"), "STORAGE_TUI_TOKEN": server.token(),
               "PYTHONUNBUFFERED": "1"}  # fmt: skip
    command = [sys.executable, "-m", "storage_tui", "web", "data:page/", "--url", server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
