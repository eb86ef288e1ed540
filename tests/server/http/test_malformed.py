"""Malformed and hostile HTTP on a raw socket: refused, and never the start of another request."""

import socket
from contextlib import ExitStack

import pytest

from tests.server.running import RunningServer, put_head, read_answer


def request(server: RunningServer, line: str, *headers: str, body: bytes = b"") -> bytes:
    token = f"Authorization: Bearer {server.token()}"
    return ("\r\n".join([line, "Host: x", token, *headers, "", ""])).encode("latin-1") + body


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: +5",),
        ("Content-Length: -1",),
        ("Content-Length: 0x5",),
        ("Content-Length: 0_5",),
        ("Content-Length: 5, 6",),
        ("Content-Length: 99999999999999999999999999",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Host: other"),
        ("Content-Length : 5",),
        ("Content-Length: 5", "X: a\x00b"),
        ("Content-Length: 5", "X: a\rb"),
        ("Content-Length: 5", "X: a\x1bb"),
        ("Content-Length: 5", "X: a", " folded"),
        ("Content-Length: 5", "Content-Encoding: gzip"),
    ],
)  # fmt: skip
def test_what_two_readers_could_read_in_two_ways_is_refused(server: RunningServer, headers: tuple[str, ...]) -> None:
    smuggled = b"helloGET /storage/v1 HTTP/1.1\r\nHost: x\r\n\r\n"
    raw = server.exchange(request(server, "PUT /storage/v1/data/set/malformed HTTP/1.1", *headers, body=smuggled))
    assert raw.split(b" ", 2)[1] in (b"400", b"431", b"501"), raw
    assert raw.count(b"HTTP/1.1 ") == 1, "the body became the next request"
    assert b"Traceback" not in raw


def test_two_equal_lengths_mean_one(server: RunningServer) -> None:
    twice = ("Content-Length: 5", "Content-Length: 5", "Connection: close")
    raw = server.exchange(request(server, "PUT /storage/v1/data/set/malformed HTTP/1.1", *twice, body=b"hello"))
    assert raw.split(b" ", 2)[1] in (b"200", b"400")


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5_\r\nhello\r\n0\r\n\r\n",
     b"F" * 17 + b"\r\nhello\r\n",
     b"5\r\nhelloX\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n"],
)  # fmt: skip
def test_broken_chunks_store_nothing(server: RunningServer, chunks: bytes) -> None:
    with server.client() as ann:
        url = ann.get("/data/new_resumable_url/malformed-chunks").text
        raw = server.exchange(put_head(url, "Transfer-Encoding: chunked") + chunks)
        assert not raw.startswith(b"HTTP/1.1 2"), raw
        assert ann.head("/data/get/malformed-chunks").status_code == 404


@pytest.mark.parametrize(
    ("raw", "statuses"),
    [
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", (400, 505)),
        (b"GET /\r\n\r\n", (400, None)),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", (400, None)),
        (b"GET /storage/v1 HTTP/1.1\r\n\r\n", (400,)),
        (b"GET abc HTTP/1.1\r\nHost: x\r\n\r\n", (400, 401)),
        (b"GET http://evil/storage/v1 HTTP/1.1\r\nHost: x\r\n\r\n", (401,)),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", (401,)),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", (400, 401, 405)),
        (b"GET /storage/v1/\xff HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
        (b"GET /storage/v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", (401,)),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (414, 431)),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 5_000_000 + b"\r\n\r\n", (431, None)),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000 + b"\r\n\r\n", (413, 431)),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 99 + b"\r\n", (401, 413, 431)),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5000 + b"\r\n", (413, 431)),
    ],
)
def test_a_bad_request_is_refused(server: RunningServer, raw: bytes, statuses: tuple[int | None, ...]) -> None:
    answer = server.exchange(raw)
    status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None
    assert status in statuses, answer
    assert b"Traceback" not in answer


def test_the_body_of_a_refused_request_is_no_request(server: RunningServer) -> None:
    hidden = b"GET /storage/v1/data/list HTTP/1.1\r\nHost: x\r\n\r\n"
    raw = request(server, "PUT /storage/v1/cache/set/x HTTP/1.1", f"Content-Length: {len(hidden)}", body=hidden)
    answer = server.exchange(raw)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_refusal_is_read_by_a_client_that_is_still_sending(server: RunningServer) -> None:
    with server.connect() as connection:
        connection.sendall(put_head(f"{server.url}/upload/unknown", "Content-Length: 20000000"))
        for _ in range(200):
            connection.sendall(b"x" * 100_000)
        status, headers, _ = read_answer(connection)
    assert (status, headers["connection"]) == (404, "close")


def test_requests_in_one_packet_are_answered_in_order(server: RunningServer) -> None:
    one = request(server, "GET /storage/v1/data/get/missing-1 HTTP/1.1")
    two = request(server, "GET /storage/v1/data/get/missing-2 HTTP/1.1")
    with server.connect() as connection:
        connection.sendall(one + two)
        answer = b""
        while answer.count(b"HTTP/1.1 ") < 2 or b"missing-2" not in answer:
            piece = connection.recv(65536)
            assert piece
            answer += piece
    assert answer.index(b"missing-1") < answer.index(b"missing-2")


def test_expect_100_continue_is_answered(server: RunningServer) -> None:
    with server.client() as ann:
        url = ann.get("/data/new_resumable_url/expect").text
    with server.connect() as connection:
        connection.sendall(put_head(url, "Expect: 100-continue", "Content-Length: 5"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert read_answer(connection)[0] == 200


def test_a_host_that_is_none_gets_no_url(server: RunningServer) -> None:
    token = server.token()
    for host in ("", "a b", "x/../y", "evil@x", "x:y", "[::1", "x?y", "x#y"):
        line = f"GET /storage/v1/data/new_resumable_url/x HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n"
        assert server.exchange(line.encode()).startswith(b"HTTP/1.1 400 "), host


@pytest.mark.parametrize("path", ["/healthz", "/storage/v1", "/storage/v1/data/list"])
@pytest.mark.parametrize("hosts", [(), ("",), ("x", "x"), ("x", "y")], ids=["none", "empty", "same", "other"])
def test_a_request_names_one_host(server: RunningServer, path: str, hosts: tuple[str, ...]) -> None:
    lines = [f"Authorization: Bearer {server.token()}", *(f"Host: {host}" for host in hosts), "Connection: close"]
    answers = [
        server.exchange("\r\n".join((f"GET {path} HTTP/{version}", *lines, "", "")).encode())
        for version in ("1.1", "1.0")
    ]
    assert answers[0].startswith(b"HTTP/1.1 400 "), answers[0]
    assert answers[1].startswith(b"HTTP/1.0 400 " if len(hosts) > 1 else b"HTTP/1.0 200 "), answers[1]


def test_a_half_closed_connection_stores_nothing(server: RunningServer) -> None:
    with server.client() as ann:
        url = ann.get("/data/new_resumable_url/half-closed").text
        with server.connect() as connection:
            connection.sendall(put_head(url, "Content-Length: 10") + b"abc")
            connection.shutdown(socket.SHUT_WR)
            assert not connection.recv(1000).startswith(b"HTTP/1.1 2")
        assert ann.head("/data/get/half-closed").status_code == 404


def test_a_head_that_does_not_end_is_not_waited_for(hasty_server: RunningServer) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(hasty_server.connect()) for _ in range(3)]
        begun = (b"", b"GET /storage", b"GET /storage/v1 HTTP/1.1\r\nHost: x\r\nX-A: b\r\n")
        for connection, content in zip(slow, begun, strict=True):
            connection.sendall(content)
        for connection in slow:
            assert b"200" not in connection.recv(65536), "closed, or refused"
