"""How a local store opens its directory: for writing, or as far as a full or read-only disk allows.

| the disk | what is done |
|---|---|
| has room | the index of the database's log is a file that other programs share |
| is full, and no ballast is left | the index is in memory: reads need no room, deletes only room for their log |
| takes no new file, or no change | the database is read as it is on the disk, log included; every change is refused |
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import apsw

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.local.ballast import Ballast
from storage_tui.server.stores.local.database.schema import SCHEMA_VERSION, open_frozen, open_reader, open_writer
from storage_tui.server.stores.local.files import NO_ROOM, Disk, is_mounted_read_only
from storage_tui.server.stores.local.lock import Lock, refuse_network_filesystem
from storage_tui.server.stores.local.recovery import recover_parts

START_BYTES = 256 * 1024  # what SQLite needs at least for a log and its index, and a file system for their names

_Error = OSError | apsw.Error


@dataclass(frozen=True, slots=True)
class Opened:
    """A directory that this process owns. `connection` is the writer's, or a connection in memory where nothing can be
    written. `read_only` says why nothing can be written, or is None."""

    lock: Lock
    connection: apsw.Connection
    open_reader: Callable[[], apsw.Connection]
    read_only: str | None = None


def open_directory(disk: Disk, owner_note: Mapping[str, Any]) -> Opened:
    """Take the directory and open its database; make the database where there is none. Blocks.

    Raise StorageError, OSError or apsw.Error when the directory cannot even be read.
    """
    refuse_network_filesystem(disk.data_dir)
    disk.refuse_unfinished()
    has_store = disk.database.is_file()
    hindrance: _Error | None = None
    try:
        disk.prepare()
    except OSError as exc:
        if not has_store or why_unwritable(disk, exc) is None:
            raise
        hindrance = exc
    lock = Lock.take(disk.data_dir)
    try:
        lock.note(owner_note)
        if hindrance is None:
            try:
                return Opened(lock, *_open_to_write(disk))
            except (OSError, apsw.Error) as exc:
                hindrance = exc
        why = why_unwritable(disk, hindrance) if has_store else None
        if why is None:
            raise hindrance
        return _open_to_read(disk, lock, f"the store is read-only: {why}")
    except BaseException:
        lock.release()
        raise


def why_unwritable(disk: Disk, exc: _Error) -> str | None:
    """Return what about the disk explains the error, and what to do; None when the error has another cause."""
    if is_mounted_read_only(disk.data_dir):
        return f"the file system of {disk.data_dir} is mounted read-only; mount it for writing, then restart the server"
    return f"no room is left under {disk.data_dir}; make some, then restart the server" if _is_full(disk, exc) else None


def can_write(disk: Disk) -> bool:
    """Return whether a start would find a disk to write to."""
    try:
        return _has_names(disk) and disk.free_bytes() >= START_BYTES and not is_mounted_read_only(disk.data_dir)
    except OSError:
        return False


def _has_names(disk: Disk) -> bool:
    room = os.statvfs(disk.data_dir)
    return room.f_favail > 0 or room.f_files == 0  # 0 on a file system that does not count names, such as btrfs


def _is_full(disk: Disk, exc: _Error) -> bool:
    if isinstance(exc, OSError):
        return exc.errno in NO_ROOM
    if isinstance(exc, apsw.FullError):
        return True
    # SQLite often reports only that it cannot open or extend a file
    is_io = isinstance(exc, (apsw.CantOpenError, apsw.IOError))
    return is_io and (disk.free_bytes() < START_BYTES or not _has_names(disk))


def _open_to_write(disk: Disk) -> tuple[apsw.Connection, Callable[[], apsw.Connection]]:
    is_alone = False
    try:
        connection = open_writer(disk.database)
    except apsw.Error as exc:
        if is_mounted_read_only(disk.data_dir) or not _is_full(disk, exc):
            raise
        is_alone = not Ballast(disk.data_dir).give()
        connection = open_writer(disk.database, is_alone=is_alone)
    try:
        recover_parts(connection, disk)
    except BaseException:
        connection.close()
        raise
    return connection, partial(open_reader, disk.database, is_alone=is_alone)


def _open_to_read(disk: Disk, lock: Lock, why: str) -> Opened:
    reader = open_frozen(disk.database)
    try:
        version = reader.pragma("user_version")
    finally:
        reader.close()
    if version != SCHEMA_VERSION:
        raise UnavailableError(f"{why}; its database must first be upgraded from schema {version} to {SCHEMA_VERSION}")
    return Opened(lock, apsw.Connection(":memory:"), partial(open_frozen, disk.database), why)
