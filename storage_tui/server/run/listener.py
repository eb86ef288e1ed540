"""The HTTP listener: granian inside this process and event loop, on a socket that we have bound ourselves.

Binding it ourselves tells the port before the first request, and gives a UNIX socket its mode before it can be
reached. Measured with granian 2.8: `send` waits for a slow reader, so a blob is never buffered; a body arrives in
pieces of up to twice MAX_BUFFER_BYTES; a connection that is cut is reported by `receive`, never by `send`.
"""

import asyncio
import os
import resource
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.app import StorageApp
from storage_tui.server.limits.crowding import Crowding

BACKLOG = 1024
MAX_CONNECTIONS = 1024  # each costs at most a buffer in either direction
FILES_OF_CONNECTION = 2  # its socket and the blob that goes over it; where there are none left, nothing works any more
OWN_FILES = 128  # databases, logs and folders
HEADER_READ_MS = 10_000
MAX_BUFFER_BYTES = 128 * 1024  # 64 KiB doubles the time of an upload; more costs memory for each connection
DRAIN_S = 10.0  # what is under way may end by itself
CUT_S = 5.0  # then it is cut, and has this long to put away what it holds


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate: its chain and its private key, PEM."""

    chain: Path
    key: Path

    def check(self) -> None:
        """Raise UnavailableError when they cannot be read, do not belong together, or others may read the key."""
        try:
            if self.key.stat().st_mode & 0o077:
                raise UnavailableError(f"others may read the private key {self.key}; run: chmod 600 {self.key}")
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key, _no_password)
        except (OSError, ValueError) as exc:
            raise UnavailableError(
                f"cannot serve TLS with {self.chain} and {self.key}: {exc.args[-1] if exc.args else exc}"
            ) from exc


def _no_password() -> str:
    raise ValueError("the private key is encrypted; give one without a password")


def most_connections() -> int:
    """How many connections are taken at once: fewer where this process may open few files."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)  # the listener takes all that it may have
    if most_files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, (most_files - OWN_FILES) // FILES_OF_CONNECTION))


class _Worker(Server):
    """granian on one socket, with the certificate as its files are now."""

    def __init__(self, app: StorageApp, listening: socket.socket, tls: Certificate | None) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=most_connections(),
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_MS, max_buffer_size=MAX_BUFFER_BYTES),
            log_enabled=False,
            ssl_cert=tls.chain if tls is not None else None,
            ssl_key=tls.key if tls is not None else None,
            ssl_protocol_min=SSLProtocols.tls12,
        )
        self._is_unix = listening.family == socket.AF_UNIX
        self._listening = listening

    def _init_shared_socket(self) -> None:
        self._shd: Any = SocketHolder(self._listening.detach(), self._is_unix, BACKLOG)  # type: ignore[call-arg]


class Listener:
    """One listening socket and the application behind it."""

    def __init__(
        self, app: StorageApp, listening: socket.socket, *, tls: Certificate | None = None, notice_s: float = 0.0
    ) -> None:
        """`notice_s` is how long `/healthz` says that the server stops before it takes no more connections."""
        self._app = app
        self._listening = listening
        self._tls = tls
        self._notice_s = notice_s
        self._workers: dict[asyncio.Task[None], _Worker] = {}  # the last one takes connections, the others end theirs

    async def run(self, *, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        """Serve until `stop`, then let requests end: for DRAIN_S, or until `hurry`, before they are cut."""
        self._begin()
        crowding = asyncio.ensure_future(Crowding(self._listening, most_connections(), self._app.busy_peers).run())
        stopping = asyncio.ensure_future(stop.wait())
        while not stopping.done() and not (current := list(self._workers)[-1]).done():
            await asyncio.wait([current, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self._app.health.is_stopping = True
        hurrying = asyncio.ensure_future(hurry.wait())
        if self._notice_s:
            await asyncio.wait([current, hurrying], timeout=self._notice_s, return_when=asyncio.FIRST_COMPLETED)
        crowding.cancel()
        await asyncio.gather(crowding, return_exceptions=True)
        self._listening.close()
        for worker in self._workers.values():
            worker.stop()  # type: ignore[no-untyped-call]
        ending = asyncio.ensure_future(asyncio.wait(self._workers))
        await asyncio.wait([ending, hurrying], timeout=DRAIN_S, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        self._app.drain()
        await asyncio.wait([ending], timeout=CUT_S)
        ending.cancel()
        for serving in self._workers:
            if serving.done():
                await serving  # a listener that ended by itself says why
            else:
                serving.cancel()

    def renew(self) -> None:
        """Take the certificate files as they are now for connections to come; raises UnavailableError, and goes on
        with what it has, when they cannot be used."""
        if self._tls is None or self._app.health.is_stopping:
            return
        self._tls.check()
        before = list(self._workers.items())
        self._begin()
        for serving, worker in before:
            if serving.done():
                del self._workers[serving]
            else:
                worker.stop()  # type: ignore[no-untyped-call]

    def _begin(self) -> None:
        worker = _Worker(self._app, self._listening.dup(), self._tls)
        self._workers[asyncio.ensure_future(worker.serve())] = worker


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
    except (OSError, UnicodeError) as exc:  # the latter for what can be no name of a host
        reason = getattr(exc, "strerror", None) or exc
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


def url_of(listening: socket.socket, scheme: str = "http") -> str:
    """`http://host:port` of a TCP socket."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
