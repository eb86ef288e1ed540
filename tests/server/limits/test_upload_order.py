"""Uploads hold all that they may, and short calls of anybody are answered: told by order, not by time."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from storage_tui.server.app import RequestBounds
from storage_tui.server.limits.budget import UPLOAD_BYTES, MemoryBounds
from storage_tui.server.run.serve import Bounds
from tests.server.preludes import commits_wait_for_a_sign
from tests.server.running import RunningServer, put_head, read_answer
from tests.waits import LIMIT_S, wait_until


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with memory for four uploads, whose commits of uploads wait for the file `data.go`."""
    memory = MemoryBounds(transfer_bytes=4 * UPLOAD_BYTES, transfer_patience_s=LIMIT_S)
    bounds = Bounds(requests=RequestBounds(memory=memory))
    server = RunningServer(tmp_path / "data", bounds, commits_wait_for_a_sign)
    server.start()
    yield server
    (tmp_path / "data.go").touch()
    assert server.stop() == 0
    assert "Traceback" not in server.log_text()


def test_calls_are_answered_while_uploads_hold_all_memory_and_more_wait(stuck: RunningServer, tmp_path: Path) -> None:
    body, count = b"b" * 700_000, 30
    with ExitStack() as stack:
        ann, bob = (stack.enter_context(stuck.client(name)) for name in ("ann", "bob"))
        ann.put("/data/set/k", content=b"v" * 1000).raise_for_status()
        uploads = []
        for number in range(count):
            connection = stack.enter_context(stuck.connect())
            url = ann.get(f"/tmp/new_resumable_url/{number}").text
            connection.sendall(put_head(url, f"Content-Length: {len(body)}") + body)
            uploads.append(connection)
        wait_until((tmp_path / "data.committing").exists, "an upload at its commit")
        for client in (ann, bob):
            assert client.get("/data/list").status_code == 200
            assert client.head("/data/get/k").status_code == (200 if client is ann else 404)
            for size_bytes in (10, 100_000, 250_000):
                assert client.put("/data/set/small", content=bytes(size_bytes)).status_code == 200
                assert len(client.get("/data/get/small").content) == size_bytes
            assert client.get("/data/new_resumable_url/next").status_code == 200
            assert client.delete("/data/small").status_code == 200
        assert ann.get("/tmp/list").json() == [], "no upload was stored before those calls"
        (tmp_path / "data.go").touch()
        assert [read_answer(connection)[0] for connection in uploads] == [200] * count
