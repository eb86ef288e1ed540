"""The files below a local folder in the byte order of their keys, one at a time, however many there are.

A file system gives names in any order. The keys of a store come in byte order, in which `a-b` comes before `a/b`. The
walk sorts each folder with a slash after the name of a folder, which gives the byte order of the keys. Only the names
of the folders from the top to the file are in memory.
"""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from storage_tui.client.batch.folders import LeftOut, is_unfinished, segments_of
from storage_tui.client.batch.kept_names import NAMES_FILE
from storage_tui.client.sync.entries import LocalEntry, entry_of
from storage_tui.client.sync.rules import Rules
from storage_tui.contract.errors import InvalidKeyError, LocalFileError
from storage_tui.contract.keys import DELIMITER, MAX_KEY_BYTES, check_key


class LocalWalk:
    """Walks a folder. `entries` yields the files that the rules include.

    `leave_out` is called for links and special files, for folders that cannot be read and, when `is_source`, for names
    that cannot be keys: `check_key` raises InvalidKeyError for them. The unfinished downloads of this program are no
    files of the folder; with `removes_orphans` the small ones that a killed program left are removed.
    """

    def __init__(
        self, root: Path, prefix: str, rules: Rules, leave_out: Callable[[LeftOut], object], *, is_source: bool,
        removes_orphans: bool = False, check_key: Callable[[str], str] = check_key,
    ) -> None:  # fmt: skip
        self._root, self._prefix, self._rules = root, prefix, rules
        self._leave_out, self._is_source, self._removes_orphans = leave_out, is_source, removes_orphans
        self._check_key = check_key
        self._plain_bytes = MAX_KEY_BYTES - len(prefix.encode())

    def entries(self) -> Iterator[LocalEntry]:
        """Yield the files in the order of their relative keys.

        Raise LocalFileError when the folder cannot be read. A missing folder is empty, unless it is the source.
        """
        root = str(self._root)
        if not self._root.is_dir():
            if self._is_source or os.path.lexists(root):
                what = "is not a folder" if os.path.lexists(root) else "does not exist"
                raise LocalFileError(f"the folder {root!a} {what}")
            return
        stack = [self._read(root, "")]
        while stack:
            entry = next(stack[-1], None)
            if entry is None:
                stack.pop()
            elif isinstance(entry, LocalEntry):
                yield entry
            else:
                try:
                    stack.append(self._read(*entry))
                except LocalFileError as exc:
                    self._leave_out(LeftOut(Path(entry[0]), exc.message, is_failure=True))

    def _read(self, folder: str, relative: str) -> Iterator[LocalEntry | tuple[str, str]]:
        """Return an iterator over a folder: its files, and the path and relative key of each folder in it. Raise
        LocalFileError when the folder cannot be read."""
        try:
            with os.scandir(folder) as rows:
                is_folder = {row.name: row.is_dir(follow_symlinks=False) for row in rows}
        except OSError as exc:
            raise LocalFileError(f"cannot read the folder {folder!a}: {exc.strerror}") from exc
        segments = segments_of(Path(folder), is_folder) if NAMES_FILE in is_folder else None
        if segments is None:
            names = sorted([f"{name}/" if is_one else name for name, is_one in is_folder.items()])
            return self._entries(folder, relative, iter(names), {})
        is_folder.pop(NAMES_FILE)
        by_segment: dict[str, str] = {}
        for name, is_one in is_folder.items():
            segment = segments.get(name, name) + (DELIMITER if is_one else "")
            other = by_segment.setdefault(segment, name)
            if other != name:
                why = f"{other!a} and {name!a} in {folder!a} stand for one key; rename one of them"
                self._leave_out(LeftOut(Path(folder, name), why, is_failure=True))
        return self._entries(folder, relative, iter(sorted(by_segment)), by_segment)

    def _entries(
        self, folder: str, relative: str, segments: Iterator[str], by_segment: dict[str, str]
    ) -> Iterator[LocalEntry | tuple[str, str]]:
        start = f"{folder}/" if folder != "/" else folder
        for segment in segments:
            name = by_segment[segment] if by_segment else segment.removesuffix(DELIMITER)
            key, path = relative + segment, start + name
            if segment.endswith(DELIMITER):
                if not self._rules.leaves_out(key):
                    yield path, key
            elif self._is_ours(name, path) or not self._rules.includes(key):
                continue
            else:
                entry = self._entry(key, path)
                if entry is not None:
                    yield entry

    def _entry(self, relative: str, path: str) -> LocalEntry | None:
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            return None  # removed since the folder was read
        except OSError as exc:
            self._leave_out(LeftOut(Path(path), f"cannot read {path!a}: {exc.strerror}", is_failure=True))
            return None
        if not stat.S_ISREG(info.st_mode):
            what = "a symbolic link" if stat.S_ISLNK(info.st_mode) else "neither a file nor a folder"
            self._leave_out(LeftOut(Path(path), f"{path!a} is {what}", is_failure=False))
            return None
        is_plain = relative.isascii() and relative.isprintable() and "./" not in f"{relative}/"
        if is_plain and 0 < len(relative) < self._plain_bytes:
            return entry_of(relative, path, info)
        try:
            self._check_key(self._prefix + relative)
        except (InvalidKeyError, UnicodeEncodeError) as exc:
            if self._is_source:
                why = f"the name of {path!a} cannot be a key: {exc}"
                self._leave_out(LeftOut(Path(path), why, is_failure=True))
                return None
            return entry_of(relative, path, info, is_keyable=False)
        return entry_of(relative, path, info)

    def _is_ours(self, name: str, path: str) -> bool:
        """Return whether the name is that of an unfinished download, or of a draft beside it."""
        if not is_unfinished(name):
            return False
        if self._removes_orphans and name.endswith(".part") and not os.path.lexists(f"{path}.json"):
            _remove_orphan(path)
        return True


def _remove_orphan(path: str) -> None:
    """Remove the part of a download whose program was killed: a living program holds its lock."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            opened, named = os.fstat(descriptor), os.lstat(path)
            is_it = (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
            if is_it and stat.S_ISREG(opened.st_mode) and opened.st_uid == os.getuid():
                Path(path).unlink()
        finally:
            os.close(descriptor)
