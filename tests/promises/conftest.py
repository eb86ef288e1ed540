"""A real server, and a user of it whom nobody was before, for each test of a promise."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from storage_tui import Storage
from tests.server.running import RunningServer, running_server

_users = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "store") as running:
        yield running


@pytest.fixture
def token(server: RunningServer) -> str:
    return server.token(f"user-{next(_users)}")


@pytest.fixture
def storage(server: RunningServer, token: str) -> Iterator[Storage]:
    with Storage(server.url, token=token) as client:
        yield client


@pytest.fixture
def http(server: RunningServer, token: str) -> Iterator[httpx.Client]:
    """Raw requests of that user, below the base of the service."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def home(tmp_path: Path, runtime_base: Path) -> dict[str, str]:
    """The environment of a person who never used the program: no settings, tokens or transfers."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_TUI_", "DESCARTESLABS_"))
    }
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return {**kept, "HOME": str(folder), "TERM": "xterm-256color", "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"), "XDG_RUNTIME_DIR": str(runtime_base)}  # fmt: skip
