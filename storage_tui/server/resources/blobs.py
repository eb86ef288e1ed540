"""Single blobs: reading, HEAD, storing a small one, deleting one or many."""

from typing import Any
from zlib import crc32

from storage_tui.contract.checksum import format_hash_header, parse_hash_header, to_text
from storage_tui.contract.errors import BadRequestError, InvalidKeyError, PreconditionFailedError, TooLargeError
from storage_tui.contract.keys import KeyRules
from storage_tui.contract.models import Blob, DeleteResult, Limits, format_time
from storage_tui.contract.moments import format_http_date
from storage_tui.contract.wire import (
    EXPIRES_AT,
    GOOG_HASH,
    REQUEST_GROUP,
    Span,
    format_content_range,
    format_etag,
    parse_range,
)
from storage_tui.server.http.naming import batch_of
from storage_tui.server.http.repeats import Repeats
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import (
    BINARY,
    Response,
    content_disposition,
    json_response,
    safe_content_type,
    text_response,
)
from storage_tui.server.http.streams import Streams
from storage_tui.server.http.targets import address_of, storage_type_of
from storage_tui.server.limits.budget import STREAM_BYTES, body_cost
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.resources.conditions import check_match, is_unchanged, precondition, range_applies
from storage_tui.server.resources.damage import Damage
from storage_tui.server.resources.redirects import redirect
from storage_tui.server.stores.base import READ_SIZE, Address, BlobReader, Store

PUBLISHED_CLIENT = "dl-python/"


class Blobs:
    """The handlers of single blobs."""

    def __init__(self, store: Store, limits: Limits, quotas: Quotas, streams: Streams) -> None:
        self._store = store
        self._quotas = quotas
        self._limits = limits
        self._deletes = Repeats()
        self._damage = Damage()
        self._streams = streams

    async def get(self, request: Request) -> Response:
        """Answer with the bytes: 200, 206 for a range, 304, 412 or 416."""
        address = address_of(request)
        reader = await self._open(request, address)
        blob = reader.blob
        _check_generation(request, blob)
        check_match(request.headers, blob)
        headers = blob_headers(blob)
        if is_unchanged(request.headers, blob):
            return Response(304, headers)
        size_bytes = blob.size_bytes or 0
        part = _asked_part(request, blob)
        span, status = (Span(0, size_bytes), 200) if part is None else (part, 206)
        if part is not None:
            headers["Content-Range"] = format_content_range(part, size_bytes)
        await self._damage.check(address, reader, span)
        elsewhere = redirect(request, reader, headers)
        if elsewhere is not None:
            return elsewhere
        # The published client streams a chunked answer and notices when it is cut. With a length the client does
        # neither.
        if status == 200 and (request.headers.one("user-agent") or "").startswith(PUBLISHED_CLIENT):
            return await self._stream(request, reader, span, Response(status, headers))
        headers["Content-Length"] = str(span.size_bytes)
        if span.size_bytes <= READ_SIZE:  # one piece needs no stream; a damaged piece can still be refused
            if not self._store.opens_with_bytes:
                await request.hold(request.budget.small, body_cost(span.size_bytes))
            return Response(status, headers, b"".join([chunk async for chunk in reader.chunks(span)]))
        return await self._stream(request, reader, span, Response(status, headers))

    async def _open(self, request: Request, address: Address) -> BlobReader:
        """Open the blob until the answer is sent. Some engines send the first bytes along, which take memory. When the
        memory for large blobs is short, a small blob or a short range is read in the memory for small ones."""
        if self._store.opens_with_bytes and not request.try_hold(request.budget.transfers, STREAM_BYTES):
            blob = await self._store.stat(address)
            wanted = _asked_part(request, blob) or Span(0, blob.size_bytes or 0)
            is_small = wanted.size_bytes <= READ_SIZE
            await request.hold(request.budget.small if is_small else request.budget.transfers, STREAM_BYTES)
        return await request.stack.enter_async_context(self._store.open(address))

    async def _stream(self, request: Request, reader: BlobReader, span: Span, response: Response) -> Response:
        await self._streams.admit(request, 0 if self._store.opens_with_bytes else STREAM_BYTES)
        chunks = self._damage.chunks(address_of(request), reader, span, step_bytes=self._streams.step_bytes)
        response.stream = await self._streams.begin(chunks)
        return response

    async def head(self, request: Request) -> Response:
        """Answer 200 with the headers of a whole read, or 404. Conditions and ranges are ignored: any other status
        below 400 would mean "it exists" to the published client."""
        blob = await self._store.stat(address_of(request))
        return Response(200, {**blob_headers(blob), "Content-Length": str(blob.size_bytes or 0)})

    async def set(self, request: Request) -> Response:
        """Store a small value in one request."""
        address = address_of(request)
        if request.body.size_bytes is None:
            raise BadRequestError("set needs Content-Length; send longer values to an upload URL", key=address.key)
        is_small = request.body.size_bytes <= READ_SIZE
        part = request.budget.small if is_small else request.budget.transfers
        content = await request.read(part, self._limits.set_bytes, "a value for set")
        md5 = request.body.hashes.get("md5")
        async with self._quotas.reserve(address, len(content)) as room:
            blob = await self._store.put(
                address,
                content,
                content_type=safe_content_type(request.headers.one("content-type")),
                crc32c=parse_hash_header(request.headers.joined(GOOG_HASH) or ""),
                md5=None if md5 is None else to_text(md5),
                precondition=precondition(request.headers),
            )
            room.note(blob)
        return json_response(blob.to_json(), headers={"ETag": format_etag(blob.etag or "")})

    async def delete(self, request: Request) -> Response:
        """Delete one blob. A repeat of the same call (the same X-Request-Group) succeeds when the first call did."""
        address = address_of(request)
        condition = precondition(request.headers)
        group = request.headers.one(REQUEST_GROUP)
        if group:
            await self._deletes.once(
                (address, group[:128]), lambda: self._store.delete(address, precondition=condition)
            )
        else:
            await self._store.delete(address, precondition=condition)
        return text_response("")

    async def delete_many(self, request: Request) -> Response:
        """Delete many blobs, each with an optional ETag that the blob must still have; answer with the result of each,
        in order."""
        storage_type = storage_type_of(request)
        raw = await batch_of(request)
        targets = raw.get("targets")
        if not isinstance(targets, list):
            raise BadRequestError('a batch is {"targets": [{"key": …, "etag": …}, …]}')
        if len(targets) > self._limits.delete_batch:
            raise TooLargeError(f"a batch has at most {self._limits.delete_batch} targets, not {len(targets)}")
        parsed = [_parse_target(target, request.rules) for target in targets]
        wanted = [(key, etag) for key, etag, refusal in parsed if refusal is None]
        done = iter(await self._store.delete_many(request.namespace, storage_type, wanted))
        results = [next(done) if refusal is None else refusal for _, _, refusal in parsed]
        return json_response({"results": [result.to_json() for result in results]})


def blob_headers(blob: Blob) -> dict[str, str]:
    """Return the headers of a blob for GET and HEAD, without Content-Length, which the caller adds."""
    headers = {
        "Content-Type": safe_content_type(blob.content_type) or BINARY,
        "Content-Disposition": content_disposition(blob),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "x-goog-stored-content-length": str(blob.size_bytes or 0),
        "x-goog-stored-content-encoding": "identity",
        "x-goog-generation": generation_of(blob),
    }
    if blob.etag:
        headers["ETag"] = format_etag(blob.etag)
    if blob.modified:
        headers["Last-Modified"] = format_http_date(blob.modified)
    if blob.crc32c:
        headers[GOOG_HASH] = format_hash_header(blob.crc32c, blob.md5)
    if blob.expires:
        headers[EXPIRES_AT] = format_time(blob.expires) or ""
    return headers


def generation_of(blob: Blob) -> str:
    """Return the number by which Google's libraries tell one blob of a key from the next: its time in microseconds.

    The last three digits are of its ETag, as engines keep milliseconds or less: a move can bring another blob of the
    same moment to the key.
    """
    if blob.modified is None:
        return "1"
    return str(int(blob.modified.timestamp() * 1000) * 1000 + crc32((blob.etag or "").encode()) % 1000)


def _asked_part(request: Request, blob: Blob) -> Span | None:
    """Return the part of the blob that is asked for; None for all of it. Raise RangeNotSatisfiableError."""
    asked = request.headers.one("range")
    if asked is None or not range_applies(request.headers, blob):
        return None
    return parse_range(asked, blob.size_bytes or 0)


def _check_generation(request: Request, blob: Blob) -> None:
    """Raise PreconditionFailedError unless `generation` in the query is that of the blob. Google's libraries add this
    parameter when they resume a download."""
    asked = request.query.get("generation")
    if asked is not None and asked != generation_of(blob):
        raise PreconditionFailedError("the blob has changed; start the download over", key=blob.key)


def _parse_target(raw: Any, rules: KeyRules) -> tuple[str, str | None, DeleteResult | None]:
    if not isinstance(raw, dict) or not isinstance(raw.get("key"), str):
        raise BadRequestError('each target is {"key": …, "etag": …}, the etag optional')
    key, etag = raw["key"], raw.get("etag")
    if etag is not None and not isinstance(etag, str):
        raise BadRequestError("an etag is a text or null")
    try:
        rules.check_key(key)
    except InvalidKeyError as exc:
        shown = key.encode("utf-8", "replace").decode("utf-8")
        return shown, etag, DeleteResult(key=shown, error=exc.code, message=exc.message)
    return key, etag.strip('"') if etag else None, None
