"""Who owns a data directory: one process at a time, by flock, on a file system where that can be relied on."""

import ctypes
import fcntl
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from storage_tui.contract.errors import ConflictError, UnavailableError
from storage_tui.places import LOCK_NAME

NOTE_BYTES = 4096  # more than any note; a reader takes no more

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
"""f_type of statfs(2) for file systems where the shared memory and locks of SQLite's WAL are not sound."""


class AlreadyOwnedError(ConflictError):
    """Another process owns the data directory; `owner` is what it noted about itself, such as its pid and url."""

    code = "already_owned"

    def __init__(self, message: str, *, key: str | None = None, owner: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, key=key)
        self.owner = dict(owner or {})


class Lock:
    """The held lock. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, data_dir: Path) -> Self:
        """Own the directory; raises AlreadyOwnedError naming the owner when another process does."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(data_dir / LOCK_NAME, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(descriptor)
            owner = read_owner(data_dir)
            raise AlreadyOwnedError(_owned(data_dir, owner), owner=owner) from exc
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def note(self, owner: Mapping[str, Any]) -> None:
        """Write who owns the directory, for people and for processes that would join."""
        text = json.dumps({"pid": os.getpid(), **owner}).encode() + b"\n"
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Let go of the directory; the note is emptied first, as it is no longer true."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def read_owner(data_dir: Path) -> dict[str, Any]:
    """What the owner of the directory noted about itself; empty where there is no readable note. The note alone does
    not prove that the owner still runs: only the lock does."""
    try:
        with (data_dir / LOCK_NAME).open("rb") as file:
            owner = json.loads(file.read(NOTE_BYTES))
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def refuse_network_filesystem(data_dir: Path, magic: int | None = None) -> None:
    """Raise UnavailableError when the directory is, or would be made, on NFS, CIFS, FUSE and the like; `magic` stands
    in for statfs."""
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
