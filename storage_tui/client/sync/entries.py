"""What a sync compares: the files below a local folder and the blobs below a prefix, each with its relative key."""

import os
from pathlib import Path
from typing import NamedTuple

from storage_tui.client.transfer.local_tree import open_file_below
from storage_tui.contract.models import Blob


class LocalEntry(NamedTuple):
    """A file below a folder: the part of its key after the prefix, its path, and its state when it was looked at.

    Times are nanoseconds since 1970. `is_keyable` says whether the relative key and the prefix make a valid key.
    """

    relative: str
    path: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    is_keyable: bool = True


class StoreEntry(NamedTuple):
    """A blob below a prefix, and the part of its key after the prefix."""

    relative: str
    blob: Blob

    @property
    def size_bytes(self) -> int | None:
        """The size in bytes; None when the server has not sent it."""
        return self.blob.size_bytes


Entry = LocalEntry | StoreEntry


def entry_of(relative: str, path: str, info: os.stat_result, *, is_keyable: bool = True) -> LocalEntry:
    """Return the entry for a file with this state."""
    return LocalEntry(relative, path, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, is_keyable)


def is_as_before(entry: LocalEntry, info: os.stat_result) -> bool:
    """Return whether a file still has the state that the entry describes."""
    now = entry_of(entry.relative, entry.path, info, is_keyable=entry.is_keyable)
    return now == entry


def open_entry(root: Path, entry: LocalEntry) -> int:
    """Return a descriptor of the file for reading; no symbolic link below `root` is followed. Raise LocalFileError."""
    return open_file_below(root, Path(entry.path).relative_to(root))
