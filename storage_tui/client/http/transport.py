"""The blocking HTTP/1.1 connection: one socket, kept alive, with a way to break it from another thread.

The transport of httpx reads 64 KiB at a time through three layers, and no other thread can reach its socket while it
waits. This transport passes a body on with one copy (`Body.read_into`), sends pieces in the size that it receives, and
has `abort`. Its errors are those of httpx. It takes no requests of httpx: those cost more than all the rest of a call
with a small blob.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h11
import httpx

from storage_tui.client.http.heads import Head, Origin, Outgoing, head_for, headers_of, read_head, write_head

HEAD_BYTES = 64 * 1024  # most bytes of a server's status line and headers
INTERIM_ANSWERS = 16  # most answers before the final one: a 100 or two, and some 103
PIECE_BYTES = 256 * 1024  # one read when a body is iterated over
JOINED_BYTES = 64 * 1024  # head and body up to this size are sent in one write

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux

Buffer = bytes | bytearray | memoryview
Timeouts = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request, its body still in the socket. The names in `headers` are in lower case."""

    status: int
    headers: dict[str, str]
    body: "Body"


class SocketTransport:
    """One connection to any origin. One thread at a time may use it; any thread may call `abort`."""

    def __init__(self, *, socket_path: Path | None, ssl_context: Callable[[], ssl.SSLContext]) -> None:
        self._socket_path = socket_path
        self._ssl_context = ssl_context
        self._connection: Connection | None = None

    def exchange(self, request: Outgoing, content: Iterable[Buffer], timeouts: Timeouts) -> Answer:
        """Send the request with its body and return the answer with its head read. Raise the errors of httpx."""
        connection = self._connection
        if connection is None or not connection.may_serve(request.origin):
            if connection is not None:
                connection.close()
            self._connection = None  # a failed connect must not leave the closed connection here
            connection = self._connection = self._connect(request.origin, timeouts.get("connect"))
        try:
            return connection.exchange(request, content, timeouts.get("read"))
        except BaseException:
            connection.close()
            raise

    def abort(self) -> None:
        """Break the read or write that the connection waits for; called from another thread."""
        connection = self._connection
        if connection is not None:
            connection.abort()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self, origin: Origin, timeout_s: float | None) -> "Connection":
        scheme, host, port = origin
        try:
            if self._socket_path is not None:
                raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                raw.settimeout(timeout_s)
                try:
                    raw.connect(str(self._socket_path))
                except BaseException:
                    raw.close()
                    raise
                return Connection(raw, origin)
            raw = socket.create_connection((host, port), timeout_s)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if scheme == "https":
                try:
                    raw = self._ssl_context().wrap_socket(raw, server_hostname=host)
                except BaseException:
                    raw.close()
                    raise
            return Connection(raw, origin)
        except TimeoutError as exc:
            raise httpx.ConnectTimeout(str(exc)) from exc
        except OSError as exc:
            raise httpx.ConnectError(str(exc)) from exc


class Connection:
    """An open socket to one origin, and the exchange that runs over it."""

    def __init__(self, raw: socket.socket, origin: Origin) -> None:
        self._socket = raw
        self._origin = origin
        self._is_tcp = raw.family != socket.AF_UNIX
        self._is_open = True
        self._is_idle = True

    def may_serve(self, origin: Origin) -> bool:
        """Return whether the next request can use this connection: it is idle, and the server has not closed it."""
        if not self._is_open or not self._is_idle or self._origin != origin:
            return False
        return not select.select([self._socket], [], [], 0)[0] if self._socket.fileno() < 1024 else self._is_quiet()

    def _is_quiet(self) -> bool:
        watch = select.poll()
        watch.register(self._socket, select.POLLIN)
        return not watch.poll(0)

    def abort(self) -> None:
        """Break the socket for a thread that waits on it; the descriptor stays open until this thread closes it."""
        with suppress(OSError):
            # Not SSLSocket.shutdown: after it the waiting thread would read below the TLS layer.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket."""
        self._is_open = False
        with suppress(OSError):
            self._socket.close()

    def __del__(self) -> None:
        self.close()  # a client that is dropped without `close` leaves no socket behind

    @property
    def is_near(self) -> bool:
        """Return whether the other end is on this machine: it has our own address."""
        with suppress(OSError):
            return not self._is_tcp or bool(self._socket.getpeername()[0] == self._socket.getsockname()[0])
        return False

    def release(self) -> None:
        """Allow the next request: the answer was read to its end."""
        self._is_idle = True

    def exchange(self, request: Outgoing, content: Iterable[Buffer], timeout_s: float | None) -> Answer:
        """Send a request, read the head of its answer, and return the answer."""
        self._is_idle = False
        self._socket.settimeout(timeout_s)
        try:
            self._send(request, content)
            write_error = None
        except TimeoutError as exc:
            raise httpx.WriteTimeout(str(exc)) from exc
        except OSError as exc:
            write_error = exc  # the server may have answered before it closed the connection
        sent_at = time.monotonic()
        if _QUICKACK is not None and self._is_tcp:
            # A server that writes head and body separately, with Nagle's algorithm on, waits for the acknowledgement.
            # The kernel resets this option, so it is set for each exchange.
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        try:
            received = self._received_head()
            head: Head | Parsed = read_head(received) or self._parsed_head(request, received)
        except (httpx.RemoteProtocolError, httpx.ReadError) as exc:
            raise (exc if write_error is None else httpx.WriteError(str(write_error))) from exc
        headers = headers_of(head.headers)
        body = Body(self, head, headers, request.method, keeps_alive=write_error is None)
        body.answered_s = time.monotonic() - sent_at
        return Answer(head.status_code, headers, body)

    def _send(self, request: Outgoing, content: Iterable[Buffer]) -> None:
        pieces = iter(content)
        first = next(pieces, b"")
        # The head holds the token. A memoryview hides its content in tracebacks that show variables.
        head = memoryview(write_head(request) or head_for(_new_parser(), request))
        if len(head) + len(first) <= JOINED_BYTES:
            head, first = memoryview(b"".join((head, first))), b""
        self._send_all(head)
        self._send_all(memoryview(first))
        for piece in pieces:
            self._send_all(memoryview(piece))

    def _send_all(self, rest: memoryview) -> None:
        # One deadline for each write, not for the whole piece: a slow connection is not an idle one.
        while rest:
            rest = rest[self._socket.send(rest) :]

    def _received_head(self) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received and len(received) < HEAD_BYTES:
            piece = self.receive(HEAD_BYTES)
            if not piece:
                break
            received += piece
        return received

    def _parsed_head(self, request: Outgoing, received: bytes) -> "Parsed":
        parser = _new_parser()
        head_for(parser, request)  # already sent; the parser must know it
        try:
            if received:
                parser.receive_data(received)
            interim = 0
            while interim < INTERIM_ANSWERS:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    parser.receive_data(self.receive(64 * 1024))
                elif isinstance(event, h11.Response):
                    return Parsed(parser, event)
                elif not isinstance(event, h11.InformationalResponse):
                    raise httpx.RemoteProtocolError("the server closed the connection without an answer")
                else:
                    interim += 1
            raise httpx.RemoteProtocolError("the server sends one interim answer after the other")
        except h11.RemoteProtocolError as exc:
            raise httpx.RemoteProtocolError(str(exc)) from exc

    def receive(self, size_bytes: int) -> bytes:
        """Return up to `size_bytes` bytes; b"" once the server has closed the connection."""
        try:
            return self._socket.recv(size_bytes)
        except TimeoutError as exc:
            raise httpx.ReadTimeout("nothing came in time") from exc
        except OSError as exc:
            raise httpx.ReadError(str(exc)) from exc

    def receive_into(self, buffer: memoryview) -> int:
        """Read into a buffer, without another copy, and return the count; 0 once the server has closed."""
        try:
            return self._socket.recv_into(buffer)
        except TimeoutError as exc:
            raise httpx.ReadTimeout("nothing came in time") from exc
        except OSError as exc:
            raise httpx.ReadError(str(exc)) from exc


def _new_parser() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)


class Parsed:
    """The head of an answer that h11 has read, and the parser, which has the beginning of the body."""

    def __init__(self, parser: h11.Connection, event: h11.Response) -> None:
        self.parser = parser
        self.status_code, self.http_version = event.status_code, event.http_version
        self.headers = list(event.headers.raw_items())

    @property
    def rest(self) -> bytes:
        """The part of the body that has arrived."""
        return self.parser.trailing_data[0]


class Body:
    """The body of an answer. The engine uses `read_into`, all others iterate over it.

    `answered_s` is the time from the end of the request to the head of this answer.
    """

    def __init__(
        self, connection: Connection, head: Head | Parsed, headers: dict[str, str], method: str, *, keeps_alive: bool
    ) -> None:
        self._connection = connection
        self.answered_s = 0.0
        self._parser = head.parser if isinstance(head, Parsed) else None
        self._keeps_alive = (
            keeps_alive and head.http_version == b"1.1" and "close" not in headers.get("connection", "").lower()
        )
        self._left: int | None = None  # bytes to come, None while the parser counts
        self._ready = memoryview(b"")
        has_body = method != "HEAD" and head.status_code not in (204, 304)
        if not has_body:
            self._finish()
        elif "transfer-encoding" not in headers and "content-length" in headers:
            trailing = head.rest
            self._left = int(headers["content-length"])
            if len(trailing) > self._left:
                self._keeps_alive = False
                trailing = trailing[: self._left]
            self._ready = memoryview(trailing)
            if self._left == 0:
                self._finish()
        self._is_done = not has_body or self._left == 0

    @property
    def is_near(self) -> bool:
        """Return whether this answer comes from this machine; False once the connection is closed."""
        return self._connection.is_near

    def new_buffer(self) -> memoryview:
        """Return a buffer for the pieces of the rest, of the size of the rest where that is short."""
        return memoryview(bytearray(PIECE_BYTES if self._left is None else min(PIECE_BYTES, self._left)))

    def read_into(self, buffer: memoryview) -> int:
        """Read at least one byte, and as many as are available, into the buffer; return the count, 0 at the end."""
        if self._is_done:
            return 0
        if not self._ready and self._left is None:
            self._ready = memoryview(self._next_parsed())
            if not self._ready:
                return 0
        if self._ready:
            count = min(len(buffer), len(self._ready))
            buffer[:count] = self._ready[:count]
            self._ready = self._ready[count:]
        else:
            assert self._left is not None
            count = self._connection.receive_into(buffer[: min(len(buffer), self._left)])
            if count == 0:
                raise httpx.RemoteProtocolError(f"the server closed the connection with {self._left} bytes to come")
        if self._left is not None:
            self._left -= count
            if self._left == 0:
                self._finish()
        return count

    def _next_parsed(self) -> bytes:
        assert self._parser is not None  # a head that was read without a parser has a Content-Length
        try:
            while True:
                event = self._parser.next_event()
                if event is h11.NEED_DATA:
                    self._parser.receive_data(self._connection.receive(PIECE_BYTES))
                elif isinstance(event, h11.Data):
                    return bytes(event.data)
                else:
                    self._finish()
                    return b""
        except h11.RemoteProtocolError as exc:
            raise httpx.RemoteProtocolError(str(exc)) from exc

    def _finish(self) -> None:
        self._is_done = True
        if self._keeps_alive:
            self._connection.release()
        else:
            self._connection.close()

    def __iter__(self) -> Iterator[bytes]:
        buffer = self.new_buffer()
        while count := self.read_into(buffer):
            yield bytes(buffer[:count])

    def close(self) -> None:
        """Give up the rest of the body; unread bytes make the connection unusable, so it is closed."""
        if not self._is_done:
            self._is_done = True
            self._connection.close()
