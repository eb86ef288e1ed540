"""A request as the handlers see it: strictly parsed, bounded, with the deadlines inside its body."""

import json
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from storage_tui.contract.errors import BadRequestError, TooLargeError
from storage_tui.contract.packs import Frame
from storage_tui.contract.wire import parse_number, percent_decode
from storage_tui.server.access.grants import Grant
from storage_tui.server.body import Body, Receive
from storage_tui.server.crowding import peer_of

Scope = Mapping[str, Any]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024  # all names and values; the listener itself takes more, which is never needed
MAX_QUERY_BYTES = 8 * 1024  # a prefix of 1024 bytes is 3 kB in escapes; a page token carries one more
MAX_PARAMETERS = 16


class Headers:
    """The header fields by lower-case name."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        count = size_bytes = 0
        for name, value in raw:
            count += 1
            size_bytes += len(name) + len(value)
            self._values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())
        if count > MAX_HEADERS or size_bytes > MAX_HEADER_BYTES:
            raise TooLargeError(f"a request has at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together")

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def one(self, name: str) -> str | None:
        """The value of a header that may come once; raises BadRequestError when it comes twice."""
        values = self._values.get(name.lower())
        if values is None:
            return None
        if len(values) > 1:
            raise BadRequestError(f"the header {name} came {len(values)} times; send it once")
        return values[0]

    def joined(self, name: str) -> str | None:
        """The value of a header that is a list: several fields are one list (RFC 9110 5.3)."""
        values = self._values.get(name.lower())
        return None if values is None else ", ".join(values)


class Request:
    """One request. `grant` and `path` are filled by the one auth layer and the route table in app.py."""

    def __init__(self, scope: Scope, receive: Receive, stack: AsyncExitStack, *, request_id: str) -> None:
        self.request_id = request_id
        self.method: str = scope["method"]
        self.scheme = "https" if scope.get("scheme") == "https" else "http"
        self.raw_path: bytes = scope.get("raw_path") or b""
        self.raw_query: bytes = scope.get("query_string") or b""
        self.peer = peer_of(scope.get("client"))
        self.stack = stack  # closed after the answer was sent: readers that a stream needs live in it
        self.headers = Headers(scope["headers"])
        self.query: dict[str, str] = {}
        self.path: dict[str, bytes] = {}
        self.route = ""  # the path of the row that takes it, for logs and metrics
        self.grant = Grant("")
        self.upload_id = ""  # of the store's session, on an upload URL
        self.body = _frame(scope, self.headers, receive)
        self.pack: list[Frame] | None = None  # the body where it is one, once it was read
        self._json: dict[str, Any] | None = None

    @property
    def namespace(self) -> str:
        """The namespace that the request may act in."""
        return self.grant.namespace

    async def json(self, limit: int, what: str) -> dict[str, Any]:
        """The body, a JSON object of at most `limit` bytes; read once, so that all who ask judge the same one."""
        if self._json is None:
            self._json = _parse_object(await self.body.read(limit, what))
        return self._json

    def parse_query(self) -> dict[str, str]:
        """The query, form-encoded: `+` is a space, every name comes once. Raises BadRequestError otherwise."""
        if len(self.raw_query) > MAX_QUERY_BYTES:
            raise TooLargeError(f"a query is at most {MAX_QUERY_BYTES} bytes")
        pieces = self.raw_query.split(b"&") if self.raw_query else []
        if len(pieces) > MAX_PARAMETERS:
            raise TooLargeError(f"a query has at most {MAX_PARAMETERS} parameters")
        query: dict[str, str] = {}
        for piece in pieces:
            name, _, value = piece.partition(b"=")
            text = _decode(name)
            if text in query:
                raise BadRequestError(f"the parameter {text[:40]!a} came twice; send it once")
            query[text] = _decode(value)
        return query


def _parse_object(content: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise BadRequestError("the body is not JSON") from exc
    if not isinstance(raw, dict):
        raise BadRequestError("the body must be a JSON object")
    return raw


def _decode(raw: bytes) -> str:
    return percent_decode(raw.replace(b"+", b" "), "the query")


def _frame(scope: Scope, headers: Headers, receive: Receive) -> Body:
    """How the body is delimited; refuses what two readers could understand in two ways (RFC 9112 6.3)."""
    length = headers.one("content-length")
    coding = headers.one("transfer-encoding")
    host = headers.one("host")
    if scope["http_version"] == "1.1" and not host:  # the listener makes an empty one of none
        raise BadRequestError("an HTTP/1.1 request needs the header Host")
    if headers.one("content-encoding") not in (None, "", "identity"):
        raise BadRequestError("send the bytes as they are, without Content-Encoding")
    if coding is not None:
        if length is not None:
            raise BadRequestError("a request has Content-Length or Transfer-Encoding, not both")
        if coding.lower() != "chunked":
            raise BadRequestError("the only Transfer-Encoding is chunked")
        return Body(receive, size_bytes=None, has_more=True)
    size_bytes = parse_number(length, "Content-Length") if length is not None else 0
    return Body(receive, size_bytes=size_bytes, has_more=size_bytes > 0)
