"""The upload sessions of a local store: found, written by one writer at a time or in parts, cancelled."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import apsw

from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import UploadPart, UploadSession, UploadWriter
from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.commit import Committer
from storage_tui.server.stores.local.database import parts as parts
from storage_tui.server.stores.local.database import sessions as sessions
from storage_tui.server.stores.local.database.pool import Pool
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.room import Room
from storage_tui.server.stores.local.writer import PartWriter
from storage_tui.server.stores.parking import Parking, part_name

CROWD = 8  # writers; with more writers each gathers little, as together they would fill the memory


class UploadSessions:
    """Finds, writes and cancels the upload sessions of a local store."""

    def __init__(
        self, *, disk: Disk, room: Room, committer: Committer, pool: Pool, now: Callable[[], int],
        quantum_of: Callable[[int], int],
    ) -> None:  # fmt: skip
        self._disk = disk
        self._room = room
        self._committer = committer
        self._pool = pool
        self._now = now
        self._quantum_of = quantum_of
        self._parking = Parking()

    async def find(self, upload_id: str) -> UploadSession:
        """Return the session, as `Store.find_upload` promises."""
        session = await self._pool.read(lambda connection: sessions.find(connection, upload_id, self._now()))
        return session.to_upload()

    def write(self, upload_id: str, *, restart: bool) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer, as `Store.write_upload` promises. Entering waits for a writer that is being parked."""

        async def open_writer() -> PartWriter:
            session, tail, has_parts = await self._pool.read(partial(self._find_open, upload_id))
            if has_parts:
                if restart:
                    await self.drop_parts(upload_id)
                else:
                    await self._committer.run(lambda connection: parts.join(connection, upload_id, self._now()))
                session, tail, _ = await self._pool.read(partial(self._find_open, upload_id))
            return self._writer(session, tail)

        return self._parking.writing(upload_id, open_writer, restart=restart)

    def write_part(self, upload_id: str, span: Span) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer, as `Store.write_part` promises. Entering waits for a writer that is being parked."""

        async def open_writer() -> PartWriter:
            session, part = await self._committer.run(
                lambda connection: parts.begin(connection, upload_id, span, self._now(), self._quantum_of)
            )
            tail = await self._pool.read(
                lambda connection: local_blocks.read_tail(connection, session.blob_id, part.offset)
            )
            return self._writer(session, tail, part)

        return self._parking.writing(part_name(upload_id, span.start), open_writer, restart=False)

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        """Return the parts, as `Store.find_parts` promises."""

        def read(connection: apsw.Connection) -> list[UploadPart]:
            sessions.find_open(connection, upload_id, self._now())
            return parts.find(connection, upload_id)

        return await self._pool.read(read)

    async def drop_parts(self, upload_id: str) -> None:
        """Drop the parts, as `Store.drop_parts` promises."""
        await self._committer.run(lambda connection: parts.drop(connection, upload_id, self._now()))

    def _writer(self, session: sessions.SessionRow, tail: bytes, part: UploadPart | None = None) -> PartWriter:
        return PartWriter(
            session, tail, disk=self._disk, room=self._room, committer=self._committer, executor=self._pool.files,
            now=self._now, is_crowded=lambda: self._parking.count > CROWD, part=part,
        )  # fmt: skip

    async def cancel(self, upload_id: str) -> None:
        """Cancel the session, as `Store.cancel_upload` promises. While the session has a writer, its part stays until
        the writer releases the part."""
        before = await self._committer.run(lambda connection: sessions.cancel(connection, upload_id, self._now()))
        if not await self._parking.is_written(upload_id) and before.state == "open":
            await self._pool.in_thread(lambda: self._disk.unlink(self._disk.part_path(before.blob_id)))

    async def settle(self) -> None:
        """Wait until every writer that was left is parked."""
        await self._parking.settle()

    def _find_open(self, upload_id: str, connection: apsw.Connection) -> tuple[sessions.SessionRow, bytes, bool]:
        session = sessions.find_open(connection, upload_id, self._now())
        tail = local_blocks.read_tail(connection, session.blob_id, session.offset)
        return session, tail, bool(parts.find(connection, upload_id))
