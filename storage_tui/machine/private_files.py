"""Files and folders that only their owner may read, write or enter, whatever the umask of the process is."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700


def open_private(path: "str | os.PathLike[str]", flags: int, *, dir_fd: int | None = None) -> int:
    """Open the file and return its descriptor; with O_CREAT a new file gets mode 0600.

    No symbolic link is followed, and no program that is started inherits the descriptor. The mode of a file that was
    there is left as its owner set it. Raises OSError as os.open does.
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
        if os.fstat(descriptor).st_mode & 0o777 != PRIVATE_FILE:  # the umask takes bits even from the owner
            os.fchmod(descriptor, PRIVATE_FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def touch_private(path: "str | os.PathLike[str]") -> None:
    """Make an empty file of mode 0600 where there is none."""
    os.close(open_private(path, os.O_RDONLY | os.O_CREAT))


def make_private_dir(path: Path) -> None:
    """Make the folder, and the folders above it that are missing, each with mode 0700; those that are there stay as
    they are. Raises OSError, also where something else has the name."""
    try:
        path.mkdir(mode=PRIVATE_DIR)
    except FileNotFoundError:
        make_private_dir(path.parent)
        make_private_dir(path)
    except OSError:
        if not path.is_dir():  # any error but that of a folder that is there, on a read-only disk too
            raise
    else:
        if path.stat().st_mode & 0o777 != PRIVATE_DIR:
            path.chmod(PRIVATE_DIR)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of the bytes where the descriptor stands; raises OSError where the disk takes only a part."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def append_whole(descriptor: int, content: bytes) -> None:
    """Add the bytes to the end of a file opened with O_APPEND, or none of them: half a line on a full disk would spoil
    the one after it. Raises OSError."""
    before = os.fstat(descriptor).st_size
    try:
        write_all(descriptor, content)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, before)
        raise


def create_private(path: Path, content: bytes) -> None:
    """Make the file, of mode 0600, with these bytes, or none; its folder is made where missing. Raises
    FileExistsError where the name is taken, OSError when the disk refuses."""
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
    """Put the bytes under the name, whole or not at all, in a file of mode 0600; its folder is made where missing.

    With `is_durable` the bytes are on the disk when this returns; their name is once the caller syncs the folder.
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
