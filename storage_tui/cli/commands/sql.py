"""`storage-tui sql`: a query over blobs, also of buckets and the web, and over local files, by DuckDB."""

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from storage_tui.cli.options import with_settings
from storage_tui.cli.places import is_remote_word, place_of
from storage_tui.cli.printing import remark, say_coloured, say_json, say_page, say_text, show_status
from storage_tui.cli.search.choosing import choose
from storage_tui.cli.settings import PLACE_FLAGS, Settings
from storage_tui.cli.store_choice import SHARED, open_storage, settings_of_side
from storage_tui.client.sync.sides import is_location
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import BadRequestError, LocalFileError, NotFoundError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.places import Place
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import DEFAULT

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage
    from storage_tui.previews.querying.query import File, Query

ROWS = 100  # on a terminal
MOST_READ = "1G"
MOST_FILES = 10_000  # of one statement
MAGIC = frozenset("*?[")


def _size(context: click.Context, parameter: click.Parameter, text: str) -> int:
    from storage_tui.client.patterns.conditions import size_of

    try:
        return int(size_of(text))
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from None


@click.command()
@click.argument("statement")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    help="Print at most so many rows. [default: 100 on a terminal, all in a pipe]",
)
@click.option(
    "--max-read",
    callback=_size,
    default=MOST_READ,
    show_default=True,
    metavar="SIZE",
    help="End a query that would read more than this of the blobs.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each row.")
@with_settings
def sql(statement: str, rows: int | None, max_read: int, as_json: bool, settings: Settings) -> None:
    """Answer an SQL query over blobs and local files: `sql "select * from 'data:sites.csv' limit 5"`.

    A text where a table stands names blobs, also by a pattern: `from 'tmp:tables/*.parquet'`,
    `from 's3://BUCKET/sites/*.csv'`, `from 'https://HOST/sites.csv'`. One query can join several places. CSV, JSON and
    Parquet are read, and of Parquet only what the query needs. DuckDB runs the query, read only, in a process that can
    open nothing else. On a terminal the answer is a table, in a pipe CSV. DuckDB comes with
    `pip install 'storage-tui[sql]'`.
    """
    from storage_tui.previews.base import BudgetError, PreviewError
    from storage_tui.previews.querying.query import Query
    from storage_tui.previews.querying.statement import names_in

    with ExitStack() as stack:
        storage = stack.enter_context(open_storage(settings))
        files = _Files(storage, stack)
        for named in names_in(statement):
            files.take(named.name)
        query = Query(statement, files.files, files.meant, read=files.read, most_bytes=max_read)
        try:
            _print(query, rows or (ROWS if sys.stdout.isatty() and not as_json else None), as_json=as_json)
        except BudgetError as exc:
            raise BadRequestError(f"{exc}; --max-read allows more") from exc
        except PreviewError as exc:
            raise BadRequestError(str(exc)) from exc


class _Files:
    """The blobs and local files that the texts of a statement mean."""

    def __init__(self, storage: "Storage", stack: ExitStack) -> None:
        self.files: list[File] = []
        self.meant: dict[str, list[int]] = {}
        self._storage = storage
        self._places: dict[Place, Storage] = {}
        self._stack = stack
        self._sources: list[tuple[Storage, Blob] | IO[bytes]] = []

    def take(self, name: str) -> None:
        """Find what a text means. Raise NotFoundError when it means nothing."""
        if name in self.meant:
            return
        first = len(self.files)
        if is_remote_word(name):
            place, key, lead = place_of(name, is_of_folders=False)
            self._take_blobs(self._opened_place(place), Location(DEFAULT, key), lead)
        elif is_location(name):
            location = Location.parse(name)
            self._take_blobs(self._storage, location, f"{location.storage_type}:")
        elif "://" in name:
            raise BadRequestError(f"{name!a} is no place that can be opened; write s3://, file:// or https://")
        else:
            for path in _paths(name):
                file = self._opened(path)
                self._add(str(path), os.fstat(file.fileno()).st_size, file)
        if len(self.files) == first:
            raise NotFoundError(f"{name!a} means no blob and no file", key=name)
        self.meant[name] = list(range(first, len(self.files)))

    def read(self, number: int, start: int, stop: int) -> bytes:
        """Return bytes of a file. A blob that was overwritten since it was listed is refused."""
        source = self._sources[number]
        if isinstance(source, tuple):
            storage, blob = source
            return storage.read_range(blob.key, blob.storage_type, start=start, stop=stop, etag=blob.etag).data
        source.seek(start)
        return source.read(stop - start)

    def _take_blobs(self, storage: "Storage", location: Location, lead: str) -> None:
        for blob in choose(storage, location, ()).blobs(recursive=False):
            known = blob if blob.size_bytes is not None else storage.stat(blob.key, blob.storage_type)
            self._add(f"{lead}{known.key}", known.size_bytes or 0, (storage, known))

    def _opened_place(self, place: Place) -> "Storage":
        """Return the client of a place, opened read only with the flags of the command."""
        if place not in self._places:
            params = click.get_current_context().params
            flags = {name: params.get(name) for name in (*SHARED, *PLACE_FLAGS)}
            settings = settings_of_side(place, flags, changes=False)
            self._places[place] = self._stack.enter_context(open_storage(settings))
        return self._places[place]

    def _add(self, name: str, size_bytes: int, source: "tuple[Storage, Blob] | IO[bytes]") -> None:
        from storage_tui.previews.querying.query import File

        if len(self.files) >= MOST_FILES:
            raise BadRequestError(f"the query names more than {MOST_FILES:,} files")
        self.files.append(File(name, size_bytes))
        self._sources.append(source)

    def _opened(self, path: Path) -> IO[bytes]:
        try:
            if not path.is_file():
                raise LocalFileError(f"{str(path)!r} is no file; a key that looks like this is written data:{path}")
            return self._stack.enter_context(path.open("rb"))
        except OSError as exc:
            raise LocalFileError(f"cannot read {str(path)!r}: {exc.strerror or exc}") from exc


def _paths(name: str) -> list[Path]:
    """Return the local files that a path or a pattern means; a path without one means itself."""
    path = Path(name).expanduser()
    if not MAGIC.intersection(name) or path.exists():
        return [path]
    root = Path(path.anchor) if path.anchor else Path()
    try:
        return sorted(found for found in root.glob(str(path.relative_to(root))) if found.is_file())
    except (ValueError, OSError) as exc:
        raise LocalFileError(f"{name!r} is no pattern of files") from exc


def _print(query: "Query", most: int | None, *, as_json: bool) -> None:
    table: list[list[Any]] = []
    is_table = sys.stdout.isatty() and not as_json
    count = 0
    has_more = False
    for piece in query.rows():
        if sys.stderr.isatty():
            show_status(f"{size_text(query.bytes_read)} read")
        room = len(piece) if most is None else most - count
        has_more = len(piece) > room
        taken = piece[:room]
        if is_table:
            table += taken
        else:
            _print_rows(query, taken, has_head=count == 0, as_json=as_json)
        count += len(taken)
        if has_more:
            break
    if sys.stderr.isatty():
        show_status("")
    names = [name for name, _ in query.columns]
    if is_table:
        _print_table(query, table)
        note = f"{'the first ' if has_more else ''}{plural(count, 'row')}, {size_text(query.bytes_read)} read"
        say_coloured([(note + ("; --rows N prints more" if has_more else ""), "2")])
        return
    if not count and not as_json:
        say_page(_csv([names]))
    if has_more:
        remark(f"only the first {plural(count, 'row')}")


def _print_rows(query: "Query", rows: Sequence[Sequence[Any]], *, has_head: bool, as_json: bool) -> None:
    from storage_tui.previews.querying.query import distinct

    names = [name for name, _ in query.columns]
    if as_json:
        for row in rows:
            say_json(dict(zip(distinct(names), row, strict=True)))
    else:
        lines = [names] if has_head else []
        say_page(_csv([*lines, *([_text(cell) for cell in row] for row in rows)]))


def _print_table(query: "Query", rows: Sequence[Sequence[Any]]) -> None:
    from storage_tui.previews.table.grid import grid_lines

    names = [name for name, _ in query.columns]
    numbers = frozenset(at for at in range(len(names)) if any(isinstance(row[at], int | float) for row in rows))
    for line in grid_lines(names, [[_text(cell) for cell in row] for row in rows], right=numbers):
        say_text(line)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows(rows)
    return output.getvalue()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False)
    return str(cell)
