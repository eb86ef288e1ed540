"""The half of the file system that lists and describes folders and blobs."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from fsspec.spec import AbstractFileSystem

from storage_tui.client.storage import Storage
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import DELIMITER, file_path
from storage_tui.contract.models import Blob, Page
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.fs.failures import as_os_error, os_errors
from storage_tui.fs.names import Name, folder_path, name_of

Info = dict[str, Any]


class StorageTree(AbstractFileSystem):
    """Folders and blobs of a Storage, by their stripped paths."""

    storage: Storage

    def info(self, path: str, **options: Any) -> Info:
        """Return the description of the blob at this path, else of the folder.

        Raise FileNotFoundError when there is neither.
        """
        path = self._strip_protocol(path)
        name = name_of(path)
        if not name.key:
            return _folder(path)
        with os_errors(path):
            try:
                return _file(self.storage.stat(name.key, name.storage_type))
            except NotFoundError as exc:
                if name.may_be_folder:
                    page = self.storage.list_page(name.prefix, storage_type=name.storage_type, delimiter="", limit=1)
                    if page.blobs or page.next_token is not None:
                        return _folder(path)
                raise as_os_error(exc, path) from exc

    @contextmanager
    def blob_errors(self, path: str) -> Iterator[None]:
        """Raise a StorageError of the block as an OSError about the blob at this path; IsADirectoryError when there is
        a folder instead."""
        try:
            with os_errors(path):
                yield
        except FileNotFoundError:
            if self.isdir(path):
                raise IsADirectoryError(errno.EISDIR, "this is a folder, not a blob", path) from None
            raise

    def exists(self, path: str, **options: Any) -> bool:
        """Return whether there is a blob or folder; raise OSError, rather than return False, when the server fails."""
        try:
            self.info(path)
        except OSError as exc:
            if exc.errno in (errno.ENOENT, errno.EINVAL):
                return False
            raise
        return True

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """Return the rows of the folder, or the row of the blob itself; with `detail=False` their paths only."""
        path = self._strip_protocol(path)
        name = name_of(path)
        if not name.storage_type:
            with os_errors(path):
                rows = [_folder(storage_type) for storage_type in _types(self.storage)]
        else:
            with os_errors(path):
                rows = sorted(self._in_folder(name), key=lambda row: str(row["name"]))
            if not rows and name.key:
                rows = [self.info(path)]
        return rows if detail else [row["name"] for row in rows]

    def _in_folder(self, name: Name) -> Iterator[Info]:
        for page in self.pages(name, DELIMITER):
            yield from (_folder(folder_path(name.storage_type, prefix)) for prefix in page.prefixes)
            yield from map(_file, page.blobs)

    def _below(self, name: Name) -> Iterator[Blob]:
        """Yield every blob below the folder; for the top, the blobs of every storage type."""
        for storage_type in [name.storage_type] if name.storage_type else _types(self.storage):
            for page in self.pages(Name(storage_type, name.key), ""):
                yield from page.blobs

    def pages(self, name: Name, delimiter: str) -> Iterator[Page]:
        """Yield the pages of the list below a folder; none for a name that can be no folder."""
        token = None
        while name.may_be_folder:
            page = self.storage.list_page(name.prefix, storage_type=name.storage_type, delimiter=delimiter, token=token)
            yield page
            token = page.next_token
            if token is None:
                return

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **options: Any
    ) -> Any:
        """Return all blobs below the path, sorted by path. Without `maxdepth` they are read as one list."""
        if maxdepth is not None:
            return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail, **options)
        path = self._strip_protocol(path)
        name = name_of(path)
        with os_errors(path):
            found = {row["name"]: row for row in map(_file, self._below(name))}
        if withdirs:
            for row in [*found]:
                for folder in _folders_of(row, path):
                    found.setdefault(folder, _folder(folder))
        if not found and name.key and self.isfile(path):
            found[path] = self.info(path)
        return dict(sorted(found.items())) if detail else sorted(found)

    def du(
        self, path: str, total: bool = True, maxdepth: int | None = None, withdirs: bool = False, **options: Any
    ) -> Any:
        """Return the bytes below the path: the sum, or with `total=False` a dictionary by path."""
        path = self._strip_protocol(path)
        name = name_of(path)
        if total and maxdepth is None and name.storage_type and not (name.key and self.isfile(path)):
            with os_errors(path):
                return self.storage.usage(name.prefix, storage_type=name.storage_type).size_bytes
        rows = self.find(path, maxdepth=maxdepth, withdirs=withdirs, detail=True)
        sizes = {row: (info or self.info(row))["size"] for row, info in rows.items()}
        return sum(sizes.values()) if total else sizes

    def modified(self, path: str) -> datetime:
        """Return when the blob was written. Raise IsADirectoryError for a folder, which has no time.

        Raise OSError (ENOTSUP) when the server does not send the time.
        """
        found = self.info(path)
        if found["type"] != "file":
            raise IsADirectoryError(errno.EISDIR, "a folder has no time of its own", path)
        moment = found["modified"]
        if not isinstance(moment, datetime):
            raise OSError(errno.ENOTSUP, "the server does not report when a blob was written", path)
        return moment

    def created(self, path: str) -> datetime:
        """Return when the blob was written: a blob is never changed, only replaced."""
        return self.modified(path)


def _folder(path: str) -> Info:
    return {"name": path, "size": 0, "type": "directory"}


def _file(blob: Blob) -> Info:
    return {
        "name": file_path(blob.storage_type, blob.key),
        "size": blob.size_bytes,
        "type": "file",
        "modified": blob.modified,
        "etag": blob.etag,
        "crc32c": blob.crc32c,
        "content_type": blob.content_type,
        "expires": blob.expires,
    }


def _folders_of(path: str, root: str) -> Iterator[str]:
    """Yield the folders of a path from its own folder up to `root`; `root` is included unless it is the top."""
    folder = path
    while len(folder) > len(root):
        folder = folder.rpartition(DELIMITER)[0]
        if folder:
            storage_type, slash, key = folder.partition(DELIMITER)
            yield folder_path(storage_type, key + slash)


def _types(storage: Storage) -> list[str]:
    """Return the storage types; a bucket or folder has those that its server describes."""
    if storage.place is None:
        return list(STORAGE_TYPES)
    told = [row.get("name") for row in storage.describe().storage_types]
    return [name for name in STORAGE_TYPES if name in told]
