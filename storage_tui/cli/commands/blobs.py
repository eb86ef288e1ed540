"""The commands that look at blobs: cat, du, url."""

import contextlib
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import expecting_blob, nothing_below
from storage_tui.cli.options import LOCATION, duration, with_settings
from storage_tui.cli.places import spell
from storage_tui.cli.printing import bytes_out, complain, say, say_json
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.client.patterns.globs import Glob
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import DELIMITER, Location, as_folder
from storage_tui.contract.models import CHILDREN_AT_MOST, Blob, Usage
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@with_limits
@with_settings
def cat(locations: tuple[Location, ...], limits: Limits, settings: Settings) -> None:
    """Write the bytes of blobs to standard output: of a quoted pattern, of all that match, in the order of keys."""
    with open_storage(settings) as storage:
        output = bytes_out()
        for location in locations:
            choice = choose(storage, location, limits)
            for place in _places(choice):
                with (
                    expecting_blob(storage, place, f"storage-tui ls {shlex.quote(spell(place))} lists it"),
                    storage.stream(place.key, place.storage_type) as chunks,
                ):
                    for chunk in chunks:
                        output.write(chunk)
        output.flush()


def _places(choice: Choice) -> Iterator[Location]:
    """Yield the places of the blobs of a location. Raise NotFoundError for a pattern without a match."""
    if choice.is_plain:
        yield choice.location
        return
    with expecting_blob(choice.storage, choice.location, "write it as a pattern, such as folder/*"):
        is_empty = True
        for blob in choice.blobs(recursive=False, details=False):
            is_empty = False
            yield Location(blob.storage_type, blob.key)
    if is_empty and not choice.limits:
        raise choice.nothing()


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_limits
@with_settings
def du(location: Location, as_json: bool, limits: Limits, settings: Settings) -> None:
    """Show blobs and bytes per folder below LOCATION, and in total; of a quoted pattern, per match."""
    with open_storage(settings) as storage:
        choice = choose(storage, location, limits)
        usage = _usage(storage, choice.location) if choice.is_plain else _counted(choice)
    if as_json:
        say_json(usage.to_json())
        return
    for row in (*sorted(usage.children, key=lambda child: child.size_bytes), usage):
        name = spell(Location(location.storage_type, row.prefix))
        say(f"{size_text(row.size_bytes):>10}  {row.count:>9,}  {name}")
    if usage.is_cut:
        complain(f"there may be more folders than the first {len(usage.children):,}; the last line counts them too")


def _usage(storage: "Storage", location: Location) -> Usage:
    prefix = as_folder(location).key
    usage = storage.usage(prefix, storage_type=location.storage_type, delimiter=DELIMITER)
    return usage if usage.count or not prefix else _usage_of_blob(storage, location)


def _counted(choice: Choice) -> Usage:
    """Return the usage of the blobs that a pattern or limits leave, each match of a pattern or each folder a child."""
    place, glob = choice.location, choice.glob
    base, rows = as_folder(place).key if glob is None else glob.folder, dict[str, Usage]()
    whole = Usage(base if glob is None else place.key, 0, 0)
    for blob in choice.blobs(recursive=True, details=False):
        whole = _added(whole, blob)
        name = _match_of(blob.key, base, glob)
        if name in rows or len(rows) < CHILDREN_AT_MOST:
            rows[name] = _added(rows.get(name, Usage(name, 0, 0)), blob)
    if not whole.count and not choice.limits:
        raise choice.nothing()
    if glob is None:
        rows = {name: row for name, row in rows.items() if name.endswith(DELIMITER)}
    return replace(whole, children=tuple(rows.values()))


def _match_of(key: str, base: str, glob: Glob | None) -> str:
    """Return the line to which a blob belongs: the first folder below `base`, or the folder that the pattern matches,
    or the blob itself."""
    at = key.find(DELIMITER, len(base))
    while at != -1:
        if glob is None or glob.matches_folder(key[: at + 1]):
            return key[: at + 1]
        at = key.find(DELIMITER, at + 1)
    return key


def _added(usage: Usage, blob: Blob) -> Usage:
    times = [time for time in (usage.oldest, usage.newest, blob.modified) if time is not None]
    oldest, newest = (min(times), max(times)) if times else (None, None)
    return Usage(usage.prefix, usage.count + 1, usage.size_bytes + (blob.size_bytes or 0), oldest, newest)


def _usage_of_blob(storage: "Storage", location: Location) -> Usage:
    """Return the usage of the blob with this key, for a location that is not a folder. Raise NotFoundError when there
    is no such blob."""
    if not location.key.endswith(DELIMITER):
        with contextlib.suppress(NotFoundError):
            blob = storage.stat(location.key, location.storage_type)
            return Usage(blob.key, 1, blob.size_bytes or 0, blob.modified, blob.modified)
        location = Location(location.storage_type, location.key + DELIMITER)
    raise nothing_below(storage, location)


@click.command()
@click.argument("location", type=LOCATION)
@click.option("--expires", type=duration, default="1h", show_default=True, help="How long the URL works, up to 7d.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a URL: the URL, its blob and its seconds.")
@with_limits
@with_settings
def url(location: Location, expires: timedelta, as_json: bool, limits: Limits, settings: Settings) -> None:
    """Print a signed URL: whoever has it can download the blob until it expires. A quoted pattern gives a line for each
    blob that matches."""
    with open_storage(settings) as storage:
        for place in _places(choose(storage, location, limits)):
            signed = storage.get_signed_url(place.key, place.storage_type, expires_in=expires)
            if as_json:
                seconds = int(expires.total_seconds())
                say_json({"url": signed, "expires_in_s": seconds, "storage_type": place.storage_type, "key": place.key})
            else:
                say(signed)
