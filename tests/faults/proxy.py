"""A TCP proxy that breaks connections in the ways networks do, each at an exact byte."""

import queue
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

READ_BYTES = 64 * 1024


@dataclass(frozen=True)
class Fault:
    """What happens to one connection. `up` is from client to server; counts are of bytes, headers included."""

    refuse: bool = False
    answer: bytes | None = None  # sent instead of asking the server
    cut_up: int | None = None
    cut_down: int | None = None
    stall_up: int | None = None
    stall_down: int | None = None
    flip_up: int | None = None  # the lowest bit of this byte
    flip_down: int | None = None
    pace_bytes: int | None = None  # no read is larger, which makes many small ones
    rate_bytes_s: int | None = None  # a slow link, each way
    delay_s: float = 0.0  # a long link: each piece, each way


NONE = Fault()


class FaultProxy:
    """Stands before a server. Each connection takes the next fault of `faults`, then `default`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None and parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        self.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{port}"))
        self.faults: deque[Fault] = deque()
        self.default = NONE
        self.connections = 0
        self.bytes_up = 0
        self.bytes_down = 0
        self.stalled: queue.Queue[str] = queue.Queue()
        self._released = False
        self._cut: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._is_closing = False

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closing = True
        self.release()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut_all()
        for thread in self._threads:
            thread.join(10)

    def cut_all(self) -> None:
        """Cut every open connection now."""
        with self._changed:
            connections = tuple(self._open)
            self._cut |= self._open
            self._changed.notify_all()
        for connection in connections:
            _reset(connection)

    def wait_until_closed(self) -> None:
        """Until no connection is open, and so every byte that passed was counted."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open)

    def release(self) -> None:
        """Let stalled connections go on, and stall none from now on."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_closing:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            fault = self.faults.popleft() if self.faults else self.default
            self.connections += 1
            if fault.refuse:
                _reset(client)
                client.close()
            elif fault.answer is not None:
                self._start(self._answer, client, fault.answer)
            else:
                self._relay(client, fault)

    def _answer(self, client: socket.socket, answer: bytes) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(READ_BYTES)
                if not piece:
                    return
                head += piece
            client.sendall(answer)
            with suppress(OSError):
                client.shutdown(socket.SHUT_WR)
                client.settimeout(5)
                while client.recv(READ_BYTES):  # a close with unread bytes would take the answer back
                    pass

    def _relay(self, client: socket.socket, fault: Fault) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            _reset(client)
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        left = [2]
        self._start(self._pump, client, server, fault, True, left)
        self._start(self._pump, server, client, fault, False, left)

    def _pump(self, source: socket.socket, sink: socket.socket, fault: Fault, is_up: bool, left: list[int]) -> None:
        cut = fault.cut_up if is_up else fault.cut_down
        stall = fault.stall_up if is_up else fault.stall_down
        flip = fault.flip_up if is_up else fault.flip_down
        passed = 0
        try:
            while True:
                marks = [mark - passed for mark in (cut, stall) if mark is not None and mark > passed]
                piece = source.recv(min([fault.pace_bytes or READ_BYTES, *marks]))
                if not piece:
                    break
                if flip is not None and passed <= flip < passed + len(piece):
                    changed = bytearray(piece)
                    changed[flip - passed] ^= 1
                    piece = bytes(changed)
                if fault.delay_s:
                    with self._changed:
                        self._changed.wait_for(lambda: self._is_closing, timeout=fault.delay_s)
                sink.sendall(piece)
                if fault.rate_bytes_s is not None:
                    with self._changed:
                        self._changed.wait_for(lambda: self._is_closing, timeout=len(piece) / fault.rate_bytes_s)
                passed += len(piece)
                self._count(is_up, len(piece))
                if passed == cut:
                    _reset(source)
                    _reset(sink)
                    break
                if passed == stall:
                    self.stalled.put("up" if is_up else "down")
                    self._wait(source)
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            _reset(source)
            _reset(sink)
        finally:
            with self._changed:
                left[0] -= 1
                if left[0] == 0:
                    self._open -= {source, sink}
                    self._cut -= {source, sink}
                    source.close()
                    sink.close()
                    self._changed.notify_all()

    def _wait(self, source: socket.socket) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._released or source in self._cut)
            if source in self._cut:
                raise ConnectionResetError

    def _count(self, is_up: bool, count: int) -> None:
        with self._lock:
            if is_up:
                self.bytes_up += count
            else:
                self.bytes_down += count


def _reset(connection: socket.socket) -> None:
    """Let the other side see a reset rather than an orderly end, and wake whoever waits here."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
