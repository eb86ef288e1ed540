"""The HTTP listener: granian inside this process and event loop, on a socket that we have bound ourselves.

With our own socket, the port is known before the first request, and a UNIX socket has its mode before anyone can
connect. Measured with granian 2.8: `send` waits for a slow reader, so a blob is never buffered. A body arrives in
pieces of up to twice MAX_BUFFER_BYTES. A cut connection is reported by `receive`, never by `send`.
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
from storage_tui.server.app import StorageApi
from storage_tui.server.limits.addresses import TrustedProxies
from storage_tui.server.limits.crowding import SPARE, Crowding

BACKLOG = 1024
FILES_OF_CONNECTION = 2  # its socket and the blob sent over it; without free descriptors nothing works
OWN_FILES = 128  # databases, logs and folders
MAX_BUFFER_BYTES = 128 * 1024  # 64 KiB doubles the time of an upload; more costs memory for each connection


@dataclass(frozen=True, slots=True)
class ListenerBounds:
    """How many connections are open at once, and how long the listener waits for them."""

    connections: int = 640  # each may hold a buffer with half a head, of which nobody is known: 90 MB in all
    spare: int = SPARE  # places made free in a crowd beyond those needed
    header_read_ms: int = 10_000
    drain_s: float = 10.0  # requests under way have this long to end by themselves
    cut_s: float = 5.0  # then they are cut, and have this long to store what they hold

    def most_connections(self) -> int:
        """Return how many connections are accepted at once: fewer than `connections` when this process may open few
        files."""
        _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)  # the hard limit: the listener uses all of it
        if most_files == resource.RLIM_INFINITY:
            return self.connections
        return max(1, min(self.connections, (most_files - OWN_FILES) // FILES_OF_CONNECTION))


DEFAULTS = ListenerBounds()


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate: the chain and the private key, both PEM."""

    chain: Path
    key: Path

    def check(self) -> None:
        """Raise UnavailableError when the files cannot be read, do not belong together, or others may read the key."""
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


class _Worker(Server):
    """granian on one socket, with the certificate files read at its start."""

    def __init__(
        self, app: StorageApi, listening: socket.socket, tls: Certificate | None, bounds: ListenerBounds
    ) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=bounds.most_connections(),
            http1_settings=HTTP1Settings(header_read_timeout=bounds.header_read_ms, max_buffer_size=MAX_BUFFER_BYTES),
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
        self, app: StorageApi, listening: socket.socket, *, tls: Certificate | None = None, notice_s: float = 0.0,
        bounds: ListenerBounds = DEFAULTS, most_of_address: int | None = None, proxies: TrustedProxies | None = None,
    ) -> None:  # fmt: skip
        """Make the listener. `notice_s` is for how many seconds `/healthz` reports the stop while connections are still
        accepted. One address has at most `most_of_address` connections, unless it is one of the `proxies`."""
        self._most_of_address, self._proxies = most_of_address, proxies or TrustedProxies()
        self._app = app
        self._listening = listening
        self._tls = tls
        self._notice_s = notice_s
        self._bounds = bounds
        self._workers: dict[asyncio.Task[None], _Worker] = {}  # the last one accepts connections, the others finish

    async def run(self, *, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        """Serve until `stop`. Then let requests end for `drain_s` seconds, or until `hurry`, and cut the rest."""
        self._begin()
        bounds = self._bounds
        room = Crowding(
            self._listening, self._app.busy_peers, most=bounds.most_connections(), spare=bounds.spare,
            most_of_address=self._most_of_address, proxies=self._proxies,
        )  # fmt: skip
        crowding = asyncio.ensure_future(room.run())
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
        await asyncio.wait([ending, hurrying], timeout=bounds.drain_s, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        self._app.drain()
        await asyncio.wait([ending], timeout=bounds.cut_s)
        ending.cancel()
        for serving in self._workers:
            if serving.done():
                await serving  # a listener that ended by itself raises its reason here
            else:
                serving.cancel()

    def renew(self) -> None:
        """Read the certificate files again, for new connections. Raise UnavailableError, and keep the present
        certificate, when the files cannot be used."""
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
        worker = _Worker(self._app, self._listening.dup(), self._tls, self._bounds)
        self._workers[asyncio.ensure_future(worker.serve())] = worker


def listen_tcp(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free port. Raise UnavailableError when the address cannot be used."""
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
    except (OSError, UnicodeError) as exc:  # UnicodeError for a text that cannot be a host name
        reason = getattr(exc, "strerror", None) or exc
        raise UnavailableError(f"cannot listen on {host} port {port}: {reason}; use another --host or --port") from exc
    listening.setblocking(False)
    return listening


def listen_unix(path: Path) -> socket.socket:
    """Return a listening UNIX socket of mode 0600, in place of a stale one. The caller must own the directory alone."""
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
    """Return the URL of a TCP socket, such as `http://host:port`."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
