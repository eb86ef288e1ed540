"""`storage-tui show`: the preview of a blob or of a local file, on a terminal or in a pipe."""

import asyncio
import math
import os
import sys
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.options import with_settings
from storage_tui.cli.places import spell
from storage_tui.cli.printing import is_coloured, say, say_coloured, say_json, say_text
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import opening_of
from storage_tui.cli.words import source_words
from storage_tui.client.sync.sides import is_location
from storage_tui.contract.errors import LocalFileError, NotFoundError
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible

if TYPE_CHECKING:
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.previews import Preview, Source
    from storage_tui.previews.base import Mode, View
    from storage_tui.previews.local_files import LocalFiles
    from storage_tui.previews.stores.prefix import FolderStorage, Prefix

WIDTH = 80  # of a preview in a pipe
LEAST_WIDTH = 20  # a narrower one shows nothing
MOST_WIDTH = 1000
ROWS = 30  # the height of a picture or a map, and the rows of a table or a text
MOST_ROWS = 1000  # of a viewer's first page
FACTS_ROWS = 12  # above a picture, which gets the rest of the height
HEAD_LINES = 2  # of a table: the names and the types of its columns
LABEL_CELLS = 14  # of the longest usual fact
LOCAL = (".", "/", "~")  # what begins a word that is a path, unless a storage type begins it


def _bands(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Return the numbers in `4,3,2` or `1`; none without the option."""
    if text is None:
        return ()
    words = text.split(",")
    if len(words) not in (1, 3) or not all(word.strip().isdecimal() and 0 < int(word) < 65536 for word in words):
        raise click.BadParameter(f"{text[:40]!a} are no bands; write one, such as 1, or three, such as 4,3,2")
    return tuple(int(word) for word in words)


def _box(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[float, float, float, float] | None:
    """Return the numbers in `W,S,E,N`; None without the option."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(word) for word in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text[:60]!a} is no box; write W,S,E,N, such as 5,45,6.5,46") from None
    if not (all(map(math.isfinite, (west, south, east, north))) and west < east and south < north):
        raise click.BadParameter(f"{text[:60]!a} is no box: west is less than east, and south less than north")
    return west, south, east, north


@click.command()
@click.argument("location", shell_complete=source_words)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: kind, facts, note, what was read, and a table.")
@click.option("--width", type=click.IntRange(LEAST_WIDTH, MOST_WIDTH), help="Columns. [default: the terminal's, or 80]")
@click.option(
    "--rows",
    type=click.IntRange(1, MOST_ROWS),
    default=ROWS,
    show_default=True,
    help="Rows of a table or a text, and the height of a picture or a map.",
)
@click.option(
    "--bands",
    callback=_bands,
    metavar="N[,N,N]",
    help="Bands of a raster: three as red, green and blue, or one as grey.",
)
@click.option(
    "--bbox",
    "box",
    callback=_box,
    metavar="W,S,E,N",
    help="Only the features, or the window of a raster, in this box: in degrees, or in the coordinates of the file "
    "where its reference system is not known here.",
)
@click.option("--text", "mode", flag_value="text", help="Show the blob as text, whatever is in it.")
@click.option("--hex", "mode", flag_value="hex", help="Show the bytes.")
@with_settings
def show(
    location: str, as_json: bool, width: int | None, rows: int, bands: tuple[int, ...],
    box: tuple[float, float, float, float] | None, mode: "Mode | None", settings: Settings,
) -> None:  # fmt: skip
    """Show what LOCATION holds: the facts, and a table, a map, a picture or a text.

    A few ranges are read, not the whole blob. LOCATION may also be a local file: a path that begins with ./, / or ~, or
    any other path of a file that exists and has no storage type before it. A folder that is one thing, such as a Zarr
    store, is shown too.
    """
    width = width or (get_terminal_size().columns if sys.stdout.isatty() else WIDTH)
    source, shown = asyncio.run(_look(location, settings, max(LEAST_WIDTH, width), rows, bands, box, mode or "auto"))
    if as_json:
        say_json(as_object(location, source, shown, rows))
    else:
        _print(shown, rows)


async def _look(
    location: str, settings: Settings, width: int, rows: int, bands: tuple[int, ...],
    box: tuple[float, float, float, float] | None, mode: "Mode",
) -> "tuple[Source | Prefix, Preview]":  # fmt: skip
    """Return the preview, and the source that it was read from. Raises the errors of the client."""
    from storage_tui.previews import Source, close, preview
    from storage_tui.previews.base import View

    path = local_path(location)
    storage: AsyncStorage | None = None
    view = View(width, rows + FACTS_ROWS, _is_true_colour(), is_full=rows > ROWS)
    try:
        if path is not None:
            from storage_tui.previews.local_files import LocalFiles

            files = LocalFiles()
            if path.is_dir():
                return await _look_into_folder(files, path, location, view)
            source = Source(files, await files.stat(str(path), "local"))
        else:
            from storage_tui.client import async_storage

            storage = async_storage.AsyncStorage(
                settings.url, token_file=settings.token_file, data_dir=settings.data_dir, opening=opening_of(settings)
            )
            place = Location.parse(location)
            source = Source(storage, Blob(place.key, place.storage_type))
        try:
            if box is not None:
                shown = await _in_box(source, box, width, rows, bands)
            else:
                shown = await preview(
                    source, width=view.width, height=view.height, truecolor=view.truecolor, mode=mode,
                    is_full=view.is_full, bands=bands,
                )  # fmt: skip
        except NotFoundError as exc:
            if storage is None:
                raise
            place = Location.parse(location)
            found = await _store_at(storage, as_folder(place).key, place.storage_type, view)
            if found is None:
                await _refuse_folder(storage, place, exc)
                raise
            return found
    finally:
        await close()
        if storage is not None:
            await storage.close()
    return source, shown


async def _store_at(
    storage: "FolderStorage", key: str, storage_type: str, view: "View"
) -> "tuple[Prefix, Preview] | None":
    """Return the preview of a prefix that is a store, and what it was read from; None for any other prefix."""
    from storage_tui.previews.stores.recognise import preview_prefix

    found = await preview_prefix(storage, key, storage_type, view=view)
    return None if found is None else (found[1], found[0])


async def _look_into_folder(files: "LocalFiles", path: Path, word: str, view: "View") -> "tuple[Prefix, Preview]":
    found = await _store_at(files, f"{path}{os.sep}", "local", view)
    if found is None:
        raise LocalFileError(f"{word!r} is a folder; show takes a file")
    return found


async def _in_box(
    source: "Source", box: tuple[float, float, float, float], width: int, rows: int, bands: tuple[int, ...]
) -> "Preview":
    """Return what is in a box; raise click.ClickException with the reason where there is nothing to show."""
    from storage_tui.previews import PreviewError
    from storage_tui.previews.vector.atlas.boxed import show_box

    try:
        return await show_box(source, box, width=width, height=rows, truecolor=_is_true_colour(), bands=bands)
    except PreviewError as exc:
        raise click.ClickException(f"no box of {visible(source.blob.key)}: {visible(str(exc))}") from exc


def local_path(word: str) -> Path | None:
    """Return the path that the word of a command line names; None for a place of the store.

    Raises LocalFileError for a path that cannot be looked at, and NotFoundError for a path to nothing.
    """
    if is_location(word) or not word:
        return None
    path = Path(word).expanduser()
    try:
        is_file = path.is_file()
        if not word.startswith(LOCAL) and not is_file:
            return None
        if not path.exists():
            raise NotFoundError(
                f"there is no file {word!r}; a key that looks like this is written data:{word}", key=word
            )
        return path.resolve()
    except (OSError, ValueError, RuntimeError) as exc:
        raise LocalFileError(f"cannot read {word!r}: {exc}") from exc


async def _refuse_folder(storage: "AsyncStorage", place: Location, exc: NotFoundError) -> None:
    """Raise NotFoundError with the way out when there are blobs below a place that is no blob."""
    page = await storage.list_page(as_folder(place).key, storage_type=place.storage_type, limit=1)
    if page.blobs or page.prefixes:
        raise NotFoundError(
            f"{spell(place)} is a folder; storage-tui ls {spell(place)} lists it", key=place.key
        ) from exc


def as_object(location: str, source: "Source | Prefix", shown: "Preview", rows: int) -> dict[str, Any]:
    """Return the preview as one JSON object: a table as `columns` and `rows`, all that is no table or drawing as
    `lines`."""
    facts: dict[str, str] = {}
    for label, value in shown.facts:
        facts[label] = f"{facts[label]}\n{value}" if label in facts else value
    found: dict[str, Any] = {
        "location": location, "kind": shown.kind, "size": source.size_bytes, "facts": facts, "note": shown.note,
        "requests": source.requests, "bytes_read": source.bytes_read, "is_damaged": shown.is_damaged,
    }  # fmt: skip
    if shown.cells is not None:
        found["columns"] = list(shown.cells.columns)
        found["rows"] = [list(row) for row in shown.cells.rows[:rows]]
    if not shown.is_drawing:
        found["lines"] = [line.plain for line in shown.lines[:rows]]
    return found


def _print(shown: "Preview", rows: int) -> None:
    """Print the kind, the facts, the body and the note; a picture without colours in shades."""
    say_coloured([(shown.kind, "1")])
    room = max([LABEL_CELLS, *(len(label) for label, _ in shown.facts)])
    for label, value in shown.facts:
        say(value, label=f"{label:<{room}} ", colour="cyan")
    lines = shown.lines if shown.is_drawing else shown.lines[: rows + (HEAD_LINES if shown.cells is not None else 0)]
    if lines:
        say("")
    for line in lines:
        say_text(line)
    hidden = len(shown.lines) - len(lines)
    note = " · ".join(filter(None, (f"{hidden:,} more lines" if hidden else "", shown.note)))
    if note:
        say_coloured([(note, "2")])


def _is_true_colour() -> bool:
    """Return whether the terminal says that it has 24 bits of colour."""
    return is_coloured() and os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
