"""Bookmarks and recent places of each server or profile, in one small file of the state directory."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.machine.private_files import write_private

FILE = "places.json"
RECENT_KEPT = 30
FILE_BYTES = 1024 * 1024  # a few thousand places; a larger file is not ours


class Places:
    """The remembered places of one server or profile. A file that cannot be read counts as empty and is replaced.

    `recent` has the latest place first, each place once, at most RECENT_KEPT of them.
    """

    def __init__(self, state_dir: Path, server: str, *, profile: str = "") -> None:
        self._file = state_dir / FILE
        self._server = server
        self._name = f"profile {profile}" if profile else server
        self.bookmarks: dict[str, Location] = {}
        self.recent: list[Location] = []
        self._own_letters: set[str] = set()  # the bookmarks that this session set
        self._visited: list[Location] = []  # the places of this session, the latest first

    def visit(self, location: Location) -> None:
        """Add a visited place in front of the others."""
        self.recent = _in_front([location], self.recent)
        self._visited = _in_front([location], self._visited)

    def keep(self, letter: str, location: Location) -> None:
        """Set a bookmark."""
        self.bookmarks[letter] = location
        self._own_letters.add(letter)

    def load(self) -> None:
        """Read the file; blocks."""
        self._take(self._read())

    def _take(self, whole: dict[str, Any]) -> None:
        """Take the places of the file, behind those of this session."""
        mine = whole.get(self._name, whole.get(self._server))  # a new profile begins with the places of its server
        if not isinstance(mine, dict):
            return
        bookmarks, recent = mine.get("bookmarks"), mine.get("recent")
        for letter, text in bookmarks.items() if isinstance(bookmarks, dict) else ():
            place = _parsed(text)
            if place is not None and len(letter) == 1 and letter not in self._own_letters:
                self.bookmarks[letter] = place
        known = [place for text in (recent if isinstance(recent, list) else []) if (place := _parsed(text)) is not None]
        self.recent = _in_front(self._visited, known)

    def save(self) -> None:
        """Write the file; blocks. Raises OSError.

        The places of other servers stay, and so do those that another session has kept since this one began.
        """
        whole = self._read()
        self._take(whole)
        whole[self._name] = {
            "bookmarks": {letter: str(place) for letter, place in sorted(self.bookmarks.items())},
            "recent": [str(place) for place in self.recent],
        }
        write_private(self._file, json.dumps(whole, indent=1).encode(), is_durable=False)

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            if self._file.stat().st_size <= FILE_BYTES:
                whole = json.loads(self._file.read_bytes())  # bytes may have a mark
                return whole if isinstance(whole, dict) else {}
        return {}


def _in_front(first: list[Location], others: list[Location]) -> list[Location]:
    """Return the places of both lists, each once, as many as are kept."""
    return list(dict.fromkeys((*first, *others)))[:RECENT_KEPT]


def _parsed(text: Any) -> Location | None:
    try:
        return Location.parse(text) if isinstance(text, str) else None
    except StorageError:
        return None
