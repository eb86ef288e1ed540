"""The reader of one blob of a bucket: its first bytes come with its description, the rest on demand.

When the blob is overwritten or deleted during the reading, the reading ends with an error: an S3 engine does not keep
the old bytes. All bytes that were read are of one blob, as each further request to the engine names its ETag. A read of
a damaged blob raises DamagedError before its last piece.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from urllib3.exceptions import HTTPError

from storage_tui.contract.errors import DamagedError, PreconditionFailedError
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Object
from storage_tui.server.stores.s3.protocol.connections import EngineAnswer
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError, unreachable
from storage_tui.server.stores.s3.protocol.stored_checks import Comparison, comparison
from storage_tui.server.stores.s3.protocol.threads import Threads

FIRST_BYTES = READ_SIZE  # read together with the description: all of most blobs, and cheap when not needed
AHEAD_BYTES = 4 * READ_SIZE  # of a large blob in one read: on a busy machine each change of threads costs milliseconds
WIDE_AT_MOST = 3  # readers with such reads: 6 MB of memory, whoever reads
DIRECT_BYTES = 1024 * 1024  # a smaller blob is here before the client has reached the engine
DIRECT_S = 300  # seconds within which a request to a URL of the engine must begin
ANSWERABLE = ("Content-Type", "Content-Disposition", "Cache-Control")  # headers that an S3 engine adds on request


class Readable(Protocol):
    """The place of an object that is read."""

    @property
    def name(self) -> str:
        """The name in the bucket."""

    def to_blob(self, found: Object) -> Blob:
        """Return the object at the place as a blob of the API."""


class ObjectReader:
    """The `BlobReader` of a bucket."""

    def __init__(
        self,
        bucket: Bucket,
        threads: Threads,
        place: Readable,
        found: Object,
        first: bytes,
        *,
        is_direct: bool = False,
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
        """Return a URL at which the engine itself serves the blob, valid for DIRECT_S seconds. Return None for a blob
        below DIRECT_BYTES, or when this store does not allow such URLs."""
        if not self._is_direct or self._found.size_bytes < DIRECT_BYTES:
            return None
        given = {name: value for name, value in headers.items() if name in ANSWERABLE}
        return self._bucket.presign(self._place.name, given, valid_s=DIRECT_S)

    async def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        size_bytes = self._found.size_bytes
        if not 0 <= span.start <= span.stop <= size_bytes:
            raise ValueError(f"{span} is not within the {size_bytes} bytes of {self._blob.key!r}")
        compared = await self._comparison() if span.size_bytes == size_bytes else None
        left = span.size_bytes
        async for piece in self._pieces(span, step_bytes):
            left -= len(piece)
            if compared is not None:
                compared.add(piece)
                if not left:
                    self._check(compared)
            yield piece
        if left:
            raise _damaged(self._blob, f"{left} bytes are missing")

    async def _pieces(self, span: Span, step_bytes: int) -> AsyncIterator[bytes]:
        """Read ahead of what is asked for: two reads are in memory at most. They are of AHEAD_BYTES for a few readers
        at once, unless these ask for small steps."""
        head = self._first[span.start : span.stop]
        if head:
            yield head
        rest = Span(span.start + len(head), span.stop)
        if not rest.size_bytes:
            return
        answer = await self._threads.calls.run(self._open, rest)
        is_wide = step_bytes >= READ_SIZE and self._threads.wide_reads < WIDE_AT_MOST
        read_bytes = AHEAD_BYTES if is_wide else step_bytes
        self._threads.wide_reads += is_wide
        fetching = self._fetch(answer, read_bytes)
        try:
            while content := await fetching:
                fetching = self._fetch(answer, read_bytes)
                for start in range(0, len(content), step_bytes):
                    yield content[start : start + step_bytes]
        finally:
            self._threads.wide_reads -= is_wide
            await asyncio.wait((fetching,))
            answer.close()  # a connection with unread bytes is useless; any other is in the pool again

    def _fetch(self, answer: EngineAnswer, size_bytes: int) -> asyncio.Task[bytes]:
        fetching = asyncio.create_task(self._threads.reads.run(_read, answer, size_bytes))
        fetching.add_done_callback(_look_away)
        return fetching

    def _open(self, span: Span) -> EngineAnswer:
        try:
            return self._bucket.open(self._place.name, span, etag=self._found.etag)[1]
        except (ConditionError, MissingError) as exc:
            raise PreconditionFailedError(
                f"{self._blob.key!r} was overwritten or deleted while it was read; start over", key=self._blob.key
            ) from exc

    async def _comparison(self) -> Comparison | None:
        """Return the comparison with the checksum that is stored of the whole blob; None where there is none."""
        if self._blob.crc32c is not None:
            return Comparison("crc32c", self._blob.crc32c)
        found = self._found
        if not found.checks and not self._bucket.is_ours and found.size_bytes > len(self._first):
            described = await self._threads.calls.run(self._bucket.head, self._place.name)  # not told of a part of it
            found = described if described is not None and described.etag == found.etag else found
        return comparison(found.checks, found.size_bytes)

    def _check(self, compared: Comparison) -> None:
        found = compared.found()
        if found != compared.told:
            raise _damaged(self._blob, f"their {compared.name} is {found}, not {compared.told}")


def open_first(bucket: Bucket, place: Readable) -> tuple[Object, bytes] | None:
    """Return the object at the place and its first bytes, by one request; None when there is no object."""
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
    if found.crc32c is None and bucket.is_ours:  # some engines give the checksum of an object in parts with HEAD only
        described = bucket.head(place.name)
        if described is not None and described.etag == found.etag:
            found = described
    return found, first


def _read(answer: EngineAnswer, size_bytes: int) -> bytes:
    try:
        return answer.read(size_bytes)
    except (HTTPError, OSError) as exc:
        raise unreachable(exc) from exc


def _look_away(fetching: asyncio.Task[bytes]) -> None:
    """Take note of the error of a read that nobody waits for any more, so that it is not logged."""
    if not fetching.cancelled():
        fetching.exception()


def _damaged(blob: Blob, why: str) -> DamagedError:
    return DamagedError(
        f"the {blob.size_bytes} bytes of {blob.key!r} in {blob.storage_type} are damaged in the storage engine: {why}; "
        "restore it from a backup",
        key=blob.key,
    )
