"""One open file of a folder. Other programs may change the file at any time: no byte is returned after such a change.

The facts of the file (size, time of the last change) are read again after each piece, before the piece is returned. So
a piece is of the file that the ETag names, as far as the system tells: a program that sets the time of a file back can
still deceive a reader.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from mimetypes import guess_type

from storage_tui.contract.columns import LAST_MILLIS
from storage_tui.contract.errors import DamagedError
from storage_tui.contract.models import Blob
from storage_tui.contract.moments import from_millis
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE

# The names that the shared database of media types has for what is no file (shared-mime-info, "inode/…").
KINDS = {
    stat.S_IFLNK: ("inode/symlink", "a symbolic link"),
    stat.S_IFIFO: ("inode/fifo", "a named pipe"),
    stat.S_IFSOCK: ("inode/socket", "a socket"),
    stat.S_IFCHR: ("inode/chardevice", "a device"),
    stat.S_IFBLK: ("inode/blockdevice", "a device"),
}


def blob_of(key: str, storage_type: str, status: os.stat_result) -> Blob:
    """Return the blob of a file. A link has the size of its own text, as in a list of the system; pipes, sockets and
    devices have no bytes here."""
    is_file, is_link = stat.S_ISREG(status.st_mode), stat.S_ISLNK(status.st_mode)
    return Blob(
        key,
        storage_type,
        size_bytes=status.st_size if is_file or is_link else 0,
        modified=_moment(status.st_mtime_ns),
        etag=etag_of(status),
        content_type=guess_type(key, strict=False)[0] if is_file else kind_of(status)[0],
    )


def etag_of(status: os.stat_result) -> str:
    """Return the ETag of a file: its time in nanoseconds, size and inode."""
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"


def kind_of(status: os.stat_result) -> tuple[str, str]:
    """Return the media type and the words for what is no file."""
    return KINDS.get(stat.S_IFMT(status.st_mode), ("inode/x-unknown", "no regular file"))


class FileReader:
    """The bytes of an open file, read in the threads of `executor`."""

    def __init__(self, blob: Blob, descriptor: int, executor: Executor) -> None:
        self._blob = blob
        self._descriptor = descriptor
        self._executor = executor
        self._reading: asyncio.Future[bytes] | None = None

    @property
    def blob(self) -> Blob:
        """The blob as it was when the file was opened."""
        return self._blob

    async def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        """Yield the bytes of the span. Raise DamagedError where the file has changed since it was opened."""
        offset, loop = span.start, asyncio.get_running_loop()
        while offset < span.stop:
            size_bytes = min(step_bytes, span.stop - offset)
            self._reading = loop.run_in_executor(self._executor, self._read, offset, size_bytes)
            piece = await asyncio.shield(self._reading)
            offset += len(piece)
            yield piece

    def close(self) -> None:
        """Close the file, after the read that is still under way in a thread, if any."""
        if self._reading is None or self._reading.done():
            os.close(self._descriptor)
        else:
            self._reading.add_done_callback(self._end)

    def _end(self, reading: "asyncio.Future[bytes]") -> None:
        reading.exception()  # nobody waits for it any more
        os.close(self._descriptor)

    def _read(self, offset: int, size_bytes: int) -> bytes:
        try:
            piece = os.pread(self._descriptor, size_bytes, offset)
            status = os.fstat(self._descriptor)
        except OSError as exc:
            raise DamagedError(
                f"{self._blob.key!r} cannot be read: the disk fails ({exc.strerror or exc})", key=self._blob.key
            ) from exc
        if not piece or etag_of(status) != self._blob.etag:
            raise DamagedError(f"{self._blob.key!r} was changed while it was read; read it again", key=self._blob.key)
        return piece


def _moment(nanoseconds: int) -> datetime:
    """Return the time of a file; times before 1970 and after the last year are moved to these ends."""
    moment: datetime = from_millis(min(max(nanoseconds // 1_000_000, 0), LAST_MILLIS))
    return moment.astimezone(UTC)
