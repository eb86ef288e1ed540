"""What servers of places have left on this machine, removed once nobody has opened the place for a month.

A place has a state directory (keys for tokens, the note of its last opening) and a runtime directory (socket, token,
locks). Upload sessions last a week, so none of a place that was last opened a month ago can be continued.
"""

import fcntl
import os
import re
import shutil
import stat
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from storage_tui.machine.directories import LOCK_NAME
from storage_tui.server.stores.bucket.every.names import NOTE

KEPT = timedelta(days=30)
DAY_S = 86_400.0
PLACES = "places"  # the folder of the state directories, by `directories.place_dir`
_NAME = re.compile(r"[0-9a-f]{16}")  # of a state or runtime directory
PRESENT, SOCKET = "present", "socket"


def remove_old(states: Path, runtimes: Path, *, now: float, spared: tuple[Path, Path]) -> None:
    """Remove the state directories in `states` and the runtime directories in `runtimes` of places that were not used
    for KEPT before `now`, in seconds since 1970. `spared` are those of the place that is being opened. A directory that
    is in use, or that cannot be removed, stays, and so does everything that has not the name of such a directory."""
    oldest = now - KEPT.total_seconds()
    for state in _folders(states) if states.name == PLACES else ():
        if state != spared[0] and _last_used(state, (NOTE, ".")) < oldest:
            shutil.rmtree(state, ignore_errors=True)
    for runtime in _folders(runtimes):
        if runtime == spared[1] or not (runtime / PRESENT).is_file():
            continue
        if _last_used(runtime, (".", PRESENT, SOCKET, "token", "log", LOCK_NAME)) < oldest:
            _remove_unused(runtime)


def keep_from_removal(state: Path) -> None:
    """Note, once a day, that the place with this state directory is still open."""
    with suppress(OSError):
        if time.time() - (state / NOTE).stat().st_mtime > DAY_S:
            os.utime(state / NOTE)


def _remove_unused(runtime: Path) -> None:
    """Remove a runtime directory unless a client or a server holds a lock in it."""
    with suppress(OSError):
        descriptor = os.open(runtime / PRESENT, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(runtime, ignore_errors=True)
        finally:
            os.close(descriptor)


def _folders(folder: Path) -> list[Path]:
    """Return the directories of places in a folder: folders of this user whose name is a digest; no links."""
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
                if is_ours and _NAME.fullmatch(entry.name):
                    found.append(Path(entry.path))
    return found


def _last_used(folder: Path, names: tuple[str, ...]) -> float:
    """Return the latest time of these files in a folder."""
    times = [0.0]
    for name in names:
        with suppress(OSError):
            times.append((folder / name).lstat().st_mtime)
    return max(times)
