"""Many readers at once: bounded memory, a clear refusal past the bound, and a server that goes on."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from storage_tui.server.limits.budget import STREAM_BYTES, MemoryBounds
from storage_tui.server.limits.shares import GREED
from tests.server.running import RunningServer

SIZE_BYTES = 64 * 1024 * 1024  # more than the kernel buffers on both sides
PEAK_MB = 150
MAX_STREAMS = MemoryBounds().transfer_bytes * GREED // (GREED + 1) // STREAM_BYTES  # of one user


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[tuple[RunningServer, list[socket.socket]]]:
    """A server with every place taken by a reader that has stopped."""
    running = RunningServer(tmp_path / "data")
    running.start()
    with ExitStack() as stack:
        client = stack.enter_context(running.client())
        url = client.get("/data/new_resumable_url/large").text
        assert httpx.put(url, content=bytes(SIZE_BYTES), trust_env=False, timeout=60).status_code == 200
        client.put("/data/set/small", content=b"small")
        readers = []
        request = f"GET /storage/v1/data/get/large HTTP/1.1\r\nHost: x\r\nAuthorization: {running.token()}\r\n\r\n"
        for _ in range(MAX_STREAMS):
            connection = stack.enter_context(running.connect())
            connection.sendall(request.encode())
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
            readers.append(connection)
        yield running, readers
    assert running.stop() == 0
    assert "Traceback" not in running.log_text()


@pytest.mark.slow
def test_slow_readers_are_bounded_and_others_are_served(crowded: tuple[RunningServer, list[socket.socket]]) -> None:
    server, readers = crowded
    with server.client() as ann:
        refused = ann.get("/data/get/large")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert ann.get("/data/get/small").content == b"small"
        assert ann.put("/data/set/more", content=b"x").status_code == 200
        for reader in readers[:10]:
            reader.close()
        sent = 0
        while not sent:
            with ann.stream("GET", "/data/get/large") as answer:
                if answer.status_code == 200:
                    sent = sum(len(piece) for piece in answer.iter_raw())
        assert sent == SIZE_BYTES
    status = Path(f"/proc/{server.process.pid}/status")
    if status.exists():
        peak_kb = int(status.read_text().partition("VmHWM:")[2].split()[0])
        assert peak_kb < PEAK_MB * 1024


@pytest.mark.slow
def test_readers_that_have_stopped_do_not_keep_the_server_from_ending(
    crowded: tuple[RunningServer, list[socket.socket]],
) -> None:
    server, _ = crowded
    server.process.terminate()
    server.wait_until_refused()
    server.process.terminate()
    assert server.process.wait(20) == 0
