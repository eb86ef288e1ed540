"""The names in one folder, in byte order, a bounded number at a time.

The system returns the names of a folder in any order. A sorted window of them is kept, so that the pages of a long list
do not read the folder again each time. A window is used again only while the folder has not changed.
"""

import os
import threading
import time
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass

WINDOW = 100_000  # names: about 10 MB; a folder of a million files is read ten times
KEPT_NAMES = 300_000  # in all windows that are kept
WORTH_KEEPING = 1000  # fewer names are read again sooner than looked up
SETTLED_NS = 2_000_000_000  # the time of a folder that changed later than this may hide a second change

_Identity = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """The names of a folder from `start` on, sorted. The name of a folder has a slash at its end, as in a key.
    `is_last` says that the folder has no more names after them."""

    start: bytes
    names: list[bytes]
    is_last: bool

    def holds(self, start: bytes, *, is_after: bool) -> bool:
        """Return whether the first name from `start` on, or after `start`, is in the window if there is one."""
        if start < self.start:
            return False
        if self.is_last or not self.names:
            return self.is_last
        return start < self.names[-1] or (start == self.names[-1] and not is_after)

    def first(self, start: bytes, *, is_after: bool) -> int:
        """Return the index of that name."""
        return bisect_right(self.names, start) if is_after else bisect_left(self.names, start)


class Windows:
    """The windows of the folders that were listed last. May be used from any thread."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Identity, Window] = OrderedDict()

    def read(self, folder: int, start: bytes, *, is_after: bool = False) -> Window:
        """Return a window of the open folder that holds the names from `start` on, or after `start`. Raise OSError."""
        status = os.fstat(folder)
        identity = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        with self._lock:
            kept = self._kept.get(identity)
            if kept is not None and kept.holds(start, is_after=is_after):
                self._kept.move_to_end(identity)
                return kept
        window = _read(folder, start, self._window)
        if len(window.names) >= WORTH_KEEPING and time.time_ns() - max(identity[2:]) > SETTLED_NS:
            self._keep(identity, window)
        return window

    def _keep(self, identity: _Identity, window: Window) -> None:
        with self._lock:
            self._kept[identity] = window
            self._kept.move_to_end(identity)
            while len(self._kept) > 1 and sum(len(row.names) for row in self._kept.values()) > KEPT_NAMES:
                self._kept.popitem(last=False)


def _read(folder: int, start: bytes, most: int) -> Window:
    names: list[bytes] = []
    is_last = True
    with os.scandir(folder) as entries:
        for entry in entries:
            name = os.fsencode(entry.name)
            if _is_folder(entry):
                name += b"/"
            if name >= start:
                names.append(name)
            if len(names) > 2 * most:
                names.sort()
                del names[most:]
                is_last = False
    names.sort()
    if len(names) > most:
        del names[most:]
        is_last = False
    return Window(start, names, is_last)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # removed in between, or of a kind that the system tells only after a look that fails
        return False
