"""The protocol on one screen: paths, header names, and the forms of ranges.

Sources: the published client 1.12.1 for the calls; RFC 9110 section 14 for Range and Content-Range; the Google Cloud
Storage documentation, "Performing resumable uploads", for the forms on an upload URL.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from storage_tui.contract.errors import BadRequestError, ProtocolError, RangeNotSatisfiableError

BASE_PATH = "/storage/v1"
UPLOAD_PATH = "/storage/v1/upload/"  # + session id: the URL is the capability, no token is needed
SIGNED_PATH = "/storage/v1/signed/"  # + type/key?…&sig=: the same for downloads

# Verbs behind `/{type}/`, for GET and HEAD; DELETE takes `/{type}/{key}` without a verb.
GET = "get"
LIST = "list"
USAGE = "usage"
NEW_RESUMABLE_URL = "new_resumable_url"
GET_SIGNED_URL = "get_signed_url"
# Additions: PUT /{type}/set/{key}, POST /{type}/set and /get (packs), POST /{type}/delete, POST /{type}/copy
# and /move (one blob, or many as "targets"), GET /{type}/usage, and details=true or columns on lists;
# GET /{type}/trash, POST /{type}/undelete and /purge.
SET = "set"
DELETE = "delete"
COPY = "copy"
MOVE = "move"
TRASH = "trash"
UNDELETE = "undelete"
PURGE = "purge"
FACTS = "facts"  # these three of a bucket that is shown as it is
THAW = "thaw"
LEFT_UPLOADS = "left_uploads"

NEXT = "X-NEXT"  # request and response: the page token, absent on the last page
REQUEST_GROUP = "X-Request-Group"  # the same on every retry of one call: idempotency
GOOG_HASH = "x-goog-hash"
CONTENT_MD5 = "Content-MD5"  # of the bytes of one request (RFC 1864)
EXPIRES_AT = "X-Expires-At"  # RFC 3339: when the blob will be gone
ERROR_CODE = "X-Error-Code"  # the StorageError code beside a text/plain error
UPLOAD_CONTENT_TYPE = "X-Upload-Content-Type"
UPLOAD_CONTENT_LENGTH = "X-Upload-Content-Length"
IDEMPOTENCY_KEY = "Idempotency-Key"  # on new_resumable_url: the same value returns the URL of the same session

LOGIN_URL = "iam_url"  # in a login: the base URL of the server that made it; the published client ignores it

UPLOAD_QUANTUM = 256 * 1024  # every chunk but the last is a multiple of this

# An addition, the feature `upload-parts`: PUT /upload/{id}/parts/{start}-{stop} takes the bytes from `start` to `stop`,
# `stop` excluded, beside other parts of the same session; GET /upload/{id} describes the session with its parts.
UPLOAD_PARTS = "parts"
PART_QUANTUM = 16 * 1024 * 1024  # a part begins and ends at a multiple of this, or ends with the blob
ENGINE_PARTS = 10_000  # that S3 takes of one object
LARGE_BLOB_BYTES = 60 * 1024 * 1024 * 1024  # the parts of a larger blob are four times as coarse
MOST_PARTS = 1000  # parts of one session that are not joined yet: one list of an S3 engine holds so many

_RANGE = re.compile(r"bytes=(?:([0-9]{1,19})-([0-9]{0,19})|-([0-9]{1,19}))")
_CONTENT_RANGE = re.compile(r"bytes (?:(\*)|([0-9]{1,19})-([0-9]{1,19}))/(\*|[0-9]{1,19})")
_NUMBER = re.compile(r"[0-9]{1,19}")
_PERSISTED = re.compile(r"bytes=0-([0-9]{1,19})")
_PART = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes of a blob from `start` to `stop`, `stop` excluded."""

    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        """Return the number of bytes in the span."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class UploadRange:
    """A Content-Range on an upload URL: `bytes a-z/TOTAL`, `bytes a-z/*`, `bytes */TOTAL` or `bytes */*`.

    `span` is None in the two forms that ask for the status; `total` is None where the total size is not yet known.
    """

    span: Span | None
    total: int | None


def percent_decode(raw: bytes, what: str, refusal: type[BadRequestError] = BadRequestError) -> str:
    """Return the text of percent-encoded bytes, decoded exactly once and strictly.

    Raise `refusal` for a malformed escape or bytes that are not UTF-8; the message calls the bytes `what`.
    """
    position = raw.find(b"%")
    while position != -1:
        digits = raw[position + 1 : position + 3]
        if len(digits) != 2 or any(digit not in b"0123456789abcdefABCDEF" for digit in digits):
            raise refusal(f"{what} has a percent sign that is not an escape; write it as %25")
        position = raw.find(b"%", position + 3)
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise refusal(f"{what} is not UTF-8") from exc


def parse_answer(body: bytes) -> Any:
    """Return the JSON value of a server's answer; raise ProtocolError for anything else, or for too deep a nesting."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ProtocolError("the server's answer is not JSON; is this the address of a Storage API?") from exc


def parse_number(text: str, what: str) -> int:
    """Return a non-negative decimal number of at most 19 ASCII digits.

    Raise BadRequestError for any other text; the message calls the number `what`.
    """
    if not _NUMBER.fullmatch(text):
        raise BadRequestError(f"{what} must be a decimal number, not {text[:40]!a}")
    return int(text)


def parse_range(header: str, size_bytes: int) -> Span | None:
    """Return the span that a Range header requests of a blob of `size_bytes`; its end is clipped to the blob's end.

    Return None for a header to ignore (another unit, several ranges, a malformed text): the whole blob is then sent, as
    RFC 9110 14.2 allows. Raise RangeNotSatisfiableError for a range that begins at or past the end of the blob.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        span = Span(max(size_bytes - int(suffix), 0), size_bytes)
    else:
        start = int(first)
        if last and int(last) < start:
            return None
        span = Span(start, min(int(last) + 1, size_bytes) if last else size_bytes)
    if span.start >= size_bytes or span.size_bytes <= 0:
        raise RangeNotSatisfiableError(
            f"the range {header[:60]!a} begins past the end of a blob of {size_bytes} bytes", size_bytes=size_bytes
        )
    return span


def format_range(span: Span) -> str:
    """Return the Range header for a span of at least one byte."""
    return f"bytes={span.start}-{span.stop - 1}"


def format_content_range(span: Span, size_bytes: int) -> str:
    """Return the Content-Range header of a 206 answer."""
    return f"bytes {span.start}-{span.stop - 1}/{size_bytes}"


def parse_content_range(header: str) -> tuple[Span, int]:
    """Return the span and total size in the Content-Range of a 206 answer; raise BadRequestError for other forms."""
    parsed = parse_upload_range(header)
    if parsed.span is None or parsed.total is None:
        raise BadRequestError(f"Content-Range must be 'bytes a-z/size', not {header[:60]!a}")
    return parsed.span, parsed.total


def parse_upload_range(header: str) -> UploadRange:
    """Return the Content-Range of a PUT to an upload URL; raise BadRequestError for anything but the four forms."""
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise BadRequestError(
            "Content-Range must be 'bytes a-z/total', 'bytes a-z/*', 'bytes */total' or 'bytes */*', "
            f"not {header[:60]!a}"
        )
    star, first, last, total_text = match.groups()
    total = None if total_text == "*" else int(total_text)
    if star:
        return UploadRange(None, total)
    span = Span(int(first), int(last) + 1)
    if span.size_bytes <= 0:
        raise BadRequestError(f"Content-Range ends before it begins: {header[:60]!a}")
    if total is not None and span.stop > total:
        raise BadRequestError(f"Content-Range ends past its total: {header[:60]!a}")
    return UploadRange(span, total)


def format_upload_range(span: Span | None, total: int | None) -> str:
    """Return the Content-Range header of a PUT to an upload URL; a span of None asks for the status."""
    left = "*" if span is None else f"{span.start}-{span.stop - 1}"
    return f"bytes {left}/{'*' if total is None else total}"


def format_persisted(offset: int) -> str | None:
    """Return the Range header of a 308 answer: `bytes=0-N`, where N is the last byte kept.

    Return None (no header) when no byte is kept.
    """
    return f"bytes=0-{offset - 1}" if offset else None


def parse_persisted(header: str | None) -> int:
    """Return how many bytes the server keeps, from the Range header of a 308 answer; 0 without a header.

    Raise BadRequestError when the header is not `bytes=0-N`.
    """
    if header is None:
        return 0
    match = _PERSISTED.fullmatch(header.strip())
    if match is None:
        raise BadRequestError(f"the Range of a 308 answer must be 'bytes=0-N', not {header[:60]!a}")
    return int(match.group(1)) + 1


def part_quantum(size_bytes: int) -> int:
    """Return the bytes of which the ends of every part of an upload are multiples, for a blob of this size.

    The parts that S3 takes of one object are 10,000 at most, and so become larger towards the end of a large blob.
    """
    coarse = 4 * PART_QUANTUM
    return PART_QUANTUM if size_bytes <= LARGE_BLOB_BYTES else -(-size_bytes // (ENGINE_PARTS * coarse)) * coarse


def parse_part(text: str) -> Span:
    """Return the span in the path of a part, `START-STOP` with `STOP` excluded; raise BadRequestError for others."""
    match = _PART.fullmatch(text)
    if match is None or int(match[1]) >= int(match[2]):
        raise BadRequestError(f"a part of an upload is named START-STOP, two numbers, not {text[:60]!a}")
    return Span(int(match[1]), int(match[2]))


def format_part(span: Span) -> str:
    """Return the name of a part in the path: `START-STOP`, with `STOP` excluded."""
    return f"{span.start}-{span.stop}"


def format_etag(etag: str) -> str:
    """Return the strong entity tag in quotes (RFC 9110 8.8.3)."""
    return f'"{etag}"'


def parse_etags(header: str) -> tuple[str, ...]:
    """Return the tags of If-Match, If-None-Match or ETag without quotes; `*` stays `*`. Weak tags keep their `W/`."""
    return tuple(part.strip().strip('"') for part in header.split(",") if part.strip())
