"""`storage-tui thaw` and `uploads`: archived objects of a bucket are asked back, and its unfinished uploads are listed
and dropped."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import expecting_blob
from storage_tui.cli.options import LOCATION, duration, with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.places import spell
from storage_tui.cli.printing import Complaints, confirm, remark, say, say_json
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.client.buckets import drop_uploads, left_uploads
from storage_tui.client.buckets import thaw as ask_back
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.models import Blob, parse_time
from storage_tui.contract.moments import local_time
from storage_tui.contract.places import TIERS, LeftUpload
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")  # storage classes whose bytes must be asked back
BATCH = 1000  # objects in one call
CONFIRM_ABOVE = 1  # objects; to ask for more costs money that nobody typed


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@click.option("--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="How long it can be read.")
@click.option(
    "--tier", type=click.Choice(TIERS), default="standard", show_default=True, help="How fast, at what price."
)
@click.option("-r", "--recursive", is_flag=True, help="Every archived blob in the folders named.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before several blobs are asked back.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and questions.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each blob.")
@with_settings
def thaw(
    locations: tuple[Location, ...], days: int, tier: str, recursive: bool, yes: bool, quiet: bool, as_json: bool,
    settings: Settings,
) -> None:  # fmt: skip
    """Ask the archive of a bucket (Glacier, Deep Archive) for the bytes of blobs, so that they can be read for some
    days.

    It takes hours, with the tier bulk up to two days; the details of the blob say when it is done. The engine bills
    it. A quoted pattern takes the archived blobs that it matches: `thaw 's3://BUCKET/2019/*.tif' --write`.
    """
    with open_storage(settings) as storage:
        blobs: list[Blob] = []
        for location in locations:
            blobs += _archived(choose(storage, location), recursive=recursive)
        if not blobs:
            raise NotFoundError("nothing there is archived; read it as it is")
        if len(blobs) > CONFIRM_ABOVE and not yes:
            what = f"{plural(len(blobs), 'archived blob')} ({size_text(sum(blob.size_bytes or 0 for blob in blobs))})"
            if not sys.stdin.isatty():
                raise click.UsageError(f"{what} would be asked back, which costs money; give --yes to do it")
            confirm(f"Ask {what} back for {plural(days, 'day')}, tier {tier}? The engine bills it.")
        failed, complaints = 0, Complaints()
        for storage_type, batch in _batches(blobs):
            call = ask_back(storage.engine.service, batch, storage_type, days=days, tier=tier)
            for result in storage.engine.run(call):
                if as_json:
                    say_json(result.to_json())
                if result.error is not None:
                    failed += 1
                    complaints.add(result.message or f"cannot ask {result.key!a} back: {result.error}")
        complaints.end()
        if failed:
            raise PartialFailureError(f"asked {len(blobs) - failed:,} of {len(blobs):,} back, {failed:,} failed")
        if not (quiet or as_json):
            what = (
                spell(Location(blobs[0].storage_type, blobs[0].key)) if len(blobs) == 1 else plural(len(blobs), "blob")
            )
            say(f"asked back for {plural(days, 'day')}, tier {tier}: {what}")


def _archived(choice: Choice, *, recursive: bool) -> list[Blob]:
    if recursive or choice.glob is not None:
        return [blob for blob in choice.blobs(recursive=recursive) if blob.storage_class in ARCHIVES]
    with expecting_blob(choice.storage, choice.location, "give -r for all of it"):
        return [*choice.blobs(recursive=False)]


def _batches(blobs: Sequence[Blob]) -> Iterator[tuple[str, list[str]]]:
    """Yield the keys of the blobs with their storage type, as many as one call takes."""
    for storage_type in dict.fromkeys(blob.storage_type for blob in blobs):
        keys = iter([blob.key for blob in blobs if blob.storage_type == storage_type])
        while batch := list(islice(keys, BATCH)):
            yield storage_type, batch


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option("--drop", is_flag=True, help="Drop the uploads listed, with their bytes, after a question.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only the upload with this id; can be given again.")
@click.option("--older-than", type=duration, metavar="AGE", help="Only uploads that began longer ago, such as 7d.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each upload.")
@with_settings
def uploads(
    location: Location, drop: bool, ids: tuple[str, ...], older_than: timedelta | None, yes: bool, as_json: bool,
    settings: Settings,
) -> None:  # fmt: skip
    """List the uploads to a bucket that began and were never finished, whoever began them; their bytes are paid for.

    Each line shows when the upload began, the bytes that came, its id and its key. An upload that this machine may
    still continue says so; `storage-tui resume` does that. Nothing is dropped without --drop.
    """
    with open_storage(settings) as storage:
        found = storage.engine.run(left_uploads(storage.engine.service, location.key, location.storage_type))
        folder = as_folder(location).key
        found = [one for one in found if one.key == location.key or one.key.startswith(folder)]
        chosen = [one for one in found if _is_chosen(one, ids, older_than)]
        if not chosen:
            remark(f"no unfinished uploads at {spell(location)}")
            return
        if not drop:
            _list(chosen, location, as_json=as_json)
            return
        what = f"{plural(len(chosen), 'unfinished upload')} ({_sum_text(chosen)})"
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"{what} would be dropped for good; give --yes to do it")
            _list(chosen, location, as_json=False)
            confirm(f"Drop {what} for good? Whoever still sends to them begins anew.")
        _drop(storage, chosen, location.storage_type, as_json=as_json)


def _drop(storage: "Storage", chosen: Sequence[LeftUpload], storage_type: str, *, as_json: bool) -> None:
    failed, complaints = 0, Complaints()
    results = storage.engine.run(drop_uploads(storage.engine.service, chosen, storage_type))
    for one, result in zip(chosen, results, strict=True):
        if as_json:
            say_json({"upload_id": one.upload_id, **result.to_json()})
        if result.error is not None:
            failed += 1
            complaints.add(result.message or f"cannot drop the upload of {result.key!a}: {result.error}")
    complaints.end()
    if failed:
        raise PartialFailureError(f"dropped {len(chosen) - failed:,} of {len(chosen):,}, {failed:,} failed")
    if not as_json:
        say(f"dropped {plural(len(chosen), 'unfinished upload')}")


def _list(chosen: Sequence[LeftUpload], location: Location, *, as_json: bool) -> None:
    for one in chosen:
        if as_json:
            say_json(one.to_json())
            continue
        began = _moment(one)
        when = "-" if began is None else f"{local_time(began):%Y-%m-%d %H:%M}"
        size = "-" if one.size_bytes is None else size_text(one.size_bytes)
        ours = "  (of this machine)" if one.is_ours else ""
        say(f"{when:<16}  {size:>9}  {one.upload_id}  {spell(Location(location.storage_type, one.key))}{ours}")
    if not as_json:
        remark(f"{plural(len(chosen), 'unfinished upload')}, {_sum_text(chosen)}; --drop drops them")


def _is_chosen(one: LeftUpload, ids: Sequence[str], older_than: timedelta | None) -> bool:
    if ids and one.upload_id not in ids:
        return False
    if older_than is None:
        return True
    began = _moment(one)
    return began is not None and began < datetime.now(UTC) - older_than


def _moment(one: LeftUpload) -> datetime | None:
    try:
        return parse_time(one.began)
    except ValueError:
        return None


def _sum_text(chosen: Sequence[LeftUpload]) -> str:
    total = size_text(sum(one.size_bytes or 0 for one in chosen))
    return total if all(one.size_bytes is not None for one in chosen) else f"at least {total}"
