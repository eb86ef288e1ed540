"""A table as a document: rows of CSV in columns of fixed width, at any place of a blob."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.cells import cell_len
from rich.text import Text

from storage_tui.previews import Source
from storage_tui.previews.base import FULL_BUDGET
from storage_tui.previews.formats.delimited import ONE_COLUMN_CELLS, read_head
from storage_tui.previews.table.dialect import ROW_LINES, Dialect
from storage_tui.previews.table.grid import COLUMN_CELLS, cell_text, grid_line
from storage_tui.previews.table.rows import Cells, decoded_lines, split_rows
from storage_tui.previews.table.table import CSV, TSV, Table
from storage_tui.previews.text.encoding import Encoding
from storage_tui.previews.text.lines import find_aligned, last_aligned
from storage_tui.tui.viewer.documents.document import Opening, Row
from storage_tui.tui.viewer.documents.pages import PAGE_BYTES, PAGE_ROWS, PagedDocument, read_page
from storage_tui.tui.viewer.documents.text import TextPager

SPARE_CELLS = {"integer": 3, "number": 2, "text": 5}  # for values longer than those of the first rows
LEAST_CELLS = {"integer": 8}  # of a column: a series that counts up begins with its shortest numbers
BACK_LINES = 50  # looked at before an offset, for the beginning of the row that has the offset


@dataclass(frozen=True, slots=True)
class Layout:
    """The drawing of the rows of a table: the dialect, and the width of each column."""

    dialect: Dialect
    encoding: Encoding
    widths: tuple[int, ...]
    right: frozenset[int]
    heads: tuple[Text, ...]
    first: int
    """The offset of the first row after the head."""

    @property
    def lengths(self) -> tuple[int, int]:
        """The numbers of cells of a whole row; each row may end with a separator."""
        return len(self.widths), len(self.widths) + 1

    def row(self, cells: Sequence[str]) -> Text:
        """Return one row as text; cells past the last column follow that column."""
        while len(cells) > len(self.widths) and not cells[-1]:
            cells = cells[:-1]  # the row ends with separators
        more = [COLUMN_CELLS] * (len(cells) - len(self.widths))
        shown = [cell_text(cell, width) for cell, width in zip(cells, (*self.widths, *more), strict=False)]
        widths = [*self.widths[: len(shown)], *map(cell_len, shown[len(self.widths) :])]
        return grid_line(shown, widths, self.right)


class TableDocument(PagedDocument):
    """Rows in columns below the names and types of the columns."""

    is_text = True

    def __init__(self, opening: Opening, layout: Layout) -> None:
        super().__init__(opening, TablePager(opening.source, layout), layout.encoding.codec)
        self.heads = layout.heads
        facts = dict(opening.shown.facts)
        self.kind = ", ".join(filter(None, (self.kind, layout.encoding.name)))
        self.extent = ", ".join(f"{facts[name].partition(',')[0] if name == 'columns' else facts[name]} {name}"
                                for name in ("rows", "columns") if name in facts)  # fmt: skip

    @staticmethod
    def matches(opening: Opening) -> bool:
        """Return whether the preview found rows with a common delimiter."""
        shown = opening.shown
        return opening.mode == "auto" and shown.kind in (CSV, TSV) and not shown.is_damaged

    @classmethod
    async def open(cls, opening: Opening) -> tuple["TableDocument", int]:
        """Find the columns in the first rows, and read the rows around the offset."""
        opening.source.begin()
        opening.source.allow(FULL_BUDGET)
        table, _ = await read_head(opening.source, opening.head)
        document = cls(opening, await asyncio.to_thread(find_layout, table))
        return document, await document.go(opening.offset)


def find_layout(table: Table) -> Layout:
    """Return the layout of a table by its first rows."""
    most = COLUMN_CELLS if table.columns > 1 else ONE_COLUMN_CELLS
    widths = []
    for at, kind in enumerate(table.types):
        seen = [cell_len(cell_text(cells[at], most)) for cells, _, _ in table.rows if at < len(cells)]
        longest = max(seen, default=0) + SPARE_CELLS.get(kind, 0)
        names = max(cell_len(cell_text(head[at], most)) for head in table.heads)
        widths.append(min(most, max(longest, LEAST_CELLS.get(kind, 0), names, len(kind))))
    rows = [[cell_text(name, most) for name in head] for head in (*table.heads, table.types)]
    heads = tuple(grid_line(row, widths, table.right, "dim" if at else "bold") for at, row in enumerate(rows))
    return Layout(table.dialect, table.encoding, tuple(widths), table.right, heads, table.first)


class TablePager:
    """Makes rows of a table; a row may span several lines.

    After a jump, a row begins at the nearest line before the offset that has as many cells as the table has columns.
    """

    def __init__(self, source: Source, layout: Layout) -> None:
        self.first = layout.first
        self._source = source
        self._layout = layout
        self._text = TextPager(source, layout.encoding)
        self._text.first = layout.first

    async def after(self, start: int) -> list[Row]:
        """Return the rows from `start` on."""
        page = await read_page(self._source, start, start + PAGE_BYTES)
        size = self._source.size_bytes
        is_last = len(page) < PAGE_BYTES if size is None else start + len(page) >= size
        return await asyncio.to_thread(lambda: self._drawn(islice(self._rows(page, start, is_last=is_last), PAGE_ROWS)))

    async def before(self, stop: int) -> list[Row]:
        """Return the rows up to `stop`, or a piece of a line that is longer than a page."""
        unit = self._layout.encoding.unit_bytes
        first = max(self.first, stop - PAGE_BYTES)
        first += (stop - first) % unit
        page = await read_page(self._source, first, stop)
        if first > self.first:
            skip = self._row_start(page)
            first, page = first + skip, page[skip:]
        return await asyncio.to_thread(lambda: self._drawn(deque(self._rows(page, first, is_last=True), PAGE_ROWS)))

    async def align(self, offset: int) -> int:
        """Return where the row of this offset begins, judged by a few lines before the offset."""
        start = await self._text.align(offset)
        lowest = max(self.first, start - PAGE_BYTES // 2)
        lowest += (start - lowest) % self._layout.encoding.unit_bytes
        page = await read_page(self._source, lowest, lowest + PAGE_BYTES)
        newline, unit = self._layout.encoding.newline, self._layout.encoding.unit_bytes
        at = start - lowest
        for _ in range(BACK_LINES):
            stop = self._whole_row(page, at)
            if stop is not None and lowest + stop > offset:
                return lowest + at
            if at <= 0:
                break
            at = last_aligned(page, newline, at - unit, unit) + unit
            if at < unit and lowest > self.first:
                break
            at = max(at, 0)
        return start

    def _row_start(self, page: bytes) -> int:
        """Return where the first whole row of a page begins; 0 when one line is longer than the page."""
        unit = self._layout.encoding.unit_bytes
        first = at = find_aligned(page, self._layout.encoding.newline, 0, unit) + unit
        for _ in range(BACK_LINES):
            if at < unit or at >= len(page):
                break
            if self._whole_row(page, at) is not None:
                return at
            at = find_aligned(page, self._layout.encoding.newline, at, unit) + unit
        return first if unit <= first < len(page) else 0

    def _whole_row(self, page: bytes, at: int) -> int | None:
        """Return where a row that begins here ends; None when it has more or fewer cells than the table."""
        lines = list(islice(decoded_lines(page, self._layout.encoding, at), ROW_LINES))
        dialect = self._layout.dialect
        if not lines or dialect.is_skipped(lines[0][0]):
            return None
        cells, used = dialect.split([text for text, _ in lines])
        return lines[(used or 1) - 1][1] if len(cells) in self._layout.lengths else None

    def _rows(self, page: bytes, start: int, *, is_last: bool) -> Iterator[Cells]:
        return split_rows(page, start, self._layout.dialect, self._layout.encoding, is_last=is_last)

    def _drawn(self, rows: Iterable[Cells]) -> list[Row]:
        return [Row(self._layout.row(cells), start, stop) for cells, start, stop in rows]
