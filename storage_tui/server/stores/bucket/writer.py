"""The writer of one upload session of somebody else's bucket: bytes gather until they are a part, and parts go to the
engine while the next one gathers.

Bytes for which the memory is short, and those of parts too large for the memory, gather in a private file of this
machine.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import overload

from storage_tui.contract import checksum
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConflictError,
    GoneError,
    StorageError,
    TooLargeError,
    UnavailableError,
)
from storage_tui.contract.models import Blob
from storage_tui.server.limits.shares import Shares
from storage_tui.server.stores.bucket import changes
from storage_tui.server.stores.bucket.sessions import MIB, MOST_PARTS, SessionFolder, SessionRecord
from storage_tui.server.stores.s3.memory import Gathering
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import MismatchError, MissingError
from storage_tui.server.stores.s3.protocol.threads import Threads

PARTS_UNDER_WAY = 3  # so that the line to the engine is never idle
MOST_IN_MEMORY = 8 * MIB  # of one part; the rest of a larger part gathers in a file
_STEP_BYTES = MIB  # of a file, read at once
_STARTED_OVER = "send them again from the start"


class SessionWriter:
    """The `UploadWriter` of somebody else's bucket."""

    def __init__(
        self, session: SessionRecord, *, folder: SessionFolder, bucket: Bucket, threads: Threads, memory: Shares,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._session = session
        self._folder = folder
        self._bucket = bucket
        self._threads = threads
        self._memory = memory
        self._now = now
        self._offset = session.offset
        self._crc = session.crc
        self._number = len(session.parts)  # of the part that gathers, counted from 0
        self._filed_bytes = session.offset - session.joined_bytes  # of this part, in its file
        self._part_crc = session.part_crc
        self._gathered = Gathering(memory, session.namespace)
        self._under_way: set[asyncio.Task[None]] = set()
        self._sent: dict[int, tuple[str, int]] = {}  # parts in the engine by number: ETag, and crc of all up to its end
        self._failure: StorageError | None = None
        self._is_over = False

    @property
    def offset(self) -> int:
        return self._offset

    async def write(self, chunk: bytes) -> None:
        self._check()
        limit = self._session.size_bytes
        if limit is not None and self._offset + len(chunk) > limit:
            raise self._bad(f"was announced with {limit} bytes and more came")
        while chunk:
            room = self._session.part_bytes - self._filed_bytes - self._gathered.size_bytes
            piece, chunk = (chunk, b"") if len(chunk) <= room else (chunk[:room], chunk[room:])
            self._gathered.add(piece)
            self._offset += len(piece)
            self._crc = checksum.extend(self._crc, piece)
            self._part_crc = checksum.extend(self._part_crc, piece)
            if len(piece) == room:
                await self._begin_part()
            elif self._gathered.size_bytes >= MOST_IN_MEMORY or not await self._gathered.has_room():
                await self._file()

    async def checkpoint(self) -> int:
        self._check()
        await self._keep()
        return self._session.offset

    def kept(self) -> AsyncIterator[bytes] | None:
        return None if self._number else self._kept_bytes()

    async def finish(self, *, size_bytes: int | None = None, crc32c: str | None = None, md5: str | None = None) -> Blob:
        self._check()
        wanted_size = self._session.size_bytes if size_bytes is None else size_bytes
        if wanted_size is not None and wanted_size != self._offset:
            raise self._bad(f"has {self._offset} bytes, not {wanted_size}")
        await self._end_parts()
        for wanted in (crc32c, self._session.crc32c):
            if wanted is not None and checksum.decode(wanted) != self._crc:
                found = checksum.encode(self._crc)
                await self.restart()
                raise ChecksumError(
                    f"the bytes of {self._session.key!r} arrived with crc32c {found}, not {wanted}; {_STARTED_OVER}",
                    key=self._session.key,
                )
        try:
            blob = await self._threads.writes.run(self._commit)
        except MismatchError as exc:
            await self.restart()
            raise ChecksumError(
                f"the bytes of {self._session.key!r} did not reach the bucket as they were sent; {_STARTED_OVER}",
                key=self._session.key,
            ) from exc
        self._is_over = True
        self._gathered.close()
        return blob

    async def restart(self) -> None:
        """Drop the bytes of the session and begin at 0."""
        with suppress(StorageError):
            await self._end_parts()
        self._release()
        self._failure = None
        before = self._session
        await self._save(before.emptied())
        await self._threads.sessions.run(drop_bytes, self._bucket, self._folder, before)
        self._offset = self._crc = self._number = self._filed_bytes = self._part_crc = 0
        self._sent.clear()

    async def park(self) -> None:
        """Make the written bytes durable. A session that has ended meanwhile keeps no bytes."""
        try:
            if not self._is_over:
                with suppress(CancelledError, ConflictError, GoneError):
                    await self._keep()
        finally:
            self._is_over = True
            self._release()

    def _release(self) -> None:
        self._gathered.close()
        self._gathered = Gathering(self._memory, self._session.namespace)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_over:
            raise ConflictError("the upload session is finished already", key=self._session.key)

    def _bad(self, what: str) -> BadRequestError:
        return BadRequestError(f"the upload of {self._session.key!r} {what}", key=self._session.key)

    async def _save(self, session: SessionRecord) -> None:
        """Write the session, unless it was cancelled meanwhile."""
        self._session = session
        await self._threads.sessions.run(self._folder.save_open, session, self._now())

    async def _file(self) -> None:
        """Move the gathered bytes into the file of their part."""
        chunks, size_bytes = self._gathered.chunks, self._gathered.size_bytes
        if chunks:
            await self._threads.writes.run(
                self._folder.append, self._session.upload_id, self._number, self._filed_bytes, chunks
            )
            self._filed_bytes += size_bytes
            self._release()

    async def _keep(self) -> None:
        await self._end_parts()
        await self._file()
        if self._offset == self._session.offset:
            return
        if self._filed_bytes:
            await self._threads.writes.run(self._folder.sync, self._session.upload_id, self._number)
        await self._save(replace(self._session, offset=self._offset, crc=self._crc, part_crc=self._part_crc))

    async def _begin_part(self) -> None:
        """Send the part that has gathered, beside those under way."""
        if self._number >= MOST_PARTS:
            raise TooLargeError(
                f"the upload has more than {MOST_PARTS} parts of {self._session.part_bytes} bytes; announce its size",
                key=self._session.key,
            )
        while len(self._under_way) >= PARTS_UNDER_WAY:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            self._check()
        if self._session.parts_id is None:
            parts_id = await self._threads.sessions.run(begin_parts, self._bucket, self._session)
            await self._save(replace(self._session, parts_id=parts_id))
        content = self._content()
        sending = self._send_part(self._number, content, self._gathered, self._part_crc, self._crc)
        self._gathered = Gathering(self._memory, self._session.namespace)
        self._number += 1
        self._filed_bytes = self._part_crc = 0
        task = asyncio.create_task(sending)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _end_parts(self) -> None:
        while self._under_way:
            await asyncio.wait(set(self._under_way))
        if self._failure is not None:
            raise self._failure

    async def _send_part(self, number: int, content: "Content", gathered: Gathering, part_crc: int, crc: int) -> None:
        session = self._session
        try:
            etag = await self._threads.writes.run(self._put_part, session, number, content, part_crc)
            self._sent[number] = (etag, crc)
            await self._join()
        except StorageError as exc:
            self._failure = self._failure or exc
        except Exception:
            self._failure = self._failure or UnavailableError(
                "bytes did not reach the bucket as they were sent; send them again"
            )
        finally:
            gathered.close()
        if self._failure is None:
            await self._threads.sessions.run(self._folder.drop, session.upload_id, number)
        else:
            self._release()

    async def _join(self) -> None:
        """Note the parts that follow the noted ones without a gap."""
        session, parts, crc = self._session, list(self._session.parts), self._session.crc
        while len(parts) in self._sent:
            etag, crc = self._sent.pop(len(parts))
            parts.append(etag)
        if len(parts) > len(session.parts):
            offset = len(parts) * session.part_bytes
            await self._save(replace(session, parts=tuple(parts), offset=offset, crc=crc, part_crc=0))

    def _put_part(self, session: SessionRecord, number: int, content: "Content", crc: int) -> str:
        try:
            return self._bucket.put_part(
                session.key, session.parts_id or "", number + 1, content, crc32c=checksum.encode(crc)
            )
        except MissingError as exc:
            self._folder.find_open(session.upload_id, self._now())
            raise _lost(session) from exc

    def _content(self) -> "Content":
        return Content(self._folder, self._session.upload_id, self._number, self._filed_bytes, self._gathered.chunks)

    async def _kept_bytes(self) -> AsyncIterator[bytes]:
        content = self._content()
        for place in range(len(content)):
            yield await self._threads.sessions.run(content.__getitem__, place)

    def _commit(self) -> Blob:
        """Make the object visible."""
        session = self._folder.find_open(self._session.upload_id, self._now())  # unless it was cancelled meanwhile
        content = self._content()
        if session.parts:
            etags = (
                (*session.parts, self._put_part(session, self._number, content, self._part_crc))
                if len(content)
                else session.parts
            )
            made = changes.write(
                self._bucket, session.place, session.precondition, lambda condition: self._finish(etags, condition)
            )
        else:
            made = changes.write(
                self._bucket, session.place, session.precondition, lambda condition: self._bucket.put(
                    session.key, content, crc32c=checksum.encode(self._crc), content_type=session.content_type,
                    condition=condition,
                )
            )  # fmt: skip
        blob = replace(
            session.place.to_blob(made), crc32c=checksum.encode(self._crc), content_type=session.content_type
        )
        if session.parts_id is not None and not session.parts:
            self._bucket.drop_parts(session.key, session.parts_id)
        self._folder.save(
            replace(session, state="finished", offset=self._offset, parts_id=None, parts=(), blob=blob.to_json())
        )
        self._folder.drop_bytes(session.upload_id)
        return blob

    def _finish(self, etags: tuple[str, ...], condition: Condition) -> Object:
        session = self._session
        is_gone = False
        try:
            self._bucket.finish_parts(
                session.key, session.parts_id or "", etags, crc32c=checksum.encode(self._crc), condition=condition
            )
        except MissingError:  # an earlier request to finish, which seemed lost, may have succeeded
            is_gone = True
        made = self._bucket.head(session.key)
        if made is None or made.size_bytes != self._offset or (is_gone and not made.etag.endswith(f"-{len(etags)}")):
            raise _lost(session)
        return made


class Content(Sequence[bytes]):
    """The bytes of one part in order: those in its file, a piece at a time, then those in memory."""

    def __init__(
        self, folder: SessionFolder, upload_id: str, number: int, filed_bytes: int, chunks: Sequence[bytes]
    ) -> None:
        self._folder = folder
        self._upload_id = upload_id
        self._number = number
        self._filed_bytes = filed_bytes
        self._pieces = -(-filed_bytes // _STEP_BYTES)
        self._chunks = chunks

    @property
    def size_bytes(self) -> int:
        """The number of all bytes."""
        return self._filed_bytes + sum(map(len, self._chunks))

    def __len__(self) -> int:
        return self._pieces + len(self._chunks)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if place >= self._pieces:
            return self._chunks[place - self._pieces]
        start = place * _STEP_BYTES
        size_bytes = min(_STEP_BYTES, self._filed_bytes - start)
        return self._folder.read(self._upload_id, self._number, start, size_bytes)

    def __iter__(self) -> Iterator[bytes]:
        return (self[place] for place in range(len(self)))


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
