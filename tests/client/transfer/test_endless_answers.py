"""A server that sends more than it announced, without an end: nothing of it is read past what was announced."""

import io
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client import requests
from storage_tui.client.batch.plan import BatchItem, BatchPlan
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.transfer import blob_stream
from storage_tui.contract.errors import NotFoundError, ProtocolError
from storage_tui.contract.models import Blob
from tests.client.scripted import ScriptedServer, answer
from tests.faults.answering import AnsweringServer

pytestmark = pytest.mark.usefixtures("hasty")

CHUNK = b"10000\r\n" + bytes(0x10000) + b"\r\n"
CHUNKS = 1024  # 64 MiB, then an end: a reader without bounds would take it for a blob
BOUND = 1024 * 1024  # what is read of a blob without a size, here


class EndlessServer(AnsweringServer):
    """Answers every GET with `status`, `headers` and chunks without end, every HEAD with `head`."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None, *, head: str = "0") -> None:
        super().__init__()
        self.status, self.headers, self.head = status, headers or {}, head
        self.sent_chunks = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "HEAD":
            handler.send_response(200)
            handler.send_header("Content-Length", self.head)
            return handler.end_headers()
        handler.send_response(self.status)
        framing = {} if "Content-Length" in self.headers else {"Transfer-Encoding": "chunked"}
        for name, value in {**framing, **self.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.close_connection = True
        with suppress(OSError):
            for _ in range(CHUNKS):
                handler.wfile.write(CHUNK)
                self.sent_chunks += 1
            handler.wfile.write(b"0\r\n\r\n")
        return None


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (requests, blob_stream):
        monkeypatch.setattr(module, "UNTOLD_BYTES", BOUND)
    monkeypatch.setattr(blob_stream, "UNASKED_BYTES", BOUND // 2)


CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda storage: storage.get("k"),
    "stream": lambda storage: drained(storage),
    "get_file": lambda storage: storage.get_file("k", io.BytesIO()),
    "range to the end": lambda storage: storage.read_range("k", start=3),
    "last bytes": lambda storage: storage.read_range("k", start=-5),
    "list": lambda storage: list(storage.iter_list()),
    "signed URL": lambda storage: storage.get_signed_url("k"),
}


def drained(storage: Any) -> None:
    with storage.stream("k") as chunks:
        for _ in chunks:
            pass


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_announces_nothing_is_read_to_a_bound(make: Callable[..., Any], call: str) -> None:
    with EndlessServer() as server:
        with pytest.raises(ProtocolError, match=r"larger than|sends more of"):
            CALLS[call](make(server.url, token="t", retries=0))
        assert server.sent_chunks < CHUNKS


def test_what_the_answer_to_a_head_says_is_the_end(tmp_path: Path) -> None:
    with EndlessServer(head=str(BOUND)) as server, Storage(server.url, token="t", retries=0) as storage:
        with pytest.raises(ProtocolError, match=f"more of 'k' than the {BOUND} bytes"):
            storage.get_file("k", tmp_path / "k")
        assert server.sent_chunks < CHUNKS
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("etag", [None, "e"])
@pytest.mark.parametrize("announces", [True, False])
def test_what_was_listed_is_the_end(tmp_path: Path, etag: str | None, announces: bool) -> None:
    headers = {} if etag is None else {"ETag": f'"{etag}"'}
    if announces:
        headers["Content-Length"] = str(len(CHUNK) * CHUNKS + 5)
    item = BatchItem("download", "data", "k", tmp_path / "k", 5, tmp_path, Blob("k", "data", 5, etag=etag))
    with EndlessServer(headers=headers) as server, Storage(server.url, token="t", retries=0) as storage:
        (result,) = Batch(storage.engine, BatchPlan([item])).run()
        assert result.state == "failed" and isinstance(result.error, ProtocolError)
        assert ("list it again" if announces else "than the 5 bytes") in result.error.message
        assert server.sent_chunks < CHUNKS
    assert list(tmp_path.iterdir()) == []


PARTS = {"as asked": "bytes 0-4/100000000", "wider": f"bytes 0-{CHUNKS * 0x10000 - 1}/100000000"}


@pytest.mark.parametrize("span", PARTS)
def test_a_part_ends_where_it_says_and_where_it_was_asked_to(make: Callable[..., Any], span: str) -> None:
    with EndlessServer(206, {"Content-Range": PARTS[span]}) as server:
        with pytest.raises(ProtocolError, match="larger than 5 bytes"):
            make(server.url, token="t", retries=0).read_range("k", start=0, stop=5)
        assert server.sent_chunks < CHUNKS


def test_the_rest_of_a_file_ends_where_it_says(tmp_path: Path) -> None:
    cut = b'HTTP/1.1 200 X\r\nContent-Length: 10\r\nETag: "e"\r\nConnection: close\r\n\r\n01234'
    rest = (
        b'HTTP/1.1 206 X\r\nContent-Range: bytes 5-9/10\r\nETag: "e"\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n56789X'
    )
    with ScriptedServer(cut, rest + b"\r\n0\r\n\r\n") as server, Storage(server.url, token="t") as storage:
        with pytest.raises(ProtocolError, match="more of 'k' than the 10 bytes"):
            storage.get_file("k", tmp_path / "k")
        assert [headers.get("range") for _, headers in server.requests] == [None, "bytes=5-"]
    assert list(tmp_path.iterdir()) == []


def test_of_an_error_only_the_beginning_is_read(make: Callable[..., Any], tmp_path: Path) -> None:
    with EndlessServer(404) as server:
        storage = make(server.url, token="t", retries=0)
        for call in (storage.get, storage.read_range, lambda key: storage.get_file(key, tmp_path / key)):
            with pytest.raises(NotFoundError):
                call("k")
        assert server.sent_chunks < CHUNKS


def test_interim_answers_without_end_are_no_answer() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000
    with (
        ScriptedServer(interim + answer(200, body=b"v")) as server,
        Storage(server.url, token="t", retries=0) as storage,
        pytest.raises(Exception, match="one interim answer after the other"),
    ):
        storage.get("k")


def test_a_large_blob_in_chunks_is_whole_where_a_head_tells_its_size(tmp_path: Path) -> None:
    size = CHUNKS * 0x10000
    with EndlessServer(head=str(size)) as server, Storage(server.url, token="t", retries=0) as storage:
        assert storage.get_file("k", tmp_path / "k").size_bytes == size
    assert (tmp_path / "k").stat().st_size == size


def test_a_blob_in_chunks_is_whole_where_nothing_lies(tmp_path: Path) -> None:
    chunks = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"
    with (
        ScriptedServer(chunks, chunks) as server,
        Storage(server.url, token="t", retries=0) as storage,
    ):
        assert storage.get_file("k", tmp_path / "k").size_bytes == 10
        assert (tmp_path / "k").read_bytes() == b"0123456789"
        assert storage.get("k") == b"0123456789"
