from collections.abc import Iterator

import httpx
import pytest

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
    prelude = (
        "import storage_tui.server.http.body as body, storage_tui.server.http.delivery as delivery\n"
        "import storage_tui.server.run.listener as listener\n"
        "body.IDLE_S = 1.0\ndelivery.SEND_IDLE_S = 1.0\nlistener.HEADER_READ_MS = 2000\n"
    )
    with running_server(tmp_path_factory.mktemp("hasty") / "data", prelude=prelude) as running:
        yield running


@pytest.fixture(scope="session")
def watchful_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that sees within a moment what the command line changes beside it; its sessions may end early."""
    prelude = (
        "import storage_tui.server.run.serve as serve_module, storage_tui.server.http.body as body\n"
        "serve_module.FOLLOW_S = 0.05\nbody.IDLE_S = 3.0\n"
    )
    with running_server(tmp_path_factory.mktemp("watchful") / "data", prelude=prelude) as running:
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
