"""The state of one upload session in a bucket: the session's object, and pieces. A piece is an object of its own with
bytes that are too few for a part, for which the memory was short; the pieces are read again when there is enough.

Any server can go on with the session, as nothing of it is anywhere else.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial, reduce

from storage_tui.contract import checksum
from storage_tui.contract.errors import GoneError, StorageError
from storage_tui.contract.models import Blob
from storage_tui.contract.trash import OVERWRITTEN
from storage_tui.server.stores.multipart.content import Content, Held
from storage_tui.server.stores.multipart.sizes import MIB
from storage_tui.server.stores.multipart.writer import Mark, Upload
from storage_tui.server.stores.s3 import sessions as sessions
from storage_tui.server.stores.s3.blobs import ObjectPlace, describe
from storage_tui.server.stores.s3.changes import Keep, write
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition
from storage_tui.server.stores.s3.protocol.requests import MissingError
from storage_tui.server.stores.s3.protocol.threads import Threads
from storage_tui.server.stores.s3.sessions import PIECES, Kept, Piece, SessionRecord
from storage_tui.server.stores.s3.trash.keeping import Keeper

PARTS_AT_ONCE = 1  # with the one that gathers, 16 MiB for most blobs, of the memory for all uploads
MOST_IN_MEMORY = 16 * MIB  # of one part; the rest of a larger part, of a blob above 160 GB, goes through pieces


class UploadState:
    """The `SessionState` of a session in a bucket, or of a part of one."""

    def __init__(
        self, kept: Kept, *, bucket: Bucket, threads: Threads, now: Callable[[], datetime], keeper: Keeper,
        most_parts: int,
    ) -> None:  # fmt: skip
        session = kept.session
        self._kept = kept
        self._bucket = bucket
        self._threads = threads
        self._now = now
        self._keeper = keeper
        self._place: ObjectPlace = session.place
        self.upload = Upload(
            session.key, session.namespace, session.size_bytes, session.stop, session.crc32c, session.sizes, most_parts,
            first_part=session.sizes.number_at(session.start), at_once=PARTS_AT_ONCE, in_memory_bytes=MOST_IN_MEMORY,
            holds_beside=False, engine_name="the storage engine",
        )  # fmt: skip

    @property
    def mark(self) -> Mark:
        session = self._kept.session
        return Mark(session.offset, session.crc, session.pieces_crc or 0)

    @property
    def part_count(self) -> int:
        return len(self._kept.session.parts)

    @property
    def read_back_bytes(self) -> int:
        return max((piece.size_bytes for piece in self._kept.session.pieces), default=0)

    def held(self, number: int) -> Held:
        pieces = self._kept.session.pieces
        return Held(
            [piece.size_bytes for piece in pieces], lambda place: sessions.read_piece(self._bucket, pieces[place])
        )

    async def hold(self, number: int, chunks: list[bytes], mark: Mark) -> None:
        session = self._kept.session
        name = f"{session.upload_id}/{session.offset:016x}-{secrets.token_hex(4)}"
        piece = await self._threads.writes.run(self._put_piece, name, chunks)
        pieces = (*session.pieces, piece)
        await self._save(replace(session, pieces=pieces, pieces_crc=mark.part_crc, offset=mark.offset, crc=mark.crc))

    async def keep(self, number: int, mark: Mark) -> None:
        """Do nothing: what is held is durable, and noted."""

    async def begin(self) -> None:
        session = self._kept.session
        if session.parts_id is None:
            parts_id = await self._threads.sessions.run(begin_parts, self._bucket, session)
            await self._save(replace(session, parts_id=parts_id))

    async def put_part(self, number: int, content: Content, crc: int) -> str:
        return await self._threads.writes.run(self._put_part, number, content, crc)

    async def join(self, etags: list[str], mark: Mark) -> None:
        before = self._kept.session
        parts = (*before.parts, *etags)
        await self._save(replace(before, parts=parts, pieces=(), pieces_crc=None, offset=mark.offset, crc=mark.crc))
        await self._threads.sessions.run(sessions.drop_pieces, self._bucket, before)

    async def let_go(self, number: int) -> None:
        """Do nothing: the pieces of a part are dropped as soon as the part is noted."""

    async def empty(self) -> None:
        before = self._kept.session
        if before.offset or before.state != "open":
            await self._save(before.emptied())
            await self._threads.sessions.run(sessions.drop_bytes, self._bucket, before)

    async def commit(self, number: int, content: Content, mark: Mark, md5: str | None) -> Blob:
        keep = self._keeper.keeping(self._place, OVERWRITTEN)
        return await self._threads.writes.run(self._commit, number, content, mark, md5, keep)

    async def _save(self, session: SessionRecord) -> None:
        self._kept = await self._threads.sessions.run(sessions.save, self._bucket, self._kept, session, self._now())

    def _put_piece(self, name: str, chunks: Sequence[bytes]) -> Piece:
        crc = reduce(checksum.extend, chunks, 0)
        return Piece(name, self._bucket.put(PIECES + name, chunks, crc32c=checksum.encode(crc)).size_bytes)

    def _put_part(self, number: int, content: Content, crc: int) -> str:
        session = self._kept.session
        try:
            return self._bucket.put_part(
                self._place.name, session.parts_id or "", number + 1, content, crc32c=checksum.encode(crc)
            )
        except MissingError as exc:
            sessions.find_open(self._bucket, session.upload_id, self._now())
            raise _lost(session) from exc

    def _commit(self, number: int, content: Content, mark: Mark, md5: str | None, keep: Keep) -> Blob:
        """Make the blob visible. The session is first saved as "finishing", so that nobody cancels it meanwhile."""
        session = self._kept.session
        self._kept = sessions.save(self._bucket, self._kept, replace(session, state="finishing"), self._now())
        try:
            if session.parts:
                etags = session.parts
                if len(content):
                    etags = (*etags, self._put_part(number, content, mark.part_crc))
                change: Callable[[Condition], Blob] = partial(self._finish_parts, session, etags, mark)
            else:
                change = partial(self._put_whole, session, content, mark, md5)
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

    def _put_whole(
        self, session: SessionRecord, content: Content, mark: Mark, md5: str | None, condition: Condition
    ) -> Blob:
        crc32c = checksum.encode(mark.crc)
        written = self._bucket.put(
            self._place.name, content, crc32c=crc32c, content_type=session.content_type, condition=condition,
            meta=describe(
                session.content_type, session=session.mark, crc32c=crc32c, md5=md5, written=session.written
            ),
        )  # fmt: skip
        return self._place.to_blob(written)

    def _finish_parts(self, session: SessionRecord, etags: tuple[str, ...], mark: Mark, condition: Condition) -> Blob:
        blob = None
        with suppress(MissingError):  # an earlier request to finish, which seemed lost, may have succeeded
            self._bucket.finish_parts(
                self._place.name, session.parts_id or "", etags, crc32c=checksum.encode(mark.crc), condition=condition
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


def _md5_of(session: SessionRecord) -> str | None:
    digest = session.promised.get("md5")
    return None if digest is None else checksum.to_text(digest)


def _lost(session: SessionRecord) -> GoneError:
    return GoneError("the storage engine lost the parts of the upload session; start a new one", key=session.key)
