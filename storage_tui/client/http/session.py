"""The blocking driver of calls: runs a call to its result, with token, retry, redirect and deadlines."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TypeVar

from storage_tui.client.access.servers import Access, Endpoint, Server
from storage_tui.client.calls import Call, Service, check_names
from storage_tui.client.control import TransferControl
from storage_tui.client.http.attempt import (
    Target,
    check_encoding,
    deadlines,
    expanded,
    new_group,
    ssl_context,
    translated,
)
from storage_tui.client.http.outage import Outage
from storage_tui.client.http.pace import Lane, Pace
from storage_tui.client.http.retry import AGAIN, Attempts, RetryPolicy
from storage_tui.client.http.transport import Answer, Body, Buffer, SocketTransport
from storage_tui.client.requests import ERROR_BYTES, Request, Response, most_bytes, too_large
from storage_tui.contract.errors import ConnectError, StorageError, TransferInterruptedError

T = TypeVar("T")
IDLE_CLIENTS = 16  # connections kept for later calls; further connections are closed after use


class Session:
    """Runs calls from any thread; while a call runs, no other call uses its connection."""

    def __init__(
        self, server: Server, policy: RetryPolicy, timeout_s: float, sleep: Callable[[float], None] = time.sleep,
        outage: Outage | None = None, pace: Pace | None = None, service: Service | None = None,
    ) -> None:  # fmt: skip
        self.server = server
        self._service = service or Service()
        self.policy = policy
        self.outage = outage or Outage()
        self.pace = pace or Pace()
        self._timeout = deadlines(timeout_s)
        self._sleep = sleep
        self._idle: list[tuple[Endpoint, SocketTransport]] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def run(self, call: Call[T]) -> T:
        """Run the call to its end and return its result."""
        try:
            request = next(call)
            while True:
                try:
                    response = self.send(request)
                except StorageError as exc:
                    request = call.throw(exc)
                else:
                    request = call.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def send(self, request: Request) -> Response:
        """Return the answer to one request, which is tried again as the policy allows. Raise StorageError."""
        self._check_names(request)
        attempts = Attempts(request, self.policy)
        group = new_group()
        may_ask_token, may_restart = True, True
        while True:
            access = self._access()
            try:
                response = self._once(request, access, group)
            except StorageError as exc:
                if may_restart and may_have_gone(request, exc) and self.server.lost():
                    may_restart = False
                    continue
                self._sleep(attempts.pause_after_error(exc))
                continue
            if response.status == 401 and may_ask_token and request.url is None:
                may_ask_token = False
                if self.server.token_refused(access.token):
                    continue
            pause_s = attempts.pause_after_answer(response)
            if pause_s is None:
                return response
            self._sleep(pause_s)

    @contextmanager
    def stream(
        self,
        request: Request,
        *,
        control: TransferControl | None = None,
        content: Iterable[Buffer] | None = None,
        timeout_s: float | None = None,
    ) -> Iterator[tuple[Response, Body]]:
        """Send one attempt and give its answer, with the body still to be read, within the block.

        A connection error within the block is raised as a StorageError. `control` can break the connection; `content`
        is the body of the request; `timeout_s` is for this attempt alone.
        """
        self._check_names(request)
        timeout = None if timeout_s is None else deadlines(timeout_s)
        with self._answer(request, self._access(), new_group(), control, content, timeout) as answer:
            yield Response(answer.status, answer.headers), answer.body

    def translating(self, request: Request) -> AbstractContextManager[None]:
        """Return a context manager for reading a body; connection errors within are raised as StorageErrors."""
        return translated(request, self.server.display_url)

    def renew_token(self) -> bool:
        """Get another token after a 401 to a `stream`; return whether the next attempt has one."""
        access = self.server.ready()
        return access is None or self.server.token_refused(access.token)

    def recover(self, error: StorageError) -> None:
        """Prepare the next attempt after a failed `stream`: it starts an embedded server that no longer runs."""
        if isinstance(error, ConnectError):
            self.server.lost()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, transport in idle:
            transport.close()

    def _check_names(self, request: Request) -> None:
        if request.refusal is not None:
            self.run(check_names(self._service, request.refusal))

    def _access(self) -> Access:
        return self.server.ready() or self.server.reach()

    def _once(self, request: Request, access: Access, group: str) -> Response:
        content = None
        if request.is_bulk and request.body is not None and self.pace.up.bytes_per_s is not None:
            request = replace(request, headers={**request.headers, "Content-Length": str(len(request.body))})
            content = self.pace.up.pieces(request.body or b"")
        with self._answer(request, access, group, content=content) as answer:
            is_paced = request.is_bulk and request.body is None
            taken = _read(answer, _paced(answer.body, self.pace.down) if is_paced else answer.body, request)
            return Response(answer.status, answer.headers, expanded(taken, answer.status, answer.headers, request))

    @contextmanager
    def _answer(
        self, request: Request, access: Access, group: str,
        control: TransferControl | None = None, content: Iterable[Buffer] | None = None,
        timeout: dict[str, float | None] | None = None,
    ) -> Iterator[Answer]:  # fmt: skip
        target = Target(request, access, group)
        size_bytes = None
        if content is None:
            value = bytes(request.body or b"")
            content, size_bytes = (value,), len(value)
        with (
            translated(request, self.server.display_url),
            self._transport(access.endpoint) as transport,
            _watching(control, transport),
        ):
            while True:
                answer = transport.exchange(target.outgoing(size_bytes), content, timeout or self._timeout)
                if answer.status not in AGAIN:
                    self.outage.answered()
                try:
                    if target.moves(answer.status, answer.headers):
                        continue
                    target.complete(answer.headers)
                    check_encoding(answer.headers, request)
                    yield answer
                    return
                finally:
                    answer.body.close()

    @contextmanager
    def _transport(self, endpoint: Endpoint) -> Iterator[SocketTransport]:
        """Give a transport that no other thread uses during the block."""
        if self._pid != os.getpid():  # forked: the connections are the parent's
            self._lock, self._idle, self._pid = threading.Lock(), [], os.getpid()
        with self._lock:
            row = self._idle.pop() if self._idle else None
        if row is None or row[0] != endpoint:
            if row is not None:
                row[1].close()
            row = (endpoint, SocketTransport(socket_path=endpoint.socket, ssl_context=ssl_context))
        try:
            yield row[1]
        finally:
            with self._lock:
                is_kept = len(self._idle) < IDLE_CLIENTS
                if is_kept:
                    self._idle.append(row)
            if not is_kept:
                row[1].close()


def may_have_gone(request: Request, error: StorageError) -> bool:
    """Return whether the embedded server may have ended and the request may be sent to the next server.

    The request did not reach the server, or the request may be repeated.
    """
    is_sure = isinstance(error, ConnectError)
    return request.url is None and (is_sure or (request.is_idempotent and isinstance(error, TransferInterruptedError)))


@contextmanager
def _watching(control: TransferControl | None, transport: SocketTransport) -> Iterator[None]:
    """Have the control's pause and cancel break the transport's connection during the block."""
    if control is None:
        yield
        return
    with control.aborting(transport.abort):
        control.check()
        yield


def _paced(body: Body, lane: Lane) -> Iterator[bytes]:
    """Yield the body in pieces, as fast as the limit allows."""
    buffer = body.new_buffer()
    while count := body.read_into(buffer[: lane.step(len(buffer))]):
        yield bytes(buffer[:count])
        lane.take(count)


def _read(answer: Answer, chunks_of: Iterable[bytes], request: Request) -> bytes:
    """Return the body, within the limit of the request; only the beginning of an error's body."""
    if answer.status >= 300:
        return _first(answer.body, ERROR_BYTES)
    most = most_bytes(request, Response(answer.status, answer.headers))
    if request.window is not None and answer.status == 200:
        reader = Window(request, answer.headers.get("content-length"), most)
        for chunk in chunks_of:
            if reader.take(chunk):
                break
        return reader.result()
    chunks = []
    size_bytes = 0
    for chunk in chunks_of:
        chunks.append(chunk)
        size_bytes += len(chunk)
        if size_bytes > most:
            raise too_large(request, most)
    return b"".join(chunks)


def _first(body: Body, size_bytes: int) -> bytes:
    taken = bytearray()
    for chunk in body:
        taken += chunk
        if len(taken) >= size_bytes:
            break
    return bytes(taken[:size_bytes])


class Window:
    """Collects a part of a body, when the server ignores Range and sends the whole blob."""

    def __init__(self, request: Request, content_length: str | None, most: int) -> None:
        start, stop = request.window or (0, None)
        if start < 0 and content_length is not None and content_length.isdecimal():
            start = max(0, int(content_length) + start)
        self._tail = -start if start < 0 else None  # the length is unknown: keep the last bytes
        self._start, self._stop = max(start, 0), stop
        self._request, self._most = request, most
        self._passed = 0
        self._kept = bytearray()

    def take(self, chunk: bytes) -> bool:
        """Take the next bytes of the body; return whether the part is complete. Raise ProtocolError past the limit."""
        first = max(0, self._start - self._passed)
        last = None if self._stop is None else max(0, self._stop - self._passed)
        self._kept += chunk[first:last]
        self._passed += len(chunk)
        if self._tail is not None and len(self._kept) > self._tail:
            del self._kept[: -self._tail]
        if self._stop is not None and self._passed >= self._stop:
            return True
        if self._passed > self._most:
            raise too_large(self._request, self._most)
        return False

    def result(self) -> bytes:
        """Return the bytes of the part."""
        return bytes(self._kept)
