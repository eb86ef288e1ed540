"""Paths of the file system: `TYPE/KEY`, the storage types being the folders at the top.

A path of fsspec loses the slashes at its end. A key that ends in one is written with a dot behind: `data/maps/.` is the
key `maps/`, and `data//.` the key `/`. No key has a segment `.`, so that nothing else is written like this.
"""

import errno
from dataclasses import dataclass

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, MAX_KEY_BYTES, check_key, check_prefix
from storage_tui.contract.storage_types import ALIASES, STORAGE_TYPES

PROTOCOL = "dlstorage"
SLASH_END = "/."  # the end of the path of a key that ends in a slash


@dataclass(frozen=True, slots=True)
class Name:
    """What a path names: a key, or with an empty key all of a storage type, or with neither the top."""

    storage_type: str
    key: str

    @property
    def prefix(self) -> str:
        """What the keys in the folder of this name begin with."""
        return f"{self.key}{DELIMITER}" if self.key else ""

    @property
    def may_be_folder(self) -> bool:
        """Whether a key can be longer than this one and a slash."""
        return len(self.key.encode()) < MAX_KEY_BYTES - 1


def strip(text: str) -> str:
    """The path of a URL or path: without the protocol and a slash at the end, `tmp:a` written as `tmp/a`."""
    for mark in ("://", "::"):
        text = text.removeprefix(PROTOCOL + mark)
    text = text.rstrip(DELIMITER)
    first, colon, rest = text.partition(":")
    if colon and (first in STORAGE_TYPES or first in ALIASES):
        text = f"{first}{DELIMITER}{rest}".rstrip(DELIMITER)
    first, slash, rest = text.partition(DELIMITER)
    return f"{ALIASES.get(first, first)}{slash}{rest}"


def name_of(path: str) -> Name:
    """The name that a stripped path is. Raises OSError for what no blob or folder can be."""
    first, _, key = path.partition(DELIMITER)
    if key.endswith(SLASH_END):
        key = key.removesuffix(".")
    if first and first not in STORAGE_TYPES:
        raise FileNotFoundError(
            errno.ENOENT, f"{first!a} is no storage type; a path begins with one of {', '.join(STORAGE_TYPES)}", path
        )
    try:
        check_prefix(key) if key.endswith(DELIMITER) or not key else check_key(key)
    except StorageError as exc:
        raise OSError(errno.EINVAL, exc.message, path) from exc
    return Name(first, key)


def blob_of(path: str) -> Name:
    """The name of a blob; raises OSError for a path that can only be a folder."""
    name = name_of(path)
    if not name.key:
        raise IsADirectoryError(errno.EISDIR, "a storage type is a folder; a blob is TYPE/KEY", path)
    try:
        check_key(name.key)
    except StorageError as exc:
        raise OSError(errno.EINVAL, exc.message, path) from exc
    return name


def path_of(storage_type: str, key: str) -> str:
    """The path of a key."""
    return f"{storage_type}{DELIMITER}{key}{'.' if key.endswith(DELIMITER) else ''}"


def folder_path(storage_type: str, prefix: str) -> str:
    """The path of the folder that a prefix draws. The one of keys that begin with a slash has none of its own: it is
    that of the storage type."""
    key = prefix.removesuffix(DELIMITER)
    return path_of(storage_type, key) if key else storage_type
