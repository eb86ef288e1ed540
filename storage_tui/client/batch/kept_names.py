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


def keep_names(root: Path, renamings: Iterable[Renaming]) -> None:
    """Note the names below `root`, together with those of earlier downloads there; missing folders are made. Raise
    LocalFileError."""
    by_folder: dict[PurePosixPath, dict[str, str]] = {}
    for row in renamings:
        by_folder.setdefault(row.parent, {})[row.name] = row.segment
    for parent, names in by_folder.items():
        with opened_below(root, parent, make=True) as folder, local_errors(str(root / parent / NAMES_FILE)):
            content = json.dumps({**read_names(folder), **names}, ensure_ascii=False, indent=1).encode()
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
    """Return whether the text can be a segment of a key, as far as slashes and dots are concerned."""
    return DELIMITER not in text and text not in (".", "..")
