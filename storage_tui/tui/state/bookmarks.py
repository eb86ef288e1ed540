"""Bookmarks and recent places of each server or profile, in one small file of the state directory; and those of the
other ones, so that the browser can go on there."""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.places import PlaceOptions, parse_place
from storage_tui.machine.private_files import write_private

if TYPE_CHECKING:
    from storage_tui.client.async_storage import AsyncStorage

FILE = "places.json"
PROFILE = "profile "  # before the name of a profile, in the file
RECENT_KEPT = 30
FILE_BYTES = 1024 * 1024  # a few thousand places; a larger file is not ours


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A location in another store: that of a profile, of a data directory, or a place by its URL.

    `opening` is how a place is opened, and never for changes. Without a `location` the URL is as a person typed it, and
    may name a key too.
    """

    location: Location | None
    profile: str = ""
    data_dir: str = ""
    url: str = ""
    opening: PlaceOptions = field(default_factory=PlaceOptions)

    def __str__(self) -> str:
        """Return the location with the store before it, for people."""
        if self.location is None:
            return self.url or self.profile or self.data_dir
        if self.profile or self.data_dir or self.opening.types:
            return f"{self.profile or self.url or self.data_dir} ▸ {self.location}"
        place = parse_place(self.url)
        return f"{(self.url if place is None else place.title).rstrip(DELIMITER)}{DELIMITER}{self.location.key}"

    def to_json(self) -> dict[str, Any]:
        """Return the store without the location as a JSON object."""
        told = {"data_dir": self.data_dir, "url": self.url, "opening": self.opening.to_json()}
        return {name: value for name, value in told.items() if value}

    @classmethod
    def of(cls, storage: "AsyncStorage") -> "Elsewhere | None":
        """Return the store of a client; None for a server, which needs a token too."""
        if storage.place is not None:
            opening = replace(storage.engine.opening, is_writable=False)
            return cls(None, url=storage.place.url, opening=opening)
        server = storage.engine.server
        return cls(None, data_dir=str(server.data_dir)) if isinstance(server, EmbeddedServer) else None


class Places:
    """The remembered places of one server or profile. A file that cannot be read counts as empty and is replaced.

    `recent` has the latest place first, each place once, at most RECENT_KEPT of them. `store` is how this store is
    found again; None where it is not. `profiles` are the names of all profiles. `elsewhere` has the bookmarks of other
    stores with their letters, and the latest place of each store without a letter.
    """

    def __init__(
        self, state_dir: Path, server: str, *, profile: str = "", store: Elsewhere | None = None,
        profiles: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._store = store
        self._profiles = profiles
        self.elsewhere: list[tuple[str, Elsewhere]] = []
        self._file = state_dir / FILE
        self._server = server
        self._name = f"{PROFILE}{profile}" if profile else server
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
        self.elsewhere = [
            row for name, found in whole.items() if name != self._name for row in self._others(name, found)
        ]
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
            **({} if self._store is None else {"store": self._store.to_json()}),
        }
        write_private(self._file, json.dumps(whole, indent=1).encode(), is_durable=False)

    def _others(self, name: str, found: Any) -> list[tuple[str, Elsewhere]]:
        """Return the bookmarks of another store and its latest place; nothing of a store that is not found again."""
        store = _store_of(name, found, self._profiles)
        if store is None:
            return []
        bookmarks, recent = found.get("bookmarks"), found.get("recent")
        rows = [
            (letter, replace(store, location=place))
            for letter, text in sorted(bookmarks.items() if isinstance(bookmarks, dict) else ())
            if len(letter) == 1 and (place := _parsed(text)) is not None
        ]
        kept = {place.location for _, place in rows}
        latest = _parsed(recent[0]) if isinstance(recent, list) and recent else None
        return rows if latest is None or latest in kept else [*rows, ("", replace(store, location=latest))]

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            if self._file.stat().st_size <= FILE_BYTES:
                whole = json.loads(self._file.read_bytes())  # bytes may have a mark
                return whole if isinstance(whole, dict) else {}
        return {}


def _in_front(first: list[Location], others: list[Location]) -> list[Location]:
    """Return the places of both lists, each once, as many as are kept."""
    return list(dict.fromkeys((*first, *others)))[:RECENT_KEPT]


def _store_of(name: str, found: Any, profiles: Collection[str]) -> Elsewhere | None:
    """Return the store of an entry of the file, without a location; None for one that cannot be found again."""
    if not isinstance(found, dict):
        return None
    profile = name.removeprefix(PROFILE)
    if profile != name:
        return Elsewhere(None, profile=profile) if profile in profiles else None
    told = found.get("store")
    if not isinstance(told, Mapping):
        return None
    data_dir, url = told.get("data_dir", ""), told.get("url", "")
    try:
        opening = replace(PlaceOptions.from_json(told.get("opening", {})), is_writable=False)
        is_place = isinstance(url, str) and url != "" and parse_place(url) is not None
    except (StorageError, TypeError):
        return None
    if is_place:
        return Elsewhere(None, url=url, opening=opening)
    is_there = isinstance(data_dir, str) and data_dir != "" and Path(data_dir).is_dir()  # the demo's is gone
    return Elsewhere(None, data_dir=data_dir) if is_there else None


def _parsed(text: Any) -> Location | None:
    try:
        return Location.parse(text) if isinstance(text, str) else None
    except StorageError:
        return None
