"""The trash of the desktop, as the specification of freedesktop.org describes it.

A file goes to the trash of the home folder when it is on the same disk, else to the trash at the top of its disk. Only
a trash that is there is used: on a machine without a desktop nobody would empty one. A file is never copied to another
disk, and a folder goes with all that is in it.
"""

import os
import stat
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from storage_tui.contract.errors import LocalFileError
from storage_tui.machine.directories import home
from storage_tui.machine.private_files import make_private_dir

NAMES_TRIED = 10_000


def find_trash(path: Path) -> Path:
    """Return the trash for a path. Blocks. Raises LocalFileError, with the way out, when there is none."""
    device = os.lstat(path).st_dev
    own = _home_trash()
    if own.is_dir() and own.stat().st_dev == device:
        return own
    top = _top_of(path, device)
    for trash in (top / ".Trash" / str(os.getuid()), top / f".Trash-{os.getuid()}"):
        if _is_usable(trash, is_shared=trash.parent != top):
            return trash
    is_home_disk = _existing(own).stat().st_dev == device
    where = own if is_home_disk else top / f".Trash-{os.getuid()}"
    raise LocalFileError(
        f"no trash of a desktop for {str(path)!r}, so nothing was deleted: make one (mkdir -p {str(where)!r}), "
        "or delete in the shell (C-z, then rm)"
    )


def put_in_trash(path: Path, trash: Path) -> None:
    """Move a file, a link or a whole folder into a trash. Blocks. Raises OSError; nothing is lost then."""
    for name in ("files", "info"):
        make_private_dir(trash / name)
    info, target = _reserved(trash, path)
    try:
        os.rename(path, target)  # noqa: PTH104 - the name may be no text
    except BaseException:
        with suppress(OSError):
            info.unlink()
        raise


def _reserved(trash: Path, path: Path) -> tuple[Path, Path]:
    """Write the note of a deleted path under a free name; return the note and the place of the path."""
    is_home = trash == _home_trash()
    named = path if is_home else path.relative_to(_top_of(path, os.lstat(path).st_dev))
    now = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S")
    text = f"[Trash Info]\nPath={quote(os.fsencode(named))}\nDeletionDate={now}\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    for number in range(1, NAMES_TRIED):
        name = _short(path.name) if number == 1 else f"{_short(path.name)}.{number}"
        info, target = trash / "info" / f"{name}.trashinfo", trash / "files" / name
        if os.path.lexists(target):
            continue
        try:
            descriptor = os.open(info, flags, 0o600)
        except FileExistsError:
            continue
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(text.encode("ascii"))
        return info, target
    raise FileExistsError(f"no free name in {str(trash)!r}")


def _short(name: str) -> str:
    """Return a name that leaves room for a number and `.trashinfo`."""
    return os.fsdecode(os.fsencode(name)[:230])


def _home_trash() -> Path:
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path(home()) / ".local" / "share") / "Trash"


def _top_of(path: Path, device: int) -> Path:
    """Return the top folder of the disk that a path is on."""
    top = path.absolute().parent
    while top != top.parent and os.lstat(top.parent).st_dev == device:
        top = top.parent
    return top


def _is_usable(trash: Path, *, is_shared: bool) -> bool:
    """Return whether a trash at the top of a disk is ours; the folder above a shared one must be no link and sticky."""
    try:
        info = os.lstat(trash)
        above = os.lstat(trash.parent)
    except OSError:
        return False
    is_safe = not is_shared or (stat.S_ISDIR(above.st_mode) and bool(above.st_mode & stat.S_ISVTX))
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and is_safe


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
