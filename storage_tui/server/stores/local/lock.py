"""The lock of a data directory: one process at a time owns it, by flock, on a file system with reliable locks."""

import ctypes
import errno
import fcntl
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from storage_tui.contract.errors import ConflictError, UnavailableError
from storage_tui.machine.directories import LOCK_NAME
from storage_tui.machine.private_files import open_private

NOTE_BYTES = 4096  # longer than any note; a reader reads no more
LOCK_ATTEMPTS = 10  # the file may be removed between opening and locking, but not again and again

NETWORK_FILESYSTEMS = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x65735546: "FUSE",
    0x01021997: "9P",
    0x00C36400: "Ceph",
    0x5346414F: "AFS",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
}
"""The f_type of statfs(2) of file systems where the shared memory and the locks of SQLite's WAL are not reliable."""


class AlreadyOwnedError(ConflictError):
    """Another process owns the data directory. `owner` is the note of that process about itself, such as its pid and
    url."""

    code = "already_owned"

    def __init__(self, message: str, *, key: str | None = None, owner: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, key=key)
        self.owner = dict(owner or {})


class Lock:
    """The held lock. The kernel releases the lock when the process ends, however the process ends.

    Two things are locked: the directory itself, which cannot be removed while files are in it, and the file `lock`.
    Older programs respect only the file. The file also holds the note about the owner.
    """

    def __init__(self, data_dir: Path, folder: int, file: int | None) -> None:
        self._data_dir = data_dir
        self._folder = folder
        self._file = file  # None on a disk without room for the file
        self._note = b""

    @classmethod
    def take(cls, data_dir: Path) -> Self:
        """Own the directory and return the lock. Raise AlreadyOwnedError, with the owner, when another process owns
        it."""
        folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not _locks(folder):
                raise _taken(data_dir)
            return cls(data_dir, folder, _lock_file(data_dir, folder))
        except BaseException:
            os.close(folder)
            raise

    def note(self, owner: Mapping[str, Any]) -> None:
        """Write who owns the directory, for people and for processes that want to join. A disk that is full or
        read-only stays without the note."""
        self._note = json.dumps({"pid": os.getpid(), **owner}).encode() + b"\n"
        if self._file is not None:
            with suppress(OSError):
                os.pwrite(self._file, self._note, 0)
                os.ftruncate(self._file, len(self._note))

    def renew(self) -> None:
        """Lock the file `lock` again if it was removed or replaced.

        Raise AlreadyOwnedError when another process has locked the new file. Raise UnavailableError when the directory
        was moved or replaced: then everything written under its name goes to another place. Raise OSError when the disk
        refuses.
        """
        if not _names(self._data_dir, self._folder):
            raise UnavailableError(f"{self._data_dir} was moved or replaced under the running server")
        if self._file is not None and not _names(self._data_dir / LOCK_NAME, self._file):
            os.close(self._file)
            self._file = None
        if self._file is None:
            self._file = _lock_file(self._data_dir, self._folder)
            if self._file is not None:
                with suppress(OSError):
                    os.pwrite(self._file, self._note, 0)
                    os.ftruncate(self._file, len(self._note))

    def release(self) -> None:
        """Release the directory. The note is no longer true, so it is overwritten with blanks: its place on the disk
        stays for the next owner, because a full disk may have no other."""
        if self._file is not None:
            with suppress(OSError):
                os.pwrite(self._file, b" " * os.fstat(self._file).st_size, 0)
            os.close(self._file)
        os.close(self._folder)


def _lock_file(data_dir: Path, folder: int) -> int | None:
    """Return the descriptor of the file `lock`, locked by this process and still under its name. Return None on a disk
    without room for the file."""
    for _ in range(LOCK_ATTEMPTS):
        try:
            file = open_private(LOCK_NAME, os.O_RDWR | os.O_CREAT, dir_fd=folder)
        except OSError as exc:
            if exc.errno not in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
                raise
            try:
                file = open_private(LOCK_NAME, os.O_RDONLY, dir_fd=folder)
            except FileNotFoundError:
                return None
        try:
            if not _locks(file):
                raise _taken(data_dir)
            if _names(LOCK_NAME, file, dir_fd=folder):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # another process removed or replaced the file in between
    raise UnavailableError(f"{data_dir / LOCK_NAME} keeps being replaced; find the program that replaces it")


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _names(path: "Path | str", descriptor: int, dir_fd: int | None = None) -> bool:
    try:
        named = os.stat(path, dir_fd=dir_fd)
    except OSError:
        return False
    opened = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def _taken(data_dir: Path) -> AlreadyOwnedError:
    owner = read_owner(data_dir)
    return AlreadyOwnedError(_owned(data_dir, owner), owner=owner)


def read_owner(data_dir: Path) -> dict[str, Any]:
    """Return the note of the owner about itself; empty without a readable note. The note does not prove that the owner
    still runs: only the lock proves this."""
    try:
        with (data_dir / LOCK_NAME).open("rb") as file:
            owner = json.loads(file.read(NOTE_BYTES))
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def refuse_network_filesystem(data_dir: Path, magic: int | None = None) -> None:
    """Raise UnavailableError when the directory is, or would be made, on NFS, CIFS, FUSE or a similar file system.
    `magic` replaces the f_type of statfs."""
    absolute = data_dir.absolute()
    nearest = next((path for path in (absolute, *absolute.parents) if path.exists()), absolute)
    found = _filesystem_magic(nearest) if magic is None else magic
    kind = NETWORK_FILESYSTEMS.get(found)
    if kind is not None:
        raise UnavailableError(
            f"{data_dir} is on {kind}, where file locks are not reliable and blobs could be lost; "
            "use a data directory on a local disk"
        )


def _filesystem_magic(path: Path) -> int:
    if sys.platform != "linux":
        return 0
    buffer = ctypes.create_string_buffer(256)  # struct statfs begins with f_type, one machine word
    if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(path), buffer) != 0:
        return 0
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF


def _owned(data_dir: Path, owner: Mapping[str, Any]) -> str:
    who = f"process {owner['pid']}" if "pid" in owner else "another process"
    where = owner.get("url") or owner.get("socket")
    at = f" at {where}" if where else ""
    way_out = "stop it (that of a browser or a notebook leaves 5 s after them), or use another data directory"
    return f"{data_dir} is served by {who}{at}; {way_out}"
