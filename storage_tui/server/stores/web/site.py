"""The connections to one host: proxies, TLS, redirects. All calls block; any thread may call.

Only the host that was typed is asked. A redirect to another host is refused, and so is one from https to http.
"""

import base64
import http.client
import ssl
import threading
from dataclasses import dataclass, field
from functools import partial
from socket import SOCK_STREAM, gaierror, getaddrinfo, socket
from typing import Literal
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from storage_tui.contract.errors import BadRequestError, ForbiddenError, StorageError, UnavailableError
from storage_tui.machine.version import __version__
from storage_tui.server.stores.web.addresses import check_address
from storage_tui.server.stores.web.answers import Answer

Method = Literal["GET", "HEAD"]

CONNECT_S = 10.0
IDLE_S = 30.0  # for the next bytes of an answer
MOST_REDIRECTS = 5
MOST_IDLE = 4  # connections that are kept for the next requests
HEADERS = {"User-Agent": f"storage-tui/{__version__}", "Accept-Encoding": "identity"}
PORTS = {"http": 80, "https": 443}
_SAFE = "!#$%&'()*+,/:;=?@[]~"  # what stays as it is in a URL that is quoted already


@dataclass(frozen=True, slots=True)
class Door:
    """A scheme and a port of the host."""

    scheme: str
    port: int


@dataclass(slots=True)
class _Proxy:
    host: str
    port: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)


class Site:
    """The host of a URL that a person typed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = (parts.hostname or "").lower()
        self.door = Door(parts.scheme, parts.port or PORTS[parts.scheme])
        self._idle: list[tuple[Door, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._is_closed = False

    @property
    def name(self) -> str:
        """Return the host for people, with a port that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.door.port == PORTS[self.door.scheme] else f"{host}:{self.door.port}"

    def holds(self, url: str) -> bool:
        """Return whether a URL leads to this host, by the same door or from http to https."""
        return self._door_of(url) is not None

    def ask(self, method: Method, url: str, headers: dict[str, str] | None = None) -> Answer:
        """Send a request and return its answer after redirects within the host. Raise ForbiddenError for a redirect
        that leads elsewhere, UnavailableError where nobody answers."""
        for _ in range(MOST_REDIRECTS + 1):
            door = self._door_of(url)
            if door is None:
                raise ForbiddenError(_elsewhere(self.name, url))
            answer = self._ask_once(door, method, url, {**HEADERS, **(headers or {})})
            location = answer.header("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            answer.close()
            try:
                url = quote(urljoin(url, location).partition("#")[0].encode("utf-8", "surrogateescape"), safe=_SAFE)
            except ValueError as exc:
                raise ForbiddenError(f"{self.name} sends this on to what is no URL") from exc
        raise ForbiddenError(f"{self.name} sends this on more than {MOST_REDIRECTS} times")

    def close(self) -> None:
        """Close all connections that are not in use; the others end with their answers."""
        with self._lock:
            self._is_closed, idle, self._idle = True, self._idle, []
        for _, connection in idle:
            connection.close()

    def _door_of(self, url: str) -> Door | None:
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS.get(parts.scheme, 0)
            host = (parts.hostname or "").lower()
        except ValueError:
            return None
        door = Door(parts.scheme, port)
        is_upgrade = (self.door, door) == (Door("http", 80), Door("https", 443))
        return door if host == self.host and (door == self.door or is_upgrade) else None

    def _ask_once(self, door: Door, method: Method, url: str, headers: dict[str, str]) -> Answer:
        while True:
            connection, is_used, lead, more = self._connection(door)
            parts = urlsplit(url)
            target = lead + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            try:
                connection.request(method, target, headers={**headers, **more})
                response = connection.getresponse()
            except http.client.RemoteDisconnected as exc:
                connection.close()
                if not is_used:  # else the server has closed a connection that was kept
                    raise UnavailableError(f"{self.name} closed the connection without an answer") from exc
            except (OSError, http.client.HTTPException, ValueError) as exc:
                connection.close()
                if not (is_used and isinstance(exc, ConnectionError)):
                    raise _unreachable(self.name, exc) from exc
            else:
                return Answer(response, url, partial(self._give_back, door, connection))

    def _connection(self, door: Door) -> tuple[http.client.HTTPConnection, bool, str, dict[str, str]]:
        """Return a connection, whether it was used before, and what a request by a proxy needs: what stands before the
        path, and headers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        proxy = self._proxy(door)
        is_forwarded = proxy is not None and door.scheme == "http"
        lead = f"http://{host}:{door.port}" if is_forwarded else ""
        more = dict(proxy.headers) if proxy is not None and is_forwarded else {}
        with self._lock:
            for number, (kept, connection) in enumerate(self._idle):
                if kept == door:
                    del self._idle[number]
                    return connection, True, lead, more
        try:
            return self._connected(door, proxy), False, lead, more
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise _unreachable(self.name if proxy is None else f"the proxy {proxy.host}", exc) from exc

    def _connected(self, door: Door, proxy: _Proxy | None) -> http.client.HTTPConnection:
        if proxy is not None and door.scheme == "http":
            connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=CONNECT_S)
            connection.connect()
        elif proxy is not None:
            connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=CONNECT_S)
            connection.set_tunnel(self.host, door.port, proxy.headers)
            connection.connect()
        else:
            connection = http.client.HTTPConnection(self.host, door.port)
            connection.sock = _dial(self.host, door.port)
        try:
            if door.scheme == "https":
                connection.sock = self._context().wrap_socket(connection.sock, server_hostname=self.host)
            connection.sock.settimeout(IDLE_S)
        except BaseException:
            connection.close()
            raise
        if door.scheme == "https" and door.port == 443:  # the Host header then names no port
            connection.default_port = 443
        return connection

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context()
            return self._tls

    def _proxy(self, door: Door) -> _Proxy | None:
        """Return the proxy that the environment names for the host. The proxy, not this machine, resolves its name."""
        proxies = getproxies()
        url = proxies.get(door.scheme) or proxies.get("all")
        if not url or proxy_bypass(f"{self.host}:{door.port}") or proxy_bypass(self.host):
            return None
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or 80
        except ValueError:
            raise BadRequestError("the proxy of the environment is no URL") from None
        if parts.scheme != "http" or not parts.hostname:
            raise BadRequestError("the proxy of the environment must be an http:// URL")
        if parts.username is None:
            return _Proxy(parts.hostname, port)
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        secret = base64.b64encode(user.encode()).decode()
        return _Proxy(parts.hostname, port, {"Proxy-Authorization": f"Basic {secret}"})

    def _give_back(self, door: Door, connection: http.client.HTTPConnection, is_good: bool) -> None:
        if is_good:
            with self._lock:
                if not self._is_closed and len(self._idle) < MOST_IDLE:
                    self._idle.append((door, connection))
                    return
        connection.close()


def _dial(host: str, port: int) -> socket:
    """Connect to an address of the host that may be connected. Raise ForbiddenError or OSError."""
    found = getaddrinfo(host, port, type=SOCK_STREAM)
    for _, _, _, _, address in found:
        check_address(host, str(address[0]))
    last: OSError | None = None
    for family, kind, protocol, _, address in found:
        dialled = socket(family, kind, protocol)
        try:
            dialled.settimeout(CONNECT_S)
            dialled.connect(address)
        except OSError as exc:
            dialled.close()
            last = exc
        else:
            return dialled
    raise last or OSError("the name has no address")


def _unreachable(name: str, exc: Exception) -> StorageError:
    """Return the error of a connection that failed, in one line."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return ForbiddenError(f"the certificate of {name} is not trusted: {exc.verify_message}")
    if isinstance(exc, ssl.SSLError):
        return ForbiddenError(f"{name} does not speak TLS as it should: {exc.reason or 'handshake failed'}")
    if isinstance(exc, gaierror):
        return UnavailableError(f"no host {name} was found: {exc.strerror or 'name not resolved'}")
    if isinstance(exc, UnicodeError):
        return BadRequestError(f"{name} is no name of a host")
    if isinstance(exc, TimeoutError):
        return UnavailableError(f"{name} does not answer in time")
    if isinstance(exc, http.client.HTTPException):
        return UnavailableError(f"{name} does not speak HTTP as it should: {type(exc).__name__}")
    told = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return UnavailableError(f"{name} cannot be reached: {told[:200]}")


def _elsewhere(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        where = f"{parts.scheme}://{parts.hostname or ''}{'' if parts.port is None else f':{parts.port}'}"
    except ValueError:
        where = "what is no URL"
    return f"{name} sends this on to {where[:200]!a}, which was not typed; open it by its own URL"
