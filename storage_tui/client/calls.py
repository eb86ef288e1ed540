"""Every call of the Storage API, written once and without I/O.

A call is a generator: it yields a Request, receives the Response, and returns a model. `http/session.py` runs calls
blocking, `http/async_session.py` on an event loop. Where a plain published server lacks an addition of ours, the call
holds the other way too.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from storage_tui.client.requests import Request, Response, checked
from storage_tui.contract import checksum, wire
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConnectError,
    InvalidKeyError,
    PreconditionFailedError,
    ProtocolError,
    StorageError,
)
from storage_tui.contract.keys import EXACT_NAMES, check_name, key_refusal, key_to_path, prefix_refusal
from storage_tui.contract.models import Blob, DeleteResult, Page, ServiceInfo, parse_time
from storage_tui.contract.moments import parse_http_date
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.wire import Span

T = TypeVar("T")
Call = Generator[Request, Response, T]

UPLOAD_TYPE = "application/octet-stream"
DELETE_BYTES = 3 * 1024 * 1024  # of the keys in one request; the server takes 4 MiB, with the ETags


@dataclass(slots=True)
class Service:
    """The description of the server, once the server was asked."""

    description: ServiceInfo | None = None

    def forget(self) -> None:
        """Ask the server again when the description is wanted next."""
        self.description = None


def check_names(service: Service, refusal: InvalidKeyError | None) -> Call[None]:
    """Raise the refusal of a name, if any, unless the server has exact names. A server that cannot be reached has
    none."""
    if refusal is None:
        return
    try:
        info = yield from describe(service)
    except ConnectError:
        info = ServiceInfo()
    if EXACT_NAMES not in info.features:
        # a new error: one that its own frames hold would keep the connections of these frames open
        raise InvalidKeyError(refusal.message, key=refusal.key)


@dataclass(frozen=True, slots=True)
class RangeRead:
    """Bytes of a blob, their span in the blob, and the blob as described by the same answer (with its size)."""

    data: bytes = field(repr=False)
    span: Span
    blob: Blob


def describe(service: Service) -> Call[ServiceInfo]:
    """Return the description of the server; a plain published server has no features and the usual limits."""
    if service.description is None:
        request = Request("GET")
        response = yield request
        if response.status == 401 or response.status in (408, 429) or response.status >= 500:
            checked(request, response)
        service.description = _description(response)
    return service.description


def _description(response: Response) -> ServiceInfo:
    if response.status != 200:
        return ServiceInfo()
    try:
        return ServiceInfo.from_json(wire.parse_answer(response.body))
    except ProtocolError:
        return ServiceInfo()


def get(key: str, storage_type: str) -> Call[bytes]:
    """Return the whole value; raise ChecksumError when it differs from the checksum that the server sent, if any."""
    request = _blob_request("GET", wire.GET, key, storage_type, max_bytes=None, is_bulk=True)
    response = checked(request, (yield request))
    told = _crc32c(response.headers)
    if response.status == 200 and told is not None and checksum.encode(checksum.extend(0, response.body)) != told:
        raise ChecksumError(f"{key!r} arrived damaged: its crc32c is not the {told} that is stored; try again", key=key)
    return response.body


def put(
    service: Service, key: str, value: bytes | memoryview, storage_type: str, content_type: str | None
) -> Call[Blob | None]:
    """Store a small value: in one request where the server can, else over an upload URL.

    Return the stored blob; None when the server does not describe it.
    """
    digest = checksum.format_hash_header(checksum.encode(checksum.extend(0, value)))
    headers = {"Content-Type": content_type or UPLOAD_TYPE, wire.GOOG_HASH: digest}
    info = yield from describe(service)
    if "set" in info.features and len(value) <= info.limits.set_bytes:
        request = _blob_request("PUT", wire.SET, key, storage_type, headers=headers, body=value, is_bulk=True)
    else:
        url = yield from new_upload(key, storage_type, size_bytes=len(value), content_type=content_type)
        request = Request("PUT", url=url, headers=headers, body=value, key=key, is_bulk=True)
    return stored_blob(checked(request, (yield request)).body, storage_type)


def stored_blob(answer: bytes, storage_type: str) -> Blob | None:
    """Return the blob that an upload's answer describes, in our form or Google Cloud Storage's; None for others."""
    try:
        raw = wire.parse_answer(answer)
    except ProtocolError:
        return None
    if not isinstance(raw, dict):
        return None
    size, tag = raw.get("size"), raw.get("etag")
    fields = {
        "key": raw.get("key", raw.get("name")),
        "size": _number(size) if isinstance(size, str) else size,
        "etag": tag.strip('"') if isinstance(tag, str) else None,
    }
    fields |= {name: raw.get(name) for name in ("modified", "crc32c", "content_type", "expires")}
    fields["md5"] = raw.get("md5", raw.get("md5Hash"))
    try:
        return Blob.from_json(fields, _type(storage_type))
    except ProtocolError:
        return None


def encoded(text: str) -> bytes:
    """Return a value as UTF-8; raise BadRequestError for half of a surrogate pair, as in a file name not in UTF-8."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise BadRequestError("the text holds half of a surrogate pair and is not UTF-8; give bytes") from exc


def exists(key: str, storage_type: str) -> Call[bool]:
    """Return whether there is such a blob."""
    request = _blob_request("HEAD", wire.GET, key, storage_type)
    response = yield request
    if response.status == 404:
        return False
    checked(request, response)
    return True


def stat(key: str, storage_type: str) -> Call[Blob]:
    """Return the description of one blob: every server sends the size, ours all fields."""
    request = _blob_request("HEAD", wire.GET, key, storage_type)
    response = checked(request, (yield request))
    return blob_from_headers(key, storage_type, response.headers, _number(response.headers.get("content-length")))


def keys_page(prefix: str | None, storage_type: str, token: str | None = None) -> Call[tuple[list[str], str | None]]:
    """Return one page of keys, as the published client lists them, and the token of the next page."""
    query = () if prefix is None else (("prefix", prefix),)
    headers = {} if token is None else {wire.NEXT: token}
    path, refusal = f"/{_type(storage_type)}/{wire.LIST}", prefix_refusal("" if prefix is None else prefix)
    request = Request("GET", path, query=query, headers=headers, may_be_gzip=True, refusal=refusal)
    response = checked(request, (yield request))
    keys = wire.parse_answer(response.body)
    if not isinstance(keys, list) or not all(isinstance(key, str) and _is_text(key) for key in keys):
        raise ProtocolError(f"the server sent a list of {storage_type} that is not an array of keys")
    return keys, _going_on(token, response.headers.get(wire.NEXT.lower()), storage_type)


def detailed_page(prefix: str, storage_type: str, delimiter: str, token: str | None, limit: int) -> Call[Page]:
    """Return one page of blobs and child prefixes from a server with the features `details` and `delimiter`."""
    raw, next_token = yield from _listed(prefix, storage_type, delimiter, token, limit, "true")
    return Page.from_json(raw, _type(storage_type), _going_on(token, next_token, storage_type))


def column_pages(
    prefix: str, storage_type: str, delimiter: str, token: str | None, limit: int
) -> Call[list[ColumnPage]]:
    """Return the next pages in columns, at least one, from a server with the features `columns` and `delimiter`."""
    raw, _ = yield from _listed(prefix, storage_type, delimiter, token, limit, "columns")
    if not isinstance(raw, dict) or not isinstance(pages := raw.get("pages"), list) or not pages:
        raise ProtocolError("the server sent a list in columns that cannot be read")
    found = [ColumnPage.from_json(page) for page in pages]
    _going_on(token, found[-1].next_token, storage_type)
    return found


def _listed(
    prefix: str, storage_type: str, delimiter: str, token: str | None, limit: int, details: str
) -> Call[tuple[Any, str | None]]:
    refusal = prefix_refusal(prefix)
    query = [("prefix", prefix), ("limit", str(limit)), ("details", details)]
    if delimiter:
        query.append(("delimiter", delimiter))
    headers = {} if token is None else {wire.NEXT: token}
    path = f"/{_type(storage_type)}/{wire.LIST}"
    request = Request("GET", path, query=tuple(query), headers=headers, may_be_gzip=True, refusal=refusal)
    response = checked(request, (yield request))
    return wire.parse_answer(response.body), response.headers.get(wire.NEXT.lower())


def _going_on(token: str | None, next_token: str | None, storage_type: str) -> str | None:
    if next_token and next_token == token:
        raise ProtocolError(f"the server sends the same page of {storage_type} again and again")
    return next_token or None


def delete(key: str, storage_type: str, etag: str | None = None) -> Call[None]:
    """Delete one blob; with an ETag, only if the blob still has this ETag."""
    headers = {} if etag is None else {"If-Match": wire.format_etag(etag)}
    path, refusal = f"/{_type(storage_type)}/{key_to_path(key)}", key_refusal(key)
    request = Request("DELETE", path, headers=headers, key=key, storage_type=storage_type, refusal=refusal)
    checked(request, (yield request))


def delete_batch(
    service: Service, targets: list[tuple[str, str | None]], storage_type: str
) -> Call[list[DeleteResult]]:
    """Delete many blobs; return one result for each target, in order. A target is a key with its ETag or None."""
    yield from check_names(service, first_refusal(key for key, _ in targets))
    info = yield from describe(service)
    results: list[DeleteResult] = []
    if "delete-batch" not in info.features:
        for key, etag in targets:
            results.append((yield from _delete_one(key, etag, storage_type)))
        return results
    batch = max(1, info.limits.delete_batch)
    for part in _parts(targets, batch):
        body = json.dumps({"targets": [{"key": key, "etag": etag} for key, etag in part]}, ensure_ascii=False)
        request = json_post(wire.DELETE, storage_type, body, keys=[key for key, _ in part])
        answer = wire.parse_answer(checked(request, (yield request)).body)
        rows = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != len(part):
            raise ProtocolError("the server did not report for each key whether it was deleted; list them again")
        results += [DeleteResult.from_json(row) for row in rows]
    return results


def _parts(targets: list[tuple[str, str | None]], most: int) -> Iterator[list[tuple[str, str | None]]]:
    """Yield the targets in order, in parts that are bounded in number and in bytes."""
    part: list[tuple[str, str | None]] = []
    size_bytes = 0
    for target in targets:
        more = json_bytes(target[0])
        if part and (len(part) >= most or size_bytes + more > DELETE_BYTES):
            yield part
            part, size_bytes = [], 0
        part.append(target)
        size_bytes += more
    if part:
        yield part


def json_bytes(key: str) -> int:
    """Return the bytes of a key in the body of a request: a control character takes six."""
    return len(key) if key.isascii() and key.isprintable() else len(json.dumps(key, ensure_ascii=False).encode())


def _delete_one(key: str, etag: str | None, storage_type: str) -> Call[DeleteResult]:
    try:
        if etag is not None:  # a plain server ignores If-Match, so look first
            seen = (yield from stat(key, storage_type)).etag
            if seen is not None and seen != etag:
                raise PreconditionFailedError(f"{key!r} was overwritten since it was listed", key=key)
        yield from delete(key, storage_type, etag)
    except StorageError as exc:
        if exc.retryable or exc.status == 401:
            raise
        return DeleteResult(key, exc.code, exc.message)
    return DeleteResult(key)


def signed_url(key: str, storage_type: str, expires_in: timedelta | None) -> Call[str]:
    """Return a temporary URL that downloads the blob without a token."""
    if not isinstance(expires_in, timedelta | None):
        raise BadRequestError(f"expires_in is a timedelta, such as timedelta(hours=1), not {expires_in!a:.40}", key=key)
    query = () if expires_in is None else (("expires_in", str(int(expires_in.total_seconds()))),)
    request = _blob_request("GET", wire.GET_SIGNED_URL, key, storage_type, query=query)
    return _url(checked(request, (yield request)))


def new_upload(
    key: str,
    storage_type: str,
    *,
    size_bytes: int | None = None,
    content_type: str | None = None,
    query: Mapping[str, Any] | None = None,
    repeat_key: str | None = None,
    replaces: bool = True,
    etag: str | None = None,
) -> Call[str]:
    """Begin an upload session and return its URL, which is the permission to upload this blob.

    With the `repeat_key` of an earlier session, a server with the feature `upload-resume` returns the URL of this
    session. Without `replaces` the server refuses to overwrite, and with an `etag` it overwrites only the blob with
    this ETag: PreconditionFailedError, now or at the end. A plain published server ignores both.
    """
    headers = {wire.UPLOAD_CONTENT_TYPE: content_type or UPLOAD_TYPE}
    if size_bytes is not None:
        headers[wire.UPLOAD_CONTENT_LENGTH] = str(size_bytes)
    if repeat_key is not None:
        headers[wire.IDEMPOTENCY_KEY] = repeat_key
    if not replaces:
        headers["If-None-Match"] = "*"
    elif etag is not None:
        headers["If-Match"] = wire.format_etag(etag)
    pairs = tuple((name, str(value)) for name, value in (query or {}).items())
    request = _blob_request("GET", wire.NEW_RESUMABLE_URL, key, storage_type, query=pairs, headers=headers)
    return _url(checked(request, (yield request)))


def cancel_upload(
    service: Service, key: str, storage_type: str, *, size_bytes: int, repeat_key: str | None
) -> Call[None]:
    """Have the server drop the bytes of an upload that an earlier process began."""
    info = yield from describe(service)
    if repeat_key is None or "upload-resume" not in info.features:
        return
    url = yield from new_upload(key, storage_type, size_bytes=size_bytes, repeat_key=repeat_key)
    request = Request("DELETE", url=url, key=key, storage_type=storage_type)
    response = yield request
    if response.status != CancelledError.status:  # with this status Google Cloud Storage confirms a cancel
        checked(request, response)


def read_range(key: str, storage_type: str, start: int, stop: int | None, etag: str | None) -> Call[RangeRead]:
    """Return the bytes from `start` to `stop`, `stop` excluded; a negative `start` means the last bytes of the blob."""
    if (stop is not None and stop <= start) or (start < 0 and stop is not None):
        raise BadRequestError(f"bytes {start} to {stop} of {key!r} are not a range; start must be below stop", key=key)
    if start < 0:
        asked = f"bytes={start}"
    else:
        asked = f"bytes={start}-" if stop is None else wire.format_range(Span(start, stop))
    headers = {"Range": asked}
    if etag is not None:
        headers["If-Match"] = wire.format_etag(etag)
    window = (start, stop)
    request = _blob_request("GET", wire.GET, key, storage_type, headers=headers, max_bytes=None, window=window)
    response = yield request
    if response.status == 416 and response.headers.get("content-range", "").strip() == "bytes */0" and start <= 0:
        return RangeRead(b"", Span(0, 0), blob_from_headers(key, storage_type, response.headers, 0))
    checked(request, response)
    span, total = _span_of(response, start, stop, key)
    blob = blob_from_headers(key, storage_type, response.headers, total)
    if etag is not None and blob.etag is not None and blob.etag != etag:
        raise PreconditionFailedError(f"{key!r} has changed; list it again", key=key)
    return RangeRead(response.body, span, blob)


def _span_of(response: Response, start: int, stop: int | None, key: str) -> tuple[Span, int | None]:
    if response.status == 206:
        try:
            span, total = wire.parse_content_range(response.headers.get("content-range", ""))
        except BadRequestError as exc:
            raise ProtocolError(f"the server sent a part of {key!r} without a valid Content-Range", key=key) from exc
        if span.size_bytes != len(response.body) or (start >= 0 and span.start != start):
            raise ProtocolError(f"the server sent a different part of {key!r} than requested", key=key)
        return span, total
    length = _number(response.headers.get("content-length"))
    first = max(0, (length or 0) + start) if start < 0 else start
    span = Span(first, first + len(response.body))
    return span, span.stop if length is None and (stop is None or span.stop < stop) else length


def blob_from_headers(key: str, storage_type: str, headers: Mapping[str, str], size_bytes: int | None) -> Blob:
    """Return the blob that the headers of an answer to GET or HEAD describe."""
    tags = wire.parse_etags(headers.get("etag", ""))
    try:
        expires = parse_time(headers.get(wire.EXPIRES_AT.lower()))
    except ValueError:
        expires = None
    return Blob(
        key=key,
        storage_type=_type(storage_type),
        size_bytes=size_bytes,
        modified=parse_http_date(headers.get("last-modified", "")),
        etag=tags[0] if tags else None,
        crc32c=_crc32c(headers),
        content_type=headers.get("content-type"),
        expires=expires,
        md5=checksum.find_md5(headers.get(wire.GOOG_HASH, "")),
    )


def checked_targets(targets: Iterable[Blob | str | tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """Return the targets of `delete_many` as pairs of key and ETag.

    Raise BadRequestError for a single key: iteration would take each of its characters for a key.
    """
    if isinstance(targets, str | bytes | Blob):
        raise BadRequestError("delete_many takes several keys; give a list, or delete one with `delete`")
    return [_checked_target(target) for target in targets]


def _checked_target(target: Blob | str | tuple[str, str | None]) -> tuple[str, str | None]:
    if isinstance(target, Blob):
        pair: tuple[str, str | None] = target.key, target.etag
    elif isinstance(target, tuple) and len(target) == 2:
        pair = target
    else:
        pair = target, None
    return check_name(pair[0]), pair[1]


def _blob_request(method: str, verb: str, key: str, storage_type: str, **fields: Any) -> Request:
    name = _type(storage_type)
    path, refusal = f"/{name}/{verb}/{key_to_path(key)}", key_refusal(key)
    return Request(method, path, key=key, storage_type=name, refusal=refusal, **fields)


def json_post(verb: str, storage_type: str, body: str, key: str | None = None, *, keys: Iterable[str] = ()) -> Request:
    """Return a request that changes many blobs, or two, and so is never repeated by itself. `keys` are all keys that
    the body names."""
    refusal = first_refusal(keys)
    headers = {"Content-Type": "application/json"}
    path = f"/{_type(storage_type)}/{verb}"
    return Request("POST", path, headers=headers, body=body.encode(), key=key, is_idempotent=False, refusal=refusal)


def first_refusal(keys: Iterable[str]) -> InvalidKeyError | None:
    """Return why only a server with exact names has the first such key; None when every server has all keys."""
    return next((refusal for refusal in map(key_refusal, keys) if refusal is not None), None)


def _type(name: str) -> str:
    return find_storage_type(name).name


def _is_text(key: str) -> bool:
    """Return whether the key has no half of a surrogate pair, which JSON can hold."""
    return key.isascii() or not any(0xD800 <= ord(character) <= 0xDFFF for character in key)


def _url(response: Response) -> str:
    text = response.body.decode("utf-8", "replace").strip()
    if not text.isascii() or not text.startswith(("https://", "http://")) or not text.isprintable() or " " in text:
        raise ProtocolError("the server did not answer with a URL; is this the address of a Storage API?")
    return text


def _crc32c(headers: Mapping[str, str]) -> str | None:
    try:
        return wire_hash(headers)
    except BadRequestError:
        return None


def wire_hash(headers: Mapping[str, str]) -> str | None:
    """Return the crc32c of the whole blob in the wire's form; None without one. Raise BadRequestError if malformed."""
    return checksum.parse_hash_header(headers.get(wire.GOOG_HASH, ""))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 20 else None
