"""The first rows of a Parquet file with row groups of any size.

The rows come from the first pages of as many columns as a few reads reach (Apache Parquet, ColumnMetaData and
PageHeader). The decoder gets a file with the same bytes at the same places and a footer that names only these columns.
"""

import base64
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.table.arrow_schema import arrow_hints
from storage_tui.previews.table.first_rows import (
    FULL_ROWS,
    NAMED_COLUMNS,
    ROWS,
    Rows,
    first_note,
    first_rows,
    require_tables,
)
from storage_tui.previews.table.thrift import RAW, Compact, list_field, number_field, text_field

MAGIC = b"PAR1"
FULL_BUDGET = Budget(requests=12, size_bytes=3 * MIB)  # on the whole screen: a dozen columns with pages of a megabyte
PAGE_HEADER_BYTES = 8 * KIB  # a header may hold the smallest and the largest value
MOST_COLUMNS = 64  # the columns tried; the table that is drawn has no more
DATA_PAGE, DATA_PAGE_2 = 0, 3
REPEATED = 2
MOST_GROUPS = 1000  # row groups read until there are rows enough: groups of one row each fill the whole screen
MOST_PARTS = 8000  # of all groups: a job names the place of each
MOST_VALUES = 1 << 31  # of one chunk of a column
MOST_PAGES = 2000  # looked at in one column; a page may have one value
FILE_PATH, CRYPTO = 1, 8  # of the entry of a column: another file with its pages, and how it is encrypted
INT96, FIXED, CONVERTED_INTERVAL, LOGICAL_UUID = 3, 7, 21, 14
INT96_TYPE, FIXED_TYPE = b"\x15\x06", b"\x15\x0e"  # the first field of an entry, with the type
ARROW_SCHEMA = b"ARROW:schema"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One column of a row group: the place of its pages, and its entry in the footer."""

    start: int
    stop: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row: its part of the schema, with everything nested in it, and the chunks of its columns."""

    name: str
    schema: tuple[bytes, ...]
    chunks: tuple[Chunk, ...]
    is_repeated: bool  # a list: its reader looks past the first page for the end of a row
    is_encrypted: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of one row group as far as they were read, and the number of rows that all of them have."""

    fields: tuple[Field, ...]
    rows: int
    parts: tuple[tuple[int, bytes], ...]


async def show_rows(
    source: Source, footer: dict[int, Any], *, is_full: bool, values: str = "", encoding: str = ""
) -> tuple[Rows | None, str]:
    """Return the first rows, None without any, and a note about missing columns. `values` and `encoding` are those
    of `first_rows`.

    Raises PreviewError when no column could be read.
    """
    groups = [group for group in footer.get(4, []) if group.get(3, 0) > 0]
    if not footer.get(3, 0) or len(footer.get(2, [])) < 2:
        return None, ""  # without rows or without columns
    if not groups:
        raise PreviewError("it has no row group")
    if any(chunk.get(FILE_PATH) for chunk in groups[0].get(1, [])):
        raise LimitError("they are in other files, and this one lists them")
    size = source.size_bytes or 0
    fields = list_fields(footer, groups[0], size)
    require_tables()
    if is_full:
        source.allow(FULL_BUDGET)
    wanted = FULL_ROWS if is_full else ROWS
    open_fields = [field for field in fields if not field.is_encrypted][:MOST_COLUMNS]
    if not open_fields:
        raise LimitError("its columns are encrypted")
    found = await _read_group(source, open_fields, groups[0].get(3, 0), wanted)
    if not found.fields:
        raise LimitError("the first page of every column is larger than a preview reads")
    read = [found, *await _more_groups(source, footer, groups, found, wanted)]
    total = sum(group.rows for group in read)
    end = max(size, 1)
    tail = make_footer(read)
    parts = [part for group in read for part in group.parts]
    hints = column_hints(footer)
    table = await first_rows(
        "parquet", end + len(tail), [*parts, (end, tail)], min(wanted, total), hints, values, encoding
    )
    notes = [first_note(len(table.rows), is_all=not is_full or len(table.rows) >= footer.get(3, 0)), table.note]
    hidden = [field.name for field in fields if field.is_encrypted]
    if hidden:
        notes.append(f"encrypted: {', '.join(visible(name, limit=32) for name in hidden[:NAMED_COLUMNS])}")
    if len(found.fields) + len(hidden) < len(fields):
        shown = f"rows of {len(found.fields):,} of {len(fields):,} columns"
        is_large = len(found.fields) < len(open_fields)
        notes.append(f"{shown}; the first pages of the others are too large" if is_large else shown)
    return table, " · ".join(filter(None, notes))


async def _read_group(source: Source, fields: Sequence[Field], rows: int, wanted: int) -> Group:
    """Read a row group; return it with the fields whose first pages are held by now."""
    chunks = [chunk for field in fields for chunk in field.chunks]
    await _read_pages(source, chunks, min(wanted, rows))
    held = {
        chunk: pages for field in fields for chunk in field.chunks
        if (pages := _held_pages(source, chunk, MOST_VALUES if field.is_repeated else min(wanted, rows))) is not None
    }  # fmt: skip
    shown = [
        field for field in fields
        if all(chunk in held and (not field.is_repeated or _is_whole(chunk, held[chunk])) for chunk in field.chunks)
    ]  # fmt: skip
    counts = [
        rows if _is_whole(chunk, held[chunk]) else held[chunk][1] for field in shown for chunk in field.chunks
    ]  # fmt: skip
    parts = tuple((chunk.start, held[chunk][0]) for field in shown for chunk in field.chunks)
    return Group(tuple(shown), max(1, min(counts, default=0)), parts)


async def _more_groups(
    source: Source, footer: dict[int, Any], groups: Sequence[dict[int, Any]], first: Group, wanted: int
) -> list[Group]:
    """Return the row groups after the first one, as far as they are wanted and all columns of it can be read."""
    names = [field.name for field in first.fields]
    found: list[Group] = []
    parts = len(first.parts)
    count, is_whole = first.rows, first.rows >= groups[0].get(3, 0)
    for group in groups[1:MOST_GROUPS]:
        if count >= wanted or not is_whole:
            break
        fields = [
            field for field in list_fields(footer, group, source.size_bytes or 0)
            if field.name in names and not field.is_encrypted
        ]  # fmt: skip
        read = await _read_group(source, fields, group.get(3, 0), wanted - count)
        parts += len(read.parts)
        if [field.name for field in read.fields] != names or parts > MOST_PARTS:
            break
        found.append(read)
        count, is_whole = count + read.rows, read.rows >= group.get(3, 0)
    return found


def _is_whole(chunk: Chunk, held: tuple[bytes, int]) -> bool:
    return len(held[0]) == chunk.stop - chunk.start


def list_fields(footer: dict[int, Any], group: dict[int, Any], size_bytes: int) -> list[Field]:
    """Return the fields of a row in a row group; raise PreviewError when the footer cannot be true."""
    schema = footer.get(2, [])
    columns = group.get(1, [])
    fields, at = [], 1
    while at < len(schema) and columns:
        stop, leaves = subtree(schema, at)
        if len(columns) < leaves:
            break
        own, columns = columns[:leaves], columns[leaves:]
        is_encrypted = any(column.get(CRYPTO) is not None for column in own)
        chunks = () if is_encrypted else tuple(_chunk(column, size_bytes) for column in own)
        name = schema[at].get(4, b"").decode("utf-8", "replace")
        is_repeated = any(element.get(3) == REPEATED for element in schema[at:stop])
        raws = tuple(_element(element) for element in schema[at:stop])
        fields.append(Field(name, raws, chunks, is_repeated, is_encrypted))
        at = stop
    if not fields or columns or at < len(schema):
        raise PreviewError("its columns are not those of its schema")
    return fields


def _chunk(column: dict[int, Any], size_bytes: int) -> Chunk:
    known = column.get(3, {})
    start = min((at for at in (known.get(9, 0), known.get(11)) if at), default=0)
    stop = start + known.get(7, 0)
    if not 0 < start < stop <= size_bytes:
        raise PreviewError("a row group is not where it says")
    raw, typed = column[RAW], known[RAW]
    if typed.startswith(INT96_TYPE):  # as in the schema, see _element
        raw = raw.replace(typed, FIXED_TYPE + typed[len(INT96_TYPE) :], 1)
    return Chunk(start, stop, raw)


def _element(element: dict[int, Any]) -> bytes:
    """Return an entry of the schema; 12 plain bytes in place of types that the reader turns into less than they hold.

    Those are int96, whose nanoseconds overflow in the year 2262, and intervals, which lose their months.
    """
    if not _is_lossy(element):
        raw: bytes = element[RAW]
        return raw
    repeat = [number_field(1, element[3])] if 3 in element else []
    name = text_field(1 if repeat else 2, element.get(4, b""))
    return b"".join((number_field(1, FIXED), number_field(1, 12), *repeat, name, b"\0"))


def _is_lossy(element: dict[int, Any]) -> bool:
    return element.get(1) == INT96 or (element.get(1) == FIXED and element.get(6) == CONVERTED_INTERVAL)


def column_hints(footer: dict[int, Any]) -> dict[str, str]:
    """Return what the schema says of columns and the data does not: int96, UUIDs, Arrow's time zones and durations."""
    schema = footer.get(2, [])
    hints = {}
    kinds = {
        "int96" if element[1] == INT96 else "interval" if _is_lossy(element) else ""
        for element in schema
        if element.get(1) == INT96 or (element.get(1) == FIXED and element.get(2) == 12)
    }
    if len(kinds) == 1:
        hints["*w:12"] = kinds.pop() or "w:12"
    at = 1
    while at < len(schema):
        stop, _ = subtree(schema, at)
        logical = schema[at].get(10)
        if stop == at + 1 and isinstance(logical, dict) and LOGICAL_UUID in logical:
            hints[schema[at].get(4, b"").decode("utf-8", "replace")] = "uuid"
        at = stop
    packed = next((pair.get(2, b"") for pair in footer.get(5, []) if pair.get(1) == ARROW_SCHEMA), b"")
    try:
        return hints | arrow_hints(base64.b64decode(packed))
    except (PreviewError, ValueError, struct.error):
        return hints


def subtree(schema: Sequence[dict[int, Any]], at: int) -> tuple[int, int]:
    """Return the index after this element and its children, and the number of its columns."""
    open_children, leaves = 1, 0
    while open_children and at < len(schema):
        children = schema[at].get(5, 0)
        leaves += not children
        open_children += children - 1
        at += 1
    return at, leaves


async def _read_pages(source: Source, chunks: Sequence[Chunk], rows: int) -> None:
    """Read the ranges that complete the most columns a request, as long as the budget allows one."""
    tried: set[Chunk] = set()
    while source.bytes_left:
        waiting = [chunk for chunk in chunks if chunk not in tried and _held_pages(source, chunk, rows) is None]
        if not waiting:
            return
        start, stop = min(_begin(source, chunk) for chunk in waiting), max(chunk.stop for chunk in waiting)
        if stop - start <= source.bytes_left:
            await source.read(start, stop)
            return
        room = source.bytes_left // source.requests_left
        spans = [_span(source, waiting, first, room) for first in waiting]
        best = max(range(len(waiting)), key=lambda at: spans[at][0])
        tried.add(waiting[best])
        score, start, stop = spans[best]
        if not score:
            return
        await source.read(start, stop)


def _span(source: Source, waiting: Sequence[Chunk], first: Chunk, room: int) -> tuple[float, int, int]:
    """Return a score and the read that starts at `first` with at most `room` bytes.

    The score counts the columns that the read completes: 1 for a certain one, 0.25 for a possible one.
    """
    start = _begin(source, first)
    score, stop = 0.0, start
    for chunk in waiting:
        end = _pages_end(source, chunk)
        if _begin(source, chunk) < start or _begin(source, chunk) >= start + room:
            continue
        if (end or chunk.stop) <= start + room:
            score, stop = score + 1, max(stop, end or chunk.stop)
        elif end is None:
            score, stop = score + 0.25, start + room
    return score, start, stop


def _begin(source: Source, chunk: Chunk) -> int:
    """Return the first byte of a column that was not read yet."""
    return chunk.start + len(source.kept(chunk.start, chunk.stop))


def _pages_end(source: Source, chunk: Chunk) -> int | None:
    """Return the end of the first page with values; None while its header was not read."""
    found = _first_pages(source, chunk)
    return None if found is None else found[0]


def _held_pages(source: Source, chunk: Chunk, rows: int) -> tuple[bytes, int] | None:
    """Return the pages with this many values or as many as are held, and their number; None without a held one."""
    end, values = chunk.start, 0
    for stop, count in _pages(source, chunk):
        pages = source.kept(chunk.start, stop)
        if len(pages) < stop - chunk.start:
            break
        end, values = stop, values + count
        if values >= rows:
            break
    return (source.kept(chunk.start, end), values) if values else None


def _first_pages(source: Source, chunk: Chunk) -> tuple[int, int] | None:
    """Return the end of the first page with values and their number; None while its header was not read."""
    return next((found for found in _pages(source, chunk) if found[1]), None)


def _pages(source: Source, chunk: Chunk) -> Iterator[tuple[int, int]]:
    """Yield the end and the number of values of each page whose header is held; a dictionary has none."""
    at = chunk.start
    for _ in range(MOST_PAGES):
        if at >= chunk.stop:
            return
        reader = Compact(source.kept(at, min(at + PAGE_HEADER_BYTES, chunk.stop)))
        try:
            header = reader.struct()
        except (ValueError, IndexError):
            return
        at += reader.read_bytes + max(0, header.get(3, 0))
        told = header.get(5) or header.get(8) or {}
        is_data = header.get(1) in (DATA_PAGE, DATA_PAGE_2)
        yield min(at, chunk.stop), max(0, told.get(1, 0)) if is_data else 0


def make_footer(groups: Sequence[Group]) -> bytes:
    """Return the end of a file with only these fields and rows: schema and chunks as they were, at the same places."""
    fields = groups[0].fields
    elements = [element for field in fields for element in field.schema]
    root = b"\x48\x04root" + number_field(1, len(fields)) + b"\x00"  # field 4, a text; field 5, its children
    packed = []
    for group in groups:
        chunks = [chunk.raw for field in group.fields for chunk in field.chunks]
        entry = list_field(1, chunks) + number_field(1, sum(map(len, chunks)), is_long=True)
        packed.append(entry + number_field(1, group.rows, is_long=True) + b"\x00")
    rows = sum(group.rows for group in groups)
    meta = number_field(1, 2) + list_field(1, [root, *elements]) + number_field(1, rows, is_long=True)
    meta += list_field(1, packed) + b"\x00"
    return meta + len(meta).to_bytes(4, "little") + MAGIC
