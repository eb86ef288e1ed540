"""The Store on one machine: SQLite names the keys that exist, files hold the bytes of all but small values.

| file | noun |
|---|---|
| files.py | the folders, and the order in which bytes become durable |
| lock.py, opening.py | the one process that owns the directory, and what the disk allows |
| database/ | the tables and rows, and the threads that read them |
| commit.py | the one thread that changes anything |
| reader.py, writer.py | the reader of a blob, the writer of an upload |
| blocks.py, summing.py | the checksums of the parts of a blob |
| uploads.py, recovery.py | upload sessions: begun, written, found again after a crash |
| sweep.py, room.py | removal of expired blobs and garbage, and how much may be written |
| ballast.py | room for deletes that no other program can take |
| trash/ | deleted and overwritten blobs, until their retention ends |
| seed.py | a store filled at once, for demos and measurements |
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import (
    BadRequestError,
    ChecksumError,
    DamagedError,
    StorageError,
    StoreFullError,
    UnavailableError,
)
from storage_tui.contract.keys import check_prefix
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.moments import to_millis
from storage_tui.contract.moves import Move, MoveResult, independent_runs
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.wire import Span, part_quantum
from storage_tui.server.stores.audit import REQUEST_ID
from storage_tui.server.stores.base import (
    ANY,
    Address,
    BlobReader,
    Precondition,
    UploadPart,
    UploadSession,
    UploadWriter,
)
from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.ballast import Ballast
from storage_tui.server.stores.local.commit import Committer, Staged
from storage_tui.server.stores.local.database import listing as local_listing
from storage_tui.server.stores.local.database import moves as local_moves
from storage_tui.server.stores.local.database import rows as local_rows
from storage_tui.server.stores.local.database import sessions as sessions
from storage_tui.server.stores.local.database import totals as local_totals
from storage_tui.server.stores.local.database.moves import Asker, Moves, Rule, Trip
from storage_tui.server.stores.local.database.pool import Pool
from storage_tui.server.stores.local.database.rows import (
    INLINE_BYTES,
    BlobPlace,
    Fresh,
    Held,
    locate,
    namespace_bytes,
    new_id,
)
from storage_tui.server.stores.local.files import NO_ROOM, Disk, SyncFailedError
from storage_tui.server.stores.local.lock import Lock
from storage_tui.server.stores.local.opening import can_write, open_directory
from storage_tui.server.stores.local.reader import FileReader, ValueReader
from storage_tui.server.stores.local.room import TRACES, Room, TraceBounds, write_error
from storage_tui.server.stores.local.summing import Summing
from storage_tui.server.stores.local.sweep import GARBAGE_GRACE, Sweeper
from storage_tui.server.stores.local.trash.gone import Parting
from storage_tui.server.stores.local.trash.trash import LocalTrash
from storage_tui.server.stores.local.uploads import UploadSessions
from storage_tui.server.stores.overview import Overview
from storage_tui.server.stores.rules import check_precondition, check_source, check_target, refusal
from storage_tui.server.stores.totals import Ceilings, Totals
from storage_tui.server.stores.trash import RETENTION

T = TypeVar("T")

_Found = tuple[Held, bytes | None, int | None]  # a row, and its bytes or the open file with them

OPEN_ATTEMPTS = 3  # a found blob may be overwritten and collected before its file is open; then look it up again

BALLAST_PART = 4  # the ballast is at most this part of the reserve: a small disk is not all reserve

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time of the machine, in UTC."""
    return datetime.now(UTC)


class LocalStore:
    """The store in `data_dir`. `owner_note`, such as the url of the owner, is shown to a process that finds the
    directory taken.

    `reserve_bytes` is the room that is kept free on the disk. `disk` is for tests that watch the disk or make it fail.
    `traces` bounds what is kept of a user's ended uploads and deletes. `kept_for` is how long deleted and overwritten
    blobs can be brought back; zero keeps none.
    """

    opens_with_bytes = False

    def __init__(
        self, data_dir: Path, *, clock: Callable[[], datetime] = utc_now, owner_note: Mapping[str, Any] | None = None,
        reserve_bytes: int | None = None, disk: Disk | None = None, traces: TraceBounds = TRACES,
        kept_for: timedelta = RETENTION, quantum_of: Callable[[int], int] = part_quantum,
    ) -> None:  # fmt: skip
        self.data_dir = data_dir
        self._clock = clock
        self._owner_note = dict(owner_note or {})
        self._disk = disk or Disk(data_dir)
        self._room = Room(self._disk, reserve_bytes, traces, kept_for)
        self._quantum_of = quantum_of
        self._ballast = Ballast(data_dir)
        self._lock: Lock | None = None
        self._was_unwritable = False
        self._orphan_search: asyncio.Task[None] | None = None

    async def start(self) -> None:
        try:
            opened = await asyncio.to_thread(open_directory, self._disk, self._owner_note)
        except (OSError, apsw.Error) as exc:
            raise UnavailableError(f"the data directory {self.data_dir} cannot be used: {exc}") from exc
        self._lock, self._connection = opened.lock, opened.connection
        self._pool = Pool(opened.open_reader)
        self._committer = Committer(self._connection, self._disk, broken=opened.read_only)
        self._committer.start()
        await asyncio.to_thread(self._keep_ballast)
        self._moves = Moves(room=self._room, now=self._now)
        self._summing = Summing(pool=self._pool, committer=self._committer)
        self._sweeper = Sweeper(
            disk=self._disk, room=self._room, committer=self._committer, pool=self._pool, now=self._now
        )
        self._room.make = self._sweeper.make_room
        self.trash = LocalTrash(
            room=self._room, committer=self._committer, pool=self._pool, now=self._now, surely=self._surely,
            collect=partial(self._sweeper.collect, grace=GARBAGE_GRACE),
        )  # fmt: skip
        self._uploads = UploadSessions(
            disk=self._disk, room=self._room, committer=self._committer, pool=self._pool, now=self._now,
            quantum_of=self._quantum_of,
        )  # fmt: skip
        # If the disk seems to be writable all the same, the reason is another one, and a new start would not help.
        self._was_unwritable = opened.read_only is not None and not can_write(self._disk)
        if opened.read_only is None:
            self._orphan_search = asyncio.create_task(self._search_orphans())
        else:
            _log.error("%s", opened.read_only)

    async def close(self) -> None:
        if self._lock is None:
            return
        if self._orphan_search is not None:
            self._orphan_search.cancel()
            await asyncio.wait((self._orphan_search,))
        await self._uploads.settle()
        await self._committer.stop()
        await asyncio.to_thread(self._let_go)

    async def stat(self, address: Address) -> Blob:
        place = locate(address)
        held = await self._pool.read(lambda connection: local_rows.find(connection, place, self._now()))
        return held.to_blob(place.key, place.storage_type.name)

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncIterator[BlobReader]:
        place = locate(address)
        held, content, descriptor = await self._pool.read(partial(self._open, place), _close_found)
        blob = held.to_blob(place.key, place.storage_type.name)
        if descriptor is None:
            yield ValueReader(blob, content or b"")
            return
        sums = partial(self._summing.find, blob, descriptor)
        reader = FileReader(blob, descriptor, self._pool.bytes, sums)
        try:
            yield reader
        finally:
            reader.close()

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:  # fmt: skip
        rule, owner = find_storage_type(storage_type), namespace_bytes(namespace)
        check_prefix(prefix)
        check_prefix(after)
        if limit < 1:
            raise BadRequestError(f"a page holds at least 1 key, not {limit}")
        return await self._pool.query(
            lambda connection: local_listing.list_page(
                connection, owner, rule.name, prefix=prefix, delimiter=delimiter, after=after, limit=limit,
                now=self._now(),
            )
        )  # fmt: skip

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        rule, owner = find_storage_type(storage_type), namespace_bytes(namespace)
        check_prefix(prefix)
        check_prefix(after)
        if limit < 1 or page_limit < 1:
            raise BadRequestError("a page holds at least 1 key")
        return await self._pool.query(
            lambda connection: local_listing.list_columns(
                connection, owner, rule.name, prefix=prefix, delimiter=delimiter, after=after, limit=limit,
                page_limit=page_limit, now=self._now(),
            )
        )  # fmt: skip

    async def namespaces(self) -> list[str]:
        """Return the namespaces with blobs."""
        return await self._pool.query(local_listing.namespaces)

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        rule, owner = find_storage_type(storage_type), namespace_bytes(namespace)
        check_prefix(prefix)
        return await self._pool.query(
            lambda connection: local_listing.usage(
                connection, owner, rule.name, prefix=prefix, delimiter=delimiter, now=self._now()
            )
        )

    async def put(
        self, address: Address, content: bytes, *, content_type: str | None = None, crc32c: str | None = None,
        md5: str | None = None, precondition: Precondition = ANY,
    ) -> Blob:  # fmt: skip
        place = locate(address)
        crc = checksum.extend(0, content)
        if crc32c is not None and checksum.decode(crc32c) != crc:
            raise ChecksumError(
                f"the bytes of {place.key!r} arrived with crc32c {checksum.encode(crc)}, not {crc32c}; send them again",
                key=place.key,
            )
        is_small = len(content) <= INLINE_BYTES
        fresh = Fresh(new_id(), len(content), crc, content_type, content if is_small else None, md5=md5)
        if is_small:
            return await self._room.find(lambda: self._commit_write(place, fresh, precondition))
        self._committer.check()
        drop = partial(self._drop_part, fresh.blob_id)
        large = replace(fresh, sums=local_blocks.rows_of(content))

        async def attempt() -> Blob:
            await self._pool.stage(partial(self._stage, large.blob_id, content), drop)
            return await self._commit_write(place, large, precondition, Staged(large.blob_id))

        return await self._room.find(attempt)

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        place, request_id, parting = locate(address), REQUEST_ID.get(), self._room.parting()

        def apply(connection: apsw.Connection) -> None:
            now = self._now()
            local_rows.delete(connection, place, precondition, now, request_id, parting)
            self._settle(connection, address.namespace, place.storage_type.name, now)

        await self._surely(lambda: self._committer.run(apply))

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        place, request_id, parting = locate(address), REQUEST_ID.get(), self._room.parting()

        def apply(connection: apsw.Connection) -> None:
            now = self._now()
            local_rows.remove(connection, place, precondition, now, request_id, parting)
            self._settle(connection, address.namespace, place.storage_type.name, now)

        await self._surely(lambda: self._committer.run(apply))

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        namespace_bytes(namespace)
        rule = find_storage_type(storage_type)
        request_id, parting = REQUEST_ID.get(), self._room.parting()

        def apply(connection: apsw.Connection) -> list[DeleteResult]:
            now = self._now()
            addresses = ((Address(namespace, storage_type, key), etag) for key, etag in targets)
            results = []
            for address, etag in addresses:
                results.append(local_rows.delete_one(connection, address, etag, now, request_id, parting))
                self._room.trim_log(connection, namespace, rule.name)
            self._room.fit(connection, namespace, rule.name, now)
            return results

        return await self._surely(lambda: self._committer.run(apply))

    async def copy(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY,
        content_type: str | None = None,
    ) -> Blob:  # fmt: skip
        wanted = local_moves.trip(source, target, source_etag, precondition)
        return (await self._copy(wanted, check_precondition, content_type))[0]

    async def move(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY
    ) -> Blob:
        wanted, asker = local_moves.trip(source, target, source_etag, precondition), self._asker()
        return await self._room.find(
            lambda: self._committer.run(lambda connection: self._moves.move(connection, wanted, asker)[0])
        )

    async def move_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        namespace_bytes(namespace)
        apply = partial(self._moves.move_many, namespace=namespace, moves=moves, asker=self._asker())
        return await self._room.find(lambda: self._committer.run(apply))

    async def copy_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        """Copy as `Store.copy_many` promises: small values in one transaction, blobs that are files one by one."""
        namespace_bytes(namespace)
        results: list[MoveResult] = []
        for run in independent_runs(moves, is_copy=True):
            apply = partial(
                self._moves.copy_values, namespace=namespace, moves=[moves[number] for number in run],
                asker=self._asker(),
            )  # fmt: skip
            done = await self._room.find(partial(self._committer.run, apply))
            files = [moves[number] for number, result in zip(run, done, strict=True) if result is None]
            copied = iter(await asyncio.gather(*(self._copy_file(namespace, move) for move in files)))
            results += [next(copied) if result is None else result for result in done]
        return results

    async def create_upload(
        self, address: Address, *, size_bytes: int | None = None, content_type: str | None = None,
        crc32c: str | None = None, promised: Mapping[str, bytes] | None = None, precondition: Precondition = ANY,
        repeat_key: str | None = None,
    ) -> UploadSession:  # fmt: skip
        place = locate(address)
        want_crc = None if crc32c is None else checksum.encode(checksum.decode(crc32c))
        wanted = checksum.join_hashes(want_crc, promised or {})

        def apply(connection: apsw.Connection) -> sessions.SessionRow:
            now = self._now()
            if repeat_key is not None:
                begun = sessions.find_repeat(connection, place, repeat_key, size_bytes, now)
                if begun is not None:
                    return begun
            self._room.check(size_bytes or 0)
            return sessions.create(
                connection, place, size_bytes=size_bytes, content_type=content_type, wanted=wanted,
                precondition=precondition, repeat_key=repeat_key, now=now, max_ended=self._room.traces.ended_uploads,
            )  # fmt: skip

        session = await self._room.find(lambda: self._committer.run(apply))
        return session.to_upload()

    async def find_upload(self, upload_id: str) -> UploadSession:
        return await self._uploads.find(upload_id)

    def write_upload(self, upload_id: str, *, restart: bool = False) -> AbstractAsyncContextManager[UploadWriter]:
        return self._uploads.write(upload_id, restart=restart)

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        return await self._uploads.find_parts(upload_id)

    def write_part(self, upload_id: str, span: Span) -> AbstractAsyncContextManager[UploadWriter]:
        return self._uploads.write_part(upload_id, span)

    async def drop_parts(self, upload_id: str) -> None:
        await self._surely(lambda: self._uploads.drop_parts(upload_id))

    async def cancel_upload(self, upload_id: str) -> None:
        await self._surely(lambda: self._uploads.cancel(upload_id))

    async def totals(self, namespace: str, storage_type: str, *, without: Collection[str] = ()) -> Totals:
        """Return the totals, as `Counting.totals` promises."""
        rule, owner = find_storage_type(storage_type), namespace_bytes(namespace)
        return await self._pool.count(
            lambda connection: local_totals.totals(connection, owner, rule.name, self._now(), without)
        )

    def obey(self, ceilings: Ceilings) -> None:
        """Obey the ceilings, as `Counting.obey` promises."""
        self._room.ceilings = ceilings

    async def sweep(self) -> int:
        await self._pool.keep_up(self._renew_lock)
        expired = await self._surely(self._sweeper.sweep)
        await self._pool.keep_up(self._keep_ballast)
        return expired

    @property
    def read_only(self) -> str | None:
        return self._committer.broken

    @property
    def may_write_again(self) -> bool:
        """Whether a store that was read-only at its start would be writable if it started now."""
        return self._was_unwritable and can_write(self._disk)

    async def overview(self) -> Overview:
        free_bytes = await self._pool.keep_up(self._disk.free_bytes)
        return await self._pool.read_for_upkeep(
            lambda connection: local_totals.overview(connection, self._now(), free_bytes)
        )

    async def find_orphans(self) -> int:
        """Move blob files that no key names into quarantine, and return how many. Runs by itself after `start`."""
        return await self._sweeper.find_orphans()

    async def _search_orphans(self) -> None:
        try:
            await self.find_orphans()
        except (StorageError, OSError) as exc:
            _log.warning("the search for blob files without a key broke off: %s", exc)

    def _now(self) -> int:
        return to_millis(self._clock())

    def _renew_lock(self) -> None:
        try:
            if self._lock is not None:
                self._lock.renew()
        except StorageError as exc:
            raise self._committer.fail("a look at the lock of the data directory", exc) from exc
        except OSError as exc:
            _log.warning("the lock of the data directory could not be checked: %s", exc)

    def _let_go(self) -> None:
        self._pool.close()
        self._connection.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _open(self, place: BlobPlace, connection: apsw.Connection) -> _Found:
        for _ in range(OPEN_ATTEMPTS):
            held, content = local_rows.read(connection, place, self._now())
            if held.content is not None:
                return held, content, None
            try:
                return held, None, os.open(self._disk.blob_path(held.blob_id), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            except OSError as exc:
                raise UnavailableError(f"{place.key!r} cannot be opened on the server: {exc}", key=place.key) from exc
        raise _missing(place)

    def _stage(self, blob_id: str, content: bytes) -> None:
        self._room.check(len(content))
        with self._staging(blob_id):
            self._disk.write_part(blob_id, content)

    def _stage_copy(self, wanted: Trip, blob_id: str, connection: apsw.Connection) -> tuple[Held, bytes | None]:
        place, etag = wanted.source, wanted.source_etag
        for _ in range(OPEN_ATTEMPTS):
            held, content = local_rows.read(connection, place, self._now())
            check_source(place.storage_type, place.key, held.blob_id, etag, is_move=False)
            if held.content is not None:
                return held, content
            with suppress(FileNotFoundError), self._staging(blob_id):
                self._disk.link_part(held.blob_id, blob_id)
                return held, None
        raise _missing(place)

    def _drop_part(self, blob_id: str, _: object) -> None:
        self._disk.unlink(self._disk.part_path(blob_id))

    @contextmanager
    def _staging(self, blob_id: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as exc:
            if isinstance(exc, SyncFailedError) and exc.errno not in NO_ROOM:
                raise self._committer.fail("a sync of a blob", exc) from exc
            self._disk.unlink(self._disk.part_path(blob_id))
            raise write_error(exc) from exc

    async def _copy(
        self, wanted: Trip, rule: Rule = check_target, content_type: str | None = None
    ) -> tuple[Blob, str | None]:
        """Copy a blob. Return the copy, and the ETag of the live blob that was at its place. `rule` checks the
        precondition. Without a `content_type` the copy has that of the source."""
        self._committer.check()
        blob_id, stage, parting = new_id(), partial(self._stage_copy, wanted), self._room.parting()

        async def attempt() -> tuple[Blob, str | None]:
            held, content = await self._pool.read(partial(stage, blob_id), partial(self._drop_part, blob_id))
            twin = held.blob_id if content is None else None
            media_type = content_type or held.content_type
            fresh = Fresh(blob_id, held.size_bytes, held.crc, media_type, content, twin=twin, md5=held.md5)

            def apply(connection: apsw.Connection) -> tuple[Blob, str | None]:
                overwritten = local_moves.check_place(connection, wanted, self._now(), rule)[1]
                source = wanted.source
                if source.row_key == wanted.target.row_key:  # what was written since the bytes were read must stay
                    check_source(source.storage_type, source.key, overwritten, held.blob_id, is_move=False)
                return self._write(wanted.target, fresh, ANY, parting, connection), overwritten

            return await self._committer.run(apply, Staged(blob_id) if content is None else None)

        return await self._room.find(attempt)

    def _asker(self) -> Asker:
        return Asker(REQUEST_ID.get(), self._room.parting())

    async def _copy_file(self, namespace: str, move: Move) -> MoveResult:
        try:
            blob, overwritten = await self._copy(local_moves.trip_of(namespace, move))
        except StorageError as exc:
            return refusal(move, exc)
        return MoveResult(move, blob, overwritten=overwritten)

    async def _commit_write(
        self, place: BlobPlace, fresh: Fresh, precondition: Precondition, staged: Staged | None = None
    ) -> Blob:
        write = partial(self._write, place, fresh, precondition, self._room.parting())
        return await self._committer.run(write, staged)

    def _write(
        self, place: BlobPlace, fresh: Fresh, precondition: Precondition, parting: Parting, connection: apsw.Connection
    ) -> Blob:
        now = self._now()
        self._room.check(0 if fresh.content is None else fresh.size_bytes)
        self._room.check_share(connection, place, fresh.size_bytes, now)
        blob = local_rows.write(connection, place, fresh, precondition, now, parting)
        self._room.fit(connection, place.row_key[0].hex(), place.storage_type.name, now)
        return blob

    def _settle(self, connection: apsw.Connection, namespace: str, storage_type: str, now: int) -> None:
        """Keep what a delete leaves behind within the bounds of the user."""
        self._room.trim_log(connection, namespace, storage_type)
        self._room.fit(connection, namespace, storage_type, now)

    async def _surely(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try a change that makes room. When the disk is full, remove the ballast and try once more."""
        try:
            return await attempt()
        except StoreFullError:
            if not await self._pool.keep_up(self._ballast.give):
                raise
        return await attempt()

    def _keep_ballast(self) -> None:
        if self.read_only is None and not self._room.is_short:
            self._ballast.keep(self._room.reserve_bytes // BALLAST_PART)


def _close_found(found: _Found) -> None:
    if found[2] is not None:
        os.close(found[2])


def _missing(place: BlobPlace) -> DamagedError:
    return DamagedError(
        f"the bytes of {place.key!r} in {place.storage_type.name} are missing on the server; "
        "restore them from a backup",
        key=place.key,
    )
