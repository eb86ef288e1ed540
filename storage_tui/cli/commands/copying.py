"""`storage-tui cp`: copies of blobs and folders on the server, also between storage types."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import expecting_blob
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.printing import Complaints, say, say_json
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location, as_folder
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

AT_ONCE = 8  # copies that the server makes at the same time
BATCH = 1000  # copies whose results are waited for, so that memory stays bounded


@click.command()
@click.argument("source", type=LOCATION)
@click.argument("target", type=LOCATION)
@click.option("-r", "--recursive", is_flag=True, help="A whole folder; with a slash at its end, what is in it.")
@click.option("-f", "--force", is_flag=True, help="Overwrite a blob that is already there.")
@click.option("-v", "--verbose", is_flag=True, help="With -r: a line for each blob.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each blob that was made.")
@with_limits
@with_settings
def cp(
    source: Location, target: Location, recursive: bool, force: bool, verbose: bool, quiet: bool, as_json: bool,
    limits: Limits, settings: Settings,
) -> None:  # fmt: skip
    """Copy a blob on the server, also between storage types: `cp tmp:a.tif data:` keeps it past its seven days.

    With -r a folder is copied: `cp -r tmp:maps data:` makes data:maps/, and `cp -r tmp:maps/ data:old` puts what is in
    maps into data:old/. A quoted pattern copies what it matches, with the folders from the first special character on:
    `cp 'tmp:maps/*/a.tif' data:old` makes data:old/2024/a.tif.
    """
    with open_storage(settings) as storage:
        choice = choose(storage, source, limits)
        source = choice.location
        if recursive or choice.glob is not None:
            _copy_chosen(
                choice, target, recursive=recursive, force=force, verbose=verbose, quiet=quiet, as_json=as_json
            )
            return
        with expecting_blob(storage, source, "give -r to copy all of it"):
            if limits and not [*choice.blobs(recursive=False)]:
                return
            blob = _copy(storage, source, Location(target.storage_type, _to_key(source, target)), force=force)
        _tell(blob, target.storage_type, as_json=as_json, is_silent=quiet)


def _to_key(source: Location, target: Location) -> str:
    is_folder = not target.key or target.key.endswith(DELIMITER)
    return target.key + source.key.rpartition(DELIMITER)[2] if is_folder else target.key


def _copy(storage: "Storage", source: Location, target: Location, *, force: bool) -> Blob:
    return storage.copy(
        source.key, target.key, storage_type=source.storage_type, to_storage_type=target.storage_type, overwrite=force
    )


def _tell(blob: Blob, storage_type: str, *, as_json: bool, is_silent: bool) -> None:
    if as_json:
        say_json({"storage_type": storage_type, **blob.to_json()})
    elif not is_silent:
        say(f"{storage_type}:{blob.key}")


def _copy_chosen(
    choice: Choice, target: Location, *, recursive: bool, force: bool, verbose: bool, quiet: bool, as_json: bool
) -> None:  # fmt: skip
    """Copy a folder, or the blobs that a pattern matches, into the folder `target`."""
    storage, source, base, into = choice.storage, choice.location, choice.base, as_folder(target)
    folder = as_folder(source)
    start = into.key if choice.glob is not None else into.key + folder.key[len(base) :]
    if choice.glob is None and target.storage_type == source.storage_type and start.startswith(folder.key):
        raise click.UsageError(f"{source} cannot be copied into itself; name a target outside of it")
    blobs = [*choice.blobs(recursive=recursive)]
    if not blobs:
        if choice.is_plain and source.key and not source.key.endswith(DELIMITER):
            blob = _copy(storage, source, Location(target.storage_type, _to_key(source, target)), force=force)
            _tell(blob, target.storage_type, as_json=as_json, is_silent=quiet)
            return
        if choice.limits:
            return
        raise choice.nothing()

    def copy(blob: Blob) -> Blob | StorageError:
        to = Location(target.storage_type, into.key + blob.key[len(base) :])
        try:
            return _copy(storage, Location(source.storage_type, blob.key), to, force=force)
        except StorageError as exc:
            return exc

    failed, complaints = 0, Complaints()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for first in range(0, len(blobs), BATCH):
            for result in threads.map(copy, blobs[first : first + BATCH]):
                if isinstance(result, StorageError):
                    failed += 1
                    complaints.add(result.message)
                else:
                    _tell(result, target.storage_type, as_json=as_json, is_silent=not verbose)
    complaints.end()
    if failed:
        raise PartialFailureError(f"copied {len(blobs) - failed:,} of {plural(len(blobs), 'blob')}, {failed:,} failed")
    if not (quiet or as_json):
        size = size_text(sum(blob.size_bytes or 0 for blob in blobs))
        say(f"copied {plural(len(blobs), 'blob')} ({size}) to {Location(target.storage_type, start)}")
