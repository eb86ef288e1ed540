"""The work of both drivers around one request, without I/O: URL, headers, redirects, and the errors of httpx."""

import contextlib
import ssl
import uuid
import zlib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from storage_tui.client.access.credentials import is_loopback
from storage_tui.client.access.servers import Access
from storage_tui.client.http.heads import Origin, Outgoing, origin_of
from storage_tui.client.requests import CONTROL_BYTES, Request, one_line, too_large
from storage_tui.contract import wire
from storage_tui.contract.errors import (
    BadRequestError,
    ConnectError,
    DeadlineError,
    LocalFileError,
    ProtocolError,
    StorageError,
    TransferInterruptedError,
    TypeRuleError,
)
from storage_tui.machine.secrets import Secret
from storage_tui.machine.version import __version__

CONNECT_S = 10.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The headers that a redirect to another host keeps. Token, page token and repeat key belong to the first host.
TAKEN_ALONG = frozenset({"user-agent", "accept", "accept-encoding", "range", "if-match", "if-none-match", "if-range"})
IDENTITY = ("", "identity")
_STATES = "when role="  # in errors of h11 about its own states, which say nothing to people
GZIP, GZIP_BITS = "gzip", 31  # zlib takes the header and the checksum of gzip with these bits


class Target:
    """The URL and headers of one attempt, and of the same attempt after a redirect."""

    def __init__(self, request: Request, access: Access, group: str) -> None:
        self._request = request
        if access.endpoint.refusal is not None and request.is_change:
            raise TypeRuleError(access.endpoint.refusal, key=request.key)
        base = access.endpoint.base_url
        if request.is_rooted:
            base = base.removesuffix(wire.BASE_PATH)
        url = request.url if request.url is not None else base + request.path
        if request.query:
            url += "?" + urlencode(request.query)
        if request.url is not None:
            _check_named(url, base, request)
        self.url = url
        self._base = base if request.url is None else None  # None for a URL that a server has named
        for name, value in request.headers.items():
            if not (isinstance(value, str) and value.isascii() and value.isprintable()):
                raise BadRequestError(f"{name} takes printable ASCII, not {value!a:.60}", key=request.key)
        self._has_moved = False
        self._told: Mapping[str, str] = {}  # headers of the answer that redirected
        self._token: Secret[str] | None = access.token if request.url is None else None
        self._headers = {
            "User-Agent": f"storage-tui/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": GZIP if request.may_be_gzip and access.endpoint.socket is None else "identity",
            wire.REQUEST_GROUP: group,
            **request.headers,
        }

    def request(self, body: Any, timeout: dict[str, float | None]) -> httpx.Request:
        """Return the request, to be sent over a transport directly.

        A client of httpx would log the URL, which may be a capability, and would keep cookies.
        """
        return self._sent(body, self._headers, timeout)

    def _sent(self, body: Any, headers: dict[str, str], timeout: dict[str, float | None]) -> httpx.Request:
        method = self._request.method
        sent = httpx.Request(method, self.url, headers=headers, content=body, extensions={"timeout": timeout})
        if self._token is not None:
            sent.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return sent

    def outgoing(self, size_bytes: int | None) -> Outgoing:
        """Return the head of the request. `size_bytes` is the size of the body; None where the headers have it.

        A URL that a server named is read by httpx. The URLs of calls are plain below the base URL, and are not read
        again for each call.
        """
        rest = "" if self._base is None else self.url[len(self._base) :]
        if self._base is None or not rest.isascii():
            length = {"Content-Length": str(size_bytes)} if size_bytes else {}
            return Outgoing.of(self._sent(None, {**self._headers, **length}, {}))
        place = _place(self._base)
        fields = [(b"Host", place.host)]
        if size_bytes or (size_bytes is not None and self._request.method in ("PUT", "POST")):
            fields.append((b"Content-Length", b"%d" % size_bytes))
        fields += [(name.encode("ascii"), value.encode("ascii")) for name, value in self._headers.items()]
        target = place.path + rest.encode("ascii")
        return Outgoing(place.origin, self._request.method, target, fields, self._token)

    def moves(self, status: int, headers: Mapping[str, str]) -> bool:
        """Return whether the answer redirects a GET or HEAD; the same request is then to be sent to the new URL.

        Raise ProtocolError for a second redirect, and for a URL that is not used.
        """
        location = headers.get("location")
        if status not in REDIRECTS or not location or self._request.method not in ("GET", "HEAD"):
            return False
        if self._has_moved:
            raise ProtocolError(f"the server redirects {self._request} more than once", key=self._request.key)
        self._has_moved = True
        try:
            url = urljoin(self.url, location)
        except ValueError as exc:
            raise ProtocolError("the server redirects to an invalid URL", key=self._request.key) from exc
        _check_named(url, self.url, self._request)
        if _origin(url) != _origin(self.url):
            self._token = None
            self._headers = {name: value for name, value in self._headers.items() if name.lower() in TAKEN_ALONG}
        self.url, self._base = url, None
        self._told = headers
        return True

    def complete(self, headers: MutableMapping[str, str]) -> None:
        """Add the checksum from the redirecting answer to the headers of the final answer.

        A storage engine behind the redirect sends no checksum in this protocol's form. Nothing is added when the ETag
        differs: the blob has changed.
        """
        if wire.GOOG_HASH in self._told and self._told.get("etag") == headers.get("etag"):
            headers.setdefault(wire.GOOG_HASH, self._told[wire.GOOG_HASH])


@dataclass(frozen=True, slots=True)
class _Place:
    """What a base URL says of a request: the other end, its name in Host, and the beginning of all targets."""

    origin: Origin
    host: bytes
    path: bytes


@lru_cache(maxsize=64)
def _place(base_url: str) -> _Place:
    url = httpx.URL(base_url)
    return _Place(origin_of(url), url.netloc, b"" if url.raw_path == b"/" else url.raw_path)


def new_group() -> str:
    """Return a new X-Request-Group, for one request and all its retries."""
    return uuid.uuid4().hex


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _check_named(url: str, base: str, request: Request) -> None:
    """Raise ProtocolError unless a URL that a server named is https.

    http is allowed to this machine, when the server that named the URL is reached over http on this machine too.
    """
    try:
        scheme, host, _ = _origin(url)
        base_scheme, base_host, _ = _origin(base)
    except ValueError as exc:
        raise ProtocolError("the server named a URL that cannot be read", key=request.key) from exc
    is_local = scheme == "http" and base_scheme == "http" and is_loopback(host or "") and is_loopback(base_host or "")
    if not host or (scheme != "https" and not is_local):
        raise ProtocolError(f"the server names a {scheme}:// URL on {host!a}, which is not used", key=request.key)


def check_encoding(headers: Mapping[str, str], request: Request) -> None:
    """Raise ProtocolError for an answer that was compressed without a request: a small one can grow without limit."""
    encoding = _encoding(headers)
    if encoding not in IDENTITY and not (encoding == GZIP and request.may_be_gzip):
        raise ProtocolError(f"the server compressed its answer to {request} without being asked", key=request.key)


def expanded(body: bytes, status: int, headers: Mapping[str, str], request: Request) -> bytes:
    """Return the decompressed body; raise ProtocolError past the limit of the request, or for bad gzip."""
    if _encoding(headers) != GZIP:
        return body
    most = request.max_bytes or CONTROL_BYTES
    reader = zlib.decompressobj(wbits=GZIP_BITS)
    try:
        content = reader.decompress(body, most + 1)
    except zlib.error as exc:
        raise ProtocolError(f"the server's answer to {request} is not valid gzip", key=request.key) from exc
    if len(content) > most:
        raise too_large(request)
    if not reader.eof and status < 300:  # only the beginning of an error is read
        raise ProtocolError(f"the server's answer to {request} ends in the middle of its gzip data", key=request.key)
    return content


def _encoding(headers: Mapping[str, str]) -> str:
    return headers.get("content-encoding", "").strip().lower()


@contextlib.contextmanager
def translated(request: Request, display_url: str) -> Iterator[None]:
    """Raise errors of httpx, and errors from impossible host names, as StorageErrors.

    Their texts do not hold URLs with secrets.
    """
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as exc:
        raise _meaning(exc, request, display_url) from exc


def _meaning(exc: Exception, request: Request, display_url: str) -> StorageError:
    match exc:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            reason = one_line(str(exc), 200) or "no answer in time"
            if request.url is not None:
                display_url = f"the host {urlsplit(request.url).hostname} of an upload or signed URL"
            if isinstance(exc.__cause__, ssl.SSLError) or "CERTIFICATE" in reason:
                way_out = "SSL_CERT_FILE names a file of authorities to trust"
                return ProtocolError(f"no secure connection to {display_url}: {reason}; {way_out}", key=request.key)
            return ConnectError(f"nothing answers at {display_url}: {reason}", key=request.key)
        case httpx.TimeoutException():
            return DeadlineError(f"no answer to {request} in time; try again", key=request.key)
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            reason = one_line(str(exc), 200)
            if _STATES in reason:
                reason = "the server closed it in the middle of its answer"
            return TransferInterruptedError(
                f"the connection broke during {request}: {reason}".rstrip(": "), key=request.key
            )
        case _:
            return ProtocolError(f"{request} cannot be sent: {type(exc).__name__}", key=request.key)


def deadlines(timeout_s: float) -> dict[str, float | None]:
    """Return the deadlines of one exchange: for the connection and for each wait without a byte, none for the whole."""
    return httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s), pool=None).as_dict()


@cache
def ssl_context() -> ssl.SSLContext:
    """Return one TLS context for all connections: loading the certificates takes tens of milliseconds.

    SSL_CERT_FILE and SSL_CERT_DIR name the authorities to trust instead of the public ones, as for OpenSSL. Raise
    LocalFileError when they name nothing readable.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as exc:
        raise LocalFileError(f"SSL_CERT_FILE or SSL_CERT_DIR names nothing that can be read: {exc}") from exc
