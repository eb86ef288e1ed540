"""How the server comes and goes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.contract.wire import UPLOAD_QUANTUM
from storage_tui.server.app import RequestBounds
from storage_tui.server.limits.budget import MemoryBounds
from storage_tui.server.resources.upload.gate import GateBounds
from storage_tui.server.run.listener import ListenerBounds, listen_tcp, listen_unix
from storage_tui.server.run.operating import Operating
from storage_tui.server.run.serve import DEFAULTS, Bounds, serve
from storage_tui.server.stores.local.lock import read_owner
from tests.server.process import restored
from tests.server.running import RunningServer, put_head, read_answer

PEAK_MB = 150


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of this test's own, not started yet, and gone when the test is over however it ends."""
    server = RunningServer(tmp_path / "data")
    yield server
    if server.process.returncode is None:
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_is_under_way(own: RunningServer, number: int) -> None:
    own.start()
    with own.client() as ann:
        url = ann.get("/data/new_resumable_url/drained").text
        with own.connect() as connection:
            connection.sendall(put_head(url, "Content-Length: 10") + b"01234")
            connection.sendall(b"5")
            while not httpx.put(_probe(ann), content=b"x", trust_env=False).is_success:
                pass
            own.process.send_signal(number)
            own.wait_until_refused()
            connection.sendall(b"6789")
            assert read_answer(connection)[0] == 200
    assert own.process.wait(20) == 0
    own.process.stdout.close()  # type: ignore[union-attr]
    own.start()
    with own.client() as ann:
        assert ann.get("/data/get/drained").content == b"0123456789"
    assert own.stop() == 0
    assert own.log_text() == ""


def _probe(client: httpx.Client) -> str:
    return client.get("/data/new_resumable_url/probe").text


def test_a_second_signal_cuts_what_is_under_way_and_keeps_its_prefix(own: RunningServer) -> None:
    own.start()
    with own.client() as ann:
        url = ann.get("/data/new_resumable_url/cut").text
        with own.connect() as connection:
            connection.sendall(put_head(url, f"Content-Length: {4 * UPLOAD_QUANTUM}") + b"x" * UPLOAD_QUANTUM)
            assert httpx.put(_probe(ann), content=b"x", trust_env=False).is_success
            own.process.send_signal(signal.SIGTERM)
            own.wait_until_refused()
            own.process.send_signal(signal.SIGTERM)
            status, headers, _ = read_answer(connection)
        assert (status, headers["connection"], headers.get("retry-after")) == (503, "close", None)
    assert own.process.wait(20) == 0
    own.process.stdout.close()  # type: ignore[union-attr]
    own.start()
    answer = httpx.put(url, headers={"Content-Range": "bytes */*"}, trust_env=False)
    assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{UPLOAD_QUANTUM - 1}")
    assert own.stop() == 0


def test_a_directory_that_is_served_is_refused_with_who_serves_it(server: RunningServer) -> None:
    with pytest.raises(StorageError) as caught:
        serve(place=server.data_dir, host="127.0.0.1", port=0, on_ready=lambda url: None)
    assert str(server.process.pid) in caught.value.message
    assert server.url in caught.value.message


def test_an_address_that_is_taken_is_refused_in_one_line(server: RunningServer, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=f"cannot listen on 127.0.0.1 port {server.port}"):
        serve(place=tmp_path / "data", host="127.0.0.1", port=server.port, on_ready=lambda url: None)
    for host, port in (("no.such.host.invalid", 0), ("127.0.0.1", 99999), ("203.0.113.1", 0)):
        with pytest.raises(UnavailableError):
            listen_tcp(host, port)


def test_a_server_that_cannot_write_its_log_lets_go_of_the_directory(tmp_path: Path) -> None:
    operating = Operating(access_log=tmp_path)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="cannot write the access log"):
            serve(place=tmp_path / "d", host="127.0.0.1", port=0, on_ready=lambda url: None, operating=operating)
    assert read_owner(tmp_path / "d") == {}


def test_a_unix_socket_is_ours_alone_and_replaces_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    path.write_text("stale")
    with listen_unix(path) as listening:
        assert path.stat().st_mode & 0o777 == 0o600
        assert listening.family == socket.AF_UNIX


IN_A_THREAD = """
import os, queue, sys, threading
from pathlib import Path
import httpx
from storage_tui.server.run.serve import serve
urls = queue.Queue()
threading.Thread(
    target=lambda: serve(place=Path(sys.argv[1]), host="127.0.0.1", port=0, on_ready=urls.put), daemon=True
).start()
print(httpx.get(urls.get(timeout=20), trust_env=False).status_code, flush=True)
os._exit(0)
"""


def test_it_serves_from_a_thread_of_another_program(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", IN_A_THREAD, tmp_path / "data"], capture_output=True, timeout=60)
    assert done.stdout == b"401\n", done.stderr


def test_a_public_url_is_where_clients_are_sent(tmp_path: Path) -> None:
    own = RunningServer(tmp_path / "data", public_url="https://storage.example/storage/v1/")
    own.start()
    with own.client() as ann:
        assert ann.get("/data/new_resumable_url/x").text.startswith("https://storage.example/storage/v1/upload/")
    assert own.stop() == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from /proc")
def test_memory_stays_bounded_by_large_blobs_and_slow_readers(own: RunningServer) -> None:
    own.start()
    size_bytes = 300 * 1024 * 1024
    piece = os.urandom(1024 * 1024)
    with own.client() as ann:
        url = ann.get("/data/new_resumable_url/large").text
        body = (piece for _ in range(size_bytes // len(piece)))
        headers = {"Content-Length": str(size_bytes)}
        assert httpx.put(url, content=body, headers=headers, trust_env=False, timeout=60).status_code == 200
        request = f"GET /storage/v1/data/get/large HTTP/1.1\r\nHost: x\r\nAuthorization: {own.token()}\r\n\r\n"
        slow = [own.connect() for _ in range(8)]
        for connection in slow:
            connection.sendall(request.encode())
            assert connection.recv(1000)
        with ann.stream("GET", "/data/get/large") as answer:
            assert sum(len(part) for part in answer.iter_raw()) == size_bytes
        for connection in slow:
            connection.close()
    status = Path(f"/proc/{own.process.pid}/status").read_text()
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    assert own.stop() == 0
    assert peak_kb < PEAK_MB * 1024


def test_the_bounds_of_a_server_under_test_arrive_as_they_were_given() -> None:
    bounds = Bounds(
        follow_s=0.5,
        listener=ListenerBounds(connections=7),
        requests=RequestBounds(gate=GateBounds(commit_s=3.0), memory=MemoryBounds(call_bytes=9)),
    )
    assert bounds != DEFAULTS and restored(Bounds, json.loads(json.dumps(asdict(bounds)))) == bounds
