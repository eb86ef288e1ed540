"""`storage-tui cp`: copies of blobs and folders on the server, also between storage types."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import base_of, blobs_below, expecting_blob
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.printing import Complaints, say, say_json
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError, StorageError
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
@with_settings
def cp(
    source: Location, target: Location, recursive: bool, force: bool, verbose: bool, quiet: bool, as_json: bool,
    settings: Settings,
) -> None:  # fmt: skip
    """Copy a blob on the server, also between storage types: `cp tmp:a.tif data:` keeps it past its seven days.

    With -r a folder is copied: `cp -r tmp:maps data:` makes data:maps/, and `cp -r tmp:maps/ data:old` puts what is in
    maps into data:old/.
    """
    with open_storage(settings) as storage:
        if recursive:
            _copy_folder(storage, source, target, force=force, verbose=verbose, quiet=quiet, as_json=as_json)
            return
        with expecting_blob(storage, source, "give -r to copy all of it"):
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


def _copy_folder(
    storage: "Storage", source: Location, target: Location, *, force: bool, verbose: bool, quiet: bool, as_json: bool
) -> None:  # fmt: skip
    folder, base, into = as_folder(source), base_of(source), as_folder(target)
    start = into.key + folder.key[len(base) :]
    if target.storage_type == source.storage_type and start.startswith(folder.key):
        raise click.UsageError(f"{source} cannot be copied into itself; name a target outside of it")
    blobs = [*blobs_below(storage, folder)]
    if not blobs:
        if source.key and not source.key.endswith(DELIMITER):
            blob = _copy(storage, source, Location(target.storage_type, _to_key(source, target)), force=force)
            _tell(blob, target.storage_type, as_json=as_json, is_silent=quiet)
            return
        raise NotFoundError(f"nothing is stored in the folder {folder}", key=folder.key)

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
