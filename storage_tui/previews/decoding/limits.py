"""The limits of a child that decodes one blob."""

import contextlib
import resource
import signal

MEMORY_BYTES = 1024**3  # Pillow's largest picture here, 64 million pixels in RGBA, twice over, and the program itself
CPU_SECONDS = 4  # the largest picture within the limits decodes in 1.5 s on a slow core
WALL_SECONDS = 5.0  # the child is killed after this time of work, even while it does nothing
NETWORK_SECONDS = 120.0  # the time of waiting for ranges, which is no work: the client's own limit is 60 s a read
OPEN_FILES = 16  # the pipe, and the files of the interpreter
MOST_NEEDS = 1024  # ranges that one child asks for, those that were read before included

LIMITS = (
    (resource.RLIMIT_AS, MEMORY_BYTES),
    (resource.RLIMIT_CPU, CPU_SECONDS),
    (resource.RLIMIT_NOFILE, OPEN_FILES),
    (resource.RLIMIT_FSIZE, 0),  # writes no file
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NPROC, 0),  # starts no process
)


class PastLimitError(ValueError):
    """The blob may be sound, and is past a limit of what is decoded; the text is the reason."""


def limit_this_process() -> None:
    """Set every limit that this system supports; the wall clock limits everything else."""
    for what, most in LIMITS:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
    signal.alarm(int(WALL_SECONDS + NETWORK_SECONDS) + 1)  # the end of a child whose loop was killed


def allow_no_files() -> None:
    """Let this process open no further file: a library that follows a link in a blob finds nothing of this machine."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
