"""Where things live on this machine: data, runtime sockets, state and settings, as each system expects them.

Nothing here creates a file. STORAGE_TUI_HOME, where set, holds all of them, which keeps a demo or a test apart from
the real store.
"""

import os
import sys

TYPE_CHECKING = False  # typing, pathlib and platformdirs take longer to load than a list to be shown
if TYPE_CHECKING:
    from pathlib import Path

APP = "storage-tui"
WEB_VARIABLE = "_STORAGE_TUI_WEB"  # for a program that runs in a web page: the address of that page
LOCK_NAME = "lock"  # in the data directory: held by whoever serves it, with a note of where that is reached
SOCKET_PATH_BYTES = 100  # a UNIX socket's path has 104 bytes on macOS, 108 on Linux, its end included


_XDG = {  # XDG Base Directory Specification 0.8: variable and default
    "data": ("XDG_DATA_HOME", "~/.local/share"),
    "config": ("XDG_CONFIG_HOME", "~/.config"),
    "state": ("XDG_STATE_HOME", "~/.local/state"),
}


def data_dir() -> "Path":
    """The data directory of the embedded store."""
    return _path(base("data"))


def config_file() -> "Path":
    """The settings file; it need not exist."""
    return _path(base("config")) / "config.toml"


def state_dir() -> "Path":
    """Journals, queues, logs, recent places: what may be lost without losing a blob."""
    return _path(base("state"))


def runtime_dir(data: "Path") -> "Path":
    """The directory of the socket and locks of the embedded server that owns the data directory `data`.

    One per data directory and user, named by a digest because a socket's path must be short.
    """
    return _path(runtime_of(str(data.absolute())))


def base(part: str) -> str:
    """The directory for `data`, `config` or `state`."""
    home = os.environ.get("STORAGE_TUI_HOME")
    if home:
        return os.path.join(os.path.expanduser(home), part)
    if sys.platform == "linux":
        variable, default = _XDG[part]
        own = os.environ.get(variable, "").strip() or os.path.expanduser(default)
        return os.path.join(own, APP)
    import platformdirs

    return str(getattr(platformdirs, f"user_{part}_path")(APP, appauthor=False))


def runtime_of(data: str) -> str:
    """`runtime_dir` for an absolute path as text."""
    name = _sha256(os.fsencode(data))[:16]
    own = os.environ.get("XDG_RUNTIME_DIR", "")  # platformdirs warns where it is not set, as in cron or a container
    found = os.path.join(own, APP, name)
    if not own or not os.path.isdir(own) or len(os.fsencode(f"{found}/socket")) > SOCKET_PATH_BYTES:
        return f"/tmp/{APP}-{os.getuid()}/{name}"  # every POSIX system has it, and it is short
    return found


def _sha256(content: bytes) -> str:
    """The digest in hexadecimal, by a module of its own (of CPython 3.12, of 3.11) where there is one: hashlib loads
    all of OpenSSL, which takes as long as the rest."""
    for name in ("_sha2", "_sha256"):
        try:
            return str(__import__(name).sha256(content).hexdigest())
        except ImportError:
            continue
    from hashlib import sha256

    return sha256(content).hexdigest()


def _path(text: str) -> "Path":
    from pathlib import Path

    return Path(text)
