"""`storage-tui ls`: keys and folders, of a pattern too; in columns and colours on a terminal, plain in a pipe."""

import heapq
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import click

from storage_tui.cli.folder_hints import nothing_below
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import human_countdown, human_time
from storage_tui.cli.printing import complain, say_coloured, say_json, say_lines, shown
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.colours import Colours
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.search.straight import entries_straight
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.client.patterns.globs import has_magic
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text

SORTED_AT_MOST = (
    200_000  # entries kept for a sort, about 100 MB; of more the first in order are printed, and it is said
)
ROW_ENTRIES = 1000  # entries that share their columns on a terminal: a page, so that a long list begins at once
GAP = 2  # cells between two columns
NEVER = float("inf")

Entry = Blob | str

_ORDERS: dict[str, Callable[[Blob], float]] = {
    "size": lambda blob: -(blob.size_bytes or 0),
    "age": lambda blob: -blob.modified.timestamp() if blob.modified else 0.0,
    "expiry": lambda blob: blob.expires.timestamp() if blob.expires else NEVER,
}


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option("-l", "--long", "is_long", is_flag=True, help="Show size, time written and, in tmp, time left.")
@click.option("-r", "--recursive", is_flag=True, help="List every key below, not only this folder.")
@click.option(
    "--sort",
    type=click.Choice(("name", *_ORDERS)),
    default="name",
    show_default=True,
    help="The largest, the newest, or the first to expire comes first; folders before blobs.",
)
@click.option("--reverse", is_flag=True, help="Turn the order around.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_limits
@with_settings
def ls(
    location: Location, is_long: bool, recursive: bool, sort: str, reverse: bool, as_json: bool, limits: Limits,
    settings: Settings,
) -> None:  # fmt: skip
    """List keys and folders at LOCATION, or those that a quoted pattern matches: `ls 'data:maps/*/*.tif'`.

    With a limit such as --older-than only blobs are listed. On a terminal names are in columns and in the colours of
    LS_COLORS; in a pipe each has a line of its own.
    """
    is_bare = sort == "name" and not (reverse or is_long or as_json)

    def show(entries: Iterator[Entry], cut: int) -> bool:
        """Print the entries and return whether there were any."""
        ordered = entries if sort == "name" and not reverse else _sorted(entries, sort, is_reversed=reverse)
        is_empty = True
        for batch in _batches(ordered):
            is_empty = False
            _print(batch, cut, is_long=is_long, as_json=as_json)
        return not is_empty

    if not limits and not has_magic(location.key):
        straight = entries_straight(settings, location.key, is_recursive=recursive, is_bare=is_bare)
        if straight is not None:
            prefix, entries = straight
            show(entries, 0 if recursive else len(prefix))
            return
    with open_storage(settings) as storage:
        choice = choose(storage, location, limits)
        prefix, entries = _entries(choice, recursive=recursive, is_bare=is_bare)
        is_empty = not show(entries, 0 if recursive or choice.glob is not None else len(prefix))
        if is_empty and choice.glob is not None and not limits:
            raise choice.nothing()
        if is_empty and prefix and not limits:
            raise nothing_below(storage, Location(location.storage_type, prefix))


def _entries(choice: Choice, *, recursive: bool, is_bare: bool) -> tuple[str, Iterator[Entry]]:
    """Return the entries of a location, and the prefix of the folder that it is; empty for a blob or a pattern. With
    `is_bare` keys will do, which a long list brings several times as fast as blobs."""
    from storage_tui.client.patterns.select import blobs_below, entries_in, keys_below, matching_entries, within

    storage, place = choice.storage, choice.location
    engine, storage_type, prefix = storage.engine, place.storage_type, place.key
    if choice.glob is not None:
        if recursive or choice.limits:
            return "", choice.blobs(recursive=recursive)
        return "", matching_entries(engine, storage_type, choice.glob)
    if prefix and not prefix.endswith(DELIMITER):
        try:
            blob = storage.stat(prefix, storage_type)
            return "", within(engine, [blob], choice.limits)
        except NotFoundError:
            prefix += DELIMITER
    if recursive and is_bare and not choice.limits:
        return prefix, chain.from_iterable(keys_below(engine, storage_type, prefix))
    if recursive:
        return prefix, within(engine, blobs_below(engine, storage_type, prefix), choice.limits)
    entries = entries_in(engine, storage_type, prefix)
    if choice.limits:
        return prefix, within(engine, (row for row in entries if isinstance(row, Blob)), choice.limits)
    return prefix, entries


def _sorted(entries: Iterable[Entry], sort: str, *, is_reversed: bool) -> Iterator[Entry]:
    """Yield the entries in another order: folders first by their names, then blobs; no more than SORTED_AT_MOST."""
    order = _ORDERS.get(sort)
    seen = 0

    def counted() -> Iterator[Entry]:
        nonlocal seen
        for entry in entries:
            seen += 1
            yield entry

    def place(entry: Entry) -> tuple[Any, ...]:
        key = entry if isinstance(entry, str) else entry.key
        if order is None:
            return (key.encode(),)
        value = 0.0 if isinstance(entry, str) else order(entry)
        return (isinstance(entry, Blob) != is_reversed, value, key.encode())

    first = heapq.nlargest if is_reversed else heapq.nsmallest
    kept = first(SORTED_AT_MOST, counted(), key=place)
    yield from kept
    if seen > len(kept):
        complain(f"only the first {len(kept):,} of {seen:,} entries in this order are listed; narrow the location")


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while batch := list(islice(rest, ROW_ENTRIES)):
        yield batch


def _print(entries: Sequence[Entry], cut: int, *, is_long: bool, as_json: bool) -> None:
    if as_json:
        for entry in entries:
            say_json({"prefix": entry} if isinstance(entry, str) else entry.to_json())
        return
    colours = Colours()
    keys = [entry if isinstance(entry, str) else entry.key for entry in entries]
    names = [key[cut:] or key for key in keys]
    if is_long:
        for entry, name in zip(entries, names, strict=True):
            say_coloured(((_facts(entry), ""), (name, colours.of(name))))
    elif sys.stdout.isatty():
        _print_columns(names, colours)
    else:
        say_lines(names)


def _facts(entry: Entry) -> str:
    if isinstance(entry, str):
        return f"{'':>10}  {'':16}  {'':8}"
    left = human_countdown(entry.expires) or (f"{entry.storage_class}  " if entry.storage_class else "")
    return f"{size_text(entry.size_bytes):>10}  {human_time(entry.modified):16}  {left:8}"


def _print_columns(names: Sequence[str], colours: Colours) -> None:
    """Print names in as many columns as fit, filled downwards as by the ls of Unix."""
    from rich.cells import cell_len

    widths = [cell_len(shown(name)) for name in names]
    room = shutil.get_terminal_size().columns
    rows = next((rows for rows in range(1, len(names)) if _width(widths, rows) <= room), len(names))
    columns = _columns(widths, rows)
    for row in range(rows):
        line: list[tuple[str, str]] = []
        for column, at in enumerate(range(row, len(names), rows)):
            is_last = at + rows >= len(names)
            line.append((names[at], colours.of(names[at])))
            line.append(("" if is_last else " " * (columns[column] + GAP - widths[at]), ""))
        say_coloured(line)


def _columns(widths: Sequence[int], rows: int) -> list[int]:
    return [max(widths[at : at + rows]) for at in range(0, len(widths), rows)]


def _width(widths: Sequence[int], rows: int) -> int:
    columns = _columns(widths, rows)
    return sum(columns) + GAP * (len(columns) - 1)
