"""Folders in both directions: the keys for the files of a local folder, and the local names for keys.

Each key gets its own local name, and no name leaves the chosen folder. A segment that a file system could fold, reserve
or refuse is escaped with `%XX`. Names that would still collide get a suffix and are reported.
"""

import os
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from storage_tui.contract.errors import InvalidKeyError, LocalFileError
from storage_tui.contract.keys import DELIMITER, check_key

SEGMENT_BYTES = 200  # most file systems allow 255; the rest is room for the suffix of a part file
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(1, 10))}
_UNSAFE = set('<>:"|?*\\%') | {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))}


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file found below a folder: its path, its key, and its size in bytes at that time."""

    path: Path
    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry below a folder that is left out; `why` is one line.

    `is_failure` is set for an entry that should be uploaded but cannot; it is not set for links, devices and pipes,
    which are never uploaded.
    """

    path: Path
    why: str
    is_failure: bool


@dataclass(frozen=True, slots=True)
class LocalName:
    """The local path of a key below the target folder; `note` says when the path is not the plain one."""

    key: str
    path: PurePosixPath
    note: str = ""


def local_segment(segment: str) -> str:
    """Return the file name for one segment of a key.

    Different segments get different names. A name is never empty, `.`, `..`, or reserved on another system.
    """
    out = "".join(_escape(character) if character in _UNSAFE else character for character in segment)
    if out.endswith((".", " ")):
        out = out[:-1] + _escape(out[-1])
    if segment.split(".", 1)[0].casefold() in _RESERVED:
        out = _escape(segment[0]) + out[1:]
    if not out:
        return "%"  # no other segment gets this name: a percent sign is escaped too
    if len(out.encode()) > SEGMENT_BYTES:
        digest = sha256(segment.encode()).hexdigest()[:16]
        head = out.encode()[: SEGMENT_BYTES - 18].decode("utf-8", "ignore")
        return f"{head}%~{digest}"
    return out


def _escape(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def local_names(keys: Iterable[str], prefix: str) -> Iterator[LocalName]:
    """Yield a local name for each key below `prefix`, in the order of the keys.

    All names are different, also on a file system that ignores case or Unicode forms. No name is a file where another
    key needs a folder.
    """
    used: set[str] = set()
    folders: dict[str, PurePosixPath] = {"": PurePosixPath()}
    for key in keys:
        relative = key[len(prefix) :] or PurePosixPath(prefix).name or "%"
        position = relative.find(DELIMITER)
        parent = folders[""]
        while position != -1:
            folder = relative[: position + 1]
            if folder not in folders:
                folders[folder] = _free_path(parent, local_segment(folder[:-1].rpartition(DELIMITER)[2]), used)
            parent = folders[folder]
            position = relative.find(DELIMITER, position + 1)
        path = _free_path(parent, local_segment(relative.rpartition(DELIMITER)[2]), used)
        plain = PurePosixPath(*map(local_segment, relative.split(DELIMITER)))
        yield LocalName(key, path, "" if path == plain else f"{key!a} becomes {str(path)!a}: the plain name is taken")


def _free_path(parent: PurePosixPath, segment: str, used: set[str]) -> PurePosixPath:
    path = parent / segment
    attempt = 1
    while (folded := unicodedata.normalize("NFC", str(path)).casefold()) in used:
        attempt += 1
        path = parent / f"{segment}%~{attempt}"
    used.add(folded)
    return path


def refuse(row: LeftOut) -> None:
    """Raise LocalFileError for an entry that should be uploaded but cannot; ignore others."""
    if row.is_failure:
        raise LocalFileError(row.why)


def find_files(folder: Path, prefix: str, leave_out: Callable[[LeftOut], object] = refuse) -> Iterator[LocalFile]:
    """Yield every regular file below `folder`, in name order, with the key `prefix` + its relative path.

    `leave_out` is called for symbolic links, devices, sockets and FIFOs, for folders that cannot be read, and for names
    that cannot be keys. Raise LocalFileError when `folder` itself cannot be read.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        raise LocalFileError(f"cannot read the folder {str(folder)!a}: {exc.strerror}") from exc
    for entry in entries:
        path = Path(entry.path)
        try:
            info = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # removed since the folder was read
        except OSError as exc:
            leave_out(LeftOut(path, f"cannot read {entry.path!a}: {exc.strerror}", is_failure=True))
            continue
        if stat.S_ISDIR(info.st_mode):
            found = find_files(path, f"{prefix}{entry.name}{DELIMITER}", leave_out)
            try:
                yield from found
            except LocalFileError as exc:
                leave_out(LeftOut(path, exc.message, is_failure=True))
        elif stat.S_ISREG(info.st_mode):
            try:
                key = check_key(prefix + entry.name)
            except (InvalidKeyError, UnicodeEncodeError) as exc:
                why = f"the name of {entry.path!a} cannot be a key: {exc}"
                leave_out(LeftOut(path, why, is_failure=True))
                continue
            yield LocalFile(path, key, info.st_size)
        else:
            what = "a symbolic link" if stat.S_ISLNK(info.st_mode) else "neither a file nor a folder"
            leave_out(LeftOut(path, f"{entry.path!a} is {what}", is_failure=False))
