"""Files and folders that only their owner may read, write or enter, whatever the umask of the process is."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700


def open_private(path: "str | os.PathLike[str]", flags: int, *, dir_fd: int | None = None) -> int:
    """Open the file and return its descriptor; with O_CREAT a new file gets mode 0600.

    A symbolic link is not followed, and started programs do not inherit the descriptor. An existing file keeps the mode
    that its owner set. Raise OSError as os.open does.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    if not flags & os.O_CREAT:
        return os.open(path, flags, dir_fd=dir_fd)
    try:
        descriptor = os.open(path, flags | os.O_EXCL, PRIVATE_FILE, dir_fd=dir_fd)
    except FileExistsError:
        if flags & os.O_EXCL:
            raise
        return os.open(path, flags, PRIVATE_FILE, dir_fd=dir_fd)
    try:
        if os.fstat(descriptor).st_mode & 0o777 != PRIVATE_FILE:  # the umask can remove bits from the owner too
            os.fchmod(descriptor, PRIVATE_FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def touch_private(path: "str | os.PathLike[str]") -> None:
    """Make an empty file of mode 0600; leave an existing file as it is. Raise OSError."""
    os.close(open_private(path, os.O_RDONLY | os.O_CREAT))


def make_private_dir(path: Path) -> None:
    """Make the folder and the missing folders above it, each with mode 0700; existing folders stay as they are.

    Raise OSError, also when something that is not a folder has the name.
    """
    try:
        path.mkdir(mode=PRIVATE_DIR)
    except FileNotFoundError:
        make_private_dir(path.parent)
        make_private_dir(path)
    except OSError:
        if not path.is_dir():  # an existing folder is no failure, whatever the error (a read-only disk has its own)
            raise
    else:
        if path.stat().st_mode & 0o777 != PRIVATE_DIR:
            path.chmod(PRIVATE_DIR)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of the bytes at the descriptor's position; raise OSError when the disk takes only a part."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def append_whole(descriptor: int, content: bytes) -> None:
    """Append all of the bytes to a file opened with O_APPEND, or none of them.

    Half a line, written to a full disk, would spoil the next line. Raise OSError when the disk refuses.
    """
    before = os.fstat(descriptor).st_size
    try:
        write_all(descriptor, content)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, before)
        raise


def create_private(path: Path, content: bytes) -> None:
    """Make a file of mode 0600 with these bytes, or make no file; a missing folder is made.

    Raise FileExistsError when the name is taken, OSError when the disk refuses.
    """
    make_private_dir(path.parent)
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        write_all(descriptor, content)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Write the bytes to a file of mode 0600, whole or not at all, replacing an earlier file; a missing folder is made.

    With `is_durable` the bytes are on the disk when this function returns. The name of the file is on the disk once the
    caller syncs the folder. Raise OSError when the disk refuses; an earlier file is then unchanged.
    """
    make_private_dir(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if is_durable:
                os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
