"""The heads of requests and of plain answers, written and read in one step.

A full HTTP parser costs more time than a small blob. For heads that are not plain (chunks, an interim answer, anything
unusual) the functions here return None, and h11 takes over.
"""

import re
from dataclasses import dataclass

import h11
import httpx

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [\x20-\x7e]*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?[ \t]*")
_LENGTH = re.compile(rb"[0-9]{1,19}")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_METHODS = frozenset(("GET", "HEAD", "PUT", "POST", "DELETE"))
_SINGLE = frozenset((b"content-length", b"content-range", b"etag", b"location", b"x-next"))


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer with a Content-Length; `rest` is the part of the body that arrived with the head."""

    status_code: int
    headers: list[tuple[bytes, bytes]]
    content_length: int
    rest: bytes
    http_version: bytes = b"1.1"


def write_head(request: httpx.Request) -> bytes | None:
    """Return the bytes of the head of a request; None for a head that h11 must check."""
    target = request.url.raw_path
    if request.method not in _METHODS or not _TARGET.fullmatch(target):
        return None
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)]
    for name, value in request.headers.raw:
        line = b"%s: %s" % (name, value)
        if not _FIELD.fullmatch(line):
            return None
        lines.append(line)
    return b"\r\n".join((*lines, b"", b""))


def read_head(received: bytes) -> Head | None:
    """Return the head of an answer, all of which was received; None for a head that is not plain."""
    raw, _, rest = received.partition(b"\r\n\r\n")
    first, *lines = raw.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        return None
    headers = []
    seen: dict[bytes, bytes] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            return None
        name, value = field[1].lower(), field[2] or b""
        if name in _SINGLE and name in seen:
            return None
        seen[name] = value
        headers.append((name, value))
    length = seen.get(b"content-length", b"")
    if b"transfer-encoding" in seen or not _LENGTH.fullmatch(length):
        return None
    return Head(int(status[1]), headers, int(length), rest)


def head_for(parser: h11.Connection, request: httpx.Request) -> bytes:
    """Return the head as h11 writes it; h11 raises an error for a head that HTTP does not allow."""
    head = parser.send(h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw))
    assert head is not None
    return head
