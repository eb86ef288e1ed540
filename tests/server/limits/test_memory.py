"""The memory of the server: bounded whatever one user sends or leaves unread, and never all of it one user's."""

import contextlib
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from storage_tui.contract.catalog import CATALOG_PATH
from storage_tui.contract.packs import frame
from storage_tui.server.app import RequestBounds
from storage_tui.server.limits.budget import MemoryBounds
from storage_tui.server.run.serve import Bounds
from tests import seaweed
from tests.effort import some
from tests.server.running import RunningServer, read_answer

MIB = 1024 * 1024
PEAK_MB = 150
CROWD = 300  # requests at once, far more than there is memory for
DATA = "/storage/v1/data"
TIGHT = MemoryBounds(transfer_bytes=5 * MIB, call_bytes=5 * MIB, transfer_patience_s=0.5, call_patience_s=0.5)

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of its own, as its highest memory is measured."""
    running = RunningServer(tmp_path / "data")
    running.start()
    yield running
    running.process.kill()
    running.process.wait()
    assert running.process.stdout is not None
    running.process.stdout.close()
    assert "Traceback" not in running.log_text()


@pytest.fixture
def on_bucket(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of its own on a bucket."""
    running = RunningServer(tmp_path / "data", bucket=seaweed.place(f"memory-{secrets.token_hex(4)}/"))
    running.start()
    yield running
    running.stop()
    assert "Traceback" not in running.log_text()


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with 5 MB for blobs on their way and 5 MB for calls, in which nobody waits long."""
    running = RunningServer(tmp_path / "data", bounds=Bounds(requests=RequestBounds(memory=TIGHT)))
    running.start()
    yield running
    running.stop()
    assert "Traceback" not in running.log_text()


def head(server: RunningServer, method: str, path: str, *headers: str, name: str = "ann") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: h", f"Authorization: Bearer {server.token(name)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def send_until_stuck(connection: socket.socket, content: bytes) -> None:
    """Send as much as the server takes."""
    connection.settimeout(0.3)
    with contextlib.suppress(OSError):
        connection.sendall(content)


def body(method: str, path: str, size_bytes: int) -> Callable[[RunningServer], list[tuple[bytes, bytes]]]:
    """Requests whose bodies are announced and stop just short of their end."""

    def requests(server: RunningServer) -> list[tuple[bytes, bytes]]:
        request = head(server, method, path, f"Content-Length: {size_bytes}")
        return [(request, bytes(size_bytes - 10))] * CROWD

    return requests


def uploads(server: RunningServer) -> list[tuple[bytes, bytes]]:
    with server.client() as ann:
        paths = [urlsplit(ann.get(f"/data/new_resumable_url/{number}").text).path for number in range(CROWD)]
    return [(head(server, "PUT", path, "Content-Length: 9000000"), bytes(MIB - 10)) for path in paths]


def long_uploads(server: RunningServer) -> list[tuple[bytes, bytes]]:
    """Uploads of 20 MB that stop just short of their end; fewer, as they are sent whole."""
    with server.client() as ann:
        paths = [urlsplit(ann.get(f"/data/new_resumable_url/{number}").text).path for number in range(40)]
    return [(head(server, "PUT", path, "Content-Length: 20000000"), bytes(20_000_000 - 10)) for path in paths]


def many_headers(server: RunningServer) -> list[tuple[bytes, bytes]]:
    lines = [f"X-{number}: {'a' * 300}" for number in range(90)]
    return [(head(server, "PUT", f"{DATA}/set/k", "Content-Length: 10", *lines), b"x")] * 760


def half_heads(server: RunningServer) -> list[tuple[bytes, bytes]]:
    """Requests of nobody, whose heads are as long as the listener takes, and do not end."""
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(120))
    return [(b"GET / HTTP/1.1\r\nHost: h\r\n" + lines, b"X-End")] * 1000


def unread(path: str) -> Callable[[RunningServer], list[tuple[bytes, bytes]]]:
    """Requests whose long answers nobody reads."""

    def requests(server: RunningServer) -> list[tuple[bytes, bytes]]:
        with server.client() as ann:
            ann.put("/data/set/large", content=bytes(8 * MIB)).raise_for_status()
            for start in range(0, 5000, 250):
                keys = (f"{number:04}{'k' * 900}" for number in range(start, start + 250))
                ann.post("/data/set", content=b"".join(frame({"key": key}) for key in keys)).raise_for_status()
        return [(head(server, "GET", f"{DATA}/{path}"), b"")] * CROWD

    return requests


ATTACKS = {
    "values": body("PUT", f"{DATA}/set/k", 8 * MIB),
    "deletes": body("POST", f"{DATA}/delete", 4 * MIB),
    "packs": body("POST", f"{DATA}/set", 2 * MIB),
    "lists of keys": body("POST", f"{DATA}/get", 2 * MIB),
    "documents": body("POST", f"{CATALOG_PATH}/products", 256 * 1024),
    "uploads": uploads,
    "long uploads": long_uploads,
    "headers": many_headers,
    "half heads": half_heads,
    "unread blobs": unread("get/large"),
    "unread lists": unread("list?details=true"),
    "unread columns": unread("list?details=columns"),
}


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("attack", some(ATTACKS, every=3))
def test_the_server_stays_small_whatever_one_user_holds(fresh: RunningServer, attack: str) -> None:
    hold(fresh, ATTACKS[attack](fresh))
    assert peak_mb(fresh) < PEAK_MB


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("attack", some(["values", "packs", "uploads", "long uploads", "unread blobs"], every=2))
def test_a_server_on_a_bucket_stays_small_too(on_bucket: RunningServer, attack: str) -> None:
    hold(on_bucket, ATTACKS[attack](on_bucket))
    assert peak_mb(on_bucket) < PEAK_MB


def hold(fresh: RunningServer, requests: list[tuple[bytes, bytes]]) -> None:
    """Hold all requests open, and see that somebody else is served meanwhile."""
    with ExitStack() as stack:
        threads = []
        for request, content in requests:
            connection = stack.enter_context(fresh.connect())
            if content:
                threads.append(threading.Thread(target=send_until_stuck, args=(connection, request + content)))
                threads[-1].start()
            else:
                connection.sendall(request)
        for thread in threads:
            thread.join()
        with fresh.client("bob") as bob:
            assert bob.put("/data/set/small", content=b"small").status_code == 200
            assert bob.get("/data/get/small").content == b"small"
            assert bob.get("/data/list").json() == ["small"]
            assert bob.post("/data/delete", json={"targets": [{"key": "small"}]}).status_code == 200
            assert bob.post("/data/set", content=frame({"key": "packed"}, b"x")).status_code == 200
            url = bob.get("/data/new_resumable_url/up").text
            assert httpx.put(url, content=os.urandom(MIB), trust_env=False, timeout=60).status_code == 200
            assert len(bob.get("/data/get/up").content) == MIB


def peak_mb(running: RunningServer) -> float:
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_a_value_past_the_memory_of_a_user_is_asked_to_come_again(tight: RunningServer) -> None:
    size_bytes = 3 * MIB
    with ExitStack() as stack:
        held = stack.enter_context(tight.connect())
        held.sendall(head(tight, "PUT", f"{DATA}/set/held", f"Content-Length: {size_bytes}") + b"x")
        ann, bob = (stack.enter_context(tight.client(name)) for name in ("ann", "bob"))
        answer = ann.put("/data/set/more", content=bytes(size_bytes))
        while answer.status_code == 200:  # until the first one was taken in
            answer = ann.put("/data/set/more", content=bytes(size_bytes))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "your own requests hold the memory for blobs on their way" in answer.text
        assert bob.put("/data/set/k", content=bytes(MIB)).status_code == 200, "nobody gets all"
        assert ann.put("/data/set/small", content=b"x").status_code == 200, "what is small needs none"
        assert ann.get("/data/list").status_code == 200, "calls have memory of their own"
        held.sendall(bytes(size_bytes - 1))
        assert read_answer(held)[0] == 200
        assert ann.put("/data/set/more", content=bytes(size_bytes)).status_code == 200
    assert tight.log_text() == "", "to be busy is no defect"


def test_a_body_without_a_length_takes_memory_as_it_comes(tight: RunningServer) -> None:
    with tight.client() as ann:
        small = iter([b'{"targets": [', b'{"key": "k"}', b"]}"])
        assert ann.post("/data/delete", content=small).status_code == 200
        large = (b" " * 65536 for _ in range(60))
        answer = None
        with contextlib.suppress(httpx.TransportError):  # it was refused and closed before all was sent
            answer = ann.post("/data/delete", content=large)
        assert answer is None or (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_an_upload_url_never_says_retry_after(tight: RunningServer) -> None:
    """The published client would repeat a generator, and store nothing."""
    with ExitStack() as stack:
        ann = stack.enter_context(tight.client())
        urls = [ann.get(f"/data/new_resumable_url/{number}").text for number in range(12)]
        for url in urls[:-1]:
            connection = stack.enter_context(tight.connect())
            connection.sendall(head(tight, "PUT", urlsplit(url).path, "Content-Length: 9000000") + bytes(100_000))
        answer = httpx.put(urls[-1], content=bytes(MIB), trust_env=False)
        while answer.status_code == 200:
            answer = httpx.put(urls[-1], content=bytes(MIB), trust_env=False)
        assert answer.status_code == 503 and "retry-after" not in answer.headers


@pytest.mark.parametrize("path", ["delete", "get"])
@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b'{"targets": [' + b"[]," * 500_000 + b"[]]}", 413, "arrays, objects and members"),
        (b'{"keys": ' + b"[" * 500_000 + b"]" * 500_000 + b"}", 400, "nests deeper than 100"),
        (b"[1]", 400, "must be a JSON object"),
        (b'{"a": "' + b'"' * 30_000, 400, "not JSON"),
        (b'{"a": "' + b"\\" * 29_999, 400, "not JSON"),
        (b"\xff" * 20_000, 400, "not JSON"),
    ],
)
def test_json_is_bounded_before_anything_is_made_of_it(
    ann: httpx.Client, path: str, content: bytes, status: int, reason: str
) -> None:
    answer = ann.post(f"/data/{path}", content=content)
    assert (answer.status_code, reason in answer.text) == (status, True), answer.text


def test_structure_within_texts_does_not_count(ann: httpx.Client, name: str) -> None:
    keys = [f"{name}/{number}/{',[{' * 200}" for number in range(300)]
    assert ann.put(f"/data/set/{name}/0/{',[{' * 200}", content=b"x").status_code == 200
    answer = ann.post("/data/delete", json={"targets": [{"key": key, "etag": 'a\\"b'} for key in keys[1:]]})
    assert answer.status_code == 200 and len(answer.json()["results"]) == 299
    (row,) = ann.post("/data/delete", json={"targets": [{"key": keys[0]}]}).json()["results"]
    assert not row.get("error")
