"""The private folder of a socket, and the environment, of a process that this program starts for this user."""

import stat
from collections.abc import Mapping
from os import getuid
from pathlib import Path

from storage_tui.contract.errors import ConnectError
from storage_tui.machine.private_files import make_private_dir

_KEPT_BACK = ("TOKEN", "SECRET", "PASSWORD", "COMPLETE")  # the last would make the program complete words


def make_runtime(runtime: Path, what: str) -> None:
    """Make the folder and the folder above, where missing, and check that no other user owns or enters them.

    `what` names what the folder holds. Raise ConnectError, or the OSError of the system.
    """
    for folder in (runtime.parent, runtime):
        make_private_dir(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != getuid():
            raise ConnectError(f"{folder} must be a directory of your own to hold {what}")
    if stat.S_IMODE(runtime.lstat().st_mode) & 0o077:
        raise ConnectError(f"others may enter {runtime}, which holds {what}; chmod 700 it")


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables that hold secrets."""
    return {name: value for name, value in environ.items() if not any(word in name.upper() for word in _KEPT_BACK)}
