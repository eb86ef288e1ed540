"""`storage-tui undelete`, `trash` and `purge`: what was deleted or overwritten is brought back, listed, or removed for
good."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import TYPE_CHECKING

import click

from storage_tui.cli.options import LOCATION, duration, with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.places import spell
from storage_tui.cli.printing import Complaints, confirm, remark, say, say_json
from storage_tui.cli.search.gone import GoneChoice, choose_gone
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.way_back import kept_words
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError, PreconditionFailedError
from storage_tui.contract.keys import DELIMITER, Location, as_folder, check_name
from storage_tui.contract.models import Blob
from storage_tui.contract.moments import local_time
from storage_tui.contract.sizes import size_text
from storage_tui.contract.trash import BringBack, BringBackResult, GoneBlob, Purged

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

BATCH = 1000  # blobs in one call, so that memory stays bounded


class MomentType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A moment in the past: how long ago, such as 2h, or a date and time, in local time without an offset."""

    name = "time"

    def convert(self, value: "str | datetime", param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, aware. Raise BadParameter for another text, and for a moment in the future."""
        if isinstance(value, datetime):
            return value
        now = datetime.now(UTC)
        try:
            moment = now - duration(value)
        except click.BadParameter:
            try:
                moment = datetime.fromisoformat(value).astimezone(UTC)
            except (ValueError, OverflowError, OSError):
                self.fail(
                    f"{value[:40]!a} is not a moment; write 2h for two hours ago, or 2024-05-01T12:00", param, ctx
                )
        if moment > now:
            self.fail(f"{value[:40]!a} is in the future", param, ctx)
        return moment


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@click.option("--at", type=MomentType(), metavar="TIME", help="What was there then: 2h ago, or 2024-05-01T12:00.")
@click.option("-r", "--recursive", is_flag=True, help="Everything that was deleted in the folders named.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a blob is replaced.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and questions.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each key.")
@with_settings
def undelete(
    locations: tuple[Location, ...], at: datetime | None, recursive: bool, yes: bool, quiet: bool, as_json: bool,
    settings: Settings,
) -> None:  # fmt: skip
    """Bring back blobs that were deleted or overwritten, with their times and ETags.

    Of a key that exists, what was there before is put back, after a question; the present blob goes to the trash. With
    -r whatever was deleted in the folder comes back, and blobs that exist stay; with -r and --at the folder gets what
    it held then, and blobs that exist are replaced after a question. A quoted pattern is as -r for what it matches:
    `undelete 'tmp:**/*.npy'`.
    """
    with open_storage(settings) as storage:
        told = _Told(as_json=as_json)
        for location in locations:
            choice = choose_gone(storage, location, recursive=recursive)
            if choice.is_one_key:
                _bring_one_back(choice, at, told, yes=yes)
            else:
                _bring_several_back(choice, at, told, yes=yes)
    told.complaints.end()
    if told.failed:
        raise PartialFailureError(f"brought back {told.done:,} of {told.done + told.failed:,}, {told.failed:,} failed")
    if not (quiet or as_json):
        places = f": {spell(locations[0])}" if len(locations) == 1 else ""
        say(f"brought back {plural(told.done, 'blob')}{places}")
        if told.kept:
            remark(
                f"{plural(told.kept, 'key')} exist and stayed as they are; --at TIME puts older versions in their place"
            )


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each version.")
@with_settings
def trash(location: Location, as_json: bool, settings: Settings) -> None:
    """List what can be brought back at LOCATION: a key, or everything in a folder.

    Each line shows when the blob went, how, by whom, its size, until when it is kept, and its key. Of a key that was
    written several times each version has a line, the oldest first. A quoted pattern lists what it matches.
    """
    with open_storage(settings) as storage:
        count = size_bytes = 0
        for row in _listed(storage, location):
            count, size_bytes = count + 1, size_bytes + (row.blob.size_bytes or 0)
            if as_json:
                say_json({"storage_type": location.storage_type, **row.to_json()})
            else:
                size = size_text(row.blob.size_bytes or 0)
                say(
                    f"{_time(row.gone)}  {row.how:<11}  {row.by or '-':<10}  {size:>9}  {_until(row.until)}  "
                    f"{spell(Location(location.storage_type, row.key))}"
                )
        if as_json:
            return
        if count:
            remark(f"{plural(count, 'version')}, {size_text(size_bytes)}")
            return
        terms = storage.trash.terms()
        kept = f"blobs are {kept_words(terms)}" if terms.keeps else "the server keeps none"
        remark(f"nothing can be brought back at {spell(location)}; {kept} after they were deleted or overwritten")


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@click.option(
    "-r", "--recursive", is_flag=True, help="Everything that was deleted or overwritten in the folders named."
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and questions.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each LOCATION.")
@with_settings
def purge(
    locations: tuple[Location, ...], recursive: bool, yes: bool, quiet: bool, as_json: bool, settings: Settings
) -> None:  # fmt: skip
    """Remove blobs for good that were deleted or overwritten: no undelete brings them back. Blobs that exist stay.

    Without -r a LOCATION is a key, of which all old versions go, or a quoted pattern, of which all that it matches go.
    """
    with open_storage(settings) as storage:
        choices = [choose_gone(storage, location, recursive=recursive) for location in locations]
        count = size_bytes = 0
        for choice in choices:
            if choice.is_one_key:
                check_name(choice.location.key)
            for row in choice.rows():
                count, size_bytes = count + 1, size_bytes + (row.blob.size_bytes or 0)
        if not count:
            raise NotFoundError("nothing there was deleted or overwritten lately; nothing was purged")
        what = f"{plural(count, 'version')} ({size_text(size_bytes)})"
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"{what} would be removed for good; give --yes to do it")
            confirm(f"Remove {what} for good? They can never be brought back.")
        done = 0
        for choice in choices:
            purged = _purge(choice)
            done += purged.count
            if as_json:
                place = choice.location
                say_json({"storage_type": place.storage_type, "location": str(place), **purged.to_json()})
    if not (quiet or as_json):
        say(f"purged {plural(done, 'version')}" + (f" of {spell(locations[0])}" if len(locations) == 1 else ""))


def _purge(choice: GoneChoice) -> Purged:
    trash, place = choice.storage.trash, choice.location
    if choice.is_one_key:
        return trash.purge([place.key], place.storage_type)
    if choice.glob is None:
        return trash.purge(prefix=place.key, storage_type=place.storage_type)
    count = size_bytes = 0
    rows = choice.rows()
    while versions := [(row.key, row.blob.etag) for row in islice(rows, BATCH)]:
        purged = trash.purge(versions, place.storage_type)
        count, size_bytes = count + purged.count, size_bytes + purged.size_bytes
    return Purged(count, size_bytes)


class _Told:
    """What was brought back so far, and what was not and why."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.complaints = Complaints()
        self.done = self.failed = self.kept = 0

    def add(self, storage_type: str, results: Sequence[BringBackResult], *, is_kept: bool) -> None:
        """Count results. With `is_kept`, a blob that exists is no failure."""
        for result in results:
            if self._as_json:
                say_json({"storage_type": storage_type, **result.to_json()})
            if result.blob is not None:
                self.done += 1
            elif is_kept and result.error == PreconditionFailedError.code:
                self.kept += 1
            else:
                self.failed += 1
                self.complaints.add(result.message or f"cannot bring back {result.key!a}: {result.error}")


def _bring_one_back(choice: GoneChoice, at: datetime | None, told: _Told, *, yes: bool) -> None:
    storage, place = choice.storage, choice.location
    key = check_name(place.key)
    present: Blob | None
    try:
        present = storage.stat(key, place.storage_type)
    except NotFoundError:
        present = None
    if present is not None and not any(True for _ in choice.rows()):
        raise NotFoundError(f"{spell(place)} exists, and no other version of it can be brought back", key=key)
    if present is not None and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{spell(place)} exists and would be replaced; give --yes to do it")
        confirm(f"{spell(place)} exists. Replace it by what was there before? The present blob goes to the trash.")
    target = BringBack(key, at=at, if_etag=None if present is None else present.etag)
    results = storage.trash.bring_back_many([target], place.storage_type)
    [result] = results
    if result.error == NotFoundError.code and present is None and _has_more(storage, place):
        raise NotFoundError(
            f"{spell(place)} is a folder, and no blob of that name was deleted; give -r to bring back all of it"
        )
    if result.error == NotFoundError.code:
        raise NotFoundError(result.message or f"nothing of {spell(place)} can be brought back")
    told.add(place.storage_type, results, is_kept=False)


def _has_more(storage: "Storage", place: Location) -> bool:
    folder = as_folder(place)
    return bool(storage.trash.list_page(folder.key, folder.storage_type, limit=1).blobs)


def _bring_several_back(choice: GoneChoice, at: datetime | None, told: _Told, *, yes: bool) -> None:
    storage, storage_type = choice.storage, choice.location.storage_type
    if at is not None and not yes:
        count = sum(1 for _ in _chosen(choice, at))
        if count and not sys.stdin.isatty():
            raise click.UsageError(f"{plural(count, 'version')} would be put back; give --yes to do it")
        if count:
            confirm(f"Put back {plural(count, 'version')} {choice}? Blobs that exist there go to the trash.")
    before = told.done + told.failed + told.kept
    batch: list[BringBack] = []
    for row in _chosen(choice, at):
        batch.append(BringBack(row.key, row.blob.etag, overwrite=at is not None))
        if len(batch) == BATCH:
            told.add(storage_type, storage.trash.bring_back_many(batch, storage_type), is_kept=at is None)
            batch = []
    if batch:
        told.add(storage_type, storage.trash.bring_back_many(batch, storage_type), is_kept=at is None)
    if told.done + told.failed + told.kept == before:
        raise NotFoundError(f"nothing {choice} can be brought back", key=choice.location.key)


def _chosen(choice: GoneChoice, at: datetime | None) -> Iterator[GoneBlob]:
    """Yield of each key the version that went last; with `at`, the version that was there at this moment, if any."""
    for _, versions in groupby(choice.rows(), key=lambda row: row.key):
        chosen: GoneBlob | None = None
        for row in versions:
            if at is None or (
                chosen is None and row.gone > at and (row.blob.modified is None or row.blob.modified <= at)
            ):
                chosen = row
        if chosen is not None:
            yield chosen


def _until(moment: datetime | None) -> str:
    return f"until {_time(moment)}" if moment is not None else "as a version"


def _time(moment: datetime) -> str:
    return f"{local_time(moment):%Y-%m-%d %H:%M}"


def _listed(storage: "Storage", place: Location) -> Iterator[GoneBlob]:
    """Yield the versions of the key and of all below the folder of this name, or of all that the pattern matches."""
    is_folder = not place.key or place.key.endswith(DELIMITER)
    choice = choose_gone(storage, place, recursive=is_folder)
    yield from choice.rows()
    if choice.is_one_key:
        yield from GoneChoice(storage, as_folder(choice.location), None, is_deep=True).rows()
