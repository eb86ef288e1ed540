"""What the folder holds and the store does not show, with the reasons, in a bounded number of sentences."""

import threading
from typing import Literal

from storage_tui.contract.counts import plural

Reason = Literal["name", "folder"]
MOST = 1000  # different names that are remembered; the sentences then say "or more"
SHOWN_BYTES = 60  # of an example


class LeftOut:
    """The names that were left out since the start. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Reason, dict[bytes, None]] = {"name": {}, "folder": {}}

    def add(self, reason: Reason, path: bytes) -> None:
        """Note a path: "name" for a name that no key can have, "folder" for a folder that cannot be read."""
        with self._lock:
            if len(self._found[reason]) < MOST:
                self._found[reason][path] = None

    def sentences(self) -> list[str]:
        """Return a sentence for each reason that occurred, with an example in ASCII."""
        with self._lock:
            names, folders = list(self._found["name"]), list(self._found["folder"])
        told = []
        if names:
            is_one = len(names) == 1
            told.append(
                f"{_count(names, 'name')} cannot be shown, as no key can be like {'this' if is_one else 'these'}: "
                f"{_example(names)}"
            )
        if folders:
            told.append(f"{_count(folders, 'folder')} cannot be read: {_example(folders)}")
        return told


def _count(found: list[bytes], noun: str) -> str:
    return plural(len(found), noun) + (" or more" if len(found) >= MOST else "")


def _example(found: list[bytes]) -> str:
    first = found[0]
    text = repr(first if len(first) <= SHOWN_BYTES else first[:SHOWN_BYTES] + b"...").removeprefix("b")
    return text if len(found) == 1 else f"{text} and more"
