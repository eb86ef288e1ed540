"""StorageFileSystem: the calls of fsspec over a Storage."""

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from fsspec.callbacks import DEFAULT_CALLBACK, Callback
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import isfilelike, stringify_path, tokenize

from storage_tui.client.access.server_choice import PLAIN
from storage_tui.client.control import TransferControl
from storage_tui.client.progress_watch import watching
from storage_tui.client.storage import Storage
from storage_tui.contract.keys import FILE_PROTOCOL
from storage_tui.contract.places import PlaceOptions
from storage_tui.fs.expansion import is_pattern, move_pairs, needs_pairs, pairs
from storage_tui.fs.failures import os_errors
from storage_tui.fs.file import StorageFile
from storage_tui.fs.moves import move
from storage_tui.fs.names import SLASH_END, blob_of, check_local, name_of, strip
from storage_tui.fs.removal import remove, remove_below
from storage_tui.fs.tree import StorageTree

COPY_BYTES = 1024 * 1024  # of a local file at once, into a transaction
READERS = 16  # ranges or blobs fetched at once by one call


class StorageFileSystem(StorageTree):
    """The file system of the protocol `dlstorage`.

    The arguments are those of `Storage`. Without arguments, the file system is the store of this machine or the server
    that the environment names. Prefer `token_file` to `token`: pickles contain the arguments, and dask sends pickles to
    its workers.

    A path is the blob or folder of exactly that name, also when the name has magic characters; it is a pattern for
    `cat`, `get`, `put` and `copy` if there is neither, and never for `rm` and `mv`.

    The slashes of keys form the folders. There are no empty folders, and making a folder does nothing. A blob `a` and a
    folder `a/` can both exist: `info` describes the blob, and `ls` lists the folder. Some programs mark a folder with a
    key that ends in a slash; such a key is a file `.` in the folder. Errors are OSErrors with the StorageError as their
    cause.
    """

    protocol = FILE_PROTOCOL
    root_marker = ""
    default_block_size = StorageFile.DEFAULT_BLOCK_SIZE

    def __init__(
        self, url: str | None = None, *, token: str | None = None, token_file: str | Path | None = None,
        data_dir: str | Path | None = None, retries: int = 3, timeout_s: float = 60.0,
        opening: PlaceOptions | Mapping[str, Any] = PLAIN, profile: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.storage = Storage(
            url, token=token, token_file=token_file, data_dir=data_dir, retries=retries, timeout_s=timeout_s,
            opening=opening, profile=profile,
        )  # fmt: skip

    @property
    def fsid(self) -> str:
        """Return a name of the server that is the same in every process."""
        return f"{FILE_PROTOCOL}_{tokenize(self.storage.display_url)}"

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
        if not self.storage.engine.has_signed_urls:
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
        with self.blob_errors(path):
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

        A local file appears only when it is whole and its checksum was compared. Raise OSError for a local path that
        has a segment such as `..` from the name of the blob: fsspec makes local paths of names, and the segment would
        lead out of the chosen folder.
        """
        rpath = self._strip_protocol(rpath)
        target = outfile if outfile is not None else lpath
        if not isfilelike(target):
            check_local(rpath, os.fspath(target))
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
        with self.blob_errors(rpath), watching(control, _told(callback), is_on=callback is not DEFAULT_CALLBACK):
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
            with open(lpath, "rb") as source, self.open(rpath, "wb", **options) as file:  # noqa: PTH123 - as above
                shutil.copyfileobj(source, file, COPY_BYTES)
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
        with self.blob_errors(path):
            self.storage.delete(name.key, name.storage_type)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove blobs; with `recursive`, remove all blobs below folders. One request removes many blobs.

        A path is never a pattern here. To remove what a pattern matches, call `fs.rm(fs.glob(pattern))`.
        """
        is_deep = recursive and maxdepth is None
        named: dict[str, list[str]] = {}
        for one in self.expand_path(path, recursive and not is_deep, maxdepth, assume_literal=True):
            name = name_of(one)
            if not name.storage_type:
                raise PermissionError(errno.EPERM, "name a storage type; not all of them are removed at once", path)
            if is_deep and remove_below(self, name, one) and not self.isfile(one):
                continue
            if name.key:
                named.setdefault(name.storage_type, []).append(name.key)
            elif not recursive:
                raise IsADirectoryError(errno.EISDIR, "set recursive=True to remove a folder", one)
        for storage_type, keys in named.items():
            remove(self, keys, storage_type, may_be_folders=recursive and not is_deep)

    # Many paths by one call.

    def expand_path(
        self, path: Any, recursive: bool = False, maxdepth: int | None = None, assume_literal: bool = False,
        **options: Any,
    ) -> list[str]:  # fmt: skip
        """Return the paths that a path, or each path of a list, means: the blob or folder of exactly this name, or
        what the pattern matches if there is neither. Raise FileNotFoundError when there are none."""
        found: set[str] = set()
        for one in path if isinstance(path, list | tuple | set) else [path]:
            is_literal = assume_literal or not is_pattern(self, one)
            with suppress(FileNotFoundError):
                found.update(super().expand_path([one], recursive, maxdepth, assume_literal=is_literal, **options))
        if not found:
            raise FileNotFoundError(errno.ENOENT, "nothing is stored there", path)
        return sorted(found)

    def copy(
        self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None,
        on_error: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        """Copy blobs or folders on the server, by the rules of fsspec; a path that exists is no pattern."""
        if needs_pairs(self, path1, path2):
            on_error = on_error or ("ignore" if recursive else "raise")
            path1, path2 = pairs(self, path1, self, path2, recursive=recursive, maxdepth=maxdepth)
        super().copy(path1, path2, recursive=recursive, maxdepth=maxdepth, on_error=on_error, **options)

    def get(
        self, rpath: Any, lpath: Any, recursive: bool = False, callback: Callback = DEFAULT_CALLBACK,
        maxdepth: int | None = None, **options: Any,
    ) -> None:  # fmt: skip
        """Download blobs or folders, by the rules of fsspec; a path that exists is no pattern."""
        if needs_pairs(self, rpath, lpath):
            rpath, lpath = pairs(self, rpath, LocalFileSystem(), lpath, recursive=recursive, maxdepth=maxdepth)
        super().get(rpath, lpath, recursive=recursive, callback=callback, maxdepth=maxdepth, **options)

    def put(
        self, lpath: Any, rpath: Any, recursive: bool = False, callback: Callback = DEFAULT_CALLBACK,
        maxdepth: int | None = None, **options: Any,
    ) -> None:  # fmt: skip
        """Upload files or folders, by the rules of fsspec; a local path that exists is no pattern."""
        if needs_pairs(LocalFileSystem(), lpath, rpath):
            lpath, rpath = pairs(LocalFileSystem(), lpath, self, rpath, recursive=recursive, maxdepth=maxdepth)
        super().put(lpath, rpath, recursive=recursive, callback=callback, maxdepth=maxdepth, **options)

    def mv(
        self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None, **options: Any
    ) -> None:  # fmt: skip
        """Move or rename blobs or folders on the server. A path is never a pattern here.

        What already has its new name stays. Raise FileNotFoundError when there is nothing, IsADirectoryError for a
        folder without `recursive`, and OSError (EINVAL) for a folder that would move into itself.
        """
        sources, targets = move_pairs(self, path1, path2, recursive=recursive, maxdepth=maxdepth)
        if sources:
            move(self, sources, targets)

    def mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:
        """Check the name and do nothing else: a folder exists as soon as a blob is in it."""
        name_of(self._strip_protocol(path))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Do the same as `mkdir`."""
        self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Raise OSError (ENOTEMPTY) for a folder with blobs; otherwise do nothing: a folder ends with its last blob."""
        if self.isfile(path):
            raise NotADirectoryError(errno.ENOTDIR, "this is a blob; rm_file removes it", path)
        if self.ls(path):
            raise OSError(errno.ENOTEMPTY, "the folder is not empty", path)


def _told(callback: Callback) -> Callable[[TransferControl], None]:
    def tell(control: TransferControl) -> None:
        if control.total_bytes is not None:
            callback.set_size(control.total_bytes)
        callback.absolute_update(control.done_bytes)

    return tell
