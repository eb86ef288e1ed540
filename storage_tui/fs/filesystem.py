"""StorageFileSystem: the calls of fsspec over a Storage."""

import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from fsspec.callbacks import DEFAULT_CALLBACK, Callback
from fsspec.utils import isfilelike, stringify_path, tokenize

from storage_tui.client.control import TransferControl
from storage_tui.client.progress_watch import watching
from storage_tui.client.storage import Storage
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.fs.failures import as_os_error, error_for, os_errors
from storage_tui.fs.file import StorageFile
from storage_tui.fs.names import PROTOCOL, SLASH_END, Name, blob_of, name_of, path_of, strip
from storage_tui.fs.tree import StorageTree

READERS = 16  # ranges or blobs fetched at once by one call


class StorageFileSystem(StorageTree):
    """The file system of the protocol `dlstorage`.

    The arguments are those of `Storage`. Without arguments, the file system is the store of this machine or the server
    that the environment names. Prefer `token_file` to `token`: pickles contain the arguments, and dask sends pickles to
    its workers.

    The slashes of keys form the folders. There are no empty folders, and making a folder does nothing. A blob `a` and a
    folder `a/` can both exist: `info` describes the blob, and `ls` lists the folder. Some programs mark a folder with a
    key that ends in a slash; such a key is a file `.` in the folder. Errors are OSErrors with the StorageError as their
    cause.
    """

    protocol = PROTOCOL
    root_marker = ""
    default_block_size = StorageFile.DEFAULT_BLOCK_SIZE

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        token_file: str | Path | None = None,
        data_dir: str | Path | None = None,
        retries: int = 3,
        timeout_s: float = 60.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.storage = Storage(
            url, token=token, token_file=token_file, data_dir=data_dir, retries=retries, timeout_s=timeout_s
        )

    @property
    def fsid(self) -> str:
        """Return a name of the server that is the same in every process."""
        return f"{PROTOCOL}_{tokenize(self.storage.display_url)}"

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        return strip(stringify_path(path))

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> StorageFile:
        if mode == "xb" and self.isfile(path):
            raise FileExistsError(errno.EEXIST, "the blob exists already", path)
        return StorageFile(
            self, path, mode, block_size=block_size or self.default_block_size, autocommit=autocommit,
            cache_options=cache_options, **options,
        )  # fmt: skip

    def sign(self, path: str, expiration: int = 100, **options: Any) -> str:
        """Return a URL that downloads the blob without a token for `expiration` seconds.

        Raise NotImplementedError for the embedded store, whose address others cannot reach; OSError for other failures.
        """
        if self.storage.is_embedded:
            raise NotImplementedError("a signed URL needs a server that others can reach: storage-tui serve")
        path = self._strip_protocol(path)
        name = blob_of(path)
        with os_errors(path):
            return self.storage.get_signed_url(name.key, name.storage_type, expires_in=timedelta(seconds=expiration))

    # Whole values and files.

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        """Return the value, or its bytes from `start` to `end`, `end` excluded; negative bounds count from the end."""
        path = self._strip_protocol(path)
        name = blob_of(path)
        with os_errors(path):
            if start is None and end is None:
                return self.storage.get(name.key, name.storage_type)
            if (start or 0) < 0 and end is None:
                return self.storage.read_range(name.key, name.storage_type, start=start or 0).data
            blob = self.storage.stat(name.key, name.storage_type)
            first, last, _ = slice(start, end).indices(blob.size_bytes or 0)
            if last <= first:
                return b""
            return self.storage.read_range(name.key, name.storage_type, start=first, stop=last, etag=blob.etag).data

    def cat_ranges(
        self, paths: list[str], starts: Any, ends: Any, max_gap: int | None = None, on_error: str = "return",
        **options: Any,
    ) -> list[Any]:  # fmt: skip
        """Return the bytes of many ranges; up to 16 are fetched at once.

        `starts` and `ends` are lists as long as `paths`, or one value for all. A range that fails has its error in the
        list with `on_error="return"`; the error is raised otherwise. `max_gap` is ignored.
        """
        if not isinstance(paths, list):
            raise TypeError("paths must be a list")
        firsts, lasts = ([given] * len(paths) if not isinstance(given, list) else given for given in (starts, ends))
        if len(firsts) != len(paths) or len(lasts) != len(paths):
            raise ValueError("give as many starts and ends as paths")

        def fetch(path: str, start: int | None, end: int | None) -> bytes | Exception:
            try:
                return self.cat_file(path, start, end)
            except Exception as exc:
                if on_error == "return":
                    return exc
                raise

        with ThreadPoolExecutor(min(READERS, max(1, len(paths)))) as threads:
            return list(threads.map(fetch, paths, firsts, lasts))

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **options: Any) -> None:
        """Store a value. With `mode="create"`, raise FileExistsError when the blob exists.

        The option `content_type` is the blob's content type.
        """
        path = self._strip_protocol(path)
        self._check_new(path, mode)
        if self._intrans:
            with self.open(path, "wb", **options) as file:
                file.write(value)
            return
        name = blob_of(path)
        with os_errors(path):
            self.storage.set(name.key, value, name.storage_type, content_type=options.get("content_type"))

    def get_file(
        self, rpath: str, lpath: Any, callback: Callback = DEFAULT_CALLBACK, outfile: Any = None, **options: Any
    ) -> None:
        """Download a blob to a local path or an open file; for a folder, make the local folder.

        A local file appears only when it is whole and its checksum was compared.
        """
        rpath = self._strip_protocol(rpath)
        target = outfile if outfile is not None else lpath
        if not isfilelike(target):
            target = Path(target)
            if not name_of(rpath).key or (not self.isfile(rpath) and self.isdir(rpath)):
                target.mkdir(parents=True, exist_ok=True)
                return
            if rpath.endswith(SLASH_END) and str(lpath).endswith(SLASH_END):
                self._get_mark(rpath, target)
                return
            target.parent.mkdir(parents=True, exist_ok=True)
        name = blob_of(rpath)
        control = TransferControl()
        with os_errors(rpath), watching(control, _told(callback), is_on=callback is not DEFAULT_CALLBACK):
            self.storage.get_file(name.key, target, name.storage_type, control=control)

    def _get_mark(self, path: str, folder: Path) -> None:
        """Download a key that ends in a slash to a local path that ends in a slash: make the folder.

        No local file can have such a name. The blob must be empty, as a blob that marks a folder is; raise
        IsADirectoryError otherwise.
        """
        if self.info(path)["size"]:
            why = "no local file can have this name; download the blob by itself under another name"
            raise IsADirectoryError(errno.EISDIR, why, path)
        folder.mkdir(parents=True, exist_ok=True)

    def put_file(
        self, lpath: str, rpath: str, callback: Callback = DEFAULT_CALLBACK, mode: str = "overwrite", **options: Any
    ) -> None:
        """Upload a local file; a local folder is skipped, because a folder exists only by the blobs in it.

        With `mode="create"`, raise FileExistsError when the blob exists. The option `content_type` is the blob's
        content type.
        """
        rpath = self._strip_protocol(rpath)
        self._check_new(rpath, mode)
        if os.path.isdir(lpath):  # noqa: PTH112 - the signature of fsspec gives a str
            return
        if self._intrans:
            super().put_file(lpath, rpath, callback=callback, **options)
            return
        name = blob_of(rpath)
        control = TransferControl()
        with os_errors(rpath), watching(control, _told(callback), is_on=callback is not DEFAULT_CALLBACK):
            self.storage.set_file(
                name.key, lpath, name.storage_type, control=control, content_type=options.get("content_type")
            )

    def touch(self, path: str, truncate: bool = True, **options: Any) -> None:
        """Store an empty blob, replacing an existing blob.

        With `truncate=False` an existing blob is kept and NotImplementedError is raised: the time of a blob is when the
        blob was written, and cannot be set.
        """
        if not truncate and self.exists(path):
            raise NotImplementedError("the time of a blob is when it was written; to renew it, write the blob again")
        self.pipe_file(path, b"", **options)

    def _check_new(self, path: str, mode: str) -> None:
        if mode == "create" and self.isfile(path):
            raise FileExistsError(errno.EEXIST, "the blob exists already", path)

    # Copies and removal.

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        """Copy a blob on the server, also to another storage type; a folder is skipped, because its blobs form it."""
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        if not name_of(path1).key:
            return
        source, target = blob_of(path1), blob_of(path2)
        try:
            with os_errors(path1):
                self.storage.copy(
                    source.key, target.key, storage_type=source.storage_type, to_storage_type=target.storage_type
                )
        except FileNotFoundError:
            if not self.isdir(path1):
                raise

    def rm_file(self, path: str) -> None:
        """Remove a blob; raise FileNotFoundError when there is none."""
        path = self._strip_protocol(path)
        name = blob_of(path)
        with os_errors(path):
            self.storage.delete(name.key, name.storage_type)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove blobs; with `recursive`, remove all blobs below folders. One request removes many blobs."""
        is_deep = recursive and maxdepth is None
        named: dict[str, list[str]] = {}
        for one in self.expand_path(path, recursive=recursive and not is_deep, maxdepth=maxdepth):
            name = name_of(one)
            if not name.storage_type:
                raise PermissionError(errno.EPERM, "name a storage type; not all of them are removed at once", path)
            if is_deep and self._remove_below(name, one) and not self.isfile(one):
                continue
            if name.key:
                named.setdefault(name.storage_type, []).append(name.key)
            elif not recursive:
                raise IsADirectoryError(errno.EISDIR, "set recursive=True to remove a folder", one)
        for storage_type, keys in named.items():
            self._remove(keys, storage_type, may_be_folders=recursive and not is_deep)

    def _remove_below(self, name: Name, path: str) -> int:
        """Remove the blobs below a folder, page by page, each in the version that was listed; return their number."""
        count = 0
        with os_errors(path):
            for page in self._pages(name, ""):
                count += len(page.blobs)
                self._remove(page.blobs, name.storage_type)
        return count

    def _remove(self, targets: Sequence[Blob | str], storage_type: str, *, may_be_folders: bool = False) -> None:
        with os_errors(storage_type):
            results = self.storage.delete_many(targets, storage_type=storage_type)
        for result in results:
            is_missing = result.error == NotFoundError.code
            if result.is_deleted or (is_missing and may_be_folders):
                continue
            path = path_of(storage_type, result.key)
            if is_missing and self.isdir(path):
                raise IsADirectoryError(errno.EISDIR, "set recursive=True to remove a folder", path)
            raise as_os_error(error_for(result.error)(result.message or "it was not removed"), path)

    def mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:
        """Check the name and do nothing else: a folder exists as soon as a blob is in it."""
        name_of(self._strip_protocol(path))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Do the same as `mkdir`."""
        self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Raise OSError (ENOTEMPTY) for a folder with blobs; otherwise do nothing: a folder ends with its last blob."""
        if self.ls(path):
            raise OSError(errno.ENOTEMPTY, "the folder is not empty", path)


def _told(callback: Callback) -> Callable[[TransferControl], None]:
    def tell(control: TransferControl) -> None:
        if control.total_bytes is not None:
            callback.set_size(control.total_bytes)
        callback.absolute_update(control.done_bytes)

    return tell
