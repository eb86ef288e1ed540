"""Kept connections to an engine, for requests whose content is in memory.

A request is written in one step, and the plain head of an answer is read in one. urllib3 needs four times as much
processor time for a small object: half of all that the server does for it. Answers that are not plain (chunks, an
interim answer, anything unusual) are read by http.client. Proxies and contents in chunks are left to urllib3.
"""

import http.client
import io
import re
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from urllib3.exceptions import ProtocolError

HEAD_BYTES = 64 * 1024  # most bytes of an engine's status line and headers
NO_ANSWER = "the engine closed the connection without a whole answer"
JOINED_BYTES = 64 * 1024  # head and content up to this size are sent in one write
_HEAD = re.compile(r"[A-Z]+ [\x21-\x7e]+ HTTP/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\x20-\x7e]*\r\n)+\r\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [\x20-\x7e]*)?")
_FIELD = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\x20-\x7e]*"  # printable ASCII; spaces around a value do not count
_FIELDS = re.compile(rb"%b(?:\r\n%b)*" % (_FIELD, _FIELD))
_LENGTH = re.compile(r"[0-9]{1,19}")


class NoConnectionError(OSError):
    """Nobody accepts connections at the endpoint."""


class EngineAnswer(Protocol):
    """An answer of an engine. The names in `headers` are in lower case, or found in any case."""

    @property
    def status(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def data(self) -> bytes:
        """The whole content. Raise an error of urllib3, or OSError, when the content does not come."""

    def read(self, amt: int, /) -> bytes:
        """Return the next bytes: fewer than `amt` only at the end. Raise the errors of `data`."""

    def close(self) -> None:
        """Close the connection, unless the content was read to its end and the connection is kept."""

    def release_conn(self) -> None:
        """Do the same as `close`."""


def write_head(method: str, target: str, headers: Mapping[str, str], size_bytes: int | None) -> bytes | None:
    """Return the head of a request; None for one that is not plain ASCII and needs a closer look. `size_bytes` is the
    size of the content, None for no content."""
    fields = {name.lower(): value for name, value in headers.items()}
    if size_bytes is not None or method in ("PUT", "POST"):
        fields["content-length"] = str(size_bytes or 0)
    lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
    head = f"{method} {target} HTTP/1.1\r\naccept-encoding: identity\r\n{''.join(lines)}\r\n"
    # A value with a line end would be two fields.
    if head.count("\n") != len(lines) + 3 or not _HEAD.fullmatch(head):
        return None
    return head.encode("ascii")


def read_head(received: bytes) -> tuple[int, dict[str, str], bytes] | None:
    """Return status, headers and the beginning of the content; None for a head that is not plain or has no end."""
    raw, end, rest = received.partition(b"\r\n\r\n")
    first, _, block = raw.partition(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if not end or status is None or not _FIELDS.fullmatch(block):
        return None
    headers: dict[str, str] = {}
    for line in block.decode("ascii").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() in headers:
            return None
        headers[name.lower()] = value.strip(" ")
    if "transfer-encoding" in headers or not _LENGTH.fullmatch(headers.get("content-length", "0")):
        return None
    code = int(status[1])
    has_end = "content-length" in headers or code in (204, 304)
    return (code, headers, rest) if has_end else None


class Connections:
    """The connections to one host. Each call has a connection for itself, from any thread."""

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None, *, connect_s: float, silence_s: float, most_idle: int
    ) -> None:
        self._lock = threading.Lock()
        self._idle: list[socket.socket] | None = []  # None once closed
        self._host, self._port, self._tls = host, port, tls
        self._connect_s, self._silence_s = connect_s, silence_s
        self._most_idle = most_idle

    def exchange(self, method: str, head: bytes, content: bytes) -> EngineAnswer:
        """Send a request and return its answer, whose content is still in the socket.

        Raise NoConnectionError, ProtocolError of urllib3 for a connection that ended before the answer, and OSError for
        other failures, such as TimeoutError.
        """
        connection = self._take()
        try:
            broken = self._send(connection, head, content)
            received = b""
            while b"\r\n\r\n" not in received and len(received) < HEAD_BYTES:
                piece = _received(connection, HEAD_BYTES)
                if not piece:
                    break
                received += piece
            if b"\r\n\r\n" not in received:  # http.client would take the lines so far for all of them
                what = (
                    "sent a head without end" if len(received) >= HEAD_BYTES else "closed the connection in mid-answer"
                )
                raise ProtocolError(f"the engine {what}" if received else NO_ANSWER) from broken
            plain = read_head(received)
            if plain is None:
                return _ParsedAnswer(self, connection, method, received)
            return _PlainAnswer(self, connection, method, plain, is_kept=broken is None)
        except BaseException:
            connection.close()
            raise

    def keep(self, connection: socket.socket) -> None:
        """Keep a connection whose answer was read to its end."""
        with self._lock:
            if self._idle is not None and len(self._idle) < self._most_idle:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close the idle connections, and keep no more."""
        with self._lock:
            idle, self._idle = self._idle or [], None
        for connection in idle:
            connection.close()

    def __del__(self) -> None:
        self.close()

    def _take(self) -> socket.socket:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            if _is_quiet(connection):
                return connection
            connection.close()  # the engine has closed it

    def _connect(self) -> socket.socket:
        try:
            connection = socket.create_connection((self._host, self._port), self._connect_s)
        except TimeoutError:
            raise
        except OSError as exc:
            raise NoConnectionError(str(exc)) from exc
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_hostname=self._host)
            connection.settimeout(self._silence_s)
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _send(connection: socket.socket, head: bytes, content: bytes) -> OSError | None:
        """Send the request. Return the error of a connection that takes no more: its engine may have answered."""
        try:
            if len(head) + len(content) <= JOINED_BYTES:
                connection.sendall(head + content)
            else:
                connection.sendall(head)
                connection.sendall(content)
        except ConnectionError as exc:
            return exc
        return None


@dataclass(frozen=True, slots=True)
class _WholeAnswer:
    status: int
    headers: Mapping[str, str]
    data: bytes

    def read(self, amt: int, /) -> bytes:
        return self.data[:amt]

    def close(self) -> None:
        """Do nothing: the connection is in use by others."""

    release_conn = close


def whole(answer: EngineAnswer) -> EngineAnswer:
    """Return the answer with its content read. Raise an error of urllib3, or OSError."""
    return _WholeAnswer(answer.status, answer.headers, answer.data)


class _PlainAnswer:
    def __init__(
        self, connections: Connections, connection: socket.socket, method: str,
        head: tuple[int, dict[str, str], bytes], *, is_kept: bool,
    ) -> None:  # fmt: skip
        self._connection: socket.socket | None = connection
        self._connections = connections
        self.status, self.headers, self._ready = head
        has_content = method != "HEAD" and self.status not in (204, 304)
        self._left = int(self.headers.get("content-length", "0")) if has_content else 0
        self._is_kept = is_kept and "close" not in self.headers.get("connection", "").lower()
        if len(self._ready) > self._left:
            self._is_kept, self._ready = False, self._ready[: self._left]
        if not self._left:
            self._end()

    @property
    def data(self) -> bytes:
        return self.read(self._left)

    def read(self, amt: int, /) -> bytes:
        wanted = min(amt, self._left)
        pieces = [self._ready[:wanted]]
        self._ready = self._ready[wanted:]
        missing = wanted - len(pieces[0])
        while missing:
            assert self._connection is not None
            piece = _received(self._connection, missing)
            if not piece:
                self.close()
                raise ProtocolError(f"the engine closed the connection with {missing} bytes to come")
            pieces.append(piece)
            missing -= len(piece)
        self._left -= wanted
        if not self._left:
            self._end()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    release_conn = close

    def __del__(self) -> None:
        self.close()

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._is_kept:
                self._connections.keep(connection)
            else:
                connection.close()


class _ParsedAnswer:
    """An answer that http.client reads, from the bytes that have arrived on."""

    def __init__(self, connections: Connections, connection: socket.socket, method: str, received: bytes) -> None:
        self._connections = connections
        self._connection: socket.socket | None = connection
        given: Any = _Begun(connection, received)
        self._response = http.client.HTTPResponse(given, method=method)
        try:
            self._response.begin()
        except http.client.HTTPException as exc:
            raise ProtocolError(f"the engine's answer cannot be read: {exc!r}") from exc
        self.status = self._response.status
        self.headers = {name.lower(): value for name, value in self._response.getheaders()}
        self._end()

    @property
    def data(self) -> bytes:
        return self._taken(None)

    def read(self, amt: int, /) -> bytes:
        return self._taken(amt)

    def close(self) -> None:
        self._response.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    release_conn = close

    def __del__(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _taken(self, amt: int | None) -> bytes:
        try:
            taken = self._response.read(amt)
        except http.client.HTTPException as exc:
            self.close()
            raise ProtocolError(f"the engine's answer cannot be read: {exc!r}") from exc
        self._end()
        return taken

    def _end(self) -> None:
        """Keep the connection once the content was read."""
        if self._response.isclosed() and self._connection is not None and not self._response.will_close:
            connection, self._connection = self._connection, None
            self._connections.keep(connection)


class _Begun(io.RawIOBase):
    """The bytes of a connection, the first of which have arrived; as http.client wants its socket."""

    def __init__(self, connection: socket.socket, received: bytes) -> None:
        self._connection, self._received = connection, received

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return the bytes as a file."""
        assert mode == "rb"
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._received:
            return self._connection.recv_into(buffer)
        count = min(len(buffer), len(self._received))
        buffer[:count] = self._received[:count]
        self._received = self._received[count:]
        return count


def _received(connection: socket.socket, size_bytes: int) -> bytes:
    """Return up to `size_bytes` bytes; b"" once the engine has closed or reset the connection."""
    with suppress(ConnectionError):
        return connection.recv(size_bytes)
    return b""


def _is_quiet(connection: socket.socket) -> bool:
    """Return whether nothing has arrived: a kept connection with bytes, or with its end, is of no use."""
    watch = select.poll()
    watch.register(connection, select.POLLIN)
    return not watch.poll(0)
