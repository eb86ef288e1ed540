"""`storage-tui rm`: deletes blobs and folders; in `products` whole images, and blobs of no image, after a question."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import expecting_blob
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.places import spell
from storage_tui.cli.printing import Complaints, confirm, say, say_json
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.search.spool import Spool
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.way_back import way_back
from storage_tui.contract.catalog import STORED_IN, STRAYS_FEATURE, CatalogImage, ImageId
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError, StorageError
from storage_tui.contract.keys import Location, check_name
from storage_tui.contract.models import Blob, DeleteResult
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

CONFIRM_ABOVE = 10  # to delete more blobs than this, the user must say yes


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="Delete every key in the folders named.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("-n", "--dry-run", is_flag=True, help="Print what would be deleted, and delete nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and questions.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each key.")
@with_limits
@with_settings
def rm(
    locations: tuple[Location, ...], recursive: bool, yes: bool, dry_run: bool, quiet: bool, as_json: bool,
    limits: Limits, settings: Settings,
) -> None:  # fmt: skip
    """Delete blobs. With -r a LOCATION is a folder: `tmp:old` takes `old/` and never `old-2/`.

    A quoted pattern takes what it matches, with -r folders too: `rm 'tmp:**/*.npy' --older-than 3d`. It asks before it
    deletes. Nothing that old is no error: without --dry-run such a command prints nothing then.

    In products a file of an image goes with its whole image, as with Image.delete() of the catalog, and a blob of no
    image goes by itself. Both need a yes.
    """
    with open_storage(settings) as storage, _Work(storage, is_several=len(locations) > 1) as work:
        choices = [choose(storage, location, limits) for location in locations]
        plain = (
            choices[0].location if len(choices) == 1 and choices[0].is_plain and not (recursive or dry_run) else None
        )
        if plain is not None and not as_json and not _is_for_catalog(storage, plain):
            with expecting_blob(storage, plain, "give -r to delete all of it"):
                storage.delete(check_name(plain.key), plain.storage_type)
            if sys.stdout.isatty() and not quiet:
                say(f"deleted {spell(plain)}{way_back(storage, locations, recursive=False)}")
            return
        for choice in choices:
            found = work.add(choice, recursive=recursive, details=not dry_run)
            if choice.glob is not None and not found and not limits:
                raise NotFoundError(f"{choice.nothing().message}; nothing was deleted", key=choice.location.key)
        if not work.count and limits:
            return
        if not work.count:
            raise NotFoundError("nothing is stored there; nothing was deleted")
        is_chosen = recursive or any(not choice.is_plain for choice in choices)
        if dry_run:
            _tell_plan(work, as_json=as_json, quiet=quiet)
            return
        if not yes and (is_chosen or work.images or work.strays or work.count > CONFIRM_ABOVE):
            _confirm(work)
        failed, complaints = 0, Complaints()
        for storage_type, result in work.done():
            if as_json:
                say_json({"storage_type": storage_type, **result.to_json()})
            if not result.is_deleted:
                failed += 1
                complaints.add(result.message or f"cannot delete {result.key!a}: {result.error}")
        complaints.end()
        if failed:
            raise PartialFailureError(f"deleted {work.count - failed:,} of {work.count:,}, {failed:,} failed")
        if not (quiet or as_json) and (is_chosen or work.images or work.strays or sys.stdout.isatty()):
            # the files of an image come back without the image
            back = "" if work.images else way_back(storage, locations, recursive=recursive)
            say(f"deleted {work.described()}{_places(locations)}{back}")


class _Work:
    """What is to be deleted: blobs by type; in `products` whole images, and blobs of no image."""

    def __init__(self, storage: "Storage", *, is_several: bool) -> None:
        """`is_several` says that several locations may name the same blobs."""
        self._storage = storage
        self._is_several = is_several
        self._seen: set[tuple[str, str]] = set()
        self._groups: dict[str, Spool] = {}
        self.images: dict[ImageId, CatalogImage] = {}
        self.strays: dict[str, Blob] = {}

    def __enter__(self) -> "_Work":
        return self

    def __exit__(self, *_: object) -> None:
        for spool in self._groups.values():
            spool.close()

    @property
    def count(self) -> int:
        """Return how many keys these are."""
        files = sum(len(image.blobs) for image in self.images.values())
        return sum(spool.count for spool in self._groups.values()) + files + len(self.strays)

    def add(self, choice: Choice, *, recursive: bool, details: bool = True) -> int:
        """Add the blobs of a location, with `recursive` also those in folders. Return how many blobs these were.

        Without `details` the blobs may have no ETags, which only a deletion needs."""
        place, found = choice.location, 0
        is_one = choice.glob is None and not recursive
        hints = expecting_blob(self._storage, place, "give -r to delete all of it") if is_one else nullcontext()
        if _is_for_catalog(self._storage, place):
            with hints:
                blobs = [*choice.blobs(recursive=recursive)]
            found = len(blobs)
            self._add_products(blobs)
        elif is_one and choice.is_plain:
            found = 1
            self._spool(place.storage_type).add(check_name(place.key))
        else:
            with hints:
                for blob in choice.blobs(recursive=recursive, details=details):
                    found += 1
                    if (blob.storage_type, blob.key) not in self._seen:
                        self._spool(place.storage_type).add(blob)
                    if self._is_several:
                        self._seen.add((blob.storage_type, blob.key))
        return found

    def _spool(self, storage_type: str) -> Spool:
        return self._groups.setdefault(storage_type, Spool())

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
        spools = [*self._groups.values()]
        count = sum(spool.count for spool in spools)
        parts = [plural(count, "blob")] if count else []
        if any(spool.is_sized for spool in spools):
            parts = [f"{parts[0]} ({size_text(sum(spool.size_bytes for spool in spools))})"]
        files = [blob for image in self.images.values() for blob in image.blobs]
        if files:
            parts.append(f"{plural(len(self.images), 'image')} with {plural(len(files), 'file')}{_size(files)}")
        if self.strays:
            strays = [*self.strays.values()]
            parts.append(f"{plural(len(strays), 'blob')} of no image{_size(strays)}")
        return " and ".join(parts) or "nothing"

    def written(self) -> str:
        """Return when the blobs were written, where that is known of one storage type."""
        spools = [*self._groups.values()]
        return spools[0].written() if len(spools) == 1 else ""

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield storage type and key of all that would be deleted."""
        for storage_type, spool in self._groups.items():
            for targets in spool.batches():
                yield from ((storage_type, key) for key, _ in targets)
        yield from ((STORED_IN, blob.key) for image in self.images.values() for blob in image.blobs)
        yield from ((STORED_IN, key) for key in self.strays)

    def done(self) -> Iterator[tuple[str, DeleteResult]]:
        """Delete everything; yield the storage type and the result of each key."""
        for storage_type, spool in self._groups.items():
            for targets in spool.batches():
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


def _size(blobs: Sequence[Blob]) -> str:
    return f" ({size_text(sum(blob.size_bytes or 0 for blob in blobs))})"


def _places(locations: Sequence[Location]) -> str:
    return f": {locations[0]}" if len(locations) == 1 else ""


def _tell_plan(work: _Work, *, as_json: bool, quiet: bool) -> None:
    for storage_type, key in work.names():
        if as_json:
            say_json({"storage_type": storage_type, "key": key, "dry_run": True})
        elif not quiet:
            say(f"would delete {storage_type}:{key}")
    if not as_json:
        say(f"would delete {work.described()}{work.written()}")


def _confirm(work: _Work) -> None:
    what, written = work.described(), work.written()
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what}{written}{',' * bool(written)} would be deleted; give --yes to do it")
    confirm(f"Delete {what}{written}?")
