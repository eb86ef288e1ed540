"""The upload sessions of a local store: begun, found, written by one writer at a time, cancelled."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import apsw

from storage_tui.contract.errors import ConflictError, StorageError
from storage_tui.server.stores import local_blocks
from storage_tui.server.stores import local_sessions as sessions
from storage_tui.server.stores.base import UploadSession, UploadWriter
from storage_tui.server.stores.local_commit import Committer
from storage_tui.server.stores.local_files import Disk
from storage_tui.server.stores.local_pool import Pool
from storage_tui.server.stores.local_room import Room
from storage_tui.server.stores.local_writer import PartWriter

_log = logging.getLogger(__name__)


class Uploads:
    """What a local store does about upload sessions once they exist."""

    def __init__(self, *, disk: Disk, room: Room, committer: Committer, pool: Pool, now: Callable[[], int]) -> None:
        self._disk = disk
        self._room = room
        self._committer = committer
        self._pool = pool
        self._now = now
        self._parking: dict[str, asyncio.Task[None] | None] = {}  # a session in here has a writer; the task ends it

    async def find(self, upload_id: str) -> UploadSession:
        """As `Store.find_upload` promises."""
        session = await self._pool.read(lambda connection: sessions.find(connection, upload_id, self._now()))
        return session.to_upload()

    @asynccontextmanager
    async def write(self, upload_id: str, *, restart: bool) -> AsyncIterator[UploadWriter]:
        """As `Store.write_upload` promises. A writer that is being parked is waited for."""
        while (parking := self._parking.get(upload_id)) is not None:
            await asyncio.wait((parking,))
        if upload_id in self._parking:
            raise ConflictError("the upload session is being written by another request; wait for that one to end")
        self._parking[upload_id] = None
        try:
            session, tail = await self._pool.read(partial(self._find_open, upload_id))
        except BaseException:
            del self._parking[upload_id]
            raise
        writer = PartWriter(
            session, tail, disk=self._disk, room=self._room, committer=self._committer, executor=self._pool.files,
            now=self._now,
        )  # fmt: skip
        try:
            if restart:
                await writer.restart()
            yield writer
        except BaseException:
            await self._park(upload_id, writer, is_failing=True)
            raise
        await self._park(upload_id, writer, is_failing=False)

    async def cancel(self, upload_id: str) -> None:
        """As `Store.cancel_upload` promises. The part of a session with a writer goes when that lets go of it."""
        before = await self._committer.run(lambda connection: sessions.cancel(connection, upload_id, self._now()))
        if (parking := self._parking.get(upload_id)) is not None:
            await asyncio.wait((parking,))
        if before.state == "open" and upload_id not in self._parking:
            await self._pool.in_thread(lambda: self._disk.unlink(self._disk.part_path(before.blob_id)))

    async def settle(self) -> None:
        """Wait until writers that were left are parked."""
        while tasks := [task for task in self._parking.values() if task is not None]:
            await asyncio.wait(tasks)

    def _find_open(self, upload_id: str, connection: apsw.Connection) -> tuple[sessions.Session, bytes]:
        session = sessions.find_open(connection, upload_id, self._now())
        return session, local_blocks.read_tail(connection, session.blob_id, session.offset)

    async def _park(self, upload_id: str, writer: PartWriter, *, is_failing: bool) -> None:
        """Park in a task of its own: a request that is cancelled twice must not leave half a checkpoint."""

        async def park() -> None:
            try:
                await writer.park()
            finally:
                del self._parking[upload_id]

        task = self._parking[upload_id] = asyncio.create_task(park())
        await asyncio.wait((task,))
        error = task.exception()
        if error is None:
            return
        if not is_failing:
            raise error
        level = logging.DEBUG if isinstance(error, StorageError) else logging.ERROR
        _log.log(level, "an upload that broke off could not keep its last bytes", exc_info=error)
