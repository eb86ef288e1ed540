"""Reading one blob of a local store: from memory for a small value, from an open file for the rest.

A page that the kernel has in memory is read on the event loop, which takes less time than the hop to a thread; a cold
one is read in a thread. A blob whose bytes are not what was stored raises before its last piece, so that no reader
takes a damaged blob for a whole one.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from storage_tui.contract import checksum
from storage_tui.contract.errors import UnavailableError
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE
from storage_tui.server.stores.local_pool import submit

_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)
_COLD = (errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL)  # not in memory, or a file system that cannot tell


class ValueReader:
    """The bytes of a small value, read together with its row."""

    def __init__(self, blob: Blob, content: bytes) -> None:
        self._blob = blob
        self._content = content

    @property
    def blob(self) -> Blob:
        return self._blob

    async def chunks(self, span: Span) -> AsyncIterator[bytes]:
        _check_span(self._blob, span)
        if len(self._content) != self._blob.size_bytes:
            raise _damaged(self._blob, f"{len(self._content)} bytes are there")
        if span.size_bytes == len(self._content):
            _check_crc(self._blob, checksum.extend(0, self._content))
        for start in range(span.start, span.stop, READ_SIZE):
            yield self._content[start : min(start + READ_SIZE, span.stop)]


class FileReader:
    """The bytes of a blob file, by a descriptor that outlives the file's name."""

    def __init__(self, blob: Blob, descriptor: int, executor: Executor) -> None:
        self._blob = blob
        self._descriptor = descriptor
        self._executor = executor
        self._reading: asyncio.Future[bytes] | None = None

    @property
    def blob(self) -> Blob:
        return self._blob

    async def chunks(self, span: Span) -> AsyncIterator[bytes]:
        _check_span(self._blob, span)
        found = os.fstat(self._descriptor).st_size
        if found != self._blob.size_bytes:
            raise _damaged(self._blob, f"{found} bytes are there")
        is_whole = span.size_bytes == self._blob.size_bytes
        offset, crc = span.start, 0
        while offset < span.stop:
            piece = await self._read(offset, min(READ_SIZE, span.stop - offset))
            if not piece:
                raise _damaged(self._blob, f"its file ends at {offset}")
            offset += len(piece)
            if is_whole:
                crc = checksum.extend(crc, piece)
                if offset == span.stop:
                    _check_crc(self._blob, crc)
            yield piece
            await asyncio.sleep(0)  # or a reader of a cached blob would keep every other request waiting

    def close(self) -> None:
        """Let go of the file, once a read under way in a thread is over. In a thread as well: the last close of a
        deleted file frees all its blocks."""
        if self._reading is None or self._reading.done():
            self._begin_close()
        else:
            self._reading.add_done_callback(self._begin_close)

    def _begin_close(self, _: object = None) -> None:
        try:
            submit(self._executor, os.close, self._descriptor)
        except UnavailableError:  # the store has closed, and its threads with it
            os.close(self._descriptor)

    async def _read(self, offset: int, size_bytes: int) -> bytes:
        if _NOWAIT is not None:
            buffer = bytearray(size_bytes)
            try:
                return bytes(memoryview(buffer)[: os.preadv(self._descriptor, (buffer,), offset, _NOWAIT)])
            except OSError as exc:
                if exc.errno not in _COLD:
                    raise _unreadable(self._blob, exc) from exc
        self._reading = asyncio.wrap_future(submit(self._executor, os.pread, self._descriptor, size_bytes, offset))
        await asyncio.wait((self._reading,))  # unlike the future itself, this leaves the thread alone when cancelled
        try:
            return self._reading.result()
        except OSError as exc:
            raise _unreadable(self._blob, exc) from exc


def _check_span(blob: Blob, span: Span) -> None:
    if not 0 <= span.start <= span.stop <= (blob.size_bytes or 0):
        raise ValueError(f"{span} is not within the {blob.size_bytes} bytes of {blob.key!r}")


def _check_crc(blob: Blob, crc: int) -> None:
    if checksum.encode(crc) != blob.crc32c:
        raise _damaged(blob, f"their crc32c is {checksum.encode(crc)}, not {blob.crc32c}")


def _damaged(blob: Blob, why: str) -> UnavailableError:
    return UnavailableError(
        f"the {blob.size_bytes} bytes of {blob.key!r} in {blob.storage_type} are damaged on the server: {why}; "
        "restore it from a backup",
        key=blob.key,
    )


def _unreadable(blob: Blob, exc: OSError) -> UnavailableError:
    return UnavailableError(f"{blob.key!r} in {blob.storage_type} cannot be read on the server: {exc}", key=blob.key)
