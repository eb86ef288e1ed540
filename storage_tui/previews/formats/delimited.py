"""CSV, TSV and similar tables, with the type of every column."""

import asyncio

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, Cells, Preview, Source, View
from storage_tui.previews.formats.plain import KINDS
from storage_tui.previews.table.grid import COLUMN_CELLS, grid_lines
from storage_tui.previews.table.table import Table, read_table, sniff

TABLE_ROWS = 200  # a few screens
ONE_COLUMN_CELLS = 200  # of a table of one column: there is no other column to leave room for
LATER_BYTES = 16 * KIB  # from the middle of a large table, whose rows may be far longer than the first ones
LEAST_LINES = 4  # of that part: fewer say nothing about the length of a row
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
        size, later = source.size_bytes, b""
        if size is not None and len(head) < size and source.bytes_left >= LATER_BYTES:
            middle = max(len(head), size // 2)
            later = await source.read(middle, middle + LATER_BYTES)
        return await asyncio.to_thread(describe, table, size, estimate(table, head, later, size))


def estimate(table: Table, head: bytes, later: bytes, size_bytes: int | None) -> int:
    """Return about how many rows a table has, to two digits, by the lengths of its first rows and of some later ones.

    Rows are counted by their line ends, and have as many lines later as at first.
    """
    if size_bytes is None or table.is_whole or not table.rows:
        return len(table.rows)
    newline, stop = table.encoding.newline, table.rows[-1][2]
    row_bytes = (stop - table.first) / len(table.rows)
    row_lines = head[table.first : stop].count(newline) / len(table.rows)
    later_lines = later.count(newline)
    if later_lines >= LEAST_LINES:
        row_bytes = len(later) / later_lines * max(1.0, row_lines)
    return int(float(f"{len(table.rows) + max(0, size_bytes - stop) / max(1.0, row_bytes):.2g}"))


async def read_head(source: Source, head: bytes) -> tuple[Table, bytes]:
    """Return the table of a blob and the bytes it was read from: more than `head` where the first row is longer.

    Raises PreviewError when these bytes are no table.
    """
    size, name = source.size_bytes, source.blob.key.rsplit("/", 1)[-1].lower()
    if b"\n" not in head and b"\r" not in head and (size is None or len(head) < size):
        head += await source.read(len(head), len(head) + source.bytes_left)
    is_whole = source.size_bytes is not None and len(head) >= source.size_bytes
    return await asyncio.to_thread(read_table, head, name, is_whole=is_whole), head


def describe(table: Table, size_bytes: int | None, estimated: int) -> Preview:
    """Return the preview of the first rows of a table, of which there are about so many."""
    count = len(table.rows)
    told = f"{count:,}" if table.is_whole else f"{count:,}+"
    if size_bytes is not None and not table.is_whole and table.rows:
        count, told = estimated, f"about {estimated:,}"
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
    values = Cells(tuple(table.heads[0]), tuple(map(tuple, rows)))
    return Preview(table.kind, facts=tuple(facts), lines=tuple(lines), note=note, cells=values)


def _filled(cells: list[str]) -> list[str]:
    return cells[: max((at + 1 for at, cell in enumerate(cells) if cell), default=0)]
