"""What a location on the command line means in the trash: the versions of one key, all in a folder, or all that a
pattern matches.

A location is a pattern as for `rm`. A key or folder of exactly this name wins, whether it is in the trash or exists.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from storage_tui.cli.places import spell
from storage_tui.client.patterns.globs import Glob, has_magic
from storage_tui.contract.keys import DELIMITER, Location, as_folder
from storage_tui.contract.trash import GoneBlob

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


@dataclass(frozen=True, slots=True)
class GoneChoice:
    """A location in the trash, with its pattern; `glob` is None for a plain location.

    With `is_deep` a folder stands for all that went below it, also a folder that the pattern matches.
    """

    storage: "Storage"
    location: Location
    glob: Glob | None
    is_deep: bool

    @property
    def is_one_key(self) -> bool:
        """Return whether this is one key, and not a folder or a pattern."""
        return self.glob is None and not self.is_deep

    def rows(self) -> Iterator[GoneBlob]:
        """Yield the versions in byte order of the keys, those of a key oldest first."""
        place, glob = self.location, self.glob
        for row in self.storage.trash.iter_list(place.key if glob is None else glob.prefix, place.storage_type):
            if glob is not None:
                if glob.matches(row.key) or (self.is_deep and any(map(glob.matches_folder, _folders(row.key)))):
                    yield row
            elif self.is_deep or row.key == place.key:
                yield row
            else:  # the versions of a key come before all that begins with it
                return

    def __str__(self) -> str:
        return f"below {spell(self.location)}" if self.glob is None and self.is_deep else f"of {spell(self.location)}"


def choose_gone(storage: "Storage", location: Location, *, recursive: bool) -> GoneChoice:
    """Return what a location means in the trash; with `recursive` a plain location is a folder.

    Raise click.UsageError for a pattern that cannot be read.
    """
    plain = GoneChoice(storage, as_folder(location) if recursive else location, None, recursive)
    if not has_magic(location.key) or _is_gone(storage, location):
        return plain
    from storage_tui.client.patterns.select import pattern_of

    try:
        glob = pattern_of(storage.engine, location)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None
    if glob is None:
        return plain
    if glob.literal is not None:  # only quoted characters
        place = Location(location.storage_type, glob.literal)
        return GoneChoice(storage, as_folder(place) if recursive else place, None, recursive)
    return GoneChoice(storage, location, glob, recursive)


def _is_gone(storage: "Storage", location: Location) -> bool:
    """Return whether a key or folder of exactly this name is in the trash."""
    first = storage.trash.list_page(location.key, location.storage_type, limit=1).blobs
    if not first or first[0].key == location.key:
        return bool(first)
    folder = as_folder(location)
    return bool(storage.trash.list_page(folder.key, folder.storage_type, limit=1).blobs)


def _folders(key: str) -> Iterator[str]:
    at = key.find(DELIMITER)
    while at != -1:
        yield key[: at + 1]
        at = key.find(DELIMITER, at + 1)
