"""The writer of one upload session: bytes gather in memory until they are enough for a part. The part goes to the
engine while the next bytes gather.

The offset reported to a client is always that of the session's object, which is replaced only after the engine has the
bytes. When the memory for them is short, a writer stores its bytes in the bucket as a piece, and reads the piece again
when there is enough for a part.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial, reduce

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
from storage_tui.contract.trash import OVERWRITTEN
from storage_tui.server.limits.shares import Share, Shares
from storage_tui.server.stores.s3 import sessions as sessions
from storage_tui.server.stores.s3.blobs import ObjectPlace, describe
from storage_tui.server.stores.s3.changes import Keep, write
from storage_tui.server.stores.s3.memory import Gathering, wait_for_room
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition
from storage_tui.server.stores.s3.protocol.requests import MismatchError, MissingError
from storage_tui.server.stores.s3.protocol.threads import Threads
from storage_tui.server.stores.s3.sessions import PIECES, Kept, Piece, SessionRecord
from storage_tui.server.stores.s3.trash.keeping import Keeper

PART_BYTES = 8 * 1024 * 1024  # a kill can cost twice as much: one part under way, one gathering
PARTS_OF_A_SIZE = 2560  # then parts are twice as large, so that 10,000, which is S3's limit, hold 300 GB
MAX_PARTS = 10_000


class SessionWriter:
    """The `UploadWriter` of a bucket: of a session, or of a part of one. The parts that go to the engine end at fixed
    places of the blob (`place_of`), whoever sends them, so that they can be numbered and joined."""

    def __init__(
        self, kept: Kept, *, bucket: Bucket, threads: Threads, memory: Shares, now: Callable[[], datetime],
        keeper: Keeper,
    ) -> None:  # fmt: skip
        self._keeper = keeper
        self._kept = kept
        self._bucket = bucket
        self._threads = threads
        self._memory = memory
        self._now = now
        self._place: ObjectPlace = kept.session.place
        self._offset = kept.session.offset
        self._crc = kept.session.crc
        self._gathered = Gathering(memory, kept.session.namespace)
        self._piece_bytes = sum(piece.size_bytes for piece in kept.session.pieces)  # in the next part, before gathered
        self._first_part = number_at(kept.session.start)
        self._part_count = self._first_part + len(kept.session.parts)  # including the part under way
        self._sending: asyncio.Task[None] | None = None
        self._failure: StorageError | None = None
        self._is_over = False

    @property
    def offset(self) -> int:
        return self._offset

    @property
    def _session(self) -> SessionRecord:
        return self._kept.session

    async def write(self, chunk: bytes) -> None:
        self._check()
        limit = self._session.size_bytes if self._session.stop is None else self._session.stop
        if limit is not None and self._offset + len(chunk) > limit:
            raise self._bad(f"was announced with {limit} bytes and more came")
        while chunk:
            room = part_bytes(self._part_count) - self._piece_bytes - self._gathered.size_bytes
            piece, chunk = (chunk, b"") if len(chunk) <= room else (chunk[:room], chunk[room:])
            self._gathered.add(piece)
            self._offset += len(piece)
            self._crc = checksum.extend(self._crc, piece)
            if len(piece) >= room:
                await self._begin_part()
            elif not await self._gathered.has_room():
                await self._put_aside()

    async def checkpoint(self) -> int:
        self._check()
        if self._offset == self._session.stop and (self._gathered.chunks or self._piece_bytes):
            await self._begin_part()  # the end of the blob, which need not fill a part
        await self._put_aside()
        return self._session.offset

    def kept(self) -> AsyncIterator[bytes] | None:
        return None if self._part_count else self._kept_pieces()

    async def finish(self, *, size_bytes: int | None = None, crc32c: str | None = None, md5: str | None = None) -> Blob:
        self._check()
        wanted_size = self._session.size_bytes if size_bytes is None else size_bytes
        if wanted_size is not None and wanted_size != self._offset:
            raise self._bad(f"has {self._offset} bytes, not {wanted_size}")
        await self._end_part()
        for wanted in (crc32c, self._session.crc32c):
            if wanted is not None and checksum.decode(wanted) != self._crc:
                found = checksum.encode(self._crc)
                await self.restart()
                raise ChecksumError(
                    f"the bytes of {self._place.key!r} arrived with crc32c {found}, not {wanted}; "
                    "send them again from the start",
                    key=self._place.key,
                )
        pieces = await self._room_for_pieces()
        try:
            blob = await self._threads.writes.run(self._commit, md5, self._keeper.keeping(self._place, OVERWRITTEN))
        except MismatchError as exc:
            await self.restart()
            raise ChecksumError(
                f"the bytes of {self._place.key!r} did not reach the storage engine as they were sent; "
                "send them again from the start",
                key=self._place.key,
            ) from exc
        finally:
            pieces.close()
        self._is_over = True
        return blob

    async def restart(self) -> None:
        """Drop the bytes of the session and begin at 0."""
        with suppress(StorageError):
            await self._end_part()
        self._release()
        self._failure = None
        before = self._session
        if before.offset or before.state != "open":
            await self._save(before.emptied())
            await self._threads.sessions.run(sessions.drop_bytes, self._bucket, before)
        self._offset = self._crc = self._piece_bytes = self._part_count = 0

    async def park(self) -> None:
        """Make the written bytes durable. A session that has ended meanwhile keeps no bytes."""
        try:
            if not self._is_over:
                with suppress(CancelledError, ConflictError, GoneError):
                    await self._put_aside()
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
            raise ConflictError("the upload session is finished already", key=self._place.key)

    def _bad(self, what: str) -> BadRequestError:
        return BadRequestError(f"the upload of {self._place.key!r} {what}", key=self._place.key)

    async def _save(self, session: SessionRecord) -> None:
        self._kept = await self._threads.sessions.run(sessions.save, self._bucket, self._kept, session, self._now())

    async def _begin_part(self) -> None:
        await self._end_part()
        pieces = await self._room_for_pieces()
        gathered, self._gathered = self._gathered, Gathering(self._memory, self._session.namespace)
        self._piece_bytes = 0
        self._part_count += 1
        self._sending = asyncio.create_task(self._send_part(gathered, pieces, self._offset, self._crc))

    async def _room_for_pieces(self) -> Share:
        """Return the memory for the pieces of the next part, which are read whole. Raise BusyError when the memory does
        not become free. A writer that must wait holds nothing meanwhile."""
        share = self._memory.try_take(self._session.namespace, self._piece_bytes)
        if share is not None:
            return share
        await self._put_aside()
        return await wait_for_room(self._memory, self._session.namespace, self._piece_bytes)

    async def _end_part(self) -> None:
        if self._sending is not None:
            await asyncio.wait((self._sending,))
            sending, self._sending = self._sending, None
            sending.result()

    async def _send_part(self, gathered: Gathering, pieces: Share, offset: int, crc: int) -> None:
        try:
            if self._first_part + len(self._session.parts) >= MAX_PARTS - 1:
                raise TooLargeError("the blob has more bytes than the storage engine of this server takes in one blob")
            if self._session.parts_id is None:
                parts_id = await self._threads.sessions.run(begin_parts, self._bucket, self._session)
                await self._save(replace(self._session, parts_id=parts_id))
            etag = await self._threads.writes.run(self._put_part, gathered.chunks)
            session = self._session
            await self._save(replace(session, parts=(*session.parts, etag), pieces=(), offset=offset, crc=crc))
        except StorageError as exc:
            self._fail(exc)
            raise
        except Exception as exc:
            failure = UnavailableError("bytes did not reach the storage engine as they were sent; send them again")
            self._fail(failure)
            raise failure from exc
        finally:
            gathered.close()
            pieces.close()
        await self._threads.sessions.run(sessions.drop_pieces, self._bucket, session)

    def _fail(self, failure: StorageError) -> None:
        """Note the failure and drop the gathered bytes. Bytes after lost bytes cannot be kept, so the session continues
        at its last durable offset."""
        self._failure = failure
        self._release()

    async def _put_aside(self) -> None:
        await self._end_part()
        if not self._gathered.chunks:
            return
        name = f"{self._session.upload_id}/{self._session.offset:016x}-{secrets.token_hex(4)}"
        piece = await self._threads.writes.run(self._put_piece, name, self._gathered.chunks)
        await self._save(
            replace(self._session, pieces=(*self._session.pieces, piece), offset=self._offset, crc=self._crc)
        )
        self._piece_bytes += piece.size_bytes
        self._release()

    def _put_part(self, chunks: Sequence[bytes]) -> str:
        session = self._session
        content = (*self._pieces(), *chunks)
        try:
            return self._bucket.put_part(
                self._place.name, session.parts_id or "", self._first_part + len(session.parts) + 1, content,
                crc32c=_crc32c(content),
            )  # fmt: skip
        except MissingError as exc:
            sessions.find_open(self._bucket, session.upload_id, self._now())
            raise _lost(session) from exc

    def _pieces(self) -> Iterator[bytes]:
        return (_read_piece(self._bucket, piece) for piece in self._session.pieces)

    async def _kept_pieces(self) -> AsyncIterator[bytes]:
        for piece in self._session.pieces:
            yield await self._threads.sessions.run(_read_piece, self._bucket, piece)
        for chunk in self._gathered.chunks:
            yield chunk

    def _put_piece(self, name: str, chunks: Sequence[bytes]) -> Piece:
        return Piece(name, self._bucket.put(PIECES + name, chunks, crc32c=_crc32c(chunks)).size_bytes)

    def _commit(self, md5: str | None, keep: Keep) -> Blob:
        """Make the blob visible. The session is first saved as "finishing", so that nobody cancels it meanwhile."""
        session = self._session
        self._kept = sessions.save(self._bucket, self._kept, replace(session, state="finishing"), self._now())
        try:
            if session.parts:
                change: Callable[[Condition], Blob] = partial(self._finish_parts, self._last_part())
            else:
                change = partial(self._put_whole, (*self._pieces(), *self._gathered.chunks), md5)
            blob = write(self._bucket, self._place, session.precondition, self._now, change, keep)
        except BaseException:
            there = sessions.find_object(self._bucket, session)
            if there is None:
                with suppress(StorageError):
                    self._kept = sessions.save(self._bucket, self._kept, session, self._now())
                raise
            blob = there
        blob = blob if md5 is None else replace(blob, md5=md5)
        sessions.conclude(self._bucket, session, blob)
        return blob

    def _put_whole(self, content: Sequence[bytes], md5: str | None, condition: Condition) -> Blob:
        session, crc32c = self._session, checksum.encode(self._crc)
        written = self._bucket.put(
            self._place.name, content, crc32c=crc32c, content_type=session.content_type, condition=condition,
            meta=describe(
                session.content_type, session=session.mark, crc32c=crc32c, md5=md5, written=session.written
            ),
        )  # fmt: skip
        return self._place.to_blob(written)

    def _last_part(self) -> tuple[str, ...]:
        session = self._session
        has_more = self._gathered.chunks or session.pieces
        return (*session.parts, self._put_part(self._gathered.chunks)) if has_more else session.parts

    def _finish_parts(self, etags: tuple[str, ...], condition: Condition) -> Blob:
        session, blob = self._session, None
        with suppress(MissingError):  # an earlier request to finish, which seemed lost, may have succeeded
            self._bucket.finish_parts(
                self._place.name, session.parts_id or "", etags, crc32c=checksum.encode(self._crc), condition=condition
            )
            blob = sessions.find_object(self._bucket, session)
        if blob is None:
            raise _lost(session)
        return blob


def begin_parts(bucket: Bucket, session: SessionRecord) -> str:
    """Begin the parts of a session in the engine, and return the engine's id for them."""
    return bucket.begin_parts(
        session.place.name, content_type=session.content_type,
        meta=describe(
            session.content_type, session=session.mark, crc32c=session.crc32c, md5=_md5_of(session),
            written=session.written,
        ),
    )  # fmt: skip


def part_bytes(number: int) -> int:
    """Return the size in bytes of a part; parts are counted from 0."""
    return PART_BYTES << number // PARTS_OF_A_SIZE


def place_of(number: int) -> int:
    """Return where the part begins in the blob."""
    doublings, rest = divmod(number, PARTS_OF_A_SIZE)
    return PARTS_OF_A_SIZE * PART_BYTES * ((1 << doublings) - 1) + rest * part_bytes(number)


MOST_BYTES = place_of(MAX_PARTS - 1)  # of a blob: 306 GB; larger parts would not fit into the memory of a writer


def number_at(place: int) -> int:
    """Return the number of the part that begins at or before the place."""
    doublings = (place // (PARTS_OF_A_SIZE * PART_BYTES) + 1).bit_length() - 1
    first = doublings * PARTS_OF_A_SIZE
    return first + (place - place_of(first)) // part_bytes(first)


def _crc32c(chunks: Sequence[bytes]) -> str:
    return checksum.encode(reduce(checksum.extend, chunks, 0))


def _read_piece(bucket: Bucket, piece: Piece) -> bytes:
    found = bucket.read(PIECES + piece.name)
    if found is None or len(found[1]) != piece.size_bytes:
        raise GoneError("the storage engine lost bytes of the upload session; start a new one")
    return found[1]


def _md5_of(session: SessionRecord) -> str | None:
    digest = session.promised.get("md5")
    return None if digest is None else checksum.to_text(digest)


def _lost(session: SessionRecord) -> GoneError:
    return GoneError("the storage engine lost the parts of the upload session; start a new one", key=session.key)
