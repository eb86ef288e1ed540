"""The file in which a download grows, beside its target and under another name, and how it becomes the target.

`.NAME.DIGITS.part` is private and locked while it grows. A large part has a note `….part.json` that names its blob, so
that a later process can continue. Only a whole file gets the final name, by one rename.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage_tui.client.transfer.record_files import read_record, record_bytes
from storage_tui.contract.errors import ConflictError, LocalFileError
from storage_tui.machine.private_files import open_private

RESUMED_FROM_BYTES = 8 * 1024 * 1024  # fetching a smaller blob again is faster than finding its part
NAME_BYTES = 100  # bytes of the target's name in the part's name: names have at most 255
_OPEN = os.O_RDWR | os.O_CREAT
_umask_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a part will become: the key, the server, and the name of the file."""

    target: str
    server: str
    storage_type: str
    key: str

    def digest(self) -> str:
        """Return twelve hex digits that are different for each purpose."""
        raw = "\0".join((self.target, self.server, self.storage_type, self.key))
        return hashlib.sha256(raw.encode("utf-8", "surrogateescape")).hexdigest()[:12]

    def part_name(self, digits: str) -> str:
        """Return the name of a part, which begins with the target's name as far as there is room."""
        stem = os.fsencode(self.target)[:NAME_BYTES].decode("utf-8", "ignore") or "blob"
        return f".{stem}.{digits}.part"


@dataclass(frozen=True, slots=True)
class PartNote:
    """The blob of a part, as it was when the download began."""

    purpose: Purpose
    etag: str
    size_bytes: int
    ranges: tuple[tuple[int, int], ...] = ()  # start and stop of what is there; empty for all from the first byte on


class PartFile:
    """One download on disk, locked. End it with `commit`, `keep` or `discard`."""

    def __init__(
        self, folder: int, target: str, name: str, descriptor: int, *, may_resume: bool, replaces: bool
    ) -> None:
        self._folder, self._target, self._may_resume, self._replaces = folder, target, may_resume, replaces
        self.name = name
        self.descriptor = descriptor
        self._has_note = False
        self._owns_folder = False

    @classmethod
    def open(
        cls, folder: int, purpose: Purpose, *, resume: bool, replaces: bool = True
    ) -> "tuple[PartFile, PartNote | None]":
        """Open the part for this purpose in the folder (a descriptor); return it with the note of an earlier process.

        The name follows from the purpose, so that no folder is searched. While another process works on that part, and
        without `resume`, the part is a new one under a random name. Without `replaces` the part becomes the target only
        if there is no such file then. Raise LocalFileError.
        """
        target = purpose.target
        if resume:
            name = purpose.part_name(purpose.digest())
            part = cls._taken(folder, target, name, replaces)
            if part is not None:
                note = _read_note(folder, f"{name}.json")
                if note is not None and note.purpose == purpose:
                    part._has_note = True
                    return part, note
                part.truncate()
                with suppress(OSError):
                    os.unlink(f"{name}.json", dir_fd=folder)
                return part, None
        name = purpose.part_name(secrets.token_hex(6))
        with local_errors(target):
            descriptor = open_private(name, _OPEN | os.O_EXCL, dir_fd=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(folder, target, name, descriptor, may_resume=False, replaces=replaces), None

    @classmethod
    def open_whole(cls, folder: int, purpose: Purpose, content: bytes, *, replaces: bool = True) -> "PartFile":
        """Write a part with all its bytes and return it, ready for `commit`, also after the folder is closed."""
        check_target(folder, purpose.target)
        part, _ = cls.open(folder, purpose, resume=False, replaces=replaces)
        try:
            part.write(0, memoryview(content))
            part.detach()
        except BaseException:
            part.discard()
            raise
        return part

    @classmethod
    def _taken(cls, folder: int, target: str, name: str, replaces: bool) -> "PartFile | None":
        with local_errors(target):
            try:
                descriptor = open_private(name, _OPEN | os.O_NONBLOCK, dir_fd=folder)
            except OSError as exc:
                if exc.errno in (errno.ELOOP, errno.EACCES, errno.EISDIR, errno.ENXIO):
                    return None  # something else has the name
                raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            opened, named = os.fstat(descriptor), os.stat(name, dir_fd=folder, follow_symlinks=False)
            # The process that held the lock before may have given the file its final name, or removed it.
            is_it = (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
            if is_it and stat.S_ISREG(opened.st_mode) and opened.st_uid == os.getuid() and opened.st_nlink == 1:
                return cls(folder, target, name, descriptor, may_resume=True, replaces=replaces)
        except OSError:
            pass
        os.close(descriptor)
        return None

    def note(self, note: PartNote) -> None:
        """Write the note, which makes the part resumable; do nothing for a part under a random name."""
        if not self._may_resume:
            return
        with local_errors(self._target):
            temporary = f"{self.name}.json.new"  # a fixed name: a killed process leaves one file at most
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=self._folder)
            descriptor = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, dir_fd=self._folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    fields = asdict(note)
                    if not note.ranges:
                        del fields["ranges"]  # a part in order, which earlier programs can continue
                    file.write(record_bytes(fields))
                os.replace(temporary, f"{self.name}.json", src_dir_fd=self._folder, dst_dir_fd=self._folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=self._folder)
                raise
        self._has_note = True

    @property
    def is_apart(self) -> bool:
        """Return whether the part has a random name, as another program has the part that can be continued."""
        return not self._may_resume

    @property
    def is_resumable(self) -> bool:
        """Return whether a later process can continue the part."""
        return self._has_note

    def size(self) -> int:
        """Return the size of the part in bytes."""
        return os.fstat(self.descriptor).st_size

    def write(self, position: int, chunk: memoryview) -> None:
        """Write bytes at a position; raise LocalFileError, which says what to do about a full disk."""
        with local_errors(self._target, is_resumable=self._has_note):
            while chunk:
                count = os.pwrite(self.descriptor, chunk, position)
                position += count
                chunk = chunk[count:]

    def truncate(self, size_bytes: int = 0) -> None:
        """Cut the part to `size_bytes`; without a size, remove all bytes."""
        with local_errors(self._target):
            os.ftruncate(self.descriptor, size_bytes)

    def extend(self, size_bytes: int) -> None:
        """Give the part its final size, so that its bytes can come in any order. Raise LocalFileError without room."""
        with local_errors(self._target, is_resumable=self._has_note):
            found = os.fstat(self.descriptor)
            disk = os.fstatvfs(self.descriptor)
            if size_bytes - found.st_size > disk.f_bavail * disk.f_frsize:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.ftruncate(self.descriptor, size_bytes)

    def detach(self) -> None:
        """Keep the part usable after the caller closes the folder."""
        self._folder, self._owns_folder = os.dup(self._folder), True

    def commit(self, *, syncs_folder: bool = True) -> None:
        """Give the whole file the final name, durably; the permissions of an existing file are kept.

        Without `syncs_folder` the name is durable only after the caller has synced the folder, once for many files.
        Raise ConflictError for an existing file that the part does not replace, LocalFileError when the disk refuses.
        """
        with local_errors(self._target, is_resumable=self._has_note):
            existing = check_target(self._folder, self._target)
            os.fchmod(
                self.descriptor, 0o666 & ~_umask() if existing is None else stat.S_IMODE(existing.st_mode) & 0o777
            )
            os.fsync(self.descriptor)
            self._replace() if self._replaces else self._take_free_name()
            self._remove_note()
            if syncs_folder:
                os.fsync(self._folder)
        self._close()

    def _replace(self) -> None:
        os.replace(self.name, self._target, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _take_free_name(self) -> None:
        """Make the final name as a link: unlike a rename, a link never replaces a file that has just appeared."""
        ends = {"src_dir_fd": self._folder, "dst_dir_fd": self._folder}
        try:
            os.link(self.name, self._target, **ends, follow_symlinks=False)
        except FileExistsError as exc:
            raise ConflictError(f"{self._target!r} appeared meanwhile and was not overwritten") from exc
        except OSError as exc:
            if exc.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
                raise
            if check_target(self._folder, self._target) is not None:  # a file system without links, such as FAT
                raise ConflictError(f"{self._target!r} appeared meanwhile and was not overwritten") from exc
            self._replace()
        else:
            os.unlink(self.name, dir_fd=self._folder)

    def keep(self) -> None:
        """Leave a resumable part for a later process; remove any other part."""
        if not self._has_note:
            self.discard()
        else:
            self._close()

    def discard(self) -> None:
        """Remove the part and its note."""
        with suppress(OSError):
            os.unlink(self.name, dir_fd=self._folder)
        self._remove_note()
        self._close()

    def _remove_note(self) -> None:
        if self._has_note:
            with suppress(OSError):
                os.unlink(f"{self.name}.json", dir_fd=self._folder)
            self._has_note = False

    def _close(self) -> None:
        os.close(self.descriptor)
        if self._owns_folder:
            os.close(self._folder)


@contextlib.contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """Give a descriptor of a target's folder within the block; all work uses it, so that no path is walked twice."""
    with local_errors(str(path)):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def check_target(folder: int, name: str) -> os.stat_result | None:
    """Return the status of the regular file with the final name, which may be replaced; None when there is none.

    Raise LocalFileError when something else has the name.
    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise LocalFileError(f"cannot write {name!r}: {getattr(exc, 'strerror', None) or exc}") from exc
    for test, kind in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(found.st_mode):
            raise LocalFileError(f"cannot write {name!r}: it is {kind}; choose the name of a file")
    if not stat.S_ISREG(found.st_mode):
        raise LocalFileError(f"cannot write {name!r}: it is a device; choose the name of a file")
    return found


@contextlib.contextmanager
def local_errors(name: str, *, is_resumable: bool = False) -> Iterator[None]:
    """Raise errors of the local file system as LocalFileError, which names `name`."""
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            way = "make room and run it again to continue from here" if is_resumable else "make room and run it again"
            raise LocalFileError(f"no room left on the disk for {name!r}; {way}") from exc
        raise LocalFileError(f"cannot write {name!r}: {exc.strerror or exc}") from exc


def _read_note(folder: int, name: str) -> PartNote | None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    except (OSError, ValueError):
        return None
    try:
        fields = read_record(descriptor)
    finally:
        os.close(descriptor)
    try:
        if fields is None or not isinstance(fields["size_bytes"], int):
            return None
        ranges = _ranges(fields.pop("ranges", ()), fields["size_bytes"])
        return PartNote(Purpose(**fields.pop("purpose")), **fields, ranges=ranges)
    except (TypeError, KeyError, ValueError):
        return None


def _ranges(raw: Any, size_bytes: int) -> tuple[tuple[int, int], ...]:
    """Return the ranges of a note; raise TypeError or ValueError unless they are within the blob and in order."""
    ranges, position = [], 0
    for start, stop in raw:
        if not (type(start) is int and type(stop) is int and position <= start < stop <= size_bytes):
            raise ValueError("the ranges of the note are not in order")
        ranges.append((start, stop))
        position = stop
    return tuple(ranges)


def _umask() -> int:
    """Return the umask of the process. It can only be read by setting it, here for a moment to the strictest."""
    with _umask_lock:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
