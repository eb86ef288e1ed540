"""The bytes of a local store on disk: where each file is, and the order in which bytes become durable.

    DATA/            0700
      lock           held with flock by the process that owns the store; its JSON names the owner
      meta.db        which keys exist, and the bytes of small values
      blobs/xx/ID    the bytes of larger blobs under random ids that are never reused
      uploads/ID.part  the bytes of an upload that still arrives
      set-aside/     files that `verify --repair` could not keep in the store; nothing removes them
      quarantine/    blob files that no row named when the store started
      ballast        a file that holds room for deletes; removed on a full disk
      collector      held with flock while files are unlinked, and while a backup copies files
      restoring      exists while a restore is not complete; no server starts then

A file becomes a blob in these steps: write to `uploads/ID.part`, `sync_file`, `publish` (a rename), `sync_dir` of its
new folder, and then the COMMIT of its row. Every call blocks and belongs in a thread.
"""

import errno
import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from storage_tui.contract.errors import UnavailableError
from storage_tui.machine.private_files import make_private_dir, open_private, touch_private

SHARDS = tuple(f"{number:02x}" for number in range(256))  # made once, so that no blob waits for a new folder's fsync

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # full disk, full quota, file too large for the file system

COLLECTOR_LOCK = "collector"
RESTORING = "restoring"
SET_ASIDE = "set-aside"

_log = logging.getLogger(__name__)

_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: its fsync leaves bytes in the drive's cache


def is_mounted_read_only(path: Path) -> bool:
    """Return whether the file system takes no changes."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


class SyncFailedError(OSError):
    """Written bytes may not be on the disk. Only bytes that were known to be on the disk before can still be
    trusted."""


class Disk:
    """The file operations of one data directory. A test can pass a subclass that records them or makes them fail."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.database = data_dir / "meta.db"
        self.blobs = data_dir / "blobs"
        self.uploads = data_dir / "uploads"
        self.quarantine = data_dir / "quarantine"

    def prepare(self) -> None:
        """Make the missing folders, durably. Raise OSError when the folders are not on one file system, as rename is
        atomic only within one."""
        make_private_dir(self.data_dir)
        for folder in (self.blobs, self.uploads, self.quarantine):
            make_private_dir(folder)
        for shard in SHARDS:
            make_private_dir(self.blobs / shard)
        touch_private(self.data_dir / COLLECTOR_LOCK)  # now: a disk without free inodes must be able to collect
        if len({folder.stat().st_dev for folder in (self.data_dir, self.blobs, self.uploads, self.quarantine)}) > 1:
            raise OSError(f"{self.data_dir} must be on one file system with all its folders")
        above = self.data_dir.absolute().parents[1:]
        for folder in (self.blobs, self.data_dir, self.data_dir.parent, *takewhile(self._may_be_new, above)):
            self.sync_dir(folder)

    def _may_be_new(self, folder: Path) -> bool:
        """Return whether a folder above the store may have been made together with the store: then the name of that
        folder must be durable too."""
        found, known = folder.stat(), self.data_dir.stat()
        return (found.st_uid, found.st_dev) == (known.st_uid, known.st_dev)

    def refuse_unfinished(self) -> None:
        """Raise UnavailableError when the restore of the directory is not complete."""
        if (self.data_dir / RESTORING).exists():
            raise UnavailableError(f"a restore into {self.data_dir} was not finished; run the same restore again")

    @contextmanager
    def collecting(self) -> Iterator[bool]:
        """Yield whether files that no row names any more may be unlinked now: not while a backup copies files."""
        try:
            descriptor = open_private(self.data_dir / COLLECTOR_LOCK, os.O_RDWR | os.O_CREAT)
        except OSError as exc:
            _log.warning("cannot remove files that are no longer needed: %s", exc)
            yield False
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(descriptor)

    def blob_path(self, blob_id: str) -> Path:
        """Return the path of a blob's bytes after `publish`."""
        return self.blobs / blob_id[:2] / blob_id

    def part_path(self, blob_id: str) -> Path:
        """Return the path of a blob's bytes while they arrive."""
        return self.uploads / f"{blob_id}.part"

    def open_part(self, blob_id: str) -> int:
        """Return a descriptor of the part file; make the file where there is none."""
        return open_private(self.part_path(blob_id), os.O_RDWR | os.O_CREAT)

    def write(self, descriptor: int, chunks: Sequence[bytes], offset: int) -> None:
        """Write all of the chunks at the offset."""
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                count = os.pwrite(descriptor, view, offset)
                offset += count
                view = view[count:]

    def write_part(self, blob_id: str, content: bytes) -> None:
        """Write a whole part file. On return its bytes are on disk; its name may not be, but `publish` replaces the
        name anyway.

        Raise SyncFailedError when the bytes may not be on disk.
        """
        descriptor = self.open_part(blob_id)
        try:
            self.write(descriptor, (content,), 0)
            self._must_sync(descriptor)
        finally:
            os.close(descriptor)

    def link_part(self, source_id: str, blob_id: str) -> None:
        """Make a part file with the bytes of a blob: a hard link, since blobs never change, or a synced copy."""
        try:
            os.link(self.blob_path(source_id), self.part_path(blob_id))
        except FileNotFoundError:
            raise
        except OSError:  # a file system without hard links, or too many links to this file
            self._copy_part(source_id, blob_id)

    def _copy_part(self, source_id: str, blob_id: str) -> None:
        with self.blob_path(source_id).open("rb") as source:
            descriptor = self.open_part(blob_id)
            try:
                offset = 0
                while piece := source.read(1 << 20):
                    self.write(descriptor, (piece,), offset)
                    offset += len(piece)
                self._must_sync(descriptor)
            finally:
                os.close(descriptor)

    def _must_sync(self, descriptor: int) -> None:
        try:
            self.sync_file(descriptor)
        except OSError as exc:
            raise SyncFailedError(exc.errno, exc.strerror) from exc

    def publish(self, blob_id: str) -> None:
        """Rename the part to its blob name. The rename is durable after `sync_dir` of the blob's folder."""
        self.part_path(blob_id).rename(self.blob_path(blob_id))

    def withdraw(self, blob_id: str) -> None:
        """Undo `publish`: the bytes become a part again."""
        self.blob_path(blob_id).rename(self.part_path(blob_id))

    def sync_file(self, descriptor: int) -> None:
        """Sync the file: its bytes and size are on disk when this returns."""
        if _FULL_SYNC is not None:
            fcntl.fcntl(descriptor, _FULL_SYNC)
        else:
            os.fdatasync(descriptor)

    def sync_dir(self, folder: Path) -> None:
        """Sync the folder: its names are on disk when this returns. Raise SyncFailedError when they may not be. Raise
        OSError when the folder could not even be opened, for instance without a free descriptor."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor) if _FULL_SYNC is None else fcntl.fcntl(descriptor, _FULL_SYNC)
        except OSError as exc:
            raise SyncFailedError(exc.errno, exc.strerror) from exc
        finally:
            os.close(descriptor)

    def unlink(self, path: Path) -> bool:
        """Remove a file that nothing names any more, and return whether the file is gone. A file that the disk refuses
        to remove stays for a later try."""
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            _log.warning("cannot remove a file that is no longer needed: %s", exc)
            return False
        return True

    def free_bytes(self) -> int:
        """Return how many bytes may still be written here."""
        room = os.statvfs(self.data_dir)
        return room.f_bavail * room.f_frsize

    def total_bytes(self) -> int:
        """Return the size of the file system in bytes."""
        room = os.statvfs(self.data_dir)
        return room.f_blocks * room.f_frsize
