from collections.abc import Iterator

import httpx
import pytest

from storage_tui.server.app import RequestBounds
from storage_tui.server.http.body import BodyBounds
from storage_tui.server.run.listener import ListenerBounds
from storage_tui.server.run.serve import Bounds
from tests.server.running import RunningServer, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests that only need one; each test uses keys of its own."""
    with running_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running
    assert running.log_text() == ""


@pytest.fixture(scope="session")
def hasty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose deadlines are a fraction of the real ones."""
    bounds = Bounds(
        listener=ListenerBounds(header_read_ms=2000),
        requests=RequestBounds(body=BodyBounds(idle_s=1.0), send_idle_s=1.0),
    )
    with running_server(tmp_path_factory.mktemp("hasty") / "data", bounds=bounds) as running:
        yield running


@pytest.fixture(scope="session")
def watchful_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that sees within a moment what the command line changes beside it; its sessions may end early."""
    bounds = Bounds(follow_s=0.05, requests=RequestBounds(body=BodyBounds(idle_s=3.0)))
    with running_server(tmp_path_factory.mktemp("watchful") / "data", bounds=bounds) as running:
        yield running
    assert running.log_text() == ""


@pytest.fixture
def ann(server: RunningServer) -> Iterator[httpx.Client]:
    """A user of the server."""
    with server.client("ann") as client:
        yield client


@pytest.fixture
def bob(server: RunningServer) -> Iterator[httpx.Client]:
    """Another user of the server."""
    with server.client("bob") as client:
        yield client


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A key that no other test uses."""
    return f"{request.node.module.__name__}/{request.node.name}".replace("[", "(").replace("]", ")")
