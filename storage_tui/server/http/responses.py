"""Answers: plain data that app.py sends, and the forms of errors."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from storage_tui.contract.errors import (
    BadRequestError,
    RangeNotSatisfiableError,
    RateLimitError,
    StorageError,
    UnauthorizedError,
    UnavailableError,
)
from storage_tui.contract.models import Blob
from storage_tui.contract.visible import one_line
from storage_tui.contract.wire import ERROR_CODE

BINARY = "application/octet-stream"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: to make one costs as much as a row
PROBLEM = "application/problem+json"
JSON_API = "application/vnd.api+json"

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._~-]+")  # needs no escapes (RFC 3986 2.3)

# The media types that a browser may see. Anything that a browser could run (HTML, SVG, scripts) is served as bytes.
SAFE_TYPES = frozenset(
    (
        "application/geo+json",
        "application/geopackage+sqlite3",
        "application/gzip",
        "application/json",
        "application/msgpack",
        "application/pdf",
        "application/vnd.apache.arrow.file",
        "application/vnd.apache.parquet",
        "application/x-hdf5",
        "application/x-ndjson",
        "application/x-netcdf",
        "application/x-npy",
        "application/x-tar",
        "application/zip",
        "application/zstd",
        "audio/flac",
        "audio/mpeg",
        "image/gif",
        "image/jp2",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "text/csv",
        "text/markdown",
        "text/plain",
        "text/tab-separated-values",
        "video/mp4",
    )
)


@dataclass(slots=True)
class Response:
    """One answer: either `content`, or a `stream` whose size is in `headers` or which is sent chunked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    stream: AsyncIterator[bytes] | None = None


def text_response(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of plain text. It ends without a newline: the published client takes the whole body as a URL."""
    return Response(
        status,
        {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", **(headers or {})},
        text.encode("utf-8"),
    )


def json_response(raw: Any, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with a JSON document."""
    content = _ENCODER.encode(raw).encode("utf-8")
    return Response(200, {"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})}, content)


def error_response(error: StorageError, *, accept: str = "", may_retry_after: bool = True) -> Response:
    """Return the error as one line of text. A client that accepts it gets a problem document (RFC 9457) or JSON:API.

    `accept` is the Accept header of the request. `may_retry_after` is False for uploads: after a Retry-After the
    published client would send its generator again, which is used up, and store nothing.
    """
    headers = {ERROR_CODE: error.code, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RangeNotSatisfiableError) and error.size_bytes is not None:
        headers["Content-Range"] = f"bytes */{error.size_bytes}"
    if isinstance(error, RateLimitError | UnavailableError) and error.retry_after_s is not None and may_retry_after:
        headers["Retry-After"] = str(int(error.retry_after_s))
    line = one_line(error.message)
    if JSON_API in accept.lower():
        row = {"status": str(error.status), "title": phrase(error.status), "detail": line, "code": error.code}
        headers["Content-Type"] = JSON_API
        return Response(error.status, headers, json.dumps({"errors": [row]}).encode("ascii"))
    if PROBLEM in accept.lower():
        problem = {"title": phrase(error.status), "status": error.status, "detail": line, "code": error.code}
        if error.key is not None:
            problem["key"] = error.key
        headers["Content-Type"] = PROBLEM
        return Response(error.status, headers, json.dumps(problem).encode("ascii"))
    headers["Content-Type"] = "text/plain; charset=utf-8"
    return Response(error.status, headers, line.encode("utf-8", "backslashreplace"))


def phrase(status: int) -> str:
    """Return the reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Client Closed Request"  # the answer of Google Cloud Storage to a cancelled upload


def safe_content_type(value: str | None) -> str | None:
    """Return the media type without parameters when it may be stored and served; None otherwise."""
    if value is None:
        return None
    name = value.partition(";")[0].strip().lower()
    return name if name in SAFE_TYPES else None


def checked_content_type(value: str) -> str:
    """Return the media type without parameters; raise BadRequestError for a type that is not served."""
    name = safe_content_type(value)
    if name is None and value.partition(";")[0].strip().lower() != BINARY:
        raise BadRequestError(
            f"no blob is served as {value[:80]!a}, which a web browser could run or does not know; take a type of "
            f"images, tables, JSON, plain text and the like, or {BINARY}"
        )
    return name or BINARY


def content_disposition(blob: Blob) -> str:
    """Return `attachment` with the last segment of the key as file name (RFC 6266, RFC 8187); without a name when that
    segment is empty or only dots of a path."""
    name = blob.key.rpartition("/")[2]
    if name in ("", ".", ".."):
        return "attachment"
    if _PLAIN_NAME.fullmatch(name):
        return f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    plain = "".join(character if _is_plain(character) else "_" for character in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_plain(character: str) -> bool:
    return character.isascii() and character.isprintable() and character not in '"\\%'
