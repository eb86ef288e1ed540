"""Where things live on this machine: data, runtime sockets, state and settings, as each system expects them.

Nothing here creates a file. STORAGE_TUI_HOME, where set, holds all of them, which keeps a demo or a test apart from
the real store.
"""

import hashlib
import os
from pathlib import Path

from platformdirs import user_config_path, user_data_path, user_state_path

APP = "storage-tui"
WEB_VARIABLE = "_STORAGE_TUI_WEB"  # for a program that runs in a web page: the address of that page
SOCKET_PATH_BYTES = 100  # a UNIX socket's path has 104 bytes on macOS, 108 on Linux, its end included


def data_dir() -> Path:
    """The data directory of the embedded store."""
    return _home("data") or user_data_path(APP, appauthor=False)


def config_file() -> Path:
    """The settings file; it need not exist."""
    return (_home("config") or user_config_path(APP, appauthor=False)) / "config.toml"


def state_dir() -> Path:
    """Journals, queues, logs, recent places: what may be lost without losing a blob."""
    return _home("state") or user_state_path(APP, appauthor=False)


def runtime_dir(data: Path) -> Path:
    """The directory of the socket and locks of the embedded server that owns the data directory `data`.

    One per data directory and user, named by a digest because a socket's path must be short.
    """
    name = hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:16]
    own = os.environ.get("XDG_RUNTIME_DIR", "")  # platformdirs warns where it is not set, as in cron or a container
    base = Path(own) / APP
    if not own or not Path(own).is_dir() or len(os.fsencode(base / name / "socket")) > SOCKET_PATH_BYTES:
        base = Path("/tmp") / f"{APP}-{os.getuid()}"  # every POSIX system has it, and it is short
    return base / name


def _home(part: str) -> Path | None:
    home = os.environ.get("STORAGE_TUI_HOME")
    return Path(home).expanduser() / part if home else None
