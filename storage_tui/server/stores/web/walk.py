"""The walk through the folders in the byte order of keys, within bounds: depth, number, folders in themselves."""

from collections.abc import Callable, Generator
from hashlib import sha256

from storage_tui.contract.errors import ConflictError, ForbiddenError, NotFoundError
from storage_tui.contract.keys import check_name
from storage_tui.server.stores.walks import StoppedError
from storage_tui.server.stores.web.index import Entry
from storage_tui.server.stores.web.notes import Notes
from storage_tui.server.stores.web.pages import Folders

MOST_DEPTH = 32
MOST_FOLDERS = 5000  # of one call: about a minute of a fast server
AHEAD = 4  # folders that are read before they are wanted

Row = tuple[str, Entry | None]
"""A key and its entry; or a prefix that ends in a slash, and None."""


class _Level:
    """A folder that is walked through, with the entries that are left."""

    def __init__(self, path: str, entries: list[Entry]) -> None:
        self.path, self.entries, self.next = path, entries, 0
        names = "\n".join(f"{entry.name} {entry.size_bytes}" for entry in entries).encode()
        self.digest = sha256(names).digest() if entries else b""


def walk(
    folders: Folders,
    notes: Notes,
    prefix: str,
    *,
    delimiter: str,
    after: str,
    is_stopped: Callable[[], bool],
    most_folders: int = MOST_FOLDERS,
) -> Generator[Row, None, None]:
    """Yield the blobs below the prefix, and with a delimiter the folders in place of what they hold, in the byte order
    of their keys, strictly after `after`.

    A folder below the prefix that cannot be read is left out, and noted. Raise ConflictError past `most_folders`, and
    StoppedError once `is_stopped` returns True.
    """
    folder, slash, wanted = prefix.rpartition("/")
    top = folder + slash
    bound = after.encode()
    try:
        levels = [_Level(top, folders.entries(top))]
    except NotFoundError:
        if not top:
            raise
        return  # there is no such folder, or no more
    count = 1
    while levels:
        if is_stopped():
            raise StoppedError
        level = levels[-1]
        if level.next == len(level.entries):
            levels.pop()
            continue
        entry = level.entries[level.next]
        level.next += 1
        key = level.path + entry.name
        if (level.path == top and not entry.name.startswith(wanted)) or len(key.encode()) > 1024:
            continue
        raw = key.encode()
        if not entry.is_folder or delimiter:
            if raw > bound:
                yield key, None if entry.is_folder else entry
            continue
        if raw == bound or (raw < bound and not bound.startswith(raw)):
            continue
        count += 1
        if count > most_folders:
            raise ConflictError(f"more than {most_folders:,} folders lie below {prefix!r}; open one of them")
        ahead = [row.name for row in level.entries[level.next - 1 : level.next + AHEAD] if row.is_folder]
        folders.hint(level.path + name for name in ahead)
        below = _entered(folders, notes, key, levels)
        if below is not None:
            levels.append(below)


def _entered(folders: Folders, notes: Notes, key: str, levels: list[_Level]) -> _Level | None:
    if len(levels) >= MOST_DEPTH:
        notes.add("loop", key)
        return None
    try:
        level = _Level(check_name(key), folders.entries(key))
    except (NotFoundError, ForbiddenError, ConflictError):
        notes.add("folder", key)
        return None
    if level.digest and sum(above.digest == level.digest for above in levels) > 1:
        notes.add("loop", key)
        return None
    return level
