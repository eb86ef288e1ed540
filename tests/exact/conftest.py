"""A server that takes any name, and clients of it. Each test has a user, and so a namespace, of its own."""

import itertools
from collections.abc import Iterator

import pytest

from storage_tui import Storage
from tests.exact.awkward import NAMES, value_of
from tests.server.preludes import any_name_is_a_key
from tests.server.running import RunningServer, running_server

_users = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("exact") / "data", prelude=any_name_is_a_key) as running:
        yield running
    assert running.log_text() == ""


@pytest.fixture
def token(server: RunningServer) -> str:
    return server.token(f"user-{next(_users)}")


@pytest.fixture
def storage(
    server: RunningServer, token: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Storage]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    with Storage(server.url, token=token) as client:
        yield client


@pytest.fixture
def filled(storage: Storage) -> Storage:
    for name in NAMES:
        storage.set(name, value_of(name))
    return storage
