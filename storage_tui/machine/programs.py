"""Other programs by name: found in PATH without its relative entries, and started by an absolute path.

PATH may hold `.`, or an empty entry, which means the same (POSIX, "Environment Variables"). A file `less` in the
working directory, which a download may have put there, would then be run in the place of the pager.
"""

import os
from collections.abc import Mapping
from pathlib import Path


def safe_path(path: str | None) -> str:
    """`path`, or what systems search where none is set, without the entries that mean the working directory."""
    folders = (os.defpath if path is None else path).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if is_absolute(folder))


def find_program(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The absolute path of a program by its name or absolute path; None where there is none.

    A relative path with a slash, such as `./less`, is none either: what it means depends on where one stands.
    """
    if is_absolute(name):
        return name if _is_program(name) else None
    if not name or "/" in name:
        return None
    path = safe_path((os.environ if environ is None else environ).get("PATH"))
    found = (f"{folder}/{name}" for folder in path.split(os.pathsep) if folder)
    return next((program for program in found if _is_program(program)), None)


def is_absolute(path: str) -> bool:
    """Whether it means the same wherever one stands."""
    return path.startswith("/")


def _is_program(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)
