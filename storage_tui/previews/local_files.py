"""Local files with the calls that previews make of a store: ranges of a file, as long as it is the same file.

The key of a file is its absolute path. Its ETag is made of size, time of change, inode and device: a file that changed
between two reads is told as a blob that was overwritten is.
"""

import asyncio
import itertools
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from storage_tui.client.calls import RangeRead
from storage_tui.contract.errors import (
    LocalFileError,
    NotFoundError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
)
from storage_tui.contract.models import Blob, Page
from storage_tui.contract.wire import Span

MOST_ENTRIES = 5_000  # of a folder that is listed; those of a store are few, or its first
MOST_BYTES = 8 * 1024 * 1024  # in one read; previews ask for less, and a file may be larger than the memory
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY  # a pipe must not block the opening


class LocalFiles:
    """Reads regular files in threads. A link is not followed, and nothing but a regular file is opened for long."""

    async def read_range(
        self, key: str, storage_type: str = "local", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> RangeRead:
        """Return the bytes from `start` up to but not including `stop`, if the file still has the given ETag.

        Raises NotFoundError, PreconditionFailedError, RangeNotSatisfiableError, LocalFileError.
        """
        return await asyncio.to_thread(_read, key, storage_type, start, stop, etag)

    async def list_page(
        self, prefix: str = "", *, storage_type: str = "local", delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """Return the first files and folders of the folder `prefix`, which ends with a slash, in the order of names.

        Links and what is no regular file are left out. A folder with more than `limit` names is not whole: its
        `next_token` is not None, and names a page that cannot be asked for. Raises NotFoundError, LocalFileError.
        """
        return await asyncio.to_thread(_list, prefix, storage_type, limit)

    async def stat(self, key: str, storage_type: str = "local") -> Blob:
        """Return the file as a blob. Raises NotFoundError, LocalFileError."""
        return await asyncio.to_thread(_stat, key, storage_type)


def identity(info: os.stat_result) -> str:
    """Return the ETag of a file: another one after every change of its bytes, or for another file of this name."""
    return f"{info.st_size}-{info.st_mtime_ns}-{info.st_ino}-{info.st_dev}"


def moment_of(info: os.stat_result) -> datetime | None:
    """Return the time of the last change; None when the calendar does not have it."""
    try:
        return datetime.fromtimestamp(info.st_mtime, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def blob_of(path: str, info: os.stat_result, storage_type: str) -> Blob:
    """Return a regular file as a blob."""
    return Blob(path, storage_type, info.st_size, modified=moment_of(info), etag=identity(info))


def _list(folder: str, storage_type: str, limit: int) -> Page:
    try:
        with os.scandir(folder) as entries:
            found = sorted(itertools.islice(entries, MOST_ENTRIES), key=lambda entry: entry.name)
    except (OSError, ValueError) as exc:
        raise _failure(folder, exc) from exc
    files = [entry.name for entry in found if entry.is_file(follow_symlinks=False)]
    folders = [entry.name + "/" for entry in found if entry.is_dir(follow_symlinks=False)]
    shown = set(sorted([*files, *folders])[:limit])
    return Page(
        tuple(Blob(folder + name, storage_type) for name in files if name in shown),
        tuple(folder + name for name in folders if name in shown),
        "more" if len(files) + len(folders) > limit else None,
    )


def _stat(path: str, storage_type: str) -> Blob:
    try:
        info = os.lstat(path)
    except (OSError, ValueError) as exc:
        raise _failure(path, exc) from exc
    return blob_of(path, info, storage_type)


def _read(path: str, storage_type: str, start: int, stop: int | None, etag: str | None) -> RangeRead:
    try:
        descriptor = os.open(path, _OPEN)
    except (OSError, ValueError) as exc:
        raise _failure(path, exc) from exc
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise LocalFileError(f"cannot read {path!r}: it is no regular file")
        if etag is not None and etag != identity(info):
            raise PreconditionFailedError(f"{path!r} has changed since it was opened; R reads it again", key=path)
        end = info.st_size if stop is None else min(stop, info.st_size)
        if start >= end and info.st_size:
            raise RangeNotSatisfiableError(f"{path!r} has {info.st_size:,} bytes", key=path, size_bytes=info.st_size)
        data = _bytes(descriptor, start, min(end, start + MOST_BYTES))
    except OSError as exc:
        raise _failure(path, exc) from exc
    finally:
        os.close(descriptor)
    return RangeRead(data, Span(start, start + len(data)), blob_of(path, info, storage_type))


def _bytes(descriptor: int, start: int, stop: int) -> bytes:
    pieces = []
    while start < stop and (piece := os.pread(descriptor, stop - start, start)):
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _failure(path: str, exc: OSError | ValueError) -> LocalFileError | NotFoundError:
    if isinstance(exc, FileNotFoundError | NotADirectoryError):
        return NotFoundError(f"{path!r} is not there any more", key=path)
    if Path(path).is_symlink():
        return LocalFileError(f"{path!r} is a symbolic link; nothing is read through it")
    reason = exc.strerror if isinstance(exc, OSError) else str(exc)
    return LocalFileError(f"cannot read {path!r}: {reason}")
