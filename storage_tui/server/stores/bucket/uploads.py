"""The upload sessions of somebody else's bucket: begun, found, written by one request at a time, cancelled."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime

from storage_tui.contract import checksum
from storage_tui.contract.errors import StorageError, TooLargeError
from storage_tui.server.limits.shares import Shares
from storage_tui.server.stores.base import ANY, Address, Precondition, UploadSession, UploadWriter
from storage_tui.server.stores.bucket import sessions
from storage_tui.server.stores.bucket.objects import locate
from storage_tui.server.stores.bucket.sessions import SessionFolder, SessionRecord
from storage_tui.server.stores.bucket.upload_state import UploadState, drop_bytes
from storage_tui.server.stores.multipart.sizes import MIB, PartRules
from storage_tui.server.stores.multipart.writer import PartsWriter
from storage_tui.server.stores.parking import Parking
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.threads import Threads
from storage_tui.server.stores.s3.sessions import new_id

RULES = PartRules(unknown_bytes=16 * MIB, equal_parts=5000, step_parts=625)  # of an unknown size: 84 GB are equal parts


class UploadSessions:
    """Begins, finds, writes and cancels the upload sessions of one place."""

    def __init__(
        self, bucket: Bucket, threads: Threads, folder: SessionFolder, now: Callable[[], datetime], *, memory: Shares,
        rules: PartRules = RULES,
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._threads = threads
        self._folder = folder
        self._now = now
        self._memory = memory
        self._rules = rules
        self._parking = Parking()

    async def create(
        self, address: Address, *, size_bytes: int | None, content_type: str | None, crc32c: str | None,
        promised: Mapping[str, bytes], precondition: Precondition, repeat_key: str | None,
    ) -> UploadSession:  # fmt: skip
        """Begin a session, as `Store.create_upload` promises."""
        place, now = locate(address), self._now()
        if size_bytes is not None and size_bytes > self._rules.most_bytes:
            raise TooLargeError(
                f"an object of a bucket has {self._rules.most_bytes:,} bytes at most, and {place.key!r} was announced "
                f"with {size_bytes:,}; store it in several objects",
                key=place.key,
            )
        sizes = self._rules.sizes_for(size_bytes)
        want_crc = None if crc32c is None else checksum.encode(checksum.decode(crc32c))
        repeat = None if repeat_key is None else sessions.repeat_name(place.key, repeat_key, size_bytes)
        session = SessionRecord(
            new_id(now), address.namespace, place.key, sizes.first_bytes, size_bytes=size_bytes,
            content_type=content_type, want_crc=checksum.join_hashes(want_crc, promised),
            if_match=precondition.if_match, if_none_match=precondition.if_none_match, repeat=repeat,
            equal_parts=sizes.equal_parts, step_parts=sizes.step_parts,
        )  # fmt: skip

        def begin() -> SessionRecord:
            begun = None if repeat is None else self._folder.find_repeat(repeat, now)
            if begun is not None:
                return begun
            if precondition != ANY:
                place.check(self._bucket.head(place.name), precondition)
            self._folder.save(session)
            self._folder.note_repeat(session)
            return session

        return (await self._threads.sessions.run(begin)).to_upload()

    async def find(self, upload_id: str) -> UploadSession:
        """Return the session, as `Store.find_upload` promises."""
        return (await self._threads.sessions.run(self._folder.find, upload_id, self._now())).to_upload()

    async def find_open(self, upload_id: str) -> SessionRecord:
        """Return the session while it can be written. Raise the errors of `Store.write_upload`."""
        return await self._threads.sessions.run(self._folder.find_open, upload_id, self._now())

    def write(self, upload_id: str, *, restart: bool) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer, as `Store.write_upload` promises. Entering waits for a writer that is being parked."""

        async def open_writer() -> PartsWriter:
            state = UploadState(
                await self.find_open(upload_id), folder=self._folder, bucket=self._bucket, threads=self._threads,
                now=self._now, most_parts=self._rules.most_parts,
            )  # fmt: skip
            return PartsWriter(state, threads=self._threads, memory=self._memory)

        return self._parking.writing(upload_id, open_writer, restart=restart)

    async def cancel(self, upload_id: str) -> None:
        """Cancel the session, as `Store.cancel_upload` promises."""
        before = await self._threads.sessions.run(self._cancel, upload_id)
        await self._parking.is_written(upload_id)
        if before is not None:
            await self._threads.sessions.run(drop_bytes, self._bucket, self._folder, before)

    async def settle(self) -> None:
        """Wait until every writer that was left is parked."""
        await self._parking.settle()

    async def sweep(self) -> None:
        """Drop the bytes of the sessions whose time has passed."""
        await self._threads.upkeep.run(self._sweep)

    def _sweep(self) -> None:
        now = self._now()
        for session in self._folder.expired(now):
            if session.parts_id is not None:
                try:
                    self._bucket.drop_parts(session.key, session.parts_id)
                except StorageError:
                    continue  # the next sweep tries again
                self._folder.save(replace(session, parts_id=None))
            self._folder.forget(session, now)

    def _cancel(self, upload_id: str) -> SessionRecord | None:
        return self._folder.cancel(upload_id, self._now())
