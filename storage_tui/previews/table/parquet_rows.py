"""The first rows of a Parquet file with row groups of any size.

The rows come from the first pages of as many columns as a few reads reach (Apache Parquet, ColumnMetaData and
PageHeader). The decoder gets a file with the same bytes at the same places and a footer that names only these columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from storage_tui.previews.base import KIB, MIB, Budget, PreviewError, Source
from storage_tui.previews.table.first_rows import FULL_ROWS, ROWS, first_note, first_rows, require_tables
from storage_tui.previews.table.thrift import RAW, Compact, list_field, number_field

MAGIC = b"PAR1"
FULL_BUDGET = Budget(requests=12, size_bytes=3 * MIB)  # on the whole screen: a dozen columns with pages of a megabyte
PAGE_HEADER_BYTES = 8 * KIB  # a header may hold the smallest and the largest value
MOST_COLUMNS = 64  # the columns tried; the table that is drawn has no more
DATA_PAGE, DATA_PAGE_2 = 0, 3
REPEATED = 2
PAGES = 3  # searched for the first page with values: a dictionary and perhaps an index come before it


@dataclass(frozen=True, slots=True)
class Chunk:
    """One column of the first row group: the place of its pages, and its entry in the footer."""

    start: int
    stop: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row: its part of the schema, with everything nested in it, and the chunks of its columns."""

    schema: tuple[bytes, ...]
    chunks: tuple[Chunk, ...]
    is_repeated: bool  # a list: its reader looks past the first page for the end of a row


async def show_rows(source: Source, footer: dict[int, Any], *, is_full: bool) -> tuple[list[Text], str]:
    """Return the table and a note about missing columns; raise PreviewError when no column could be read."""
    fields = list_fields(footer, source.size_bytes or 0)
    require_tables()
    if is_full:
        source.allow(FULL_BUDGET)
    chunks = [chunk for field in fields[:MOST_COLUMNS] for chunk in field.chunks]
    await _read_pages(source, chunks)
    held = {chunk: pages for chunk in chunks if (pages := _held_pages(source, chunk)) is not None}
    shown = [field for field in fields[:MOST_COLUMNS] if all(chunk in held for chunk in field.chunks)]
    shown = [
        field
        for field in shown
        if not field.is_repeated or all(len(held[chunk][0]) == chunk.stop - chunk.start for chunk in field.chunks)
    ]
    if not shown:
        raise PreviewError("the first page of every column is larger than a preview reads")
    parts = [(chunk.start, held[chunk][0]) for field in shown for chunk in field.chunks]
    count = min(FULL_ROWS if is_full else ROWS, *(held[chunk][1] for field in shown for chunk in field.chunks), 1 << 31)
    end = max(source.size_bytes or 0, 1)
    tail = _footer(shown, max(1, count))
    table = await first_rows("parquet", end + len(tail), [*parts, (end, tail)], max(1, count))
    notes = [first_note(len(table) - 1, is_all=not is_full or len(table) > footer.get(3, 0))]
    if len(shown) < len(fields):
        notes.append(f"rows of {len(shown):,} of {len(fields):,} columns; the first pages of the others are too large")
    return table, " · ".join(filter(None, notes))


def list_fields(footer: dict[int, Any], size_bytes: int) -> list[Field]:
    """Return the fields of a row in the first row group; raise PreviewError when the footer cannot be true."""
    groups, schema = footer.get(4, []), footer.get(2, [])
    if not groups:
        raise PreviewError("it has no row group")
    columns = [_chunk(column, size_bytes) for column in groups[0].get(1, [])]
    fields, at = [], 1
    while at < len(schema) and columns:
        stop, leaves = _subtree(schema, at)
        fields.append(
            Field(
                tuple(element[RAW] for element in schema[at:stop]),
                tuple(columns[:leaves]),
                any(element.get(3) == REPEATED for element in schema[at:stop]),
            )
        )
        if len(columns) < leaves:
            break
        del columns[:leaves]
        at = stop
    else:
        if fields and not columns and at >= len(schema):
            return fields
    raise PreviewError("its columns are not those of its schema")


def _chunk(column: dict[int, Any], size_bytes: int) -> Chunk:
    known = column.get(3, {})
    start = min((at for at in (known.get(9, 0), known.get(11)) if at), default=0)
    stop = start + known.get(7, 0)
    if not 0 < start < stop <= size_bytes:
        raise PreviewError("its first row group is not where it says")
    return Chunk(start, stop, column[RAW])


def _subtree(schema: Sequence[dict[int, Any]], at: int) -> tuple[int, int]:
    """Return the index after this element and its children, and the number of its columns."""
    open_children, leaves = 1, 0
    while open_children and at < len(schema):
        children = schema[at].get(5, 0)
        leaves += not children
        open_children += children - 1
        at += 1
    return at, leaves


async def _read_pages(source: Source, chunks: Sequence[Chunk]) -> None:
    """Read the ranges that complete the most columns a request, as long as the budget allows one."""
    tried: set[Chunk] = set()
    while source.bytes_left:
        waiting = [chunk for chunk in chunks if chunk not in tried and _held_pages(source, chunk) is None]
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


def _held_pages(source: Source, chunk: Chunk) -> tuple[bytes, int] | None:
    """Return the pages up to the first one with values, and its number of values; None until all of them were read."""
    found = _first_pages(source, chunk)
    if found is None:
        return None
    end, values = found
    pages = source.kept(chunk.start, end)
    return (pages, values) if len(pages) == end - chunk.start else None


def _first_pages(source: Source, chunk: Chunk) -> tuple[int, int] | None:
    at = chunk.start
    for _ in range(PAGES):
        reader = Compact(source.kept(at, min(at + PAGE_HEADER_BYTES, chunk.stop)))
        try:
            header = reader.struct()
        except (ValueError, IndexError):
            return None
        at += reader.read_bytes + max(0, header.get(3, 0))
        if header.get(1) in (DATA_PAGE, DATA_PAGE_2):
            told = header.get(5) or header.get(8) or {}
            return min(at, chunk.stop), told.get(1, 0)
    return None


def _footer(fields: Sequence[Field], rows: int) -> bytes:
    """Return the end of a file with only these fields and rows: schema and chunks as they were, at the same places."""
    elements = [element for field in fields for element in field.schema]
    chunks = [chunk.raw for field in fields for chunk in field.chunks]
    root = b"\x48\x04root" + number_field(1, len(fields)) + b"\x00"  # field 4, a text; field 5, its children
    group = list_field(1, chunks) + number_field(1, sum(map(len, chunks)), is_long=True)
    group += number_field(1, rows, is_long=True) + b"\x00"
    meta = number_field(1, 2) + list_field(1, [root, *elements]) + number_field(1, rows, is_long=True)
    meta += list_field(1, [group]) + b"\x00"
    return meta + len(meta).to_bytes(4, "little") + MAGIC
