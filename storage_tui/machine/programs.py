"""Other programs by name: found in the absolute entries of PATH, and started by an absolute path.

PATH may hold `.`, or an empty entry with the same meaning (POSIX, "Environment Variables"). A download may have put a
file `less` into the working directory, which would then run in place of the pager.
"""

import os
from collections.abc import Mapping
from pathlib import Path


def safe_path(path: str | None) -> str:
    """Return `path` with its absolute entries only; None stands for the system's default path.

    A relative entry means the working directory or a folder below it.
    """
    folders = (os.defpath if path is None else path).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if is_absolute(folder))


def find_program(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the absolute path of a program by its name or absolute path; None when there is no such program.

    Return None for a relative path with a slash, such as `./less`, too: its meaning depends on the working directory.
    """
    if is_absolute(name):
        return name if _is_program(name) else None
    if not name or "/" in name:
        return None
    path = safe_path((os.environ if environ is None else environ).get("PATH"))
    found = (f"{folder}/{name}" for folder in path.split(os.pathsep) if folder)
    return next((program for program in found if _is_program(program)), None)


def is_absolute(path: str) -> bool:
    """Return whether the meaning of the path does not depend on the working directory."""
    return path.startswith("/")


def _is_program(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)
