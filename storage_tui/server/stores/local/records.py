"""The records of the local engine: one file each below DATA_DIR/records, replaced by rename."""

import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from storage_tui.contract.errors import BadRequestError, ConflictError, StoreFullError, UnavailableError
from storage_tui.machine.private_files import make_private_dir, open_private
from storage_tui.server.stores.local.ballast import Ballast
from storage_tui.server.stores.local.files import NO_ROOM, Disk
from storage_tui.server.stores.local.room import Room
from storage_tui.server.stores.records import ABSENT, MAX_RECORD_BYTES, Record, check_record

SUFFIX = ".record"  # keeps a record `a` apart from a record `a/b`, and temporary files out of the names
MAX_FILE_NAME_BYTES = 255


class LocalRecords:
    """The records of a data directory, in files that only this user can read. A lock orders the writers of all
    processes.

    `reserve_bytes` is the room that is kept free on the disk, as for the store in the directory.
    """

    def __init__(self, data_dir: Path, *, reserve_bytes: int | None = None) -> None:
        self._root = data_dir / "records"
        self._room = Room(Disk(data_dir), reserve_bytes)
        self._ballast = Ballast(data_dir)

    def read(self, name: str) -> Record | None:
        """Return the record, or None when there is none."""
        check_record(name)
        with _translated(self._root):
            return _read(self._path(name))

    def write(
        self, name: str, content: bytes, *, expected: str | None = None, may_use_reserve: bool = False
    ) -> str:  # fmt: skip
        """Create or replace the record and return its version."""
        check_record(name, content)
        path = self._path(name)
        with _translated(self._root), self._locked():
            _expect(path, name, expected)
            if not may_use_reserve:
                self._room.check(len(content))
            try:
                self._replace(path, content)
            except OSError as exc:
                if not may_use_reserve or exc.errno not in NO_ROOM or not self._ballast.give():
                    raise
                self._replace(path, content)
        return _version(content)

    def remove(self, name: str, *, expected: str | None = None) -> bool:
        """Remove the record and return whether there was one."""
        check_record(name)
        path = self._path(name)
        with _translated(self._root), self._locked():
            _expect(path, name, expected)
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            _sync(path.parent)
        return True

    def move_out(self, name: str, target: Path) -> None:
        """Move a record that cannot be read to `target`, a path on the same file system."""
        path = self._path(name)
        with _translated(self._root), self._locked():
            path.rename(target)
            _sync(target.parent)
            _sync(path.parent)

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names that start with the prefix, in byte order."""
        yield from sorted(name for name, _ in self._files(prefix))

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the names that start with the prefix, in any order, each with the size of its content in bytes."""
        for name, path in self._files(prefix):
            with _translated(self._root), suppress(FileNotFoundError):
                yield name, path.stat(follow_symlinks=False).st_size

    def _files(self, prefix: str) -> list[tuple[str, Path]]:
        folder, _, _ = prefix.rpartition("/")
        with _translated(self._root):
            return [(name, path) for name, path in _walk(self._root, folder) if name.startswith(prefix)]

    def _replace(self, path: Path, content: bytes) -> None:
        self._make_directories(path.parent)
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            _write_new(temporary, content)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def _path(self, name: str) -> Path:
        *folders, last = (_file_name(segment) for segment in name.split("/"))
        return self._root.joinpath(*folders, last + SUFFIX)

    def _make_directories(self, directory: Path) -> None:
        missing = []
        while not directory.is_dir():
            missing.append(directory)
            directory = directory.parent
        for made in reversed(missing):
            make_private_dir(made)
            _sync(made.parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._make_directories(self._root)
        # Two locks: the folder, which nobody replaces, and the file, which is all that older programs lock.
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            file = open_private(self._root / ".lock", os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
            finally:
                os.close(file)
        finally:
            os.close(folder)


def _file_name(segment: str) -> str:
    """Return the segment as a file name: percent-encoded, also a dot at the start, so that no two segments have one
    file name."""
    name = quote(segment, safe="")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) + len(SUFFIX) > MAX_FILE_NAME_BYTES:
        raise BadRequestError("a segment of a record's name is too long for the file system")
    return name


def _walk(root: Path, folder: str) -> Iterator[tuple[str, Path]]:
    """Yield all names below the folder with their files, in no order."""
    start = root.joinpath(*(_file_name(segment) for segment in folder.split("/"))) if folder else root
    for directory, _, files in os.walk(start):
        relative = Path(directory).relative_to(root)
        above = "".join(f"{unquote(part)}/" for part in relative.parts)
        for file in files:
            if file.endswith(SUFFIX) and not file.startswith("."):
                yield above + unquote(file.removesuffix(SUFFIX)), Path(directory) / file


def _expect(path: Path, name: str, expected: str | None) -> None:
    if expected is None:
        return
    found = _read(path)
    if (found.version if found else ABSENT) != expected:
        raise ConflictError(f"the record {name} was changed by somebody else meanwhile; read it again")


def _read(path: Path) -> Record | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077 or not stat.S_ISREG(status.st_mode):
            raise UnavailableError(f"{path} can be read by others; make it yours alone with chmod 600")
        content = file.read(MAX_RECORD_BYTES + 1)
    if len(content) > MAX_RECORD_BYTES:
        raise UnavailableError(f"{path} is larger than a record can be; restore it from a backup")
    return Record(content, _version(content))


def _write_new(path: Path, content: bytes) -> None:
    fd = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in NO_ROOM:
            raise StoreFullError("no room is left on the server's disk; delete something first") from exc
        raise UnavailableError(f"cannot use the records in {root}: {exc.strerror or exc}") from exc
