"""Reading one blob of a bucket: its first bytes come with its description, the rest when it is asked for.

A blob that is overwritten or deleted while it is read ends the reading with an error: an S3 engine keeps nothing of it.
Whatever was read is of one blob, as each further request to the engine names its ETag. A blob whose bytes are not what
was stored raises before its last piece.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from storage_tui.contract import checksum
from storage_tui.contract.errors import DamagedError, PreconditionFailedError
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE
from storage_tui.server.stores.s3.blobs import Place
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Object
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError, unreachable
from storage_tui.server.stores.s3.protocol.threads import Threads

FIRST_BYTES = READ_SIZE  # read together with the description: all of most blobs, and cheap where it is not wanted
DIRECT_BYTES = 1024 * 1024  # a smaller one is here before the client has found its way to the engine
DIRECT_S = 300  # how long a URL of the engine can be begun with
ANSWERABLE = ("Content-Type", "Content-Disposition", "Cache-Control")  # headers that an S3 engine answers with if asked
FETCH_BYTES = 1024 * 1024  # one hop to a thread; two of them are in memory at most


class ObjectReader:
    """The `BlobReader` of a bucket."""

    def __init__(
        self, bucket: Bucket, threads: Threads, place: Place, found: Object, first: bytes, *, is_direct: bool = False
    ) -> None:
        self._bucket = bucket
        self._threads = threads
        self._place = place
        self._found = found
        self._first = first
        self._is_direct = is_direct
        self._blob = place.to_blob(found)

    @property
    def blob(self) -> Blob:
        return self._blob

    def direct_url(self, headers: Mapping[str, str]) -> str | None:
        """A URL at which the engine gives out a large blob itself, where this store was told to; good for DIRECT_S."""
        if not self._is_direct or self._found.size_bytes < DIRECT_BYTES:
            return None
        given = {name: value for name, value in headers.items() if name in ANSWERABLE}
        return self._bucket.presign(self._place.name, given, valid_s=DIRECT_S)

    async def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        size_bytes = self._found.size_bytes
        if not 0 <= span.start <= span.stop <= size_bytes:
            raise ValueError(f"{span} is not within the {size_bytes} bytes of {self._blob.key!r}")
        is_whole = span.size_bytes == size_bytes
        crc, left = 0, span.size_bytes
        async for content in self._pieces(span):
            for start in range(0, len(content), READ_SIZE):
                piece = content[start : start + READ_SIZE]
                left -= len(piece)
                if is_whole:
                    crc = checksum.extend(crc, piece)
                    if not left:
                        self._check(crc)
                yield piece
        if left:
            raise _damaged(self._blob, f"{left} bytes are missing")

    async def _pieces(self, span: Span) -> AsyncIterator[bytes]:
        head = self._first[span.start : span.stop]
        if head:
            yield head
        rest = Span(span.start + len(head), span.stop)
        if not rest.size_bytes:
            return
        answer = await self._threads.calls.run(self._open, rest)
        fetching = self._fetch(answer)
        try:
            while content := await fetching:
                fetching = self._fetch(answer)
                yield content
        finally:
            await asyncio.wait((fetching,))
            if not fetching.cancelled():
                fetching.exception()
            answer.close()  # with bytes left in it the connection is of no more use; else it has gone back already

    def _fetch(self, answer: BaseHTTPResponse) -> asyncio.Task[bytes]:
        return asyncio.create_task(self._threads.reads.run(_read, answer))

    def _open(self, span: Span) -> BaseHTTPResponse:
        try:
            return self._bucket.open(self._place.name, span, etag=self._found.etag)[1]
        except (ConditionError, MissingError) as exc:
            raise PreconditionFailedError(
                f"{self._blob.key!r} was overwritten or deleted while it was read; start over", key=self._blob.key
            ) from exc

    def _check(self, crc: int) -> None:
        if self._blob.crc32c is not None and checksum.encode(crc) != self._blob.crc32c:
            raise _damaged(self._blob, f"their crc32c is {checksum.encode(crc)}, not {self._blob.crc32c}")


def open_first(bucket: Bucket, place: Place) -> tuple[Object, bytes] | None:
    """The object at the place with its first bytes, in one request; None when there is none."""
    try:
        found, answer = bucket.open(place.name, Span(0, FIRST_BYTES))
    except MissingError as exc:
        if str(exc) != "InvalidRange":
            return None
        found_empty = bucket.head(place.name)  # an empty object has no first byte
        return None if found_empty is None else (found_empty, b"")
    try:
        first = answer.read(min(FIRST_BYTES, found.size_bytes))
    except (HTTPError, OSError) as exc:
        raise unreachable(exc) from exc
    finally:
        answer.close()
    if found.crc32c is None:  # some engines tell the checksum of an object in parts with HEAD only
        described = bucket.head(place.name)
        if described is not None and described.etag == found.etag:
            found = described
    return found, first


def _read(answer: BaseHTTPResponse) -> bytes:
    try:
        return answer.read(FETCH_BYTES)
    except (HTTPError, OSError) as exc:
        raise unreachable(exc) from exc


def _damaged(blob: Blob, why: str) -> DamagedError:
    return DamagedError(
        f"the {blob.size_bytes} bytes of {blob.key!r} in {blob.storage_type} are damaged in the storage engine: {why}; "
        "restore it from a backup",
        key=blob.key,
    )
