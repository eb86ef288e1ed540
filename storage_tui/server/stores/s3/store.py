"""The Store on a bucket of an S3 engine, without any other storage: any number of servers may share the bucket.

| file | noun |
|---|---|
| names.py | the names of keys in the bucket |
| protocol/ | the requests to the engine, the bucket, the engine's test, the threads that wait for the engine |
| blobs.py, changes.py | blobs as objects, and their changes under rules and preconditions |
| copies.py | copies and moves inside the engine |
| moved_times.py | the times of blobs that a migration brought, or that were moved within a type whose blobs expire |
| listing.py, usage.py | lists and sums, and sums that are remembered for a while |
| ledger/ | sums that are kept as blobs change, and what expires by day, so that neither lists everything |
| reader.py | the reader of a blob |
| sessions.py, upload_state.py, uploads.py | upload sessions: kept, written, begun and found again by any server |
| sweep.py | removal of expired blobs and sessions, by one server at a time |
| audit.py | the log of deletes |
| records.py | records |

Where an engine cannot keep a promise of `Store` as a local store does, this store keeps less of the promise:

- A reader of a blob over 256 KiB whose key is overwritten or deleted ends with an error, never with other bytes.
- Bytes that were damaged in the engine are found by a read of the whole blob, and not by a read of a part.
- Lists contain neither crc32c nor content type.
- A move is a copy, then a delete of the source if that is still what was copied. Between the two steps, and after a
  server died there, the blob is at both addresses; the same move again then ends it. Two moves of one blob at once may
  leave a copy at each target. A moved blob has the time of its
  move, but within a type whose blobs expire.
- A list of blobs that a migration brought costs a request for each, the first time. The usage of such blobs has no
  oldest and newest time, except in a type whose blobs expire.
- The usage of more than 5,000 blobs may be up to a minute old, and lacks what other servers changed in the last two
  seconds. What a killed server changed in its last two seconds may be missing for longer: until the scan in the
  background comes by, which begins half an hour after a server was lost, and passes some 50,000 blobs a minute.
- An expired blob that a server wrote in the two seconds before it was killed stays in the bucket, hidden, until that
  scan.
- An ETag stands for the bytes: the same bytes stored again have the same ETag.
- A change is as durable as the engine's answer.
- A blob that was brought back has the time of its return in lists, unless its type expires, and a blob that was
  uploaded in parts gets another ETag. The trash may hold a copy of a blob that was not deleted after all.
- The audit log may contain a delete that did not happen. No delete that happened is missing.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from storage_tui.contract import checksum
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import ChecksumError, StorageError
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.moves import Move, MoveResult, independent_runs
from storage_tui.contract.trash import DELETED, MOVED_OVER, OVERWRITTEN, WITHDRAWN
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
from storage_tui.server.stores.multipart.sizes import PartRules
from storage_tui.server.stores.rules import (
    addresses_of,
    check_namespace,
    check_precondition,
    check_target,
    precondition_of,
    refusal,
)
from storage_tui.server.stores.s3 import changes as s3_changes
from storage_tui.server.stores.s3.audit import AuditWriter
from storage_tui.server.stores.s3.blobs import ObjectPlace, describe, locate, root_of, time_text
from storage_tui.server.stores.s3.copies import Copies, Trip, trip
from storage_tui.server.stores.s3.ledger.ledger import MANY, Ledger, LedgerBounds
from storage_tui.server.stores.s3.listing import Lists
from storage_tui.server.stores.s3.memory import TOTAL_BYTES, new_memory
from storage_tui.server.stores.s3.moved_times import MovedTimes, begin, end
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.probe import probe
from storage_tui.server.stores.s3.protocol.requests import MismatchError
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.s3.reader import ObjectReader, open_first
from storage_tui.server.stores.s3.sweep import Sweeper
from storage_tui.server.stores.s3.trash.keeping import Keeper
from storage_tui.server.stores.s3.trash.trash import BucketTrash
from storage_tui.server.stores.s3.uploads import RULES, UploadSessions
from storage_tui.server.stores.s3.usage import Usages


@dataclass(frozen=True, slots=True)
class S3Bounds:
    """How much is copied, counted or held in memory at once."""

    copy_part_bytes: int = 256 * 1024 * 1024  # an engine copies so much well within the deadline of a request
    exact_blobs: int = MANY  # usages of more are remembered for a while
    upload_bytes: int = TOTAL_BYTES  # of memory, for all uploads together
    parts: PartRules = RULES
    ledger: LedgerBounds = field(default_factory=LedgerBounds)


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
        is_direct: bool = False, bounds: S3Bounds = DEFAULTS, kept_for: timedelta = timedelta(0),
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._bounds = bounds
        self._is_direct = is_direct
        self._kept_for = kept_for
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
        self._times = times = MovedTimes(self._bucket, threads)
        self._copies = Copies(
            self._bucket, self._now, part_bytes=self._bounds.copy_part_bytes, most_parts=self._bounds.parts.most_parts
        )
        self._lists = Lists(self._bucket, threads, times)
        self._keeper = Keeper(self._copies, self._now, self._kept_for)
        self.trash = BucketTrash(self._bucket, threads, self._keeper, self._copies, self._audit, self._now)
        self._uploads = UploadSessions(
            self._bucket, threads, self._now, memory=new_memory(self._bounds.upload_bytes), keeper=self._keeper,
            rules=self._bounds.parts,
        )  # fmt: skip
        self._ledger = Ledger(self._bucket, threads, times, self._lists, self._now, self._bounds.ledger)
        self._sweeper = Sweeper(self._bucket, threads, self._ledger, self._now)
        self._ledger.journal.start()

    async def close(self) -> None:
        if self._threads is None:
            return
        await self._uploads.settle()
        if await self._ledger.journal.close():
            with suppress(StorageError):
                await self._sweeper.leave()
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
            return await self._ledger.usage(namespace, storage_type, prefix=prefix, delimiter=delimiter)

        return await self._usages.find((namespace, storage_type, prefix, delimiter), count)

    async def recount(self, namespace: str, storage_type: str) -> Usage:
        """Return the present usage of the whole type, as `Recounting` promises."""
        return await self._ledger.recount(namespace, storage_type)

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
            keep = self._keeper.keeping(place, OVERWRITTEN)
            made = await lane.run(s3_changes.write, self._bucket, place, precondition, self._now, change, keep)
        except MismatchError as exc:
            raise _mismatch(place, told, "another one") from exc
        return place.to_blob(made)

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        await self._remove(s3_changes.delete, address, precondition, DELETED)

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        await self._remove(s3_changes.remove, address, precondition, WITHDRAWN)

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

    async def copy(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY,
        content_type: str | None = None,
    ) -> Blob:  # fmt: skip
        wanted = trip(source, target, source_etag, precondition)
        check = wanted.target_check(check_precondition)
        keep = self._keeper.keeping(wanted.target, OVERWRITTEN)
        return (await self._run().writes.run(self._copies.copy, wanted, check, keep, content_type))[0]

    async def move(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY
    ) -> Blob:
        return (await self._move(source, trip(source, target, source_etag, precondition)))[0]

    async def move_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        async def move(wanted: Move) -> MoveResult:
            try:
                source, target = addresses_of(namespace, wanted)
                moved = await self._move(source, trip(source, target, wanted.etag, precondition_of(wanted)))
            except StorageError as exc:
                return refusal(wanted, exc)
            return MoveResult(wanted, moved[0], overwritten=moved[1])

        check_namespace(namespace)
        results: list[MoveResult] = []
        for run in independent_runs(moves):
            results += await gather_few(move(moves[number]) for number in run)
        return results

    async def copy_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        async def copy(wanted: Move) -> MoveResult:
            try:
                asked = trip(*addresses_of(namespace, wanted), wanted.etag, precondition_of(wanted))
                keep = self._keeper.keeping(asked.target, OVERWRITTEN)
                copied = await self._run().writes.run(self._copies.copy, asked, asked.target_check(check_target), keep)
            except StorageError as exc:
                return refusal(wanted, exc)
            return MoveResult(wanted, copied[0], overwritten=copied[1])

        check_namespace(namespace)
        results: list[MoveResult] = []
        for run in independent_runs(moves, is_copy=True):
            results += await gather_few(copy(moves[number]) for number in run)
        return results

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
        expired = await self._sweeper.sweep()
        await self.trash.sweep()
        return expired

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

    async def _remove(
        self, change: Callable[..., Object], address: Address, precondition: Precondition, how: str
    ) -> None:
        place, log = locate(address), self._audit.noting(address)
        keep = self._keeper.keeping(place, how)

        def note(found: Object) -> None:
            keep(found)
            log(found)

        gone = await self._run().calls.run(change, self._bucket, place, precondition, self._now, note)
        self._tell_removed(address, gone.size_bytes)

    async def _move(self, source: Address, wanted: Trip) -> tuple[Blob, str | None]:
        if wanted.keeps_expiry:
            await self._times.note_move()
        keep = self._keeper.keeping(wanted.target, MOVED_OVER)
        moved = await self._run().writes.run(self._copies.move, wanted, self._audit.noting(source), keep)
        if not wanted.is_onto_itself:
            self._tell_removed(source, moved[0].size_bytes or 0)
        return moved

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


def _mismatch(place: ObjectPlace, told: str, found: str) -> ChecksumError:
    return ChecksumError(
        f"the bytes of {place.key!r} arrived with crc32c {found}, not {told}; send them again", key=place.key
    )
