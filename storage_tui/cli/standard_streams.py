"""Standard streams that the caller closed, as `ls >&-` does, and output that cannot be written."""

import errno
import os
import sys

from storage_tui.cli.printing import complain

CANNOT_BE_WRITTEN = (errno.EBADF, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_CLOSED = {"stdin": (os.O_WRONLY, "r"), "stdout": (os.O_RDONLY, "w"), "stderr": (os.O_WRONLY, "w")}


def open_closed() -> None:
    """Open each the wrong way round, so that using it is an ordinary error and no file or connection gets its number
    (as gnulib's stdopen does). What is said on standard error has no reader then, and is dropped."""
    for name, (flags, mode) in _CLOSED.items():
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


def is_of_output(error: OSError) -> bool:
    """Whether it is from writing standard output: what goes wrong with a file or a connection is a StorageError, or
    names the file."""
    return error.filename is None and error.errno in CANNOT_BE_WRITTEN


def give_up_output(error: OSError) -> None:
    """Say what is wrong with standard output, and leave nothing to be written to it when the program ends."""
    complain(f"cannot write the output: {error.strerror}")
    drop_output()


def drop_output() -> None:
    """What is left to be written goes nowhere (Python documentation, signal, SIGPIPE)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
