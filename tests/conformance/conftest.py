from collections.abc import Iterator

import pytest

from tests.server.running import RunningServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the clients of other people."""
    running = RunningServer(tmp_path_factory.mktemp("conformance") / "data")
    running.start()
    yield running
    assert running.stop() == 0
    assert running.log_text() == ""
