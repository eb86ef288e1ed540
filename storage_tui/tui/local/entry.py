"""One row of a local folder: a file, a link, a pipe. Its key is its absolute path; a folder ends with a slash."""

import os
import stat
from dataclasses import dataclass
from typing import Literal

from storage_tui.contract.models import Blob
from storage_tui.previews.local_files import identity, moment_of
from storage_tui.tui.side import LOCAL
from storage_tui.tui.state.listing import Row

Kind = Literal["file", "link", "pipe", "socket", "device", "unreadable"]
NAMES: dict[Kind, str] = {
    "pipe": "a named pipe",
    "socket": "a socket",
    "device": "a device",
    "unreadable": "unreadable",
}


@dataclass(frozen=True, slots=True)
class LocalEntry(Blob):
    """Anything in a folder but a folder. Only a regular file has a size; `target` is where a link points."""

    kind: Kind = "file"
    target: str = ""


def entry_of(path: str, info: os.stat_result) -> LocalEntry:
    """Return the row of a path with what `lstat` reported."""
    kind = _kind(info.st_mode)
    return LocalEntry(
        path, LOCAL, info.st_size if kind == "file" else None, modified=moment_of(info), etag=identity(info),
        kind=kind, target=_target(path) if kind == "link" else "",
    )  # fmt: skip


def unreadable(path: str) -> LocalEntry:
    """Return the row of a path about which the system reports nothing."""
    return LocalEntry(path, LOCAL, kind="unreadable")


def note_of(row: Row) -> str:
    """Return what the list shows after the name of a row that is no plain file."""
    if not isinstance(row, LocalEntry) or row.kind == "file":
        return ""
    return f" → {row.target}" if row.kind == "link" else f" ({NAMES[row.kind].removeprefix('a ')})"


def what_is(row: Row) -> str:
    """Return what a row is, in words: `a link to /etc`."""
    if not isinstance(row, LocalEntry) or row.kind == "file":
        return "a file"
    return f"a link to {row.target}" if row.kind == "link" else NAMES[row.kind]


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "socket" if stat.S_ISSOCK(mode) else "device"


def _target(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - the text as it is in the link
    except OSError:
        return "?"
