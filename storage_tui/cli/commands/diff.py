"""`storage-tui diff`: two blobs beside each other."""

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import EXIT_FAILED
from storage_tui.cli.places import spell
from storage_tui.cli.printing import complain, say, say_json, show_status, shown
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import opening_of
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.previews.comparing.compare import Comparison

LABEL_CELLS = 14  # of the longest usual fact; a longer one moves its values to the right
COLOURS = {"-": "red", "+": "green", "@": "cyan"}


@click.command()
@click.argument("left", type=LOCATION)
@click.argument("right", type=LOCATION)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit code tells whether the blobs differ.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_settings
def diff(left: Location, right: Location, quiet: bool, as_json: bool, settings: Settings) -> None:
    """Compare the blobs LEFT and RIGHT.

    Text is shown as a unified diff. Of rasters, tables and arrays the facts are shown side by side, of all else the
    first difference. The exit code is 0 when the blobs are the same, and 1 when they differ. A LEFT or RIGHT that ends
    in a slash takes the name of the other blob.
    """
    if all(not side.key or side.key.endswith("/") for side in (left, right)):
        raise click.UsageError(f"{left} and {right} are folders; storage-tui check compares folders")
    if left.key.endswith("/") or not left.key:
        left = Location(left.storage_type, left.key + right.key.rpartition("/")[2])
    elif right.key.endswith("/") or not right.key:
        right = Location(right.storage_type, right.key + left.key.rpartition("/")[2])
    found = asyncio.run(_compare(left, right, settings))
    if as_json:
        say_json(_object(left, right, found))
    elif not quiet:
        _print(found)
    if not found.is_same:
        raise click.exceptions.Exit(EXIT_FAILED)


async def _compare(left: Location, right: Location, settings: Settings) -> "Comparison":
    """Return the comparison of all bytes of the two blobs. On a terminal, show how many were compared."""
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.previews import close
    from storage_tui.previews.comparing.compare import compare
    from storage_tui.previews.comparing.walk import Side

    def told(compared: int) -> None:
        if sys.stderr.isatty():
            show_status(f"{size_text(compared)} compared")

    storage = AsyncStorage(
        settings.url, token_file=settings.token_file, data_dir=settings.data_dir, opening=opening_of(settings)
    )
    try:
        sides = []
        for location in (left, right):
            blob = await _stat(storage, location)
            sides.append(Side(storage, blob, spell(location)))
        return await compare(*sides, most_bytes=None, told=told)
    finally:
        if sys.stderr.isatty():
            show_status("")
        await close()
        await storage.close()


async def _stat(storage: "AsyncStorage", location: Location) -> Blob:
    try:
        return await storage.stat(location.key, location.storage_type)
    except NotFoundError as exc:
        page = await storage.list_page(as_folder(location).key, storage_type=location.storage_type, limit=1)
        if page.blobs or page.prefixes:
            way_out = "diff compares two blobs, and storage-tui check two folders"
            raise NotFoundError(f"{spell(location)} is a folder; {way_out}", key=location.key) from exc
        raise


def _print(found: "Comparison") -> None:
    """Print a diff as `diff -u` does, so that `patch` takes it; of all else the verdict, the facts, the places."""
    if found.lines and not found.is_of_previews:
        for line in found.lines:
            say(line[1:], label=line[:1], colour=COLOURS.get(line[:1])) if line else say("")
    else:
        say(found.verdict)
        for pair in found.facts:
            mark = " " if pair.is_equal else "*"
            value = pair.left if pair.is_equal else f"{pair.left or '-'}  |  {pair.right or '-'}"
            say(
                f"{pair.label:<{LABEL_CELLS}} {shown(value)}",
                label=f"{mark} ",
                colour=None if pair.is_equal else "yellow",
            )
        for line in (*found.lines, *found.places):
            say(line)
    if found.note:
        complain(found.note)


def _object(left: Location, right: Location, found: "Comparison") -> dict[str, Any]:
    return {
        "left": spell(left), "right": spell(right), "same": found.is_same, "verdict": found.verdict,
        "facts": [{"label": pair.label, "left": pair.left, "right": pair.right} for pair in found.facts],
        "diff": list(found.lines), "offset": found.offset, "note": found.note,
    }  # fmt: skip
