"""Small files of this user that other processes read: opened without following a link, locked, read with a limit."""

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storage_tui.machine.private_files import make_private_dir

RECORD_BYTES = 64 * 1024  # a record has a few hundred bytes; a larger file is something else
LOCK_TRIES = 5  # a process that lists the files holds each lock for a short time
LOCK_PAUSE_S = 0.005
VERSION = 1


@contextmanager
def opened_locked(path: Path, kind: int) -> Iterator[int | None]:
    """Give the descriptor (or None) of `open_locked`, and close it at the end of the block."""
    descriptor = open_locked(path, kind)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def open_locked(path: Path, kind: int, *, flags: int = os.O_RDONLY) -> int | None:
    """Return a descriptor, by default for reading, with a lock of the kind (`fcntl.LOCK_SH` or `LOCK_EX`).

    Return None when the file is missing, is not a regular file of this user, or is locked by another process.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        for attempt in range(LOCK_TRIES):
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except OSError:
                if attempt == LOCK_TRIES - 1:
                    raise
                time.sleep(LOCK_PAUSE_S)
        opened, named = os.fstat(descriptor), path.lstat()
        is_it = (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
        if is_it and stat.S_ISREG(opened.st_mode) and opened.st_uid == os.getuid():
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def read_record(descriptor: int) -> dict[str, Any] | None:
    """Return the fields of a record in a file of this user; None for anything else, or another version."""
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            return None
        return checked_record(os.pread(descriptor, RECORD_BYTES, 0))
    except (OSError, ValueError):
        return None


def checked_record(raw: bytes) -> dict[str, Any]:
    """Return the fields of a record in JSON, without the version; raise ValueError for anything but this version."""
    fields = parsed(raw)
    if not isinstance(fields, dict) or fields.pop("version", None) != VERSION:
        raise ValueError("not a record of this version")
    return fields


def parsed(raw: bytes) -> Any:
    """Return the value of a text in JSON. Raise ValueError, also for one that is nested too deeply."""
    try:
        return json.loads(raw)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def record_bytes(fields: dict[str, Any]) -> bytes:
    """Return a record as `checked_record` reads it."""
    return json.dumps({"version": VERSION, **fields}).encode()


def make_folder(folder: Path) -> None:
    """Make a missing folder of the state directory, private and durably. Raise OSError."""
    if not folder.is_dir():
        make_private_dir(folder)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync the names in the folder to the disk. Raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
