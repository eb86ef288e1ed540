"""Heads read and written without a parser: what is plain is taken, everything else is left to one."""

import h11
import httpx
import pytest

from storage_tui.client.http.heads import Outgoing, read_head, write_head

PLAIN = b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Empty:\r\nETag:  "a b" \r\n\r\nabc'


def test_a_plain_answer_is_read_as_a_parser_reads_it() -> None:
    head = read_head(PLAIN)
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    parser.receive_data(PLAIN)
    event = parser.next_event()
    assert head is not None and isinstance(event, h11.Response)
    assert head.headers == list(event.headers) and head.status_code == event.status_code
    assert (head.content_length, head.rest) == (3, b"abc")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"HTTP/1.1 200", b"HTTP/1.0 200"),
        (b"HTTP/1.1 200", b"HTTP/1.1 100"),
        (b"HTTP/1.1 200", b"HTTP/1.1 2000"),
        (b"HTTP/1.1 200 OK", b"nonsense"),
        (b"Content-Length: 3\r\n", b""),
        (b"Content-Length: 3", b"Transfer-Encoding: chunked"),
        (b"Content-Length: 3", b"Content-Length: 3\r\nTransfer-Encoding: chunked"),
        (b"Content-Length: 3", b"Content-Length: 3\r\nContent-Length: 3"),
        (b"Content-Length: 3", b"Content-Length: 3\r\nContent-Length: 4"),
        (b"Content-Length: 3", b"Content-Length: +3"),
        (b"Content-Length: 3", b"Content-Length : 3"),
        (b"Content-Length: 3", b"Content-Length: 3\r\n folded"),
        (b"X-Empty:", b"X-Empty: \xff"),
        (b"X-Empty:", b"X-Empty: a\nb"),
        (b"X-Empty:", b"X-Empty: \x00"),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(old: bytes, new: bytes) -> None:
    assert old in PLAIN
    assert read_head(PLAIN.replace(old, new)) is None


def test_a_head_is_written_as_a_parser_writes_it() -> None:
    request = httpx.Request("PUT", "http://host:1/a%20b?x=1", headers={"X-A": "b c"}, content=b"abc")
    raw = write_head(Outgoing.of(request))
    assert raw is not None
    server = h11.Connection(h11.SERVER)
    server.receive_data(raw)
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (b"PUT", b"/a%20b?x=1")
    assert list(event.headers) == [(name.lower(), value) for name, value in request.headers.raw]


@pytest.mark.parametrize("value", [b"a\r\nX-Evil: 1", b"a\nb", b"a\x00", b"\xe9"])
def test_a_header_that_could_be_two_is_left_to_the_parser(value: bytes) -> None:
    assert write_head(Outgoing.of(httpx.Request("GET", "http://host/", headers=[(b"X-A", value)]))) is None
