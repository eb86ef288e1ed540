"""CSV, TSV and similar tables, with the type of every column."""

import asyncio

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, Source, View
from storage_tui.previews.formats.plain import KINDS
from storage_tui.previews.table.grid import COLUMN_CELLS, grid_lines
from storage_tui.previews.table.table import Table, read_table, sniff

TABLE_ROWS = 200  # a few screens
ONE_COLUMN_CELLS = 200  # of a table of one column: there is no other column to leave room for
ABOVE_CHARS = 60  # of the lines above a table


class Delimited:
    """A table: its head, if the first row is one, the types and the first rows."""

    kind = "table"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the text is a table: any with a telling name, else rows of one length, three cells or more."""
        return not name.endswith(tuple(KINDS)) and sniff(head, name, is_whole=False) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview of the rows that the first read holds."""
        table, head = await read_head(source, head)
        return await asyncio.to_thread(describe, table, len(head), source.size_bytes)


async def read_head(source: Source, head: bytes) -> tuple[Table, bytes]:
    """Return the table of a blob and the bytes it was read from: more than `head` where the first row is longer.

    Raises PreviewError when these bytes are no table.
    """
    size, name = source.size_bytes, source.blob.key.rsplit("/", 1)[-1].lower()
    if b"\n" not in head and b"\r" not in head and (size is None or len(head) < size):
        head += await source.read(len(head), len(head) + source.bytes_left)
    is_whole = source.size_bytes is not None and len(head) >= source.size_bytes
    return await asyncio.to_thread(read_table, head, name, is_whole=is_whole), head


def describe(table: Table, read_bytes: int, size_bytes: int | None) -> Preview:
    """Return the preview of the first rows of a table."""
    count = len(table.rows)
    told = f"{count:,}" if table.is_whole else f"{count:,}+"
    if size_bytes is not None and not table.is_whole and table.rows:
        used = table.rows[-1][2] - table.first
        count = round(int(count * (size_bytes - table.first) / max(1, used)), -2)
        told = f"about {count:,}"
    separated = f", separated by {table.dialect.name}" if table.columns > 1 else ""
    if table.is_cut:
        told, count = "not known: the first row is longer than what was read", 0
    least = "at least " if table.is_cut else ""
    facts = [("rows", told), ("columns", f"{least}{table.columns:,}{separated}")]
    if table.above:
        shown = visible(" · ".join(table.above), limit=ABOVE_CHARS)
        facts.append(("above", f"{plural(len(table.above), 'line')}: {shown}"))
    if table.encoding.name:
        facts.append(("encoding", table.encoding.name))
    rows = [cells[: max(table.columns, len(_filled(cells)))] for cells, _, _ in table.rows[:TABLE_ROWS]]
    note = f"the first {len(rows):,} rows" if count > len(rows) else ""
    cells = COLUMN_CELLS if table.columns > 1 else ONE_COLUMN_CELLS
    lines: list[Text] = grid_lines(
        table.heads[0], rows, under=(*table.heads[1:], table.types), right=table.right, cells=cells
    )
    return Preview(table.kind, facts=tuple(facts), lines=tuple(lines), note=note)


def _filled(cells: list[str]) -> list[str]:
    return cells[: max((at + 1 for at, cell in enumerate(cells) if cell), default=0)]
