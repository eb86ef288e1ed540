"""The upload sessions of a bucket: begun, found, written by one request at a time, cancelled."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from storage_tui.contract import checksum
from storage_tui.contract.errors import ConflictError, StorageError
from storage_tui.server.limits.shares import Shares
from storage_tui.server.stores.base import Address, Precondition, UploadSession, UploadWriter
from storage_tui.server.stores.parking import WRITTEN, Parking
from storage_tui.server.stores.s3 import sessions as sessions
from storage_tui.server.stores.s3.blobs import locate, time_text
from storage_tui.server.stores.s3.changes import check_write
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.threads import Threads
from storage_tui.server.stores.s3.sessions import SessionRecord
from storage_tui.server.stores.s3.trash.keeping import Keeper
from storage_tui.server.stores.s3.writer import SessionWriter

ATTEMPTS = 20  # attempts to cancel a session; each fails through a checkpoint of a writer


class UploadSessions:
    """Begins, finds, writes and cancels the upload sessions of a store on a bucket."""

    def __init__(
        self, bucket: Bucket, threads: Threads, now: Callable[[], datetime], *, memory: Shares, keeper: Keeper
    ) -> None:
        self._keeper = keeper
        self._bucket = bucket
        self._threads = threads
        self._now = now
        self._memory = memory
        self._parking = Parking()

    async def create(
        self, address: Address, *, size_bytes: int | None, content_type: str | None, crc32c: str | None,
        promised: Mapping[str, bytes], precondition: Precondition, repeat_key: str | None,
        written: datetime | None = None,
    ) -> UploadSession:  # fmt: skip
        """Begin a session, as `Store.create_upload` promises."""
        place, now = locate(address), self._now()
        want_crc = None if crc32c is None else checksum.encode(checksum.decode(crc32c))
        wanted = checksum.join_hashes(want_crc, promised)
        repeat = None if repeat_key is None else sessions.repeat_name(place, repeat_key, size_bytes)
        session = SessionRecord(
            sessions.new_id(now), address.namespace, place.storage_type.name, place.key, size_bytes=size_bytes,
            content_type=content_type, want_crc=wanted, if_match=precondition.if_match,
            if_none_match=precondition.if_none_match, repeat=repeat, written=time_text(written),
        )  # fmt: skip

        def begin() -> SessionRecord:
            if repeat is not None:
                begun = sessions.find_repeat(self._bucket, repeat, now)
                if begun is not None:
                    return begun.session
            check_write(self._bucket, place, precondition, self._now)
            sessions.create(self._bucket, session)
            if repeat is not None:
                first = sessions.note_repeat(self._bucket, session, now)
                if first is not None:
                    return first.session
            return session

        return (await self._threads.calls.run(begin)).to_upload()

    async def find(self, upload_id: str) -> UploadSession:
        """Return the session, as `Store.find_upload` promises."""
        return (await self._threads.calls.run(sessions.find, self._bucket, upload_id, self._now())).session.to_upload()

    def write(self, upload_id: str, *, restart: bool) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer, as `Store.write_upload` promises. Entering waits for a writer that is being parked."""

        async def open_writer() -> SessionWriter:
            kept = await self._threads.calls.run(sessions.find_open, self._bucket, upload_id, self._now())
            return SessionWriter(
                kept, bucket=self._bucket, threads=self._threads, memory=self._memory, now=self._now,
                keeper=self._keeper,
            )  # fmt: skip

        return self._parking.writing(upload_id, open_writer, restart=restart)

    async def cancel(self, upload_id: str) -> None:
        """Cancel the session, as `Store.cancel_upload` promises."""
        before = await self._threads.calls.run(self._cancel, upload_id)
        await self._parking.is_written(upload_id)
        if before is not None:
            await self._threads.calls.run(sessions.drop_bytes, self._bucket, before)

    async def settle(self) -> None:
        """Wait until every writer that was left is parked."""
        await self._parking.settle()

    def _cancel(self, upload_id: str) -> SessionRecord | None:
        for _ in range(ATTEMPTS):
            kept = sessions.find(self._bucket, upload_id, self._now())
            if kept.session.state in ("finished", "cancelled"):
                return None
            try:
                sessions.save(self._bucket, kept, kept.session.emptied("cancelled"), self._now())
            except StorageError:
                continue
            return kept.session
        raise ConflictError(WRITTEN)
