"""The blobs that a location on the command line means: one blob, a folder, or all that a pattern matches.

A location is a pattern when its key holds `*`, `?`, `[` or `{` and nothing is stored under exactly this name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import base_of
from storage_tui.cli.search.limits import Limits
from storage_tui.client.patterns.globs import Glob, has_magic
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import Location, as_folder, check_name
from storage_tui.contract.models import Blob

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


@dataclass(frozen=True, slots=True)
class Choice:
    """A location as typed, with its pattern, and the limits for its blobs. `glob` is None for a plain location."""

    storage: "Storage"
    location: Location
    glob: Glob | None
    limits: Limits = ()

    @property
    def is_plain(self) -> bool:
        """Return whether this is one location without pattern and limits."""
        return self.glob is None and not self.limits

    @property
    def base(self) -> str:
        """Return the part of the keys that does not move with the blobs: of a pattern the folders in front of its first
        special character."""
        return base_of(self.location) if self.glob is None else self.glob.folder

    def blobs(self, *, recursive: bool, details: bool = True) -> Iterator[Blob]:
        """Yield the blobs in the order of their keys. With `recursive` a folder means all blobs below it. Without
        `details` ETags and checksums may be missing.

        Raise NotFoundError for a plain location without a blob, also when there are limits.
        """
        from storage_tui.client.patterns.select import blobs_below, matching_blobs, within

        engine, place = self.storage.engine, self.location
        if self.glob is not None:
            found = matching_blobs(engine, place.storage_type, self.glob, recursive=recursive, details=details)
        elif recursive:
            found = blobs_below(engine, place.storage_type, as_folder(place).key, details=details)
        else:
            found = iter([self.storage.stat(check_name(place.key), place.storage_type)])
        return within(engine, found, self.limits)

    def nothing(self) -> NotFoundError:
        """Return the error for a location without blobs."""
        if self.glob is not None:
            return NotFoundError(f"nothing matches {self.location}", key=self.location.key)
        return NotFoundError(f"nothing is stored in the folder {as_folder(self.location)}", key=self.location.key)


def choose(storage: "Storage", location: Location, limits: Limits = ()) -> Choice:
    """Return what a location means. Raise click.UsageError for a pattern that cannot be read."""
    if not has_magic(location.key):
        return Choice(storage, location, None, limits)
    from storage_tui.client.patterns.select import pattern_of

    try:
        glob = pattern_of(storage.engine, location)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None
    if glob is not None and glob.literal is not None:  # only quoted characters
        return Choice(storage, Location(location.storage_type, glob.literal), None, limits)
    return Choice(storage, location, glob, limits)
