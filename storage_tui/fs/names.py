"""Paths of the file system: `TYPE/KEY`. The storage types are the folders at the top.

fsspec removes the slashes at the end of a path. Therefore the path of a key that ends in a slash has a dot after it:
`data/maps/.` is the key `maps/`, and `data//.` is the key `/`. A segment `.` at the end of a name is written twice.
"""

import errno
from dataclasses import dataclass

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import (
    DELIMITER,
    FILE_PROTOCOL,
    MAX_KEY_BYTES,
    check_name,
    check_name_prefix,
    file_path,
    key_of_file_path,
    key_refusal,
)
from storage_tui.contract.storage_types import ALIASES, STORAGE_TYPES

SLASH_END = "/."  # the end of the path of a key that ends in a slash


@dataclass(frozen=True, slots=True)
class Name:
    """What a path names: a key; a whole storage type when `key` is empty; the top when both fields are empty."""

    storage_type: str
    key: str

    @property
    def prefix(self) -> str:
        """Return the prefix of the keys in the folder of this name."""
        return f"{self.key}{DELIMITER}" if self.key else ""

    @property
    def may_be_folder(self) -> bool:
        """Return whether a key can be longer than this key and a slash."""
        return len(self.key.encode()) < MAX_KEY_BYTES - 1


def strip(text: str) -> str:
    """Return the path of a URL or path: without protocol, without slashes at its start and end, and with `tmp:a`
    written as `tmp/a`."""
    for mark in ("://", "::"):
        text = text.removeprefix(FILE_PROTOCOL + mark)
    text = text.strip(DELIMITER)
    first, colon, rest = text.partition(":")
    if colon and (first in STORAGE_TYPES or first in ALIASES):
        text = f"{first}{DELIMITER}{rest}".rstrip(DELIMITER)
    first, slash, rest = text.partition(DELIMITER)
    return f"{ALIASES.get(first, first)}{slash}{rest}"


def name_of(path: str) -> Name:
    """Return the name that a stripped path stands for. Raise OSError for a path that no blob or folder can have."""
    first, _, rest = path.partition(DELIMITER)
    key = key_of_file_path(rest)
    if first and first not in STORAGE_TYPES:
        raise FileNotFoundError(
            errno.ENOENT, f"{first!a} is not a storage type; a path begins with one of {', '.join(STORAGE_TYPES)}", path
        )
    try:
        check_name_prefix(key) if key.endswith(DELIMITER) or not key else check_name(key)
    except StorageError as exc:
        raise OSError(errno.EINVAL, exc.message, path) from exc
    return Name(first, key)


def blob_of(path: str) -> Name:
    """Return the name of a blob; raise OSError for a path that no blob can have."""
    name = name_of(path)
    if not name.key:
        raise IsADirectoryError(errno.EISDIR, "a storage type is a folder; a blob is TYPE/KEY", path)
    try:
        check_name(name.key)
    except StorageError as exc:
        raise OSError(errno.EINVAL, exc.message, path) from exc
    return name


def folder_path(storage_type: str, prefix: str) -> str:
    """Return the path of the folder of a prefix.

    The folder of the prefix `/` has no path of its own; its path is the path of the storage type.
    """
    key = prefix.removesuffix(DELIMITER)
    return file_path(storage_type, key) if key else storage_type


def check_local(path: str, local: str) -> None:
    """Raise OSError when the end that both paths have in common holds a segment that no local path may take from a key:
    `.`, `..`, or a segment with control characters."""
    segments, others = (text.removesuffix(SLASH_END).split(DELIMITER) for text in (path, local))
    for segment, other in zip(reversed(segments), reversed(others), strict=False):
        if segment != other:
            return
        if segment and key_refusal(segment) is not None:
            why = "this name cannot be that of a local file; download the blob by itself under another name"
            raise OSError(errno.EINVAL, why, path)
