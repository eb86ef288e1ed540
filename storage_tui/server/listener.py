"""The HTTP listener: granian inside this process and event loop, on a socket that we have bound ourselves.

Binding it ourselves tells the port before the first request, and gives a UNIX socket its mode before it can be
reached. Measured with granian 2.8: `send` waits for a slow reader, so a blob is never buffered; a body arrives in
pieces of up to twice MAX_BUFFER_BYTES; a connection that is cut is reported by `receive`, never by `send`.
"""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.app import StorageApp

BACKLOG = 1024
MAX_CONNECTIONS = 1024  # each costs at most a buffer in either direction
HEADER_READ_MS = 10_000
MAX_BUFFER_BYTES = 256 * 1024  # 64 KiB doubles the time of an upload; more costs memory for each connection
DRAIN_S = 10.0  # what is under way may end by itself
CUT_S = 5.0  # then it is cut, and has this long to put away what it holds


class Listener(Server):
    """One listening socket and the application behind it."""

    def __init__(self, app: StorageApp, listening: socket.socket) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=MAX_CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_MS, max_buffer_size=MAX_BUFFER_BYTES),
            log_enabled=False,
        )
        self._app = app
        self._is_unix = listening.family == socket.AF_UNIX
        self._listening = listening

    def _init_shared_socket(self) -> None:
        self._shd: Any = SocketHolder(self._listening.detach(), self._is_unix, BACKLOG)  # type: ignore[call-arg]

    async def run(self, *, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        """Serve until `stop`, then let requests end: for DRAIN_S, or until `hurry`, before they are cut."""
        serving = asyncio.ensure_future(self.serve())
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self.stop()  # type: ignore[no-untyped-call]
        hurrying = asyncio.ensure_future(hurry.wait())
        await asyncio.wait([serving, hurrying], timeout=DRAIN_S, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        self._app.drain()
        await asyncio.wait([serving], timeout=CUT_S)
        if serving.done():
            await serving  # a listener that ended by itself says why
        else:
            serving.cancel()


def listen_tcp(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one. Raises UnavailableError when the address cannot be had."""
    if not 0 <= port <= 65535:
        raise UnavailableError(f"a port is 0 to 65535, not {port}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it. Without it the end of a small answer waits for the reader's delayed ACK, 40 ms.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as exc:
        reason = exc.strerror or exc
        raise UnavailableError(f"cannot listen on {host} port {port}: {reason}; use another --host or --port") from exc
    listening.setblocking(False)
    return listening


def listen_unix(path: Path) -> socket.socket:
    """A listening UNIX socket of mode 0600, in place of a stale one; the caller owns the directory alone."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(mask)
        listening.listen(BACKLOG)
    except OSError as exc:
        listening.close()
        raise UnavailableError(f"cannot listen on {path}: {exc.strerror or exc}") from exc
    listening.setblocking(False)
    return listening


def url_of(listening: socket.socket) -> str:
    """`http://host:port` of a TCP socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
