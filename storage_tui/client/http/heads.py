"""The heads of requests and of plain answers, written and read in one step.

A full HTTP parser costs more time than a small blob. For heads that are not plain (chunks, an interim answer, anything
unusual) the functions here return None, and h11 takes over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import h11
import httpx

from storage_tui.machine.secrets import Secret

Origin = tuple[str, str, int]
"""Scheme, host and port of the other end of a connection."""

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [\x20-\x7e]*)?")
_LENGTH = re.compile(rb"[0-9]{1,19}")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_METHODS = frozenset(("GET", "HEAD", "PUT", "POST", "DELETE"))
_FIELD = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\x20-\x7e]*"  # printable ASCII; spaces around a value do not count
_FIELDS = re.compile(rb"(?:%b\r\n)+" % _FIELD)
_BLOCK = re.compile(rb"%b(?:\r\n%b)*" % (_FIELD, _FIELD))
_SINGLE = frozenset((b"content-length", b"content-range", b"etag", b"location", b"x-next"))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request without its body. `target` is the target of the request line. The `token` is sent as a bearer token
    after the other `fields`; it is held apart so that no traceback shows it."""

    origin: Origin
    method: str
    target: bytes
    fields: Sequence[tuple[bytes, bytes]] = field(repr=False)
    token: Secret[str] | None = None

    @classmethod
    def of(cls, request: httpx.Request) -> "Outgoing":
        """Return a request of httpx in this form."""
        url = request.url
        return cls(origin_of(url), request.method, url.raw_path, request.headers.raw)

    def all_fields(self) -> list[tuple[bytes, bytes]]:
        """Return the fields with the token among them. Raise UnicodeEncodeError for a token that is not ASCII."""
        if self.token is None:
            return list(self.fields)
        return [*self.fields, (b"Authorization", f"Bearer {self.token.reveal()}".encode("ascii"))]


def origin_of(url: httpx.URL) -> Origin:
    """Return scheme, host and port of a URL."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer with a Content-Length; `rest` is the part of the body that arrived with the head."""

    status_code: int
    headers: list[tuple[bytes, bytes]]
    content_length: int
    rest: bytes
    http_version: bytes = b"1.1"


def write_head(request: Outgoing) -> bytes | None:
    """Return the bytes of the head of a request; None for a head that h11 must check."""
    if request.method not in _METHODS or not _TARGET.fullmatch(request.target):
        return None
    fields = request.all_fields()
    raw = b"".join([b"%s: %s\r\n" % row for row in fields])
    if not _FIELDS.fullmatch(raw) or raw.count(b"\n") != len(fields):  # a value with a line end is more than one field
        return None
    return b"%s %s HTTP/1.1\r\n%s\r\n" % (request.method.encode("ascii"), request.target, raw)


def read_head(received: bytes) -> Head | None:
    """Return the head of an answer; None for a head that is not plain, or that has no end yet."""
    raw, end, rest = received.partition(b"\r\n\r\n")
    first, _, block = raw.partition(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if not end or status is None or not _BLOCK.fullmatch(block):
        return None
    headers = []
    seen: dict[bytes, bytes] = {}
    for line in block.split(b"\r\n"):
        raw_name, _, value = line.partition(b":")
        name, value = raw_name.lower(), value.strip(b" ")
        if name in _SINGLE and name in seen:
            return None
        seen[name] = value
        headers.append((name, value))
    length = seen.get(b"content-length", b"")
    if b"transfer-encoding" in seen or not _LENGTH.fullmatch(length):
        return None
    return Head(int(status[1]), headers, int(length), rest)


def head_for(parser: h11.Connection, request: Outgoing) -> bytes:
    """Return the head as h11 writes it; h11 raises an error for a head that HTTP does not allow."""
    head = parser.send(h11.Request(method=request.method, target=request.target, headers=request.all_fields()))
    assert head is not None
    return head


def headers_of(fields: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the fields of an answer by lower-case name. Several fields of one name are one list (RFC 9110 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name, value = raw_name.decode("latin-1").lower(), _text(raw_value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
