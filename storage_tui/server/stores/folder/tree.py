"""The walk through a folder in the byte order of keys. No symbolic link is followed: folders are opened step by step
from the root, so that a link that takes the place of a folder meanwhile is noticed too (openat(2), O_NOFOLLOW).
"""

import errno
import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage_tui.contract.errors import ForbiddenError, InvalidKeyError, UnavailableError
from storage_tui.contract.keys import check_name, check_name_prefix
from storage_tui.server.stores.folder.left_out import LeftOut
from storage_tui.server.stores.folder.names import WINDOW, Windows
from storage_tui.server.stores.walks import StoppedError

BATCH = 256  # entries whose facts are read while their folder is open once
SLASH = b"/"

_STEP = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_SCAN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_BARRED = (errno.EACCES, errno.EPERM)

Entry = tuple[str, os.stat_result | None]
"""A key and the facts of its file; or a prefix that ends in a slash, and None."""


class Tree:
    """The folder at `root`, which stays open from `open` to `close`. All calls block; any thread may call."""

    def __init__(self, root: Path, left_out: LeftOut, *, window: int = WINDOW) -> None:
        self._root = root
        self._descriptor = -1
        self._left_out = left_out
        self._windows = Windows(window)

    def open(self) -> None:
        """Open the root, which may be a symbolic link: it was named. Raise UnavailableError."""
        try:
            self._descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            raise UnavailableError(f"{str(self._root)!a} cannot be opened as a folder: {exc.strerror or exc}") from exc

    def close(self) -> None:
        """Close the root."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @contextmanager
    def parent_of(self, key: str) -> Iterator[tuple[int, bytes]]:
        """Open the folder of a key; yield its descriptor and the last segment. Raise OSError, with ENOENT for a key
        that no path can have."""
        *folders, name = key.encode("utf-8").split(SLASH)
        _check(name)
        with self._opened(folders) as folder:
            yield folder, name

    def entries(
        self, prefix: str, *, delimiter: str, after: str, is_stopped: Callable[[], bool]
    ) -> Generator[Entry, None, None]:
        """Yield the files below the prefix, and with a delimiter the folders in place of what they hold, in the byte
        order of their keys, strictly after `after`.

        Raise ForbiddenError where the folder of the prefix cannot be read; folders below it that cannot be read are
        left out. Raise StoppedError once `is_stopped` returns True.
        """
        folder, _, rest = prefix.rpartition("/")
        top = folder.encode() + SLASH if "/" in prefix else b""
        wanted, bound = rest.encode(), after.encode()
        levels = [(top, self._rows(top, wanted, bound, folds=bool(delimiter)))]
        while levels:
            if is_stopped():
                raise StoppedError
            path, rows = levels[-1]
            try:
                name, status = next(rows)
            except StopIteration:
                levels.pop()
                continue
            except OSError as exc:
                levels.pop()
                self._refuse(path, exc, is_top=not levels)
                continue
            found = self._key(path + name)
            if found is None:
                continue
            if not name.endswith(SLASH):
                yield found, status
            elif delimiter:
                yield found, None
            else:
                levels.append((path + name, self._rows(path + name, b"", bound, folds=False)))

    def _rows(
        self, path: bytes, wanted: bytes, bound: bytes, *, folds: bool
    ) -> Iterator[tuple[bytes, os.stat_result | None]]:
        """Yield the names in one folder that begin with `wanted` and belong after `bound`, with the facts of files."""
        start, is_after = wanted, False
        if bound.startswith(path):
            tail = bound[len(path) :]
            first = tail[: tail.find(SLASH) + 1]  # a folder that holds keys after the bound, too
            low, low_is_after = (tail, True) if folds or not first else (first, False)
            if tail and low >= start:
                start, is_after = low, low_is_after
        elif bound > path:
            return
        segments = path.split(SLASH)[:-1]
        while True:
            with self._opened(segments, flags=_SCAN) as folder:
                window = self._windows.read(folder, start, is_after=is_after)
            position = window.first(start, is_after=is_after)
            while position < len(window.names):
                names = window.names[position : position + BATCH]
                with self._opened(segments) as folder:
                    rows = [(name, _status(folder, name)) for name in names]
                for name, status in rows:
                    if not name.startswith(wanted):
                        return
                    if status is not None or name.endswith(SLASH):
                        yield name, status
                position += len(names)
            if window.is_last:
                return
            start, is_after = window.names[-1], True

    @contextmanager
    def _opened(self, segments: list[bytes], *, flags: int = _STEP) -> Iterator[int]:
        for segment in segments:
            _check(segment)
        at = os.open(".", flags if not segments else _STEP, dir_fd=self._descriptor)
        try:
            for depth, segment in enumerate(segments, 1):
                below = os.open(segment, flags if depth == len(segments) else _STEP, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def _key(self, path: bytes) -> str | None:
        try:
            text = path.decode("utf-8")
            return check_name_prefix(text) if path.endswith(SLASH) else check_name(text)
        except (UnicodeDecodeError, InvalidKeyError):
            self._left_out.add("name", path)
            return None

    def _refuse(self, path: bytes, exc: OSError, *, is_top: bool) -> None:
        if exc.errno in _GONE:
            return  # there is no such folder, or no more
        if is_top:
            name = path.decode("utf-8", "replace")
            why = "permission denied" if exc.errno in _BARRED else exc.strerror or str(exc)
            error = ForbiddenError if exc.errno in _BARRED else UnavailableError
            raise error(f"the folder {name or str(self._root)!r} cannot be read: {why}") from exc
        self._left_out.add("folder", path)


def _status(folder: int, name: bytes) -> os.stat_result | None:
    """Return the facts of a file; None for a folder, and for a file that is gone."""
    if name.endswith(SLASH):
        return None
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    return None if stat.S_ISDIR(status.st_mode) else status


def _check(segment: bytes) -> None:
    """Raise FileNotFoundError for a segment of a key that is no name in a folder."""
    if segment in (b"", b".", b"..") or b"\0" in segment:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
