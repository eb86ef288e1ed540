"""The names that a download could not keep, in a small file in each folder, so that an upload restores the keys.

The file is a JSON object: the local name of a file or folder, and the segment of the key that it stands for. It is not
uploaded itself. A local name that is no longer there has no effect.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from storage_tui.client.transfer.local_tree import opened_below
from storage_tui.client.transfer.part_file import local_errors
from storage_tui.contract.keys import DELIMITER

NAMES_FILE = ".storage-tui-names.json"
MOST_BYTES = 64 * 1024 * 1024  # about 200,000 names in one folder; a larger file is none of ours


@dataclass(frozen=True, slots=True)
class Renaming:
    """A name in the folder `parent` (relative to the target) that differs from its segment of the key."""

    parent: PurePosixPath
    name: str
    segment: str


def keep_names(root: Path, renamings: Iterable[Renaming], paths: Iterable[Path] = ()) -> None:
    """Note the names below `root`, together with those of earlier downloads there; missing folders are made. Raise
    LocalFileError.

    `paths` are all files that the download makes, absolute and below `root`. A name in them that is no renaming is that
    of its key, so that the note of an earlier download for this name is dropped.
    """
    used = _names_by_folder(root, paths)
    by_folder: dict[PurePosixPath, dict[str, str]] = {
        parent: {} for parent in used if os.path.lexists(root / parent / NAMES_FILE)
    }
    for row in renamings:
        by_folder.setdefault(row.parent, {})[row.name] = row.segment
    for parent, names in by_folder.items():
        with opened_below(root, parent, make=True) as folder, local_errors(str(root / parent / NAMES_FILE)):
            noted, own = read_names(folder), used.get(parent, set())
            kept = {name: segment for name, segment in noted.items() if name not in own} | names
            if kept != noted:
                _write(folder, kept)


def _names_by_folder(root: Path, paths: Iterable[Path]) -> dict[PurePosixPath, set[str]]:
    """Return the names of the files, and of the folders above them, by the folder that they are in."""
    found: dict[PurePosixPath, set[str]] = {}
    top = PurePosixPath()
    for path in paths:
        place = PurePosixPath(path.relative_to(root))
        while place != top:
            names = found.setdefault(place.parent, set())
            if place.name in names:
                break
            names.add(place.name)
            place = place.parent
    return found


def _write(folder: int, names: Mapping[str, str]) -> None:
    if not names:
        os.unlink(NAMES_FILE, dir_fd=folder)
        return
    content = json.dumps(names, ensure_ascii=False, indent=1).encode()
    fresh = f"{NAMES_FILE}.{os.getpid()}"
    with suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(fresh, flags, 0o666, dir_fd=folder), "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(fresh, NAMES_FILE, src_dir_fd=folder, dst_dir_fd=folder)


def read_names(folder: int | Path) -> Mapping[str, str]:
    """Return the segment for each local name that the folder's file notes; nothing without such a file."""
    try:
        if isinstance(folder, int):
            descriptor = os.open(NAMES_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        else:
            descriptor = os.open(folder / NAMES_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            raw = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    is_ours = isinstance(raw, dict) and all(isinstance(name, str) and is_segment(name) for name in raw.values())
    return raw if is_ours else {}


def is_segment(text: str) -> bool:
    """Return whether the text can be a segment of a key: also `.` and `..`, which servers with exact names have."""
    return DELIMITER not in text
