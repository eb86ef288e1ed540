"""Uploads hold all that they may, and short calls of anybody are answered: told by order, not by time."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from storage_tui.server.app import RequestBounds
from storage_tui.server.limits.budget import UPLOAD_BYTES, MemoryBounds
from storage_tui.server.run.serve import Bounds
from tests import seaweed
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


def test_small_reads_and_writes_on_a_bucket_wait_behind_no_upload_of_the_same_user(tmp_path: Path) -> None:
    memory = MemoryBounds(transfer_bytes=2 * UPLOAD_BYTES, transfer_patience_s=LIMIT_S)
    bounds = Bounds(requests=RequestBounds(memory=memory))
    server = RunningServer(tmp_path / "data", bounds, bucket=seaweed.place(f"order-{secrets.token_hex(4)}/"))
    server.start()
    try:
        with ExitStack() as stack:
            ann = stack.enter_context(server.client())
            for name, size_bytes in (("small", 1000), ("large", 1_000_000)):
                ann.put(f"/data/set/{name}", content=bytes(size_bytes)).raise_for_status()
            for number in range(5):
                connection = stack.enter_context(server.connect())
                url = ann.get(f"/tmp/new_resumable_url/{number}").text
                connection.sendall(put_head(url, "Content-Length: 900000") + bytes(100_000))
            wait_until(lambda: memory_is_taken(server, ann), "an upload that has its memory")
            for _ in range(3):
                assert ann.put("/data/set/more", content=bytes(200_000)).status_code == 200
                assert len(ann.get("/data/get/more").content) == 200_000
                assert ann.get("/data/get/large", headers={"Range": "bytes=5-9"}).content == bytes(5)
                assert ann.get("/data/get/small").content == bytes(1000)
    finally:
        server.stop()


def memory_is_taken(server: RunningServer, ann: httpx.Client) -> bool:
    """A large read finds no memory: its answer does not begin while the uploads go on."""
    with server.connect() as connection:
        token = ann.headers["Authorization"]
        connection.sendall(
            f"GET /storage/v1/data/get/large HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
        )
        connection.settimeout(0.5)
        try:
            return not connection.recv(1)
        except TimeoutError:
            return True
