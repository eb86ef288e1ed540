"""`storage-tui rm`: deletes blobs and folders; in `products` whole images, and blobs of no image, after a question."""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import blobs_below, expecting_blob
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.printing import Complaints, confirm, say, say_json
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.way_back import way_back
from storage_tui.contract.catalog import STORED_IN, STRAYS_FEATURE, CatalogImage, ImageId
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError, StorageError
from storage_tui.contract.keys import Location, as_folder, check_key
from storage_tui.contract.models import Blob, DeleteResult
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

CONFIRM_ABOVE = 10  # to delete more blobs than this, the user must say yes


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="Delete every key in the folders named.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and questions.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each key.")
@with_settings
def rm(
    locations: tuple[Location, ...], recursive: bool, yes: bool, quiet: bool, as_json: bool, settings: Settings
) -> None:  # fmt: skip
    """Delete blobs. With -r a LOCATION is a folder: `tmp:old` takes `old/` and never `old-2/`.

    In products a file of an image goes with its whole image, as with Image.delete() of the catalog, and a blob of no
    image goes by itself. Both need a yes.
    """
    with open_storage(settings) as storage:
        if len(locations) == 1 and not recursive and not as_json and not _is_for_catalog(storage, locations[0]):
            with expecting_blob(storage, locations[0], "give -r to delete all of it"):
                storage.delete(check_key(locations[0].key), locations[0].storage_type)
            if sys.stdout.isatty() and not quiet:
                say(f"deleted {locations[0]}{way_back(storage, locations, recursive=False)}")
            return
        work = _Work(storage)
        for location in locations:
            work.add(location, recursive=recursive)
        if not work.count:
            raise NotFoundError("nothing is stored there; nothing was deleted")
        if not yes and (recursive or work.images or work.strays or work.count > CONFIRM_ABOVE):
            _confirm(work)
        failed, complaints = 0, Complaints()
        for storage_type, result in work.done():
            if as_json:
                say_json({"storage_type": storage_type, **result.to_json()})
            if not result.is_deleted:
                failed += 1
                complaints.add(result.message or f"cannot delete {result.key!a}: {result.error}")
        is_told = recursive or bool(work.images or work.strays) or sys.stdout.isatty()
        back = way_back(storage, locations, recursive=recursive) if is_told and not (quiet or as_json) else ""
    complaints.end()
    if failed:
        raise PartialFailureError(f"deleted {work.count - failed:,} of {work.count:,}, {failed:,} failed")
    if not (quiet or as_json) and is_told:
        say(f"deleted {work.described()}{_places(locations)}{back}")


class _Work:
    """What is to be deleted: blobs by type; in `products` whole images, and blobs of no image."""

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage
        self._groups: dict[str, list[Blob | str]] = {}
        self.images: dict[ImageId, CatalogImage] = {}
        self.strays: dict[str, Blob] = {}

    @property
    def count(self) -> int:
        """Return how many keys these are."""
        files = sum(len(image.blobs) for image in self.images.values())
        return sum(map(len, self._groups.values())) + files + len(self.strays)

    def add(self, location: Location, *, recursive: bool) -> None:
        """Add the blob at the location, or with `recursive` all blobs below it."""
        is_for_catalog = _is_for_catalog(self._storage, location)
        if recursive:
            found: list[Blob | str] = [*blobs_below(self._storage, as_folder(location))]
        elif is_for_catalog:
            with expecting_blob(self._storage, location, "give -r to delete all of it"):
                found = [self._storage.stat(check_key(location.key), location.storage_type)]
        else:
            found = [check_key(location.key)]
        if is_for_catalog:
            self._add_products([row for row in found if isinstance(row, Blob)])
        else:
            self._groups.setdefault(location.storage_type, []).extend(found)

    def _add_products(self, blobs: Sequence[Blob]) -> None:
        asked: dict[ImageId | None, CatalogImage | None] = {None: None}
        for blob in blobs:
            image_id = ImageId.of_key(blob.key)
            if image_id not in asked:
                asked[image_id] = None if image_id is None else self._storage.find_image(image_id)
            image = asked[image_id]
            if image is not None and any(row.key == blob.key for row in image.blobs):
                self.images[image.image_id] = image
            else:
                self.strays[blob.key] = blob

    def described(self) -> str:
        """Return the numbers of everything, with the bytes where they are known."""
        parts = [plural(len(group), "blob") + _size(group) for group in self._groups.values() if group]
        if len(parts) > 1:
            every = [row for group in self._groups.values() for row in group]
            parts = [plural(len(every), "blob") + _size(every)]
        files = [blob for image in self.images.values() for blob in image.blobs]
        if files:
            parts.append(f"{plural(len(self.images), 'image')} with {plural(len(files), 'file')}{_size(files)}")
        if self.strays:
            strays = [*self.strays.values()]
            parts.append(f"{plural(len(strays), 'blob')} of no image{_size(strays)}")
        return " and ".join(parts) or "nothing"

    def done(self) -> Iterator[tuple[str, DeleteResult]]:
        """Delete everything; yield the storage type and the result of each key."""
        for storage_type, targets in self._groups.items():
            for result in self._storage.delete_many(targets, storage_type=storage_type):
                yield storage_type, result
        for image_id, image in self.images.items():
            error = _error(partial(self._storage.delete_image, image_id))
            for blob in image.blobs:
                yield STORED_IN, _result(blob.key, error)
        for key, blob in self.strays.items():
            error = _error(partial(self._storage.delete_stray, key, blob.etag))
            yield STORED_IN, _result(key, error)


def _is_for_catalog(storage: "Storage", location: Location) -> bool:
    return location.storage_type == STORED_IN and STRAYS_FEATURE in storage.describe().features


def _error(delete: Callable[[], None]) -> StorageError | None:
    try:
        delete()
    except StorageError as exc:
        return exc
    return None


def _result(key: str, error: StorageError | None) -> DeleteResult:
    return DeleteResult(key) if error is None else DeleteResult(key, error.code, error.message)


def _size(targets: Sequence[Blob | str]) -> str:
    blobs = [target for target in targets if isinstance(target, Blob)]
    return f" ({size_text(sum(blob.size_bytes or 0 for blob in blobs))})" if blobs else ""


def _places(locations: Sequence[Location]) -> str:
    return f": {locations[0]}" if len(locations) == 1 else ""


def _confirm(work: _Work) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{work.described()} would be deleted; give --yes to do it")
    confirm(f"Delete {work.described()}?")
