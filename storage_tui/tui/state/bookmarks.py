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
    """The remembered places of one server or profile. A file that cannot be read counts as empty and is replaced."""

    def __init__(self, state_dir: Path, server: str, *, profile: str = "") -> None:
        self._file = state_dir / FILE
        self._server = server
        self._name = f"profile {profile}" if profile else server
        self.bookmarks: dict[str, Location] = {}
        self.recent: list[Location] = []
        self._is_loaded = False

    def visit(self, location: Location) -> None:
        """Add a visited place in front of the others."""
        self.recent = [location, *(place for place in self.recent if place != location)][:RECENT_KEPT]

    def load(self) -> None:
        """Read the file; blocks."""
        whole = self._read()
        mine = whole.get(self._name, whole.get(self._server))  # a new profile begins with the places of its server
        self._is_loaded = True
        if not isinstance(mine, dict):
            return
        bookmarks, recent = mine.get("bookmarks"), mine.get("recent")
        for letter, text in bookmarks.items() if isinstance(bookmarks, dict) else ():
            place = _parsed(text)
            if place is not None and len(letter) == 1:
                self.bookmarks.setdefault(letter, place)
        known = [place for text in (recent if isinstance(recent, list) else []) if (place := _parsed(text)) is not None]
        self.recent = [*self.recent, *(place for place in known if place not in self.recent)][:RECENT_KEPT]

    def save(self) -> None:
        """Write the file and keep the places of other servers; blocks. Raises OSError."""
        if not self._is_loaded:
            self.load()
        whole = self._read()
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


def _parsed(text: Any) -> Location | None:
    try:
        return Location.parse(text) if isinstance(text, str) else None
    except StorageError:
        return None
