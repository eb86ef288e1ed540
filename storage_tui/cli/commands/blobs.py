"""The commands that look at blobs: ls, cat, du, url."""

import contextlib
import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import expecting_blob
from storage_tui.cli.options import LOCATION, duration, with_settings
from storage_tui.cli.output import human_countdown, human_time
from storage_tui.cli.printing import bytes_out, complain, say, say_json
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import DELIMITER, Location, parent_prefix
from storage_tui.contract.models import Blob, Usage
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option("-l", "--long", "is_long", is_flag=True, help="Show size, time written and, in tmp, time left.")
@click.option("-r", "--recursive", is_flag=True, help="List every key below, not only this folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_settings
def ls(location: Location, is_long: bool, recursive: bool, as_json: bool, settings: Settings) -> None:
    """List keys and folders at LOCATION."""
    with open_storage(settings) as storage:
        prefix, found = location.key, 0
        if prefix and not prefix.endswith(DELIMITER):
            try:
                _print_entry(storage.stat(prefix, location.storage_type), "", is_long, as_json)
                return
            except NotFoundError:
                prefix += DELIMITER
        for entry in _walk(storage, location.storage_type, prefix, delimiter="" if recursive else DELIMITER):
            found += 1
            _print_entry(entry, "" if recursive else prefix, is_long, as_json)
        if not found and prefix:
            raise _nothing_below(storage, Location(location.storage_type, prefix))


def _nothing_below(storage: "Storage", folder: Location) -> NotFoundError:
    """Return the error for an empty folder. It names the nearest folder above that is not empty, and the command that
    shows it."""
    above = parent_prefix(folder.key)
    while above and next(iter(_walk(storage, folder.storage_type, above, delimiter="")), None) is None:
        above = parent_prefix(above)
    place = str(Location(folder.storage_type, above))
    what = f"'storage-tui ls {shlex.quote(place)}' lists what exists there"
    return NotFoundError(f"nothing is stored below {folder}; {what}", key=folder.key)


def _walk(storage: "Storage", storage_type: str, prefix: str, *, delimiter: str) -> Iterator[Blob | str]:
    """Yield the folders and blobs below a prefix, page by page, each page in byte order."""
    token = None
    while True:
        page = storage.list_page(prefix, storage_type=storage_type, delimiter=delimiter, token=token)
        entries: list[Blob | str] = [*page.prefixes, *page.blobs]
        yield from sorted(entries, key=lambda entry: (entry if isinstance(entry, str) else entry.key).encode())
        token = page.next_token
        if token is None:
            return


def _print_entry(entry: Blob | str, prefix: str, is_long: bool, as_json: bool) -> None:
    if as_json:
        say_json({"prefix": entry} if isinstance(entry, str) else entry.to_json())
        return
    key = entry if isinstance(entry, str) else entry.key
    name = key[len(prefix) :] or key
    if not is_long:
        say(name)
    elif isinstance(entry, str):
        say(f"{'':>10}  {'':16}  {'':8}{name}")
    else:
        left = human_countdown(entry.expires)
        say(f"{size_text(entry.size_bytes):>10}  {human_time(entry.modified):16}  {left:8}{name}")


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@with_settings
def cat(locations: tuple[Location, ...], settings: Settings) -> None:
    """Write the bytes of blobs to standard output."""
    with open_storage(settings) as storage:
        output = bytes_out()
        for location in locations:
            with (
                expecting_blob(storage, location, f"storage-tui ls {shlex.quote(str(location))} lists it"),
                storage.stream(location.key, location.storage_type) as chunks,
            ):
                for chunk in chunks:
                    output.write(chunk)
        output.flush()


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
def du(location: Location, as_json: bool, settings: Settings) -> None:
    """Show blobs and bytes per folder below LOCATION, and in total."""
    prefix = location.key
    if prefix and not prefix.endswith(DELIMITER):
        prefix += DELIMITER
    with open_storage(settings) as storage:
        usage = storage.usage(prefix, storage_type=location.storage_type, delimiter=DELIMITER)
        if prefix and not usage.count:
            usage = _usage_of_blob(storage, location)
    if as_json:
        say_json(usage.to_json())
        return
    for row in (*sorted(usage.children, key=lambda child: child.size_bytes), usage):
        name = f"{location.storage_type}:{row.prefix}"
        say(f"{size_text(row.size_bytes):>10}  {row.count:>9,}  {name}")
    if usage.is_cut:
        complain(f"there may be more folders than the first {len(usage.children):,}; the last line counts them too")


def _usage_of_blob(storage: "Storage", location: Location) -> Usage:
    """Return the usage of the blob with this key, for a location that is not a folder. Raise NotFoundError when there
    is no such blob."""
    if not location.key.endswith(DELIMITER):
        with contextlib.suppress(NotFoundError):
            blob = storage.stat(location.key, location.storage_type)
            return Usage(blob.key, 1, blob.size_bytes or 0, blob.modified, blob.modified)
        location = Location(location.storage_type, location.key + DELIMITER)
    raise _nothing_below(storage, location)


@click.command()
@click.argument("location", type=LOCATION)
@click.option("--expires", type=duration, default="1h", show_default=True, help="How long the URL works, up to 7d.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the URL and its seconds.")
@with_settings
def url(location: Location, expires: timedelta, as_json: bool, settings: Settings) -> None:
    """Print a signed URL: whoever has it can download the blob until it expires."""
    with open_storage(settings) as storage:
        signed = storage.get_signed_url(location.key, location.storage_type, expires_in=expires)
    if as_json:
        say_json({"url": signed, "expires_in_s": int(expires.total_seconds())})
    else:
        say(signed)
