"""The Store on a bucket of an S3 engine, without any other storage: any number of servers may share the bucket.

| file | noun |
|---|---|
| names.py | the names of keys in the bucket |
| protocol/ | the requests to the engine, the bucket, the engine's test, the threads that wait for the engine |
| blobs.py, changes.py | blobs as objects, and their changes under rules and preconditions |
| moved_times.py | the times of blobs that a migration brought |
| listing.py, usage.py | lists and sums, and sums that are remembered for a while |
| reader.py | the reader of a blob |
| sessions.py, writer.py, uploads.py | upload sessions: kept, written, begun and found again by any server |
| sweep.py | removal of expired blobs and sessions, by one server at a time |
| audit.py | the log of deletes |
| records.py | records |

Where an engine cannot keep a promise of `Store` as a local store does, this store keeps less of the promise:

- A reader of a blob over 256 KiB whose key is overwritten or deleted ends with an error, never with other bytes.
- Bytes that were damaged in the engine are found by a read of the whole blob, and not by a read of a part.
- Lists contain neither crc32c nor content type.
- A list of blobs that a migration brought costs a request for each, the first time. The usage of such blobs has no
  oldest and newest time, except in a type whose blobs expire.
- The usage of more than 5,000 blobs may be up to a minute old.
- An ETag stands for the bytes: the same bytes stored again have the same ETag.
- A change is as durable as the engine's answer.
- The audit log may contain a delete that did not happen. No delete that happened is missing.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from storage_tui.contract import checksum
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import BadRequestError, ChecksumError, StorageError
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import (
    ANY,
    READ_SIZE,
    Address,
    BlobReader,
    Precondition,
    UploadPart,
    UploadSession,
    UploadWriter,
)
from storage_tui.server.stores.s3 import changes as s3_changes
from storage_tui.server.stores.s3.audit import AuditWriter
from storage_tui.server.stores.s3.blobs import ObjectPlace, describe, locate, root_of, time_text
from storage_tui.server.stores.s3.listing import MAX_COUNTED, Lists
from storage_tui.server.stores.s3.memory import TOTAL_BYTES, new_memory
from storage_tui.server.stores.s3.moved_times import MovedTimes, begin, end
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.probe import probe
from storage_tui.server.stores.s3.protocol.requests import MismatchError
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.s3.reader import ObjectReader, open_first
from storage_tui.server.stores.s3.sweep import Sweeper
from storage_tui.server.stores.s3.uploads import UploadSessions
from storage_tui.server.stores.s3.usage import MANY, Usages


@dataclass(frozen=True, slots=True)
class S3Bounds:
    """How much is copied, counted or held in memory at once."""

    copy_part_bytes: int = 256 * 1024 * 1024  # an engine copies so much well within the deadline of a request
    counted_blobs: int = MAX_COUNTED
    exact_blobs: int = MANY  # usages of more are remembered for a while
    upload_bytes: int = TOTAL_BYTES  # of memory, for all uploads together


DEFAULTS = S3Bounds()


def utc_now() -> datetime:
    """Return the time of the machine, in UTC."""
    return datetime.now(UTC)


class S3Store:
    """The store in a bucket. `check` raises for an engine that cannot hold a store. With `is_direct`, the readers of
    large blobs have a URL of the engine itself."""

    opens_with_bytes = True

    def __init__(
        self, bucket: Bucket, *, clock: Callable[[], datetime] = utc_now, check: Callable[[Bucket], None] = probe,
        is_direct: bool = False, bounds: S3Bounds = DEFAULTS,
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._bounds = bounds
        self._is_direct = is_direct
        self._now = clock
        self._check = check
        self._audit = AuditWriter(bucket, clock)
        self._usages = Usages(exact_blobs=bounds.exact_blobs)
        self._tell_removed: Callable[[Address, int], None] = lambda _address, _size_bytes: None
        self._threads: Threads | None = None

    async def start(self) -> None:
        threads = Threads()
        try:
            await threads.calls.run(self._check, self._bucket)
        except BaseException:
            threads.close()
            raise
        self._threads = threads
        times = MovedTimes(self._bucket, threads)
        self._lists = Lists(self._bucket, threads, times)
        self._uploads = UploadSessions(self._bucket, threads, self._now, memory=new_memory(self._bounds.upload_bytes))
        self._sweeper = Sweeper(self._bucket, threads, times, self._now)

    async def close(self) -> None:
        if self._threads is None:
            return
        await self._uploads.settle()
        self._threads.close()
        self._threads = None
        self._bucket.engine.close()

    async def stat(self, address: Address) -> Blob:
        place = locate(address)
        found = await self._run().calls.run(self._bucket.head, place.name)
        return place.to_blob(self._live(place, found))

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncIterator[BlobReader]:
        place = locate(address)
        found, first = await self._run().calls.run(open_first, self._bucket, place) or (None, b"")
        yield ObjectReader(self._bucket, self._run(), place, self._live(place, found), first, is_direct=self._is_direct)

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:  # fmt: skip
        return await self._lists.page(
            namespace, storage_type, prefix=prefix, delimiter=delimiter, after=after, limit=limit, now=self._now()
        )

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        limit = min(limit, page_limit)  # the engine lists no more at once
        page = await self.list_page(
            namespace, storage_type, prefix=prefix, delimiter=delimiter, after=after, limit=limit
        )
        return [ColumnPage.of(page, prefix)]

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        async def count() -> Usage:
            return await self._lists.usage(
                namespace, storage_type, prefix=prefix, delimiter=delimiter, now=self._now(),
                most=self._bounds.counted_blobs,
            )  # fmt: skip

        return await self._usages.find((namespace, storage_type, prefix, delimiter), count)

    async def recount(self, namespace: str, storage_type: str) -> Usage:
        """Return the present usage of the whole type, however many blobs there are, as `Recounting` promises."""
        return await self._lists.usage(namespace, storage_type, prefix="", delimiter="", now=self._now())

    async def put(
        self, address: Address, content: bytes, *, content_type: str | None = None, crc32c: str | None = None,
        md5: str | None = None, precondition: Precondition = ANY, written: datetime | None = None,
    ) -> Blob:  # fmt: skip
        """Store a small value, as `Store.put` promises. `written` is the blob's time of writing, if that is not now."""
        place, crc = locate(address), checksum.extend(0, content)
        if crc32c is not None and checksum.decode(crc32c) != crc:
            raise _mismatch(place, crc32c, checksum.encode(crc))
        told = checksum.encode(crc)

        def change(condition: Condition) -> Object:
            return self._bucket.put(
                place.name, content, crc32c=told, content_type=content_type,
                meta=describe(content_type, crc32c=told, md5=md5, written=time_text(written)), condition=condition,
            )  # fmt: skip

        try:
            lane = self._run().calls if len(content) <= READ_SIZE else self._run().writes
            made = await lane.run(s3_changes.write, self._bucket, place, precondition, self._now, change)
        except MismatchError as exc:
            raise _mismatch(place, told, "another one") from exc
        return place.to_blob(made)

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        await self._remove(s3_changes.delete, address, precondition)

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        await self._remove(s3_changes.remove, address, precondition)

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        root_of(namespace, storage_type)
        places: dict[str, list[int]] = {}
        for position, (key, _) in enumerate(targets):
            places.setdefault(key, []).append(position)

        async def delete(key: str, positions: list[int]) -> list[tuple[int, DeleteResult]]:
            address = Address(namespace, storage_type, key)
            return [(position, await self._delete_one(address, targets[position][1])) for position in positions]

        done = await gather_few(delete(key, positions) for key, positions in places.items())
        results = dict(result for of_key in done for result in of_key)
        return [results[position] for position in range(len(targets))]

    async def copy(self, source: Address, target: Address, *, precondition: Precondition = ANY) -> Blob:
        origin, place = locate(source), locate(target)
        if source.namespace != target.namespace:
            raise BadRequestError("a blob is copied within one namespace only")

        def change(condition: Condition) -> Blob:
            found = self._live(origin, self._bucket.head(origin.name))
            meta = describe(found.meta.get("type"), crc32c=found.crc32c, md5=found.meta.get("md5"))
            content_type = found.meta.get("type")
            if found.size_bytes <= self._bounds.copy_part_bytes:
                self._bucket.copy(found, place.name, content_type=content_type, meta=meta, condition=condition)
            else:
                self._copy_parts(found, place, content_type, meta, condition)
            return place.to_blob(self._live(place, self._bucket.head(place.name)))

        return await self._run().writes.run(s3_changes.write, self._bucket, place, precondition, self._now, change)

    async def create_upload(
        self, address: Address, *, size_bytes: int | None = None, content_type: str | None = None,
        crc32c: str | None = None, promised: Mapping[str, bytes] | None = None, precondition: Precondition = ANY,
        repeat_key: str | None = None, written: datetime | None = None,
    ) -> UploadSession:  # fmt: skip
        """Begin a session, as `Store.create_upload` promises. `written` is as in `put`."""
        return await self._uploads.create(
            address, size_bytes=size_bytes, content_type=content_type, crc32c=crc32c, promised=promised or {},
            precondition=precondition, repeat_key=repeat_key, written=written,
        )  # fmt: skip

    async def find_upload(self, upload_id: str) -> UploadSession:
        return await self._uploads.find(upload_id)

    def write_upload(self, upload_id: str, *, restart: bool = False) -> AbstractAsyncContextManager[UploadWriter]:
        return self._uploads.write(upload_id, restart=restart)

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        return await self._uploads.find_parts(upload_id)

    def write_part(self, upload_id: str, span: Span) -> AbstractAsyncContextManager[UploadWriter]:
        return self._uploads.write_part(upload_id, span)

    async def drop_parts(self, upload_id: str) -> None:
        await self._uploads.drop_parts(upload_id)

    async def cancel_upload(self, upload_id: str) -> None:
        await self._uploads.cancel(upload_id)

    async def sweep(self) -> int:
        return await self._sweeper.sweep()

    async def namespaces(self) -> list[str]:
        """Return every namespace with objects, whoever made a token for it."""
        return await self._lists.namespaces()

    @asynccontextmanager
    async def moving_in(self, source: str) -> AsyncIterator[None]:
        """Within the block, blobs are moved into the bucket that were written before, so that lists look for their
        times. A block that fails is open until the next one with the same name of a source has ended."""
        await self._run().calls.run(begin, self._bucket, source)
        yield
        await self._run().calls.run(end, self._bucket, source)

    def tell(self, listener: Callable[[Address, int], None]) -> None:
        self._tell_removed = listener

    async def _remove(self, change: Callable[..., Object], address: Address, precondition: Precondition) -> None:
        place, note = locate(address), self._audit.noting(address)
        gone = await self._run().calls.run(change, self._bucket, place, precondition, self._now, note)
        self._tell_removed(address, gone.size_bytes)

    def _run(self) -> Threads:
        if self._threads is None:
            raise StorageError("the store is not started")
        return self._threads

    def _live(self, place: ObjectPlace, found: Object | None) -> Object:
        if found is None or not place.is_live(found, self._now()):
            raise place.not_found()
        return found

    async def _delete_one(self, address: Address, etag: str | None) -> DeleteResult:
        try:
            await self.delete(address, precondition=ANY if etag is None else Precondition(if_match=(etag,)))
        except StorageError as exc:
            return DeleteResult(address.key, exc.code, exc.message)
        return DeleteResult(address.key)

    def _copy_parts(
        self, found: Object, place: ObjectPlace, content_type: str | None, meta: dict[str, str], condition: Condition
    ) -> None:
        parts_id = self._bucket.begin_parts(place.name, content_type=content_type, meta=meta, is_checked=False)
        step = self._bounds.copy_part_bytes
        try:
            etags = []
            for number, start in enumerate(range(0, found.size_bytes, step), 1):
                span = Span(start, min(start + step, found.size_bytes))
                etags.append(self._bucket.copy_part(found, place.name, parts_id, number, span))
            self._bucket.finish_parts(place.name, parts_id, etags, crc32c=None, condition=condition)
        except BaseException:
            self._bucket.drop_parts(place.name, parts_id)
            raise


def _mismatch(place: ObjectPlace, told: str, found: str) -> ChecksumError:
    return ChecksumError(
        f"the bytes of {place.key!r} arrived with crc32c {found}, not {told}; send them again", key=place.key
    )
