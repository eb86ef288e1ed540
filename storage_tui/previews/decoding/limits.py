"""The limits of a child that decodes one picture."""

import contextlib
import resource

MEMORY_BYTES = 1024**3  # Pillow's largest picture here, 64 million pixels in RGBA, twice over, and the program itself
CPU_SECONDS = 4  # the largest picture within the limits decodes in 1.5 s on a slow core
WALL_SECONDS = 5.0  # the child is killed after this time, even while it waits
OPEN_FILES = 16  # the pipe, and the files of the interpreter

LIMITS = (
    (resource.RLIMIT_AS, MEMORY_BYTES),
    (resource.RLIMIT_CPU, CPU_SECONDS),
    (resource.RLIMIT_NOFILE, OPEN_FILES),
    (resource.RLIMIT_FSIZE, 0),  # writes no file
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NPROC, 0),  # starts no process
)


def limit_this_process() -> None:
    """Set every limit that this system supports; the wall clock limits everything else."""
    for what, most in LIMITS:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
