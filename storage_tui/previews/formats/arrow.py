"""Arrow files (Feather version 2) and streams: schema, batches and metadata, and the first rows (Apache Arrow, IPC)."""

import asyncio
import struct

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import THUMBNAIL_BUDGET, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.table.arrow_schema import (
    BODY_BYTES,
    CONTINUES,
    ENDIANNESS,
    FIELDS,
    HEADER,
    HEADER_KIND,
    METADATA,
    NAME,
    NULLABLE,
    PREFIX_BYTES,
    prefix,
    read_message,
    read_schema,
    type_name,
)
from storage_tui.previews.table.first_rows import (
    FULL_ROWS,
    ROWS,
    Rows,
    first_note,
    first_rows,
    read_footer,
    require_tables,
    with_rows,
)
from storage_tui.previews.table.flatbuffer import Table
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"ARROW1"
START_BYTES = 8  # the magic and its padding
COLUMNS = 300  # shown at most
KEYS = 6  # of the metadata, shown at most
MOST_BATCHES = 50_000  # looked at for the first rows: empty ones may come before them
SCHEMA, DICTIONARIES, BATCHES = 1, 2, 3  # fields of the footer
BATCH_MESSAGE = 3
BLOCK = "<qi4xq"  # the place of a message, the bytes of its header and those of its body
BIG_ENDIAN = 1
STREAM_NAMES = (".arrows", ".arrow", ".ipc")  # of a stream in the oldest form, which begins with a length alone


class Arrow:
    """Arrow: the footer, and the first rows where the extra `preview` is installed and the first batches are small."""

    kind = "Arrow"
    budget = THUMBNAIL_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one read of the end and one or two of the first batches."""
        raw, tail = await read_footer(source, head, MAGIC)
        footer = Table.root(raw)
        schema = footer.table(SCHEMA)
        if schema is None:
            raise PreviewError("its footer has no schema")
        batches = ("batches", f"{footer.count(BATCHES):,}")
        shown = await asyncio.to_thread(describe, self.kind, schema, batches)
        return await with_rows(shown, self._rows(source, footer, schema, tail, is_full=view.is_full))

    async def _rows(
        self, source: Source, footer: Table, schema: Table, tail: bytes, *, is_full: bool
    ) -> tuple[Rows | None, str]:
        blocks = footer.structs(BATCHES, BLOCK, MOST_BATCHES)
        if not blocks:
            raise PreviewError("it has no batch")
        _require_readable(schema)
        size, wanted = source.size_bytes or 0, FULL_ROWS if is_full else ROWS
        stops = [at + header + body for at, header, body in blocks]
        if not all(START_BYTES <= block[0] < stop <= size for block, stop in zip(blocks, stops, strict=True)):
            raise PreviewError("a batch is not where it says")
        others = [sum(block) for block in footer.structs(DICTIONARIES, BLOCK, MOST_BATCHES)]
        room = source.bytes_left + len(source.kept(0, max(stops)))
        filled = next((stop for stop, block in zip(stops, blocks, strict=True) if block[2]), max(stops))
        if filled > room:
            raise LimitError(f"the first batch ends at {size_text(filled)}, more than a preview reads")
        require_tables()
        stop = max(filled, max((other for other in others if other <= room), default=0))
        data = await source.read(0, stop)
        if _count_rows(data, [block for block, end in zip(blocks, stops, strict=True) if end <= stop]) < wanted:
            stop = max([stop, *(end for end in stops if end <= room)])
            data = await source.read(0, stop)
        table = await first_rows("arrow", size, [(0, data), (size - len(tail), tail)], wanted)
        is_all = (
            stop >= max(stops) and len(blocks) == footer.count(BATCHES) and _count_rows(data, blocks) == len(table.rows)
        )
        if not table.rows and not is_all:
            raise LimitError(f"the first {size_text(stop)} hold none, and a preview reads no more")
        note = first_note(len(table.rows), is_all=is_all) if is_full else ""
        return table, " · ".join(filter(None, (note, table.note)))


class ArrowStream:
    """An Arrow stream: messages one after the other, the schema first, without a footer."""

    kind = "Arrow stream"
    budget = THUMBNAIL_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether a message with a schema begins here."""
        if not head.startswith(CONTINUES) and not name.endswith(STREAM_NAMES):
            return False
        try:
            return read_schema(head).count(FIELDS) >= 0
        except (PreviewError, struct.error):
            return False

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one or two more reads of the first batches."""
        schema = read_schema(head)
        shown = await asyncio.to_thread(describe, self.kind, schema)
        return await with_rows(shown, self._rows(source, schema, head, is_full=view.is_full))

    async def _rows(self, source: Source, schema: Table, data: bytes, *, is_full: bool) -> tuple[Rows | None, str]:
        _require_readable(schema)
        require_tables()
        if source.size_bytes is None:
            raise LimitError("it is packed, and only its first part is unpacked here")
        size, wanted = source.size_bytes, FULL_ROWS if is_full else ROWS
        rows, needed, is_over = _walk(data, wanted, size)
        while rows < wanted and not is_over and len(data) < size and source.bytes_left:
            data = await source.read(0, min(max(needed, len(data) + 1), len(data) + source.bytes_left))
            rows, needed, is_over = _walk(data, wanted, size)
            if needed > len(data) + source.bytes_left:
                break
        if not rows and not is_over and needed > size:
            raise PreviewError("it is cut before the end of its first batch")
        if not rows and not is_over and len(data) < size:
            raise LimitError(f"the first batch ends at {size_text(needed)}, more than a preview reads")
        table = await first_rows("stream", size, [(0, data)], wanted)
        rows, _, is_over = _walk(data, wanted + 1, size)  # one more tells whether these are all
        note = first_note(len(table.rows), is_all=is_over and rows == len(table.rows)) if is_full else ""
        return table, " · ".join(filter(None, (note, table.note)))


def describe(kind: str, schema: Table, *more: tuple[str, str]) -> Preview:
    """Return the preview of the schema alone."""
    fields = schema.tables(FIELDS, COLUMNS)
    facts = [("columns", f"{schema.count(FIELDS):,}"), *more]
    if schema.integer(ENDIANNESS, "<h") == BIG_ENDIAN:
        facts.append(("numbers", "big-endian"))
    pairs = schema.tables(METADATA, KEYS)
    facts += [(visible(pair.text(0), limit=16), visible(pair.text(1), limit=80)) for pair in pairs]
    rows = [
        (field.text(NAME), type_name(field), "optional" if field.integer(NULLABLE, "<b") else "") for field in fields
    ]
    return Preview(kind, facts=tuple(facts), lines=tuple(grid_lines(("column", "type", ""), rows)))


def _require_readable(schema: Table) -> None:
    if schema.integer(ENDIANNESS, "<h") == BIG_ENDIAN:
        raise LimitError("big-endian numbers are not read here")


def _count_rows(data: bytes, blocks: list[tuple[int, ...]]) -> int:
    """Return the number of rows in these batches."""
    count = 0
    for at, header, _ in blocks:
        message, _ = read_message(data[at : at + header])
        batch = message.table(HEADER)
        count += batch.integer(0, "<q") if batch is not None else 0
    return count


def _walk(data: bytes, wanted: int, size_bytes: int) -> tuple[int, int, bool]:
    """Return the rows in whole batches, where the bytes with the wanted ones end, and whether the stream ends."""
    rows = at = 0
    while rows < wanted:
        start = data[at : at + PREFIX_BYTES]
        length, before = prefix(start)
        if at == size_bytes or (len(start) >= before and not length):
            return rows, at, True
        if len(start) < PREFIX_BYTES:
            return rows, at + PREFIX_BYTES, False
        if at + before + length > len(data) and length > 0:
            return rows, at + before + length, False
        message, body = read_message(data[at : at + before + length])
        at += body + max(0, message.integer(BODY_BYTES, "<q"))
        if at > len(data):
            return rows, at, False
        batch = message.table(HEADER)
        if message.integer(HEADER_KIND, "<B") == BATCH_MESSAGE and batch is not None:
            rows += batch.integer(0, "<q")
    return rows, at, False
