"""Folders on the command line: what is said of one where a blob was expected, and the rule for its name."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from storage_tui.contract.errors import LocalFileError, NotFoundError
from storage_tui.contract.keys import DELIMITER, Location, as_folder, parent_prefix
from storage_tui.contract.models import Blob

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


@contextmanager
def expecting_blob(storage: "Storage", location: Location, way_out: str) -> Iterator[None]:
    """Within the block, say of a folder in the place of a blob that it is a folder, and the way out.

    Raise NotFoundError for both; click.UsageError for a location without a key.
    """
    if not location.key:
        from storage_tui.cli.places import whole_words

        raise click.UsageError(f"{_spell(location)} is {whole_words(location)}; {way_out}")
    try:
        yield
    except (NotFoundError, LocalFileError) as exc:  # a local folder of the same name is in the way of a file
        is_missing = isinstance(exc, NotFoundError) or not storage.exists(location.key, location.storage_type)
        if is_missing and has_blobs(storage, as_folder(location)):
            raise NotFoundError(f"{_spell(location)} is a folder; {way_out}", key=location.key) from exc
        raise


def as_target(location: Location) -> Location:
    """Return where blobs go that get this target: `data:/` is the top of data, as `/` is the top of a file system.

    Only a key that is spelled out begins with a slash: `data:/a.txt`.
    """
    return Location(location.storage_type) if location.key == DELIMITER else location


def has_blobs(storage: "Storage", folder: Location) -> bool:
    """Return whether a blob is below the folder."""
    page = storage.list_page(folder.key, storage_type=folder.storage_type, delimiter="", limit=1)
    return bool(page.blobs)


def blobs_below(storage: "Storage", folder: Location) -> Iterator[Blob]:
    """Yield every blob below the folder, page by page."""
    token = None
    while True:
        page = storage.list_page(folder.key, storage_type=folder.storage_type, delimiter="", token=token)
        yield from page.blobs
        token = page.next_token
        if token is None:
            return


def nothing_below(storage: "Storage", folder: Location) -> NotFoundError:
    """Return the error for an empty folder. It names the nearest folder above that is not empty, and the command that
    shows it."""
    above = parent_prefix(folder.key)
    while above and not has_blobs(storage, Location(folder.storage_type, above)):
        above = parent_prefix(above)
    place = _spell(Location(folder.storage_type, above))
    what = f"'storage-tui ls {shlex.quote(place)}' lists what exists there"
    return NotFoundError(f"nothing is stored below {_spell(folder)}; {what}", key=folder.key)


def base_of(location: Location) -> str:
    """Return the part of the keys of a folder that does not move with it: the folder's own name moves along, unless a
    slash at the end says that only its contents move. It is rsync's rule."""
    is_contents = not location.key or location.key.endswith(DELIMITER)
    return location.key if is_contents else parent_prefix(as_folder(location).key)


def _spell(location: Location) -> str:
    from storage_tui.cli.places import spell  # for an error alone

    return spell(location)
