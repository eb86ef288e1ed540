"""A request for the handlers: strictly parsed, bounded, with the deadlines inside its body."""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import AsyncExitStack, closing
from typing import Any

from storage_tui.contract.checksum import hasher
from storage_tui.contract.errors import BadRequestError, TooLargeError
from storage_tui.contract.keys import STRICT, KeyRules
from storage_tui.contract.packs import Frame
from storage_tui.contract.wire import parse_number, percent_decode
from storage_tui.server.http import promises
from storage_tui.server.http.body import DEFAULTS, Body, BodyBounds, Receive
from storage_tui.server.http.grants import Grant
from storage_tui.server.http.hashing import check_hashes
from storage_tui.server.limits.budget import PARTS, SMALL_BYTES, Budget, body_cost, json_cost
from storage_tui.server.limits.crowding import peer_of
from storage_tui.server.limits.parsing import Check, Parsing, anything
from storage_tui.server.limits.shares import Share, Shares

Scope = MutableMapping[str, Any]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 24 * 1024  # all names and values; the listener takes more, but no request needs more
MAX_QUERY_BYTES = 8 * 1024  # a prefix of 1024 bytes is 3 kB in escapes; a page token carries one more
MAX_PARAMETERS = 16
STEP_BYTES = 64 * 1024  # a body of unknown length takes memory in such steps


class Headers:
    """The header fields by lower-case name."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[bytes]] = {}
        count = size_bytes = 0
        for raw_name, value in raw:
            count += 1
            size_bytes += len(raw_name) + len(value)
            name = raw_name.decode("latin-1").lower()
            if name in self._values:
                self._values[name].append(value)
            else:
                self._values[name] = [value]
        if count > MAX_HEADERS or size_bytes > MAX_HEADER_BYTES:
            raise TooLargeError(f"a request has at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together")

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def one(self, name: str) -> str | None:
        """Return the value of a header that may appear once; raise BadRequestError when it appears twice."""
        values = self._values.get(name) or self._values.get(name.lower())
        if values is None:
            return None
        if len(values) > 1:
            raise BadRequestError(f"the header {name} came {len(values)} times; send it once")
        return values[0].decode("latin-1").strip()

    def names(self) -> Iterator[str]:
        """Yield the names, in lower case."""
        return iter(self._values)

    def joined(self, name: str) -> str | None:
        """Return the value of a header that is a list: several fields are one list (RFC 9110 5.3)."""
        values = self._values.get(name) or self._values.get(name.lower())
        return None if values is None else ", ".join([value.decode("latin-1").strip() for value in values])


class Request:
    """One request. The auth layer and the route table in app.py fill `grant` and `path`. `rules` say which names the
    store takes for keys: every handler checks the keys of a request by them."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        stack: AsyncExitStack,
        *,
        request_id: str,
        budget: Budget,
        parsing: Parsing,
        body_bounds: BodyBounds = DEFAULTS,
        rules: KeyRules = STRICT,
    ) -> None:
        self.request_id = request_id
        self.rules = rules
        self.budget = budget
        self.method: str = scope["method"]
        self.scheme = "https" if scope.get("scheme") == "https" else "http"
        self.raw_path: bytes = scope.get("raw_path") or b""
        self.raw_query: bytes = scope.get("query_string") or b""
        self.peer = peer_of(scope.get("client"))  # the other end of the connection, which may be a proxy
        self.stack = stack  # closed after the answer was sent: the readers that a stream needs live in it
        self.headers = Headers(scope["headers"])
        self.query: dict[str, str] = {}
        self.path: dict[str, bytes] = {}
        self.route = ""  # the path of the row that takes the request, for logs and metrics
        self.grant = Grant("")
        self.upload_id = ""  # of the store's session, when the request is on an upload URL
        self.body = _frame(scope, self.headers, receive, body_bounds)
        self.pack: list[Frame] | None = None  # the body where it is a pack, once it was read
        self._parsing = parsing
        self._json: dict[str, Any] | None = None

    @property
    def namespace(self) -> str:
        """Return the namespace that the request may act in."""
        return self.grant.namespace

    async def hold(self, part: Shares, cost_bytes: int) -> Share | None:
        """Take `cost_bytes` of a part of the budget until the answer is sent. Return None when the cost is too small to
        count.

        Raise BusyError when the memory does not become free in time, and at once the reason with which the body is
        interrupted.
        """
        self.body.check_interruption()
        if cost_bytes <= SMALL_BYTES:
            return None
        share = part.try_take(self.namespace, cost_bytes)  # most requests need no wait, and so no deadline
        if share is None:
            async with self.body.interruptible():
                share = await part.take(self.namespace, cost_bytes)
        self.stack.callback(share.close)
        return share

    def try_hold(self, part: Shares, cost_bytes: int) -> bool:
        """Take `cost_bytes` of a part of the budget until the answer is sent. Return False when they are not free."""
        share = part.try_take(self.namespace, cost_bytes)
        if share is not None:
            self.stack.callback(share.close)
        return share is not None

    async def read(self, part: Shares, limit: int, what: str, *, cost: Callable[[int], int] = body_cost) -> bytes:
        """Return the body, of at most `limit` bytes; raise TooLargeError naming `what` when it is longer.

        The memory for the body is taken from `part` before the body is read, by the announced length. A body without a
        length takes memory as it arrives. `cost` returns the bytes of memory for a body of so many bytes.
        """
        size_bytes = self.body.size_bytes
        self.body.check_announced(limit, what)
        share = await self.hold(part, cost(min(STEP_BYTES, limit) if size_bytes is None else size_bytes))

        def grow(read_bytes: int) -> None:
            if size_bytes is None and share is not None:
                share.grow(cost(min(read_bytes + STEP_BYTES, limit)))

        return await self.body.read(limit, what, grow=grow)

    async def linger(self) -> None:
        """Read for a while what a refused client still sends (see `Body.linger`), while only a few requests do so."""
        share = self.budget.lingering.try_take(self.namespace, 1)
        if share is not None:
            with closing(share):
                await self.body.linger()

    async def json(self, limit: int, what: str, *, parts: int = PARTS, check: Check = anything) -> dict[str, Any]:
        """Return the body, a JSON object of at most `limit` bytes and `parts` arrays, objects and members.

        `check` may raise for the object. The body is read once, so that all callers judge the same object. Raise
        BadRequestError for a body that is not such an object, TooLargeError past either bound.
        """
        if self._json is None:
            content = await self.read(self.budget.calls, limit, what, cost=lambda size: json_cost(size, parts))
            self._json = await self._parsing.object(self.namespace, content, parts, check)
        return self._json

    def parse_query(self) -> dict[str, str]:
        """Return the query, form-encoded: `+` is a space, every name appears once. Raise BadRequestError otherwise."""
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


def _decode(raw: bytes) -> str:
    return percent_decode(raw.replace(b"+", b" "), "the query")


def _frame(scope: Scope, headers: Headers, receive: Receive, bounds: BodyBounds) -> Body:
    """Return the body, delimited by the headers. Refuse headers that two readers could understand in two ways (RFC 9112
    6.3)."""
    length = headers.one("content-length")
    coding = headers.one("transfer-encoding")
    host = headers.one("host")
    if scope["http_version"] == "1.1" and not host:  # the listener passes an absent Host on as an empty one
        raise BadRequestError("an HTTP/1.1 request needs the header Host")
    if headers.one("content-encoding") not in (None, "", "identity"):
        raise BadRequestError("send the bytes as they are, without Content-Encoding")
    if coding is not None:
        if length is not None:
            raise BadRequestError("a request has Content-Length or Transfer-Encoding, not both")
        if coding.lower() != "chunked":
            raise BadRequestError("the only Transfer-Encoding is chunked")
        promised = _promised(scope["method"], headers)
        return Body(receive, size_bytes=None, has_more=True, promised=promised, bounds=bounds)
    size_bytes = parse_number(length, "Content-Length") if length is not None else 0
    promised = _promised(scope["method"], headers)
    if not size_bytes:
        check_hashes(promised, {name: hasher(name).digest() for name in promised}, "the empty body")
    return Body(receive, size_bytes=size_bytes, has_more=size_bytes > 0, promised=promised, bounds=bounds)


def _promised(method: str, headers: Headers) -> dict[str, bytes]:
    """Return the hashes of the body. A body that is all of a blob has those of the blob; the store compares the crc32c
    of a blob by itself."""
    if not promises.are_in(headers.names()):
        return {}
    of_body = promises.of_body(headers.joined, headers.names())
    if method in ("PUT", "POST", "PATCH") and "content-range" not in headers:
        of_blob = promises.of_blob(headers.joined)
        if method == "PUT":
            of_blob.pop("crc32c", None)
        if any(of_body.get(name, digest) != digest for name, digest in of_blob.items()):
            raise BadRequestError("the request promises two different hashes of its body")
        of_body |= of_blob
    return of_body
