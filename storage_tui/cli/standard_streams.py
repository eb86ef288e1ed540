"""Standard streams that the caller closed, as with `ls >&-`, and output that cannot be written."""

import errno
import os
import sys

from storage_tui.cli.printing import complain

CANNOT_BE_WRITTEN = (errno.EBADF, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_CLOSED = {"stdin": (os.O_WRONLY, "r"), "stdout": (os.O_RDONLY, "w"), "stderr": (os.O_WRONLY, "w")}


def open_closed() -> None:
    """Open each closed stream in the wrong direction, so that using the stream is an ordinary error and no file or
    connection gets its number (as in gnulib's stdopen). Text for standard error has no reader then, and is dropped."""
    for name, (flags, mode) in _CLOSED.items():
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


def is_of_output(error: OSError) -> bool:
    """Return whether the error comes from writing standard output: errors with a file or a connection are a
    StorageError, or name the file."""
    return error.filename is None and error.errno in CANNOT_BE_WRITTEN


def give_up_output(error: OSError) -> None:
    """Report what is wrong with standard output, and drop the text that is still to be written when the program
    ends."""
    complain(f"cannot write the output: {error.strerror}")
    drop_output()


def drop_output() -> None:
    """Drop the text that is still to be written (Python documentation, signal, SIGPIPE)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
