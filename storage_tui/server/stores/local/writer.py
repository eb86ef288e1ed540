"""The writer of one upload session. Small pieces gather in memory, go to the part file in a thread, and become durable
at checkpoints that run beside the writing.

The offset reported to a client is always that of the last COMMIT, never the size of the file: after a power cut a file
can have its size without its bytes.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConflictError,
    GoneError,
    StorageError,
    UnavailableError,
)
from storage_tui.contract.models import Blob
from storage_tui.server.stores.base import UploadPart
from storage_tui.server.stores.local.blocks import WHOLE_BYTES, Blocks, Row, Written
from storage_tui.server.stores.local.commit import Committer, Staged
from storage_tui.server.stores.local.database import parts as parts
from storage_tui.server.stores.local.database import sessions as sessions
from storage_tui.server.stores.local.database.pool import submit
from storage_tui.server.stores.local.database.rows import INLINE_BYTES
from storage_tui.server.stores.local.files import NO_ROOM, Disk, SyncFailedError
from storage_tui.server.stores.local.room import SHORT_OF, Room, write_error
from storage_tui.server.stores.local.trash.gone import Parting

T = TypeVar("T")

FLUSH_BYTES = 1024 * 1024  # bytes for one switch to a thread; two such buffers are in memory at most
CROWD_FLUSH_BYTES = INLINE_BYTES + 1  # while many write at once; a value for the database never gets a file
CHECKPOINT_BYTES = 16 * 1024 * 1024  # a kill can cost twice as much: one checkpoint under way, one gathering


class PartWriter:
    """The `UploadWriter` of a local store: of a session, or of one of its parts, in the same file at its offset."""

    def __init__(
        self, session: sessions.SessionRow, tail: bytes, *, disk: Disk, room: Room, committer: Committer,
        executor: Executor, now: Callable[[], int], is_crowded: Callable[[], bool], part: UploadPart | None = None,
    ) -> None:  # fmt: skip
        if part is not None:
            session = replace(session, offset=part.offset, crc=part.crc, size_bytes=part.stop)
        self._session, self._part = session, part
        self._disk = disk
        self._room = room
        self._committer = committer
        self._executor = executor
        self._now = now
        self._is_crowded = is_crowded
        self._loop = asyncio.get_running_loop()
        self._offset = session.offset
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._blocks = Blocks(session.offset, tail)
        self._written = Written(session.offset, session.crc, self._blocks.partial)
        self._durable = session.offset
        self._syncing_to = session.offset  # durable once the sync under way has ended
        self._descriptor: int | None = None
        self._is_named = session.offset > (
            0 if part is None else part.start
        )  # the name of the part in its folder is durable
        self._threads: set[asyncio.Future[Any]] = set()
        self._flushing: asyncio.Future[None] | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._failure: StorageError | None = None
        self._is_unsynced = False  # a sync found no room; a second sync may succeed without having written the bytes
        self._is_over = False

    @property
    def offset(self) -> int:
        return self._offset

    async def write(self, chunk: bytes) -> None:
        self._check()
        limit = self._session.size_bytes
        if limit is not None and self._offset + len(chunk) > limit:
            raise self._bad(f"was announced with {limit} bytes and more came")
        self._gathered.append(chunk)
        self._gathered_bytes += len(chunk)
        self._offset += len(chunk)
        if self._gathered_bytes >= (CROWD_FLUSH_BYTES if self._is_crowded() else FLUSH_BYTES):
            await self._flush()
            if self._written.offset - self._syncing_to >= CHECKPOINT_BYTES:
                await self._begin_sync()

    async def checkpoint(self) -> int:
        self._check()
        await self._drain()
        await self._end_sync()
        await self._sync()
        return self._durable

    def kept(self) -> AsyncIterator[bytes]:
        return self._kept()

    async def finish(self, *, size_bytes: int | None = None, crc32c: str | None = None, md5: str | None = None) -> Blob:
        self._check()
        wanted_size = self._session.size_bytes if size_bytes is None else size_bytes
        if wanted_size is not None and wanted_size != self._offset:
            raise self._bad(f"has {self._offset} bytes, not {wanted_size}")
        content = self._small_content()
        if content is None:
            await self._drain()
            await self._end_sync()
            crc = self._written.crc
        else:
            crc = checksum.extend(0, content)
        for wanted in (crc32c, checksum.split_hashes(self._session.wanted)[0]):
            if wanted is not None and checksum.decode(wanted) != crc:
                await self._start_over()
                raise ChecksumError(
                    f"the bytes of {self._session.place.key!r} arrived with crc32c {checksum.encode(crc)}, "
                    f"not {wanted}; send them again from the start",
                    key=self._session.place.key,
                )
        if content is None and self._written.offset > self._durable:
            await self._run(self._sync_part)
        parting = self._room.parting()
        blob = await self._room.find(
            lambda: self._committer.run(
                partial(self._apply_finish, self._offset, crc, md5, content, parting),
                None if content is not None else Staged(self._session.blob_id, is_kept=True),
            )
        )
        self._is_over = True
        return blob

    async def restart(self) -> None:
        """Drop the bytes of the session and begin at 0."""
        if self._offset:
            await self._start_over()

    async def park(self) -> None:
        """Make the written bytes durable and close the file. A session that has ended meanwhile keeps no bytes."""
        try:
            if not self._is_over:
                with suppress(StorageError):  # the write that caused this error has raised it already
                    await self._drain()
                with suppress(StorageError):
                    await self._end_sync()
                await self._sync()
                await self._committer.run(
                    lambda connection: sessions.find_open(connection, self._session.upload_id, self._now())
                )
        except (CancelledError, ConflictError, GoneError):
            await self._run(self._disk.unlink, self._disk.part_path(self._session.blob_id))
        finally:
            self._is_over = True
            while self._threads:
                await asyncio.wait(self._threads)
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                try:
                    await self._run(os.close, descriptor)
                except UnavailableError:  # the store and its threads are closed
                    os.close(descriptor)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_over:
            raise ConflictError("the upload session is finished already", key=self._session.place.key)
        self._committer.check()

    def _bad(self, what: str) -> BadRequestError:
        return BadRequestError(f"the upload of {self._session.place.key!r} {what}", key=self._session.place.key)

    async def _kept(self) -> AsyncIterator[bytes]:
        content = self._small_content()
        if content is not None:
            yield content
            return
        await self._drain()
        for start in range(0, self._offset, FLUSH_BYTES):
            yield await self._run(self._read_back, start, min(FLUSH_BYTES, self._offset - start))

    def _read_back(self, start: int, size_bytes: int) -> bytes:
        try:
            content = os.pread(self._open(), size_bytes, start)
        except OSError as exc:
            raise UnavailableError(f"the bytes of an upload cannot be read on the server: {exc}") from exc
        if len(content) != size_bytes:
            raise GoneError("the server's disk lost bytes of this upload session; start a new one")
        return content

    def _small_content(self) -> bytes | None:
        is_in_memory = self._descriptor is None and self._flushing is None and not self._durable
        return b"".join(self._gathered) if is_in_memory and self._offset <= INLINE_BYTES else None

    def _apply_finish(
        self, size_bytes: int, crc: int, md5: str | None, content: bytes | None, parting: Parting,
        connection: apsw.Connection,
    ) -> Blob:  # fmt: skip
        if content is not None:
            self._room.check(size_bytes)
        now, place = self._now(), self._session.place
        self._room.check_share(connection, place, size_bytes, now)
        sums = self._blocks.rows(self._durable, self._written) if size_bytes > WHOLE_BYTES else []
        blob = sessions.finish(connection, self._session.upload_id, size_bytes, crc, content, sums, now, md5, parting)
        self._room.fit(connection, place.row_key[0].hex(), place.storage_type.name, now)
        return blob

    async def _flush(self) -> None:
        await self._end_flush()
        chunks, self._gathered, self._gathered_bytes = self._gathered, [], 0
        self._flushing = self._submit(self._write_out, chunks)

    async def _end_flush(self) -> None:
        if self._flushing is not None:
            await asyncio.wait((self._flushing,))
            self._flushing.result()
        if self._failure is not None:
            raise self._failure

    async def _drain(self) -> None:
        if self._gathered:
            await self._flush()
        await self._end_flush()

    async def _begin_sync(self) -> None:
        await self._end_sync()
        self._syncing_to = self._written.offset
        self._syncing = asyncio.create_task(self._sync())

    async def _end_sync(self) -> None:
        if self._syncing is not None:
            await asyncio.wait((self._syncing,))
            syncing, self._syncing = self._syncing, None
            syncing.result()

    async def _sync(self) -> None:
        written = self._written
        if written.offset <= self._durable or self._is_unsynced:
            return
        await self._run(self._sync_part)
        await self._advance(written, self._blocks.rows(self._durable, written))
        self._durable = written.offset
        self._blocks.forget(self._durable)

    async def _advance(self, to: Written, sums: list[Row]) -> None:
        part, session = self._part, self._session
        if part is None:
            await self._committer.run(
                lambda connection: sessions.advance(connection, session.upload_id, to.offset, to.crc, sums, self._now())
            )
        else:
            await self._committer.run(
                lambda connection: parts.advance(connection, session, part.start, to.offset, to.crc, sums, self._now())
            )

    async def _start_over(self) -> None:
        self._gathered, self._gathered_bytes = [], 0
        await self._end_flush()
        await self._end_sync()
        await self._advance(Written(), [])  # first, so that the row never promises bytes that are gone
        self._offset = self._durable = self._syncing_to = 0
        self._blocks, self._written = Blocks(), Written()
        if self._descriptor is not None or self._is_named:
            await self._run(self._truncate)

    def _submit(self, function: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        future = asyncio.wrap_future(submit(self._executor, function, *args))
        self._threads.add(future)
        future.add_done_callback(self._threads.discard)
        return future

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        future = self._submit(function, *args)
        await asyncio.wait((future,))  # waiting for the future itself would cancel it, and lose track of the thread
        return future.result()

    def _write_out(self, chunks: list[bytes]) -> None:
        try:
            self._room.claim(sum(map(len, chunks)), self._loop)
            offset, crc = self._written.offset, self._written.crc
            self._disk.write(self._open(), chunks, offset)
            for chunk in chunks:
                offset, crc = offset + len(chunk), checksum.extend(crc, chunk)
                self._blocks.extend(chunk)
            self._written = Written(offset, crc, self._blocks.partial)
        except StorageError as exc:
            self._failure = exc
        except OSError as exc:
            self._failure = write_error(exc)

    def _sync_part(self) -> None:
        """Make the bytes of the part durable. On a disk without room for them, the bytes after the last checkpoint are
        lost, and a later writer of the session writes them again."""
        try:
            descriptor = self._open()
        except OSError as exc:
            raise write_error(exc) from exc
        try:
            self._disk.sync_file(descriptor)
            if not self._is_named:
                self._disk.sync_dir(self._disk.uploads)
                self._is_named = True
        except OSError as exc:
            if exc.errno in NO_ROOM:
                self._is_unsynced, self._failure = True, write_error(exc)
                raise self._failure from exc
            if exc.errno in SHORT_OF and not isinstance(exc, SyncFailedError):
                raise write_error(exc) from exc
            raise self._committer.fail("a sync of an upload", exc) from exc

    def _truncate(self) -> None:
        try:
            os.ftruncate(self._open(), 0)
        except OSError as exc:
            raise write_error(exc) from exc

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = self._disk.open_part(self._session.blob_id)
        return self._descriptor
