"""A server that answers with what a test wrote down, for answers that ours never gives."""

import socket
import threading
from collections import deque
from types import TracebackType
from typing import Self

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """An answer with its length, on a connection that stays."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class ScriptedServer:
    """Takes the answers in order, over however many connections; an empty one hangs up. `requests` holds each request's
    first line and headers."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = deque(answers)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.url = f"{self.origin}/storage/v1"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        held = b""
        while self.answers:
            while b"\r\n\r\n" not in held:
                try:
                    piece = connection.recv(65536)
                except OSError:
                    return
                if not piece:
                    return
                held += piece
            head, _, held = held.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            while len(held) < int(headers.get("content-length", "0")):
                held += connection.recv(65536)
            held = held[int(headers.get("content-length", "0")) :]
            self.requests.append((first, headers))
            chosen = self.answers.popleft()
            if not chosen:
                return
            try:
                connection.sendall(chosen)
            except OSError:  # it does not want all of it
                return
            if b"connection: close" in chosen.lower():
                return
