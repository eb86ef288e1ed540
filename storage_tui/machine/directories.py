"""The directories of this program on this machine: data, runtime sockets, state and settings, as each system expects.

Nothing here creates a file. When STORAGE_TUI_HOME is set, data, settings and state are in this directory: a demo or a
test then does not touch the real store. Every path is absolute: a path that means another place after each `cd` would
split the store. So an XDG variable with a relative path is ignored, as the XDG specification says.
"""

import os
import sys

TYPE_CHECKING = False  # loading typing, pathlib and platformdirs takes longer than showing a list
if TYPE_CHECKING:
    from pathlib import Path

APP = "storage-tui"
WEB_VARIABLE = "_STORAGE_TUI_WEB"  # for a program that runs in a web page: the address of this page
LOCK_NAME = "lock"  # in the data directory: held by the process that serves it, with a note of its address
SOCKET_PATH_BYTES = 100  # a UNIX socket's path has at most 104 bytes on macOS, 108 on Linux, with the final zero byte


_XDG = {  # XDG Base Directory Specification 0.8: variable, and default below the home folder
    "data": ("XDG_DATA_HOME", ".local/share"),
    "config": ("XDG_CONFIG_HOME", ".config"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}


def data_dir() -> "Path":
    """Return the data directory of the embedded store."""
    return _path(base("data"))


def config_file() -> "Path":
    """Return the path of the settings file; the file may be missing."""
    return _path(base("config")) / "config.toml"


def state_dir() -> "Path":
    """Return the directory of journals, queues, logs and recent places: losing these files loses no blob."""
    return _path(base("state"))


def runtime_dir(data: "Path") -> "Path":
    """Return the directory of the socket and locks of the embedded server that owns the data directory `data`.

    Each data directory and user has its own. The name is a digest because a socket's path must be short.
    """
    return _path(runtime_of(str(data.absolute())))


def place_dir(place: str) -> "Path":
    """Return the directory of what a server of a place (a bucket, a folder) keeps on this machine: keys for its tokens,
    and its upload sessions. `place` is the URL of the place with its endpoint."""
    return _path(os.path.join(base("state"), "places", _sha256(place.encode())[:16]))


def place_runtime_dir(identity: str) -> "Path":
    """Return the directory of the socket and locks of the server of a place. `identity` holds all on which the server
    depends: the place, its options, the credentials. Only a digest is kept of the text."""
    return _path(runtime_of(f"place {identity}"))


def base(part: str) -> str:
    """Return the directory for `data`, `config` or `state`."""
    own_home = os.environ.get("STORAGE_TUI_HOME")
    if own_home:
        return os.path.join(os.path.abspath(os.path.expanduser(own_home)), part)
    if sys.platform == "linux":
        variable, default = _XDG[part]
        return os.path.join(_absolute_in(variable) or os.path.join(home(), default), APP)
    import platformdirs

    found = str(getattr(platformdirs, f"user_{part}_path")(APP, appauthor=False))
    return found if os.path.isabs(found) else os.path.join(home(), _XDG[part][1], APP)


def home() -> str:
    """Return the home folder of this user; where HOME names no absolute path, the folder in the user database.

    A user without an entry there, as in some containers, has the home folder `/`, as Docker has it.
    """
    named = os.environ.get("HOME", "")
    if os.path.isabs(named):
        return named
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def ignored_variables() -> list[str]:
    """Return the XDG variables and HOME, where their paths are relative and so have no effect."""
    names = (*(variable for variable, _ in _XDG.values()), "XDG_RUNTIME_DIR", "HOME")
    return [name for name in names if os.environ.get(name, "").strip() and not _absolute_in(name)]


def _absolute_in(variable: str) -> str:
    """Return the path in an environment variable; "" where the variable is unset or its path is relative."""
    path = os.environ.get(variable, "").strip()
    return path if os.path.isabs(path) else ""


def runtime_of(data: str) -> str:
    """Return `runtime_dir` as text, for an absolute path given as text."""
    name = _sha256(os.fsencode(data))[:16]
    own = _absolute_in("XDG_RUNTIME_DIR")  # not set in cron or a container, where platformdirs warns
    found = os.path.join(own, APP, name)
    if not own or not os.path.isdir(own) or len(os.fsencode(f"{found}/socket")) > SOCKET_PATH_BYTES:
        return f"/tmp/{APP}-{os.getuid()}/{name}"  # every POSIX system has /tmp, and the path is short
    return found


def _sha256(content: bytes) -> str:
    """Return the digest in hexadecimal.

    CPython has a small module for SHA-256 (3.12: `_sha2`, 3.11: `_sha256`), which is used where present: hashlib
    loads all of OpenSSL, which takes as long as everything else here.
    """
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
