"""A request and its answer without any I/O, and the error for an error answer."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from storage_tui.contract import wire
from storage_tui.contract.errors import (
    BadRequestError,
    InvalidKeyError,
    ProtocolError,
    RangeNotSatisfiableError,
    RateLimitError,
    StorageError,
    UnavailableError,
    error_class,
)

CONTROL_BYTES = 16 * 1024 * 1024  # no list or description is larger; more bytes are not read
UNTOLD_BYTES = 1024 * 1024 * 1024  # most bytes read of a blob whose size the server does not send
ERROR_BYTES = 64 * 1024  # most bytes read of an error's text
MESSAGE_LENGTH = 500  # most characters shown of an error's text
RETRY_AFTER_LIMIT_S = 60  # a server that asks for a longer wait is reported instead


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request of a call.

    `path` is below the base URL of the service, or with `is_rooted` below the host. Or `url` is an absolute URL that
    the server named; such a URL carries its own permission, so that no token is sent. `window` (start, stop) keeps only
    these bytes of a 200 answer, for servers that ignore Range; a negative start counts from the end. With `may_be_gzip`
    the answer is requested in gzip when it comes over a network. `max_bytes` limits the answer; with None, the size of
    the blob limits it (see `most_bytes`). With `is_bulk` bytes of blobs go or come, which a limit of the rate holds
    back. `refusal` is set for a request with a name that only a server with exact names takes for a key: the drivers
    raise this error instead of sending the request to any other server.
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
    is_bulk: bool = False
    refusal: InvalidKeyError | None = None

    @property
    def is_change(self) -> bool:
        """Return whether the request changes blobs, or is the first of several that change one."""
        if self.method in ("GET", "HEAD"):
            return self.path.split("/")[2:3] == [wire.NEW_RESUMABLE_URL]
        return not (self.method == "POST" and self.path.endswith(f"/{wire.GET}"))

    def __str__(self) -> str:
        where = "an upload or signed URL" if self.url is not None else self.path or "/"
        return f"{self.method} {where}"


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request: header names in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """Return whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after_s(self) -> int | None:
        """Return the seconds of Retry-After; None without the header or in another form."""
        text = self.headers.get("retry-after", "").strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def most_bytes(request: Request, response: Response) -> int:
    """Return how many bytes of a successful answer's body are read at most.

    This is the limit of the request; without such a limit the length that the server announced, and for a part of a
    blob at most the requested length. Without an announced length the limit is UNTOLD_BYTES.
    """
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
    """Return the error for an answer of more than `size_bytes` bytes."""
    return ProtocolError(f"the server's answer to {request} is larger than {size_bytes} bytes", key=request.key)


_REFUSALS = {  # of HEAD, whose answer has no text
    401: "the server does not accept the token (401): it is for another server, has ended or was revoked",
    403: "the token does not allow {what} (403)",
}


def checked(request: Request, response: Response) -> Response:
    """Return the answer unchanged when it is a success; raise its StorageError otherwise."""
    if response.is_success:
        return response
    raise error_from(request, response)


def error_from(request: Request, response: Response) -> StorageError:
    """Return the StorageError for an answer that is not a success, with a bounded text on one line."""
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
    """Return a server's text as one line of at most `limit` characters, with escapes for unprintable characters."""
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
    refusal = _REFUSALS.get(response.status)
    what = "this" if request.key is None else f"{request.key!r} in {request.storage_type or 'the store'}"
    return f"the server answered {request} with {response.status}" if refusal is None else refusal.format(what=what)


def _total(response: Response) -> int | None:
    try:
        return wire.parse_upload_range(response.headers.get("content-range", "")).total
    except BadRequestError:
        return None
