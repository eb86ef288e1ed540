import secrets
from collections.abc import Iterator

import pytest

from tests import seaweed
from tests.server.running import RunningServer


@pytest.fixture(scope="session", params=["local", "s3"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server on each engine for the clients of other people."""
    bucket = None if request.param == "local" else seaweed.place(f"conformance-{secrets.token_hex(4)}/")
    running = RunningServer(tmp_path_factory.mktemp("conformance") / "data", bucket=bucket)
    running.start()
    yield running
    assert running.stop() == 0
    assert running.log_text() == ""
