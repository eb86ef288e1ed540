"""The upload sessions of a bucket: begun, found, written by one request at a time, cancelled."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime

from storage_tui.contract import checksum
from storage_tui.contract.errors import ConflictError, StorageError, TooLargeError
from storage_tui.contract.wire import Span
from storage_tui.server.limits.shares import Shares
from storage_tui.server.stores.base import Address, Precondition, UploadPart, UploadSession, UploadWriter
from storage_tui.server.stores.multipart.sizes import PartRules
from storage_tui.server.stores.multipart.writer import PartsWriter
from storage_tui.server.stores.parking import WRITTEN, Parking, part_name
from storage_tui.server.stores.parts import check_part
from storage_tui.server.stores.s3 import sessions as sessions
from storage_tui.server.stores.s3.blobs import locate, time_text
from storage_tui.server.stores.s3.changes import check_write
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.requests import ConditionError
from storage_tui.server.stores.s3.protocol.threads import Threads
from storage_tui.server.stores.s3.sessions import EARLIER, Kept, SessionRecord
from storage_tui.server.stores.s3.trash.keeping import Keeper
from storage_tui.server.stores.s3.upload_state import UploadState, begin_parts

RULES = PartRules()
ATTEMPTS = 20  # attempts to cancel a session; each fails through a checkpoint of a writer


class UploadSessions:
    """Begins, finds, writes and cancels the upload sessions of a store on a bucket."""

    def __init__(
        self, bucket: Bucket, threads: Threads, now: Callable[[], datetime], *, memory: Shares, keeper: Keeper,
        rules: PartRules,
    ) -> None:  # fmt: skip
        self._keeper = keeper
        self._bucket = bucket
        self._threads = threads
        self._now = now
        self._memory = memory
        self._rules = rules
        self._parking = Parking()

    async def create(
        self, address: Address, *, size_bytes: int | None, content_type: str | None, crc32c: str | None,
        promised: Mapping[str, bytes], precondition: Precondition, repeat_key: str | None,
        written: datetime | None = None,
    ) -> UploadSession:  # fmt: skip
        """Begin a session, as `Store.create_upload` promises."""
        place, now = locate(address), self._now()
        if size_bytes is not None and size_bytes > self._rules.most_bytes:  # said before the bytes are sent, not after
            raise TooLargeError(
                f"a blob of this server has {self._rules.most_bytes:,} bytes at most, and {place.key!r} was announced "
                f"with {size_bytes:,}; store it in several blobs",
                key=place.key,
            )
        sizes = self._rules.sizes_for(size_bytes)
        is_as_before = size_bytes is not None and size_bytes <= EARLIER.place_of(EARLIER.equal_parts)
        if is_as_before and sizes.first_bytes == EARLIER.first_bytes:
            sizes = EARLIER  # the same equal parts, in words that earlier servers know
        want_crc = None if crc32c is None else checksum.encode(checksum.decode(crc32c))
        wanted = checksum.join_hashes(want_crc, promised)
        repeat = None if repeat_key is None else sessions.repeat_name(place, repeat_key, size_bytes)
        session = SessionRecord(
            sessions.new_id(now), address.namespace, place.storage_type.name, place.key, size_bytes=size_bytes,
            content_type=content_type, want_crc=wanted, if_match=precondition.if_match,
            if_none_match=precondition.if_none_match, repeat=repeat, written=time_text(written),
            part_bytes=sizes.first_bytes, equal_parts=sizes.equal_parts, step_parts=sizes.step_parts,
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

        return (await self._threads.sessions.run(begin)).to_upload()

    async def find(self, upload_id: str) -> UploadSession:
        """Return the session, as `Store.find_upload` promises."""
        kept = await self._threads.sessions.run(sessions.find, self._bucket, upload_id, self._now())
        return kept.session.to_upload()

    def write(self, upload_id: str, *, restart: bool) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer, as `Store.write_upload` promises. Entering waits for a writer that is being parked."""

        async def open_writer() -> PartsWriter:
            return self._writer(await self._threads.sessions.run(self._joined, upload_id))

        return self._parking.writing(upload_id, open_writer, restart=restart)

    def write_part(self, upload_id: str, span: Span) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer, as `Store.write_part` promises. Entering waits for a writer that is being parked."""

        async def open_writer() -> PartsWriter:
            return self._writer(await self._threads.sessions.run(self._begin_part, upload_id, span))

        return self._parking.writing(part_name(upload_id, span.start), open_writer, restart=False)

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        """Return the parts, as `Store.find_parts` promises."""

        def find() -> list[UploadPart]:
            if sessions.find_open(self._bucket, upload_id, self._now()).session.parts_id is None:
                return []
            spans = sessions.list_parts(self._bucket, upload_id)
            found = (sessions.find_part(self._bucket, upload_id, span) for span in spans)
            return [kept.session.to_part() for kept in found if kept is not None]

        return await self._threads.sessions.run(find)

    async def drop_parts(self, upload_id: str) -> None:
        """Drop the parts, as `Store.drop_parts` promises; the engine drops their bytes with those of the session."""
        await self._threads.sessions.run(sessions.forget_parts, self._bucket, upload_id)

    def _writer(self, kept: Kept) -> PartsWriter:
        state = UploadState(
            kept, bucket=self._bucket, threads=self._threads, now=self._now, keeper=self._keeper,
            most_parts=self._rules.most_parts,
        )  # fmt: skip
        return PartsWriter(state, threads=self._threads, memory=self._memory)

    def _joined(self, upload_id: str) -> Kept:
        """Join the whole parts that follow the bytes of the session, and return the session."""
        kept = sessions.find_open(self._bucket, upload_id, self._now())
        if kept.session.parts_id is None:
            return sessions.with_crc(self._bucket, kept)
        joined, spans = kept.session, sessions.list_parts(self._bucket, upload_id)
        for span in spans:
            if span.start != joined.offset or joined.pieces:
                break
            found = sessions.find_part(self._bucket, upload_id, span)
            if found is None or not found.session.to_part().is_whole:
                break
            part = found.session
            crc = checksum.combine(joined.crc, part.crc, span.size_bytes)
            joined = replace(joined, offset=span.stop, crc=crc, parts=(*joined.parts, *part.parts))
        if joined is kept.session:
            return sessions.with_crc(self._bucket, kept)
        kept = sessions.save(self._bucket, kept, joined, self._now())
        for span in spans:
            if span.start < joined.offset:
                self._bucket.delete(sessions.part_name(upload_id, span))
        return kept

    def _begin_part(self, upload_id: str, span: Span) -> Kept:
        """Return the part of the session with these ends, which is made where there is none."""
        kept = self._with_parts_id(upload_id, span)
        session, spans = kept.session, sessions.list_parts(self._bucket, upload_id)
        others = [UploadPart(one.start, one.stop, one.start) for one in spans]
        check_part(span, session.size_bytes, session.offset, others, session.key)
        begun = sessions.find_part(self._bucket, upload_id, span) if span in spans else None
        if begun is not None:
            return sessions.with_crc(self._bucket, begun)
        part = replace(
            session, offset=span.start, crc=0, parts=(), pieces=(), pieces_crc=None, repeat=None, start=span.start,
            stop=span.stop,
        )  # fmt: skip
        try:
            return sessions.create(self._bucket, part)
        except ConditionError as exc:
            raise ConflictError(WRITTEN, key=session.key) from exc

    def _with_parts_id(self, upload_id: str, span: Span) -> Kept:
        """Return the session, whose parts are begun in the engine."""
        for _ in range(ATTEMPTS):
            kept = sessions.find_open(self._bucket, upload_id, self._now())
            session = kept.session
            check_part(span, session.size_bytes, session.offset, (), session.key)
            if session.parts_id is not None:
                if (
                    session.sizes.place_of(len(session.parts)) + sum(one.size_bytes for one in session.pieces)
                    != session.offset
                ):
                    raise ConflictError("an earlier server began this upload, which takes no parts", key=session.key)
                return kept
            parts_id = begin_parts(self._bucket, session)
            try:
                return sessions.save(self._bucket, kept, replace(session, parts_id=parts_id), self._now())
            except ConflictError:  # another part was faster
                self._bucket.drop_parts(session.place.name, parts_id)
        raise ConflictError(WRITTEN)

    async def cancel(self, upload_id: str) -> None:
        """Cancel the session, as `Store.cancel_upload` promises."""
        before = await self._threads.sessions.run(self._cancel, upload_id)
        await self._parking.is_written(upload_id)
        if before is not None:
            await self._threads.sessions.run(sessions.drop_bytes, self._bucket, before)

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
