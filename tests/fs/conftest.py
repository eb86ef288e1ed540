"""A real server for the file system's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui.fs import StorageFileSystem
from tests.server.running import RunningServer, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server; each test has a user, and so a namespace, of its own."""
    with running_server(tmp_path_factory.mktemp("fs") / "store") as running:
        yield running


@pytest.fixture
def token_file(server: RunningServer, tmp_path: Path) -> Path:
    """The token of a user whom nobody was before."""
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(server.token(tmp_path.name))
    return path


@pytest.fixture
def fs(server: RunningServer, token_file: Path) -> Iterator[StorageFileSystem]:
    """The file system of that user."""
    made = StorageFileSystem(server.url, token_file=token_file, skip_instance_cache=True)
    yield made
    made.storage.close()
