"""The writer of one upload session on an S3 engine: bytes gather until they are a part, and parts go to the engine
while the next one gathers.

What the engines over buckets do differently is a `SessionState`: where bytes wait that are too few for a part, where
the session is noted, and how the object is made in the end. The offset that a client is told is always that of the
noted session, which grows only after the bytes are kept.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

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
from storage_tui.server.limits.shares import Share, Shares
from storage_tui.server.stores.multipart.content import Content, Held
from storage_tui.server.stores.multipart.sizes import PartSizes
from storage_tui.server.stores.s3.memory import Gathering, wait_for_room
from storage_tui.server.stores.s3.protocol.requests import MismatchError
from storage_tui.server.stores.s3.protocol.threads import Threads

STARTED_OVER = "send them again from the start"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an upload is: so many bytes of the blob, their crc32c, and that of those which are in no part yet."""

    offset: int = 0
    crc: int = 0
    part_crc: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """What an upload session announced, or a part of one that ends at `stop`, and how its bytes go to the engine.

    `first_part` is the number of the first part, counted from 0. `at_once` parts are under way at a time, and a part
    has at most `in_memory_bytes` in memory. With `holds_beside`, bytes can be held while earlier parts are under way.
    """

    key: str
    user: str
    size_bytes: int | None
    stop: int | None
    crc32c: str | None
    sizes: PartSizes
    most_parts: int
    first_part: int
    at_once: int
    in_memory_bytes: int
    holds_beside: bool
    engine_name: str


class SessionState(Protocol):
    """The state of one upload session, on one engine."""

    upload: Upload

    @property
    def mark(self) -> Mark:
        """How far the noted session is: here a resume begins."""

    @property
    def part_count(self) -> int:
        """The number of parts that are noted."""

    def held(self, number: int) -> Held:
        """Return what is held of part `number`, the part that gathers."""

    @property
    def read_back_bytes(self) -> int:
        """The memory that reading held bytes takes."""

    async def hold(self, number: int, chunks: list[bytes], mark: Mark) -> None:
        """Hold bytes of part `number` after those that are held. `mark` is after the bytes."""

    async def keep(self, number: int, mark: Mark) -> None:
        """Make all held bytes durable, and note the mark."""

    async def begin(self) -> None:
        """Begin the parts in the engine, unless they are begun."""

    async def put_part(self, number: int, content: Content, crc: int) -> str:
        """Send part `number`, counted from 0, and return its ETag."""

    async def join(self, etags: list[str], mark: Mark) -> None:
        """Note parts that follow the noted ones. `mark` is after them."""

    async def let_go(self, number: int) -> None:
        """Drop what is held of part `number`, which the engine has."""

    async def empty(self) -> None:
        """Note that the session has no bytes, and drop them all."""

    async def commit(self, number: int, content: Content, mark: Mark, md5: str | None) -> Blob:
        """Make the object visible: of the noted parts and `content`, which is part `number`. Raise MismatchError when
        the engine received other bytes."""


class PartsWriter:
    """The `UploadWriter` of an engine over a bucket. The parts end at fixed places of the blob (`PartSizes`), whoever
    sends them, so that they can be numbered and joined."""

    def __init__(self, state: SessionState, *, threads: Threads, memory: Shares) -> None:
        self._state = state
        self._upload = state.upload
        self._threads = threads
        self._memory = memory
        self._mark = state.mark
        self._number = self._upload.first_part + state.part_count  # of the part that gathers
        self._held_bytes = sum(state.held(self._number).sizes)  # of this part
        self._gathered = Gathering(memory, self._upload.user)
        self._under_way: set[asyncio.Task[None]] = set()
        self._sent: dict[int, tuple[str, Mark]] = {}  # parts in the engine by number, until those before are there
        self._joining = asyncio.Lock()  # so that a later note is never replaced by an earlier one
        self._failure: StorageError | None = None
        self._is_over = False

    @property
    def offset(self) -> int:
        return self._mark.offset

    async def write(self, chunk: bytes) -> None:
        self._check()
        upload = self._upload
        limit = upload.size_bytes if upload.stop is None else upload.stop
        if limit is not None and self._mark.offset + len(chunk) > limit:
            raise self._bad(f"was announced with {limit} bytes and more came")
        while chunk:
            if self._number >= upload.most_parts:
                raise TooLargeError(
                    f"the upload has {self._mark.offset} bytes, and {upload.engine_name} takes no more in one object",
                    key=upload.key,
                )
            room = upload.sizes.bytes_of(self._number) - self._held_bytes - self._gathered.size_bytes
            piece, chunk = (chunk, b"") if len(chunk) <= room else (chunk[:room], chunk[room:])
            self._gathered.add(piece)
            mark = self._mark
            self._mark = Mark(
                mark.offset + len(piece), checksum.extend(mark.crc, piece), checksum.extend(mark.part_crc, piece)
            )
            if len(piece) >= room:
                await self._begin_part()
            elif self._gathered.size_bytes >= upload.in_memory_bytes or not await self._gathered.has_room():
                await self._hold()

    async def checkpoint(self) -> int:
        self._check()
        if self._mark.offset == self._upload.stop and (self._gathered.chunks or self._held_bytes):
            await self._begin_part()  # the end of the blob, which need not fill a part
        await self._keep()
        return self._state.mark.offset

    def kept(self) -> AsyncIterator[bytes] | None:
        return None if self._number else self._kept_bytes()

    async def finish(self, *, size_bytes: int | None = None, crc32c: str | None = None, md5: str | None = None) -> Blob:
        self._check()
        upload = self._upload
        wanted_size = upload.size_bytes if size_bytes is None else size_bytes
        if wanted_size is not None and wanted_size != self._mark.offset:
            raise self._bad(f"has {self._mark.offset} bytes, not {wanted_size}")
        await self._end_parts()
        for wanted in (crc32c, upload.crc32c):
            if wanted is not None and checksum.decode(wanted) != self._mark.crc:
                found = checksum.encode(self._mark.crc)
                await self.restart()
                raise ChecksumError(
                    f"the bytes of {upload.key!r} arrived with crc32c {found}, not {wanted}; {STARTED_OVER}",
                    key=upload.key,
                )
        room = await self._room_for_held()
        try:
            blob = await self._state.commit(self._number, self._content(), self._mark, md5)
        except MismatchError as exc:
            await self.restart()
            raise ChecksumError(
                f"the bytes of {upload.key!r} did not reach {upload.engine_name} as they were sent; {STARTED_OVER}",
                key=upload.key,
            ) from exc
        finally:
            room.close()
        self._is_over = True
        self._gathered.close()
        return blob

    async def restart(self) -> None:
        """Drop the bytes of the session and begin at 0."""
        with suppress(StorageError):
            await self._end_parts()
        self._release()
        self._failure = None
        await self._state.empty()
        self._mark, self._number, self._held_bytes = Mark(), 0, 0
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
        self._gathered = Gathering(self._memory, self._upload.user)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_over:
            raise ConflictError("the upload session is finished already", key=self._upload.key)

    def _bad(self, what: str) -> BadRequestError:
        return BadRequestError(f"the upload of {self._upload.key!r} {what}", key=self._upload.key)

    def _content(self) -> Content:
        return Content(self._state.held(self._number), self._gathered.chunks)

    async def _kept_bytes(self) -> AsyncIterator[bytes]:
        content = self._content()
        for place in range(len(content)):
            yield await self._threads.sessions.run(content.__getitem__, place)

    async def _hold(self) -> None:
        """Move the gathered bytes out of the memory."""
        if not self._upload.holds_beside:
            await self._end_parts()
        chunks, size_bytes = self._gathered.chunks, self._gathered.size_bytes
        if chunks:
            await self._state.hold(self._number, chunks, self._mark)
            self._held_bytes += size_bytes
            self._release()

    async def _keep(self) -> None:
        await self._end_parts()
        await self._hold()
        if self._mark.offset != self._state.mark.offset:
            await self._state.keep(self._number, self._mark)

    async def _room_for_held(self) -> Share:
        """Return the memory for the bytes that are read back for the next part. Raise BusyError when the memory does
        not become free. A writer that must wait holds nothing meanwhile."""
        wanted_bytes = self._state.read_back_bytes
        share = self._memory.try_take(self._upload.user, wanted_bytes) if wanted_bytes else None
        if share is not None or not wanted_bytes:
            return share or Share(self._memory, self._upload.user, 0)
        await self._hold()
        return await wait_for_room(self._memory, self._upload.user, self._state.read_back_bytes)

    async def _begin_part(self) -> None:
        """Send the part that has gathered, beside those under way."""
        while len(self._under_way) >= self._upload.at_once:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        self._check()
        await self._state.begin()
        room = await self._room_for_held()
        sending = self._send_part(self._number, self._content(), self._gathered, room, self._mark)
        self._gathered = Gathering(self._memory, self._upload.user)
        self._number += 1
        self._held_bytes = 0
        self._mark = Mark(self._mark.offset, self._mark.crc)
        task = asyncio.create_task(sending)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _end_parts(self) -> None:
        while self._under_way:
            await asyncio.wait(set(self._under_way))
        if self._failure is not None:
            raise self._failure

    async def _send_part(self, number: int, content: Content, gathered: Gathering, room: Share, mark: Mark) -> None:
        try:
            etag = await self._state.put_part(number, content, mark.part_crc)
            self._sent[number] = (etag, Mark(mark.offset, mark.crc))
            await self._join()
        except StorageError as exc:
            self._failure = self._failure or exc
        except Exception:
            self._failure = self._failure or UnavailableError(
                f"bytes did not reach {self._upload.engine_name} as they were sent; send them again"
            )
        finally:
            gathered.close()
            room.close()
        if self._failure is None:
            await self._state.let_go(number)
        else:
            self._release()  # bytes after lost bytes cannot be kept: the session continues at its noted offset

    async def _join(self) -> None:
        """Note the parts that follow the noted ones without a gap."""
        async with self._joining:
            etags, mark = list[str](), Mark()
            number = self._upload.first_part + self._state.part_count
            while number in self._sent:
                etag, mark = self._sent.pop(number)
                etags.append(etag)
                number += 1
            if etags:
                await self._state.join(etags, mark)
