"""The reader of one blob of a local store: from memory for a small value, from an open file for a larger blob.

A page that the kernel has in memory is read on the event loop, which takes less time than the switch to a thread. Other
pages are read in a thread. Only the stored bytes are returned: a read of the whole blob is checked against the checksum
of the whole before its last piece, and a read of a part block by block before each piece.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import aclosing

from storage_tui.contract import checksum
from storage_tui.contract.errors import DamagedError, UnavailableError
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE
from storage_tui.server.stores.local.blocks import BLOCK_BYTES, WHOLE_BYTES, BlockSums
from storage_tui.server.stores.local.database.pool import submit

SUMS_BYTES = 16 * 1024**3  # checksums for so much of a blob are in memory at once: 1 MiB of checksums

_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)
_COLD = (errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL)  # not in memory, or a file system that does not know


class ValueReader:
    """The bytes of a small value, read together with its row."""

    def __init__(self, blob: Blob, content: bytes) -> None:
        self._blob = blob
        self._content = content

    @property
    def blob(self) -> Blob:
        return self._blob

    async def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        _check_span(self._blob, span)
        if len(self._content) != self._blob.size_bytes:
            raise damaged(self._blob, f"{len(self._content)} bytes are there")
        check_crc(self._blob, checksum.extend(0, self._content))
        for start in range(span.start, span.stop, READ_SIZE):
            yield self._content[start : min(start + READ_SIZE, span.stop)]


class FileReader:
    """The bytes of a blob file, read through a descriptor that outlives the name of the file."""

    def __init__(
        self, blob: Blob, descriptor: int, executor: Executor, find_sums: Callable[[Span], Awaitable[BlockSums]]
    ) -> None:
        self._blob = blob
        self._descriptor = descriptor
        self._executor = executor
        self._find_sums = find_sums
        self._reading: asyncio.Future[bytes] | None = None

    @property
    def blob(self) -> Blob:
        return self._blob

    async def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        _check_span(self._blob, span)
        found = os.fstat(self._descriptor).st_size
        if found != self._blob.size_bytes:
            raise damaged(self._blob, f"{found} bytes are there")
        if not span.size_bytes:
            return
        if span.size_bytes == self._blob.size_bytes:
            pieces = self._whole(span.stop, step_bytes)
        elif found <= WHOLE_BYTES:
            pieces = self._part_of_small(span)
        else:
            pieces = self._part(span, step_bytes)
        async with aclosing(pieces):  # type: ignore[type-var]
            async for piece in pieces:
                yield piece
                await asyncio.sleep(0)  # otherwise the reader of a cached blob would keep every other request waiting

    def close(self) -> None:
        """Close the file, after the read that is under way in a thread, if any. The file is closed in a thread too: the
        last close of a deleted file frees all its blocks."""
        if self._reading is None or self._reading.done():
            self._begin_close()
        else:
            self._reading.add_done_callback(self._begin_close)

    def _begin_close(self, _: object = None) -> None:
        try:
            submit(self._executor, os.close, self._descriptor)
        except UnavailableError:  # the store and its threads are closed
            os.close(self._descriptor)

    async def _whole(self, size_bytes: int, step_bytes: int) -> AsyncIterator[bytes]:
        offset, crc = 0, 0
        while offset < size_bytes:
            piece = await self._read(offset, min(step_bytes, size_bytes - offset))
            offset, crc = offset + len(piece), checksum.extend(crc, piece)
            if offset == size_bytes:
                check_crc(self._blob, crc)
            yield piece

    async def _part_of_small(self, span: Span) -> AsyncIterator[bytes]:
        content = await self._read_all(0, self._blob.size_bytes or 0)
        check_crc(self._blob, checksum.extend(0, content))
        yield content[span.start : span.stop]

    async def _part(self, span: Span, step_bytes: int) -> AsyncIterator[bytes]:
        offset = span.start - span.start % BLOCK_BYTES
        end = min(-(-span.stop // BLOCK_BYTES) * BLOCK_BYTES, self._blob.size_bytes or 0)
        sums = None
        while offset < end:
            if sums is None or offset % SUMS_BYTES == 0:
                sums = await self._find_sums(Span(offset, min(end, offset - offset % SUMS_BYTES + SUMS_BYTES)))
            piece = await self._read_all(offset, min(step_bytes - offset % step_bytes, end - offset))
            if not sums.is_good(offset, memoryview(piece)):
                raise damaged(self._blob, f"the checksums of the blocks from {offset} on differ")
            yield piece[max(span.start - offset, 0) : span.stop - offset]
            offset += len(piece)

    async def _read_all(self, offset: int, size_bytes: int) -> bytes:
        piece = await self._read(offset, size_bytes)
        while len(piece) < size_bytes:
            piece += await self._read(offset + len(piece), size_bytes - len(piece))
        return piece

    async def _read(self, offset: int, size_bytes: int) -> bytes:
        if _NOWAIT is not None:
            buffer = bytearray(size_bytes)
            try:
                if count := os.preadv(self._descriptor, (buffer,), offset, _NOWAIT):
                    return bytes(memoryview(buffer)[:count])
            except OSError as exc:
                if exc.errno not in _COLD:
                    raise _unreadable(self._blob, exc) from exc
        self._reading = asyncio.wrap_future(submit(self._executor, os.pread, self._descriptor, size_bytes, offset))
        await asyncio.wait((self._reading,))  # waiting for the future itself would cancel it when this is cancelled
        try:
            piece = self._reading.result()
        except OSError as exc:
            raise _unreadable(self._blob, exc) from exc
        if not piece:
            raise damaged(self._blob, f"its file ends at {offset}")
        return piece


def _check_span(blob: Blob, span: Span) -> None:
    if not 0 <= span.start <= span.stop <= (blob.size_bytes or 0):
        raise ValueError(f"{span} is not within the {blob.size_bytes} bytes of {blob.key!r}")


def check_crc(blob: Blob, crc: int) -> None:
    """Raise DamagedError when `crc` is not the checksum of the blob."""
    if checksum.encode(crc) != blob.crc32c:
        raise damaged(blob, f"their crc32c is {checksum.encode(crc)}, not {blob.crc32c}")


def damaged(blob: Blob, why: str) -> DamagedError:
    """Return the error for a blob whose bytes are damaged."""
    return DamagedError(
        f"the {blob.size_bytes} bytes of {blob.key!r} in {blob.storage_type} are damaged on the server: {why}; "
        "restore it from a backup",
        key=blob.key,
    )


def _unreadable(blob: Blob, exc: OSError) -> DamagedError:
    return damaged(blob, f"the disk fails to read them ({exc.strerror or exc})")
