"""Removal of many blobs by few requests, with the OSErrors of a file system."""

import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING

from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import file_path
from storage_tui.contract.models import Blob
from storage_tui.fs.failures import as_os_error, error_for, os_errors
from storage_tui.fs.names import Name

if TYPE_CHECKING:
    from storage_tui.fs.tree import StorageTree


def remove_below(tree: "StorageTree", name: Name, path: str) -> int:
    """Remove the blobs below a folder, page by page, each in the version that was listed; return their number."""
    count = 0
    with os_errors(path):
        for page in tree.pages(name, ""):
            count += len(page.blobs)
            remove(tree, page.blobs, name.storage_type)
    return count


def remove(
    tree: "StorageTree", targets: Sequence[Blob | str], storage_type: str, *, may_be_folders: bool = False
) -> None:
    """Remove blobs of one type. Raise the OSError of the first that was not removed; with `may_be_folders` a key
    without a blob is no error."""
    with os_errors(storage_type):
        results = tree.storage.delete_many(targets, storage_type=storage_type)
    for result in results:
        is_missing = result.error == NotFoundError.code
        if result.is_deleted or (is_missing and may_be_folders):
            continue
        path = file_path(storage_type, result.key)
        if is_missing and tree.isdir(path):
            raise IsADirectoryError(errno.EISDIR, "set recursive=True to remove a folder", path)
        message = result.message or "it was not removed"
        if is_missing and any(mark in result.key for mark in "*?["):
            message = f"{message}; for what a pattern matches call fs.rm(fs.glob(pattern))"
        raise as_os_error(error_for(result.error)(message), path)
