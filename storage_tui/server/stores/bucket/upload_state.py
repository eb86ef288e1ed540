"""The state of one upload session of somebody else's bucket. Bytes that are too few for a part, and those of parts too
large for the memory, wait in private files of this machine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from storage_tui.contract import checksum
from storage_tui.contract.errors import GoneError
from storage_tui.contract.models import Blob
from storage_tui.server.stores.bucket import changes
from storage_tui.server.stores.bucket.sessions import SessionFolder, SessionRecord
from storage_tui.server.stores.multipart.content import Content, Held
from storage_tui.server.stores.multipart.sizes import MIB
from storage_tui.server.stores.multipart.writer import Mark, Upload
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import MissingError
from storage_tui.server.stores.s3.protocol.threads import Threads

PARTS_AT_ONCE = 3  # so that the line to the engine is never idle
MOST_IN_MEMORY = 8 * MIB  # of one part; the rest of a larger part gathers in a file
_STEP_BYTES = MIB  # of a file, read at once


class UploadState:
    """The `SessionState` of somebody else's bucket."""

    def __init__(
        self, session: SessionRecord, *, folder: SessionFolder, bucket: Bucket, threads: Threads,
        now: Callable[[], datetime], most_parts: int,
    ) -> None:  # fmt: skip
        self._session = session
        self._folder = folder
        self._bucket = bucket
        self._threads = threads
        self._now = now
        self._filed = (len(session.parts), session.offset - session.joined_bytes)  # a part, and its bytes in a file
        self.upload = Upload(
            session.key, session.namespace, session.size_bytes, None, session.crc32c, session.sizes, most_parts,
            first_part=0, at_once=PARTS_AT_ONCE, in_memory_bytes=MOST_IN_MEMORY, holds_beside=True,
            engine_name="the bucket",
        )  # fmt: skip

    @property
    def mark(self) -> Mark:
        return Mark(self._session.offset, self._session.crc, self._session.part_crc)

    @property
    def part_count(self) -> int:
        return len(self._session.parts)

    @property
    def read_back_bytes(self) -> int:
        return 0  # a request has paid for the step that is read

    def held(self, number: int) -> Held:
        filed_bytes, upload_id = self._filed_bytes(number), self._session.upload_id
        sizes = [min(_STEP_BYTES, filed_bytes - start) for start in range(0, filed_bytes, _STEP_BYTES)]
        return Held(sizes, lambda place: self._folder.read(upload_id, number, place * _STEP_BYTES, sizes[place]))

    async def hold(self, number: int, chunks: list[bytes], mark: Mark) -> None:
        at = self._filed_bytes(number)
        await self._threads.writes.run(self._folder.append, self._session.upload_id, number, at, chunks)
        self._filed = (number, at + sum(map(len, chunks)))

    async def keep(self, number: int, mark: Mark) -> None:
        if self._filed_bytes(number):
            await self._threads.writes.run(self._folder.sync, self._session.upload_id, number)
        await self._save(replace(self._session, offset=mark.offset, crc=mark.crc, part_crc=mark.part_crc))

    async def begin(self) -> None:
        if self._session.parts_id is None:
            parts_id = await self._threads.sessions.run(begin_parts, self._bucket, self._session)
            await self._save(replace(self._session, parts_id=parts_id))

    async def put_part(self, number: int, content: Content, crc: int) -> str:
        return await self._threads.writes.run(self._put_part, number, content, crc)

    async def join(self, etags: list[str], mark: Mark) -> None:
        parts = (*self._session.parts, *etags)
        await self._save(replace(self._session, parts=parts, offset=mark.offset, crc=mark.crc, part_crc=0))

    async def let_go(self, number: int) -> None:
        await self._threads.sessions.run(self._folder.drop, self._session.upload_id, number)

    async def empty(self) -> None:
        before = self._session
        await self._save(before.emptied())
        self._filed = (0, 0)
        await self._threads.sessions.run(drop_bytes, self._bucket, self._folder, before)

    async def commit(self, number: int, content: Content, mark: Mark, md5: str | None) -> Blob:
        return await self._threads.writes.run(self._commit, number, content, mark)

    def _filed_bytes(self, number: int) -> int:
        return self._filed[1] if self._filed[0] == number else 0

    async def _save(self, session: SessionRecord) -> None:
        """Write the session, unless it was cancelled meanwhile."""
        self._session = session
        await self._threads.sessions.run(self._folder.save_open, session, self._now())

    def _put_part(self, number: int, content: Content, crc: int) -> str:
        session = self._session
        try:
            return self._bucket.put_part(
                session.key, session.parts_id or "", number + 1, content, crc32c=checksum.encode(crc)
            )
        except MissingError as exc:
            self._folder.find_open(session.upload_id, self._now())
            raise _lost(session) from exc

    def _commit(self, number: int, content: Content, mark: Mark) -> Blob:
        """Make the object visible."""
        session = self._folder.find_open(self._session.upload_id, self._now())  # unless it was cancelled meanwhile
        crc32c = checksum.encode(mark.crc)
        if session.parts:
            etags = session.parts
            if len(content):
                etags = (*etags, self._put_part(number, content, mark.part_crc))
            made = changes.write(
                self._bucket, session.place, session.precondition,
                lambda condition: self._finish(etags, mark, condition),
            )  # fmt: skip
        else:
            made = changes.write(
                self._bucket, session.place, session.precondition, lambda condition: self._bucket.put(
                    session.key, content, crc32c=crc32c, content_type=session.content_type, condition=condition,
                )
            )  # fmt: skip
        blob = replace(session.place.to_blob(made), crc32c=crc32c, content_type=session.content_type)
        if session.parts_id is not None and not session.parts:
            self._bucket.drop_parts(session.key, session.parts_id)
        self._folder.save(
            replace(session, state="finished", offset=mark.offset, parts_id=None, parts=(), blob=blob.to_json())
        )
        self._folder.drop_bytes(session.upload_id)
        return blob

    def _finish(self, etags: tuple[str, ...], mark: Mark, condition: Condition) -> Object:
        session = self._session
        is_gone = False
        try:
            self._bucket.finish_parts(
                session.key, session.parts_id or "", etags, crc32c=checksum.encode(mark.crc), condition=condition
            )
        except MissingError:  # an earlier request to finish, which seemed lost, may have succeeded
            is_gone = True
        made = self._bucket.head(session.key)
        if made is None or made.size_bytes != mark.offset or (is_gone and not made.etag.endswith(f"-{len(etags)}")):
            raise _lost(session)
        return made


def begin_parts(bucket: Bucket, session: SessionRecord) -> str:
    """Begin the parts of a session in the engine, and return the engine's id for them."""
    return bucket.begin_parts(session.key, content_type=session.content_type, meta={})


def drop_bytes(bucket: Bucket, folder: SessionFolder, session: SessionRecord) -> None:
    """Drop the bytes of a session, in the engine and on this machine."""
    folder.drop_bytes(session.upload_id)
    if session.parts_id is not None:
        bucket.drop_parts(session.key, session.parts_id)


def _lost(session: SessionRecord) -> GoneError:
    return GoneError("the bucket has lost the parts of the upload session; start a new one", key=session.key)
