"""Files read, copied and written whole: durably, checked on the way, and without slowing a running server down."""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storage_tui.contract import checksum
from storage_tui.machine.private_files import make_private_dir, open_private, write_all

PIECE_BYTES = 1024 * 1024


class NotWrittenError(OSError):
    """The file being written failed, not the file being read."""


def pass_over(path: Path, take: Callable[[bytes], object]) -> None:
    """Call `take` with the bytes of the file, piece by piece. The bytes come from the disk, not from the cache."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        _drop_cached(descriptor)
        offset = 0
        while piece := os.pread(descriptor, PIECE_BYTES, offset):
            take(piece)
            offset += len(piece)
        _drop_cached(descriptor)
    finally:
        os.close(descriptor)


def copy_file(
    source: Path, target: Path, refuse: Callable[[int, int], str | None] = lambda size_bytes, crc: None
) -> str | None:
    """Put a copy of `source` under the name `target`, whole. The bytes are durable, the name is not yet.

    `refuse` is called with the size and the crc32c of the bytes. Its result is returned; when the result is a text, the
    name `target` is not created. Raise NotWrittenError when the copy cannot be written.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    with _writing():
        descriptor = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    size_bytes = crc = 0

    def take(piece: bytes) -> None:
        nonlocal size_bytes, crc
        with _writing():
            write_all(descriptor, piece)
        size_bytes, crc = size_bytes + len(piece), checksum.extend(crc, piece)

    try:
        try:
            pass_over(source, take)
            with _writing():
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        why = refuse(size_bytes, crc)
        if why is None:
            with _writing():
                temporary.replace(target)
    finally:
        with _writing():
            temporary.unlink(missing_ok=True)
    return why


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise NotWrittenError(exc.errno, exc.strerror, exc.filename) from exc


def write_json(path: Path, raw: Any) -> None:
    """Put a JSON document under the name, whole and durable."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        try:
            write_all(descriptor, json.dumps(raw, indent=1).encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Return when the file, or the names in the folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a private folder, and those above it. The name of a new folder is durable."""
    if path.is_dir():
        return
    make_folder(path.parent)
    make_private_dir(path)
    sync(path.parent)


def digest(path: Path) -> dict[str, Any]:
    """Return size and sha256 of a file, in the form that a manifest holds."""
    summing = hashlib.sha256()
    pass_over(path, summing.update)
    return {"size": path.stat().st_size, "sha256": summing.hexdigest()}


def _drop_cached(descriptor: int) -> None:
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
