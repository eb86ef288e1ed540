"""Arrow files (Feather version 2): schema, batches and metadata from the footer (Apache Arrow, File.fbs)."""

import asyncio

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import THUMBNAIL_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.table.first_rows import (
    FULL_ROWS,
    ROWS,
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
METADATA = 6  # keys shown at most
DEPTH = 4  # of nested lists, named in a type

SCHEMA, BATCHES = 1, 3  # fields of the footer
FIELDS, METADATA_FIELD = 1, 2  # of the schema
NAME, NULLABLE, TYPE_KIND, TYPE, DICTIONARY, CHILDREN = range(6)  # of a column
TYPES = ("none", "null", "int", "float", "binary", "text", "bool", "decimal", "date", "time", "timestamp", "interval",
         "list", "struct", "union", "fixed binary", "fixed list", "map", "duration", "large binary", "large text",
         "large list", "run-end encoded", "binary view", "text view", "list view", "large list view")  # fmt: skip
FLOATS = ("float16", "float32", "float64")
LISTS = (12, 16, 21, 25, 26)


class Arrow:
    """Arrow: the footer, and the first rows where the extra `preview` is installed and the first batch is small."""

    kind = "Arrow"
    budget = THUMBNAIL_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one read of the end and one of the first batch."""
        raw, tail = await read_footer(source, head, MAGIC)
        footer = Table.root(raw)
        shown = await asyncio.to_thread(describe, footer)
        return await with_rows(shown, self._rows(source, footer, tail, is_full=view.is_full))

    async def _rows(self, source: Source, footer: Table, tail: bytes, *, is_full: bool) -> tuple[list[Text], str]:
        blocks = footer.structs(BATCHES, "<qi4xq")
        if not blocks:
            raise PreviewError("it has no batch")
        at, header, body = blocks[0]
        stop, size = at + header + body, source.size_bytes or 0
        if not START_BYTES <= at < stop <= size:
            raise PreviewError("its first batch is not where it says")
        if stop > source.bytes_left:
            raise PreviewError(f"the first batch ends at {size_text(stop)}, more than a preview reads")
        require_tables()
        parts = [(0, await source.read(0, stop)), (size - len(tail), tail)]
        if not is_full:
            return await first_rows("arrow", size, parts, ROWS), ""
        lines = await first_rows("arrow", size, parts, FULL_ROWS)
        shown = len(lines) - 1
        return lines, first_note(shown, is_all=shown < FULL_ROWS and len(blocks) == 1)


def describe(footer: Table) -> Preview:
    """Return the preview of the footer alone."""
    schema = footer.table(SCHEMA)
    if schema is None:
        raise PreviewError("its footer has no schema")
    fields = schema.tables(FIELDS, COLUMNS)
    facts = [("columns", f"{schema.count(FIELDS):,}"), ("batches", f"{footer.count(BATCHES):,}")]
    pairs = schema.tables(METADATA_FIELD, METADATA)
    facts += [(visible(pair.text(0), limit=16), visible(pair.text(1), limit=80)) for pair in pairs]
    rows = [(field.text(NAME), _type(field), "optional" if field.integer(NULLABLE, "<b") else "") for field in fields]
    return Preview("Arrow", facts=tuple(facts), lines=tuple(grid_lines(("column", "type", ""), rows)))


def _type(field: Table, depth: int = 0) -> str:
    kind = field.integer(TYPE_KIND, "<B")
    name = TYPES[kind] if kind < len(TYPES) else f"type {kind}"
    details = field.table(TYPE)
    if kind == 2 and details is not None:
        name = f"{'' if details.integer(1, '<b') else 'u'}int{details.integer(0)}"
    elif kind == 3 and details is not None:
        precision = details.integer(0, "<h")
        name = FLOATS[precision] if 0 <= precision < len(FLOATS) else name
    elif kind in LISTS and depth < DEPTH:
        inner = field.tables(CHILDREN, 1)
        name = f"{name} of {_type(inner[0], depth + 1)}" if inner else name
    return f"{name}, dictionary" if field.table(DICTIONARY) is not None else name
