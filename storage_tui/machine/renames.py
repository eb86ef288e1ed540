"""A rename that never replaces what has the new name."""

import ctypes
import errno
import os
import stat
from pathlib import Path

NO_REPLACE = 1  # RENAME_NOREPLACE of linux/fs.h
AT_FDCWD = -100  # of fcntl.h on Linux: the paths are as they are
_UNKNOWN = (errno.ENOSYS, errno.EINVAL)  # a kernel, or a file system, without the flag


def rename_new(path: Path, target: Path) -> None:
    """Give a file, a link or a folder another name in one step. Raise FileExistsError when the name is taken.

    Where the system has no such step, a file has both names for a moment, and a folder's new name is first an empty
    folder. Raise OSError for everything else; the path then keeps its name.
    """
    if not _in_one_step(os.fsencode(path), os.fsencode(target)):
        _in_two_steps(path, target)


def _in_one_step(path: bytes, target: bytes) -> bool:
    """Return False where the system cannot do it. Source: rename(2) of Linux."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None or b"\0" in path + target:
        return False
    if call(AT_FDCWD, ctypes.c_char_p(path), AT_FDCWD, ctypes.c_char_p(target), NO_REPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), os.fsdecode(path), None, os.fsdecode(target))


def _in_two_steps(path: Path, target: Path) -> None:
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.link(path, target, follow_symlinks=False)
        path.unlink()
        return
    target.mkdir()  # fails when the name is taken; a rename then replaces this empty folder, and no other
    try:
        path.rename(target)
    except BaseException:
        target.rmdir()
        raise
