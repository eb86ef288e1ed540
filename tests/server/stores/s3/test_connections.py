"""The kept connections to an engine: plain answers, all others, and connections that end."""

import http.client
import io
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from urllib3.exceptions import ProtocolError

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.s3.protocol.connections import read_head, write_head
from storage_tui.server.stores.s3.protocol.requests import ConditionError, S3Engine
from tests.client.scripted import PLAIN, ScriptedServer, answer

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: x\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, body=b"abcde")
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabcde"


def engine_at(server: ScriptedServer) -> S3Engine:
    """An engine there, with credentials."""
    return S3Engine(server.origin, "us-east-1", lambda: ReadOnlyCredentials("key", "secret", None))


@pytest.mark.parametrize("content", [answer(200, body=b"abcde"), CHUNKED, INTERIM, UNTIL_CLOSED])
def test_every_form_of_an_answer_is_read_whole_and_in_pieces(content: bytes) -> None:
    with ScriptedServer(content, content, PLAIN) as server:
        engine = engine_at(server)
        assert engine.call("GET", "/b/a")[1] == b"abcde"
        streamed = engine.stream("/b/a", {})
        assert [streamed.read(2), streamed.read(2), streamed.read(2), streamed.read(2)] == [b"ab", b"cd", b"e", b""]
        assert engine.call("PUT", "/b/a", content=b"x" * 200_000)[1] == b"ok"
        engine.close()
    assert server.requests[2][1]["content-length"] == "200000" and "authorization" in server.requests[2][1]


def test_answers_without_content_leave_the_connection_for_the_next_call() -> None:
    found = answer(200, "ETag: one").replace(b"Content-Length: 0", b"Content-Length: 5")
    gone = b"HTTP/1.1 204 No Content\r\n\r\n"
    refused = answer(412, body=b"<Error><Code>PreconditionFailed</Code></Error>")
    with ScriptedServer(found, gone, refused, PLAIN) as server:
        engine = engine_at(server)
        assert engine.call("HEAD", "/b/a")[0]["etag"] == "one"
        assert engine.call("DELETE", "/b/a")[1] == b""
        with pytest.raises(ConditionError, match="PreconditionFailed"):
            engine.call("PUT", "/b/a", headers={"If-Match": '"other"'}, content=b"value")
        assert engine.call("GET", "/b/a")[1] == b"ok"
        assert len(_idle(engine)) == 1
        engine.close()


def test_a_request_is_repeated_once_when_its_kept_connection_has_ended() -> None:
    with ScriptedServer(PLAIN, b"", PLAIN, b"", b"", b"") as server:
        engine = engine_at(server)
        assert [engine.call("GET", "/b/a")[1] for _ in range(2)] == [b"ok", b"ok"]
        with pytest.raises(UnavailableError, match="does not answer in time"):
            engine.call("GET", "/b/a")
        with pytest.raises(UnavailableError, match="does not answer in time"):
            engine.call("PUT", "/b/a", headers={"If-None-Match": "*"}, content=b"once")
        engine.close()
    assert [first.split()[0] for first, _ in server.requests] == ["GET", "GET", "GET", "GET", "GET", "PUT"]


def test_an_answer_that_ends_early_is_an_error_and_never_a_short_content() -> None:
    with ScriptedServer(SHORT, SHORT, SHORT) as server:
        engine = engine_at(server)
        with pytest.raises(UnavailableError, match="does not answer in time"):
            engine.call("GET", "/b/a")
        streamed = engine.stream("/b/a", {})
        with pytest.raises(ProtocolError, match="4 bytes to come"):
            streamed.read(9)
        engine.close()


@pytest.mark.parametrize("rest", [b"\r\nContent-Length: 12", b"\r\nContent-Length: 12\r\n", b"\r\nETag: x", b""])
def test_a_head_that_ends_early_is_an_error_and_never_a_short_size(rest: bytes) -> None:
    cut = b"HTTP/1.1 200 OK\r\nConnection: close" + rest
    assert read_head(cut) is None
    with ScriptedServer(cut, cut, cut) as server:
        engine = engine_at(server)
        with pytest.raises(UnavailableError, match="does not answer in time"):
            engine.call("HEAD", "/b/a")
        engine.close()


def test_an_answer_that_nobody_reads_to_its_end_gives_its_connection_up() -> None:
    with ScriptedServer(answer(200, body=b"abcde"), PLAIN) as server:
        engine = engine_at(server)
        streamed = engine.stream("/b/a", {})
        assert streamed.read(2) == b"ab"
        streamed.close()
        assert not _idle(engine) and engine.call("GET", "/b/a")[1] == b"ok"
        engine.close()


def test_nobody_there_is_said_as_such() -> None:
    with ScriptedServer() as server:
        engine = engine_at(server)
    with pytest.raises(UnavailableError, match=r"at http://127\.0\.0\.1:[0-9]+ does not answer; try again later"):
        engine.call("GET", "/b/a")


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\x00", "é"])
def test_a_header_that_is_not_plain_is_left_to_a_closer_look(value: str) -> None:
    assert write_head("GET", "/b/a", {"host": "x", "x-a": value}, None) is None


@pytest.mark.parametrize("line", [b"ETag : x", b"ETag: x\r\n y", b"ETag: \xff", b"ETag: x\r\nETag: y", b"no colon"])
def test_a_head_that_is_not_plain_is_left_to_a_parser(line: bytes) -> None:
    assert read_head(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + line + b"\r\n\r\n") is None


def test_a_plain_head_is_read_as_a_parser_reads_it() -> None:
    raw = b'HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nX-Empty:\r\nETag:  "a b"\r\n\r\nabc'
    given: Any = _Given(raw)
    parsed = http.client.HTTPResponse(given)
    parsed.begin()
    assert read_head(raw) == (parsed.status, {name.lower(): value for name, value in parsed.getheaders()}, b"abc")


class _Given:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _: str) -> Any:
        return io.BytesIO(self._raw)


def _idle(engine: S3Engine) -> list[Any]:
    direct = engine._line.direct
    assert direct is not None
    return direct._idle or []
