"""A request and its answer without any I/O, and what an error answer becomes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from storage_tui.contract import wire
from storage_tui.contract.errors import (
    BadRequestError,
    ProtocolError,
    RangeNotSatisfiableError,
    RateLimitError,
    StorageError,
    UnavailableError,
    error_class,
)

CONTROL_BYTES = 16 * 1024 * 1024  # no list or description is larger; more than this is not read
UNTOLD_BYTES = 1024 * 1024 * 1024  # what is read of a blob whose size the server tells nowhere
ERROR_BYTES = 64 * 1024  # what is read of an error's text
MESSAGE_LENGTH = 500  # and what of it is shown
RETRY_AFTER_LIMIT_S = 60  # a server that asks for a longer wait is reported instead


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request of a call.

    `path` is below the base of the service, or with `is_rooted` below the host. Or `url` is an absolute one that the
    server named, which then carries its own permission: no token is sent with it. `window` (start, stop) keeps only
    that part of a 200 answer, for servers that ignore Range; a negative start counts from the end. An answer that
    `may_be_gzip` is asked for in gzip where it comes over a network.
    """

    method: str
    path: str = ""
    url: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | memoryview | None = None
    key: str | None = None
    storage_type: str | None = None
    is_idempotent: bool = True
    is_rooted: bool = False
    max_bytes: int | None = CONTROL_BYTES
    window: tuple[int, int | None] | None = None
    may_be_gzip: bool = False

    def __str__(self) -> str:
        where = "an upload or signed URL" if self.url is not None else self.path or "/"
        return f"{self.method} {where}"


@dataclass(frozen=True, slots=True)
class Response:
    """The answer: header names are in lower case, the body is whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after_s(self) -> int | None:
        """The whole seconds of Retry-After; None for any other form of it."""
        text = self.headers.get("retry-after", "").strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def most_bytes(request: Request, response: Response) -> int:
    """How much of the body of a success may come: what the call allows, or what the server announced of a blob and, of
    a part, no more than was asked for. An answer that announces nothing ends at UNTOLD_BYTES."""
    if request.max_bytes is not None:
        return request.max_bytes
    length = response.headers.get("content-length", "")
    most = int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else UNTOLD_BYTES
    if response.status != 206:
        return most
    with suppress(BadRequestError):
        most = min(most, wire.parse_content_range(response.headers.get("content-range", ""))[0].size_bytes)
    if request.window is None:
        return most
    start, stop = request.window
    if stop is None:
        return most if start >= 0 else min(most, -start)
    return min(most, stop - start)


def too_large(request: Request, size_bytes: int = CONTROL_BYTES) -> ProtocolError:
    """An answer past the bound."""
    return ProtocolError(f"the server's answer to {request} is larger than {size_bytes} bytes", key=request.key)


def checked(request: Request, response: Response) -> Response:
    """The answer itself when it is a success; raises the StorageError that it means otherwise."""
    if response.is_success:
        return response
    raise error_from(request, response)


def error_from(request: Request, response: Response) -> StorageError:
    """The StorageError of an answer that is not a success, its text bounded and on one line."""
    if response.status < 400:
        return ProtocolError(f"the server answered {request} with {response.status}", key=request.key)
    chosen = error_class(response.status, response.headers.get(wire.ERROR_CODE.lower()))
    message = _message(request, response)
    if issubclass(chosen, RateLimitError | UnavailableError):
        return chosen(message, key=request.key, retry_after_s=response.retry_after_s)
    if issubclass(chosen, RangeNotSatisfiableError):
        return chosen(message, key=request.key, size_bytes=_total(response))
    return chosen(message, key=request.key)


def one_line(text: str, limit: int = MESSAGE_LENGTH) -> str:
    """Text of a server on one bounded line, its unprintable characters as escapes."""
    flat = " ".join(text[: limit * 4].split())
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in flat)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _message(request: Request, response: Response) -> str:
    kind = response.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    text = "" if kind == "text/html" else one_line(response.body[:ERROR_BYTES].decode("utf-8", "replace"))
    if text:
        return text
    if response.status == 404 and request.key is not None:
        return f"there is no blob {request.key!r} in {request.storage_type or 'the store'}"
    return f"the server answered {request} with {response.status}"


def _total(response: Response) -> int | None:
    try:
        return wire.parse_upload_range(response.headers.get("content-range", "")).total
    except BadRequestError:
        return None
