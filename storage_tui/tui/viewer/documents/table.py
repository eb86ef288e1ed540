"""A table as a document: rows of CSV in columns of fixed width, at any place of a blob."""

import asyncio
import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.cells import cell_len
from rich.text import Text

from storage_tui.previews import PreviewError, Source
from storage_tui.previews.formats.delimited import CSV, TSV, find_dialect, read_table, whole_rows
from storage_tui.previews.formats.plain import Encoding, find_aligned, find_encoding
from storage_tui.previews.table.grid import COLUMN_CELLS, cell_text, grid_line
from storage_tui.tui.viewer.documents.document import Frame, Opening, Row
from storage_tui.tui.viewer.documents.pages import PAGE_BYTES, PAGE_ROWS, PagedDocument, read_page
from storage_tui.tui.viewer.documents.text import TextPager

ROW_LINES = 50  # of a row whose cells hold line ends; a quote that stays open for longer counts as a plain character
SPARE_CELLS = {"integer": 3, "number": 2, "text": 5}  # for values longer than those of the first rows
LEAST_CELLS = {"integer": 8}  # of a column: a series that counts up begins with its shortest numbers
BACK_LINES = 50  # looked at before an offset, for the beginning of the row that has the offset

Cells = tuple[list[str], int, int]
"""The cells of a row, the offset of the row, and the offset of the next row."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The drawing of the rows of a table: the delimiter, and the width of each column."""

    delimiter: str
    encoding: Encoding
    widths: tuple[int, ...]
    right: frozenset[int]
    heads: tuple[Text, ...]
    first: int
    """The offset of the first row after the head."""

    def row(self, cells: Sequence[str]) -> Text:
        """Return one row as text; cells past the last column follow that column."""
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
        layout = await asyncio.to_thread(find_layout, opening.head, opening.source.size_bytes)
        document = cls(opening, layout)
        return document, await document.go(opening.offset)

    def commands(self, frame: Frame) -> object:
        """Return the command for Enter on a row."""
        return TableCommands(frame)


class TableCommands:
    """The commands of a table."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def action_view_open(self) -> None:
        """Show how to see a row in full."""
        self._frame.say("x shows this row in full, as text", "$warning")


def find_layout(head: bytes, size_bytes: int | None) -> Layout:
    """Return the layout of a table from its first bytes. Raises PreviewError when these bytes have no rows."""
    encoding, delimiter = find_encoding(head), find_dialect(head, is_named=True)
    if encoding is None or delimiter is None:
        raise PreviewError("its rows have no common delimiter")
    text = whole_rows(head, encoding, is_whole=size_bytes is not None and len(head) >= size_bytes)
    table = read_table(text, delimiter, encoding)
    widths = []
    for at, (name, kind) in enumerate(zip(table.heads, table.types, strict=True)):
        seen = [cell_len(cell_text(row[at])) for row in table.rows if at < len(row)]
        longest = max(seen, default=0) + SPARE_CELLS.get(kind, 0)
        widths.append(min(COLUMN_CELLS, max(longest, LEAST_CELLS.get(kind, 0), cell_len(cell_text(name)), len(kind))))
    heads = (
        grid_line([cell_text(name) for name in table.heads], widths, table.right, "bold"),
        grid_line(table.types, widths, table.right, "dim"),
    )
    start = encoding.bom_bytes
    if table.has_head:
        rows = split_rows(head[start:], start, delimiter, encoding, is_last=True)
        start = next((stop for cells, _, stop in rows if cells), start)
    return Layout(delimiter, encoding, tuple(widths), table.right, heads, start)


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
        newline, unit = self._newline, self._layout.encoding.unit_bytes
        at = start - lowest
        for _ in range(BACK_LINES):
            stop = self._whole_row(page, at)
            if stop is not None and lowest + stop > offset:
                return lowest + at
            if at <= 0:
                break
            at = _last_aligned(page, newline, at - unit, unit) + unit
            if at < unit and lowest > self.first:
                break
            at = max(at, 0)
        return start

    @property
    def _newline(self) -> bytes:
        return "\n".encode(self._layout.encoding.codec)

    def _row_start(self, page: bytes) -> int:
        """Return where the first whole row of a page begins; 0 when one line is longer than the page."""
        unit = self._layout.encoding.unit_bytes
        first = at = find_aligned(page, self._newline, 0, unit) + unit
        for _ in range(BACK_LINES):
            if at < unit or at >= len(page):
                break
            if self._whole_row(page, at) is not None:
                return at
            at = find_aligned(page, self._newline, at, unit) + unit
        return first if unit <= first < len(page) else 0

    def _whole_row(self, page: bytes, at: int) -> int | None:
        """Return where a row that begins here ends; None when it has more or fewer cells than the table."""
        lines = list(islice(_lines(page, self._layout.encoding, at), ROW_LINES))
        cells, used = _row(lines, 0, self._layout.delimiter) if lines else ([], 0)
        return lines[(used or 1) - 1][1] if len(cells) == len(self._layout.widths) else None

    def _rows(self, page: bytes, start: int, *, is_last: bool) -> Iterator[Cells]:
        return split_rows(page, start, self._layout.delimiter, self._layout.encoding, is_last=is_last)

    def _drawn(self, rows: Iterable[Cells]) -> list[Row]:
        return [Row(self._layout.row(cells), start, stop) for cells, start, stop in rows]


def split_rows(page: bytes, start: int, delimiter: str, encoding: Encoding, *, is_last: bool) -> Iterator[Cells]:
    """Yield the rows of a page, which begins with a row (RFC 4180). `start` is the offset of the page.

    A row that the page cuts is left for the next page, unless it is the only one or the last of the blob.
    """
    lines = list(_lines(page, encoding))
    at = 0
    while at < len(lines):
        cells, used = _row(lines, at, delimiter)
        is_cut = at + used >= len(lines) and not lines[-1][0].endswith("\n")
        if at and not is_last and (is_cut or not used):
            return
        used = used or 1
        yield cells, start + (lines[at - 1][1] if at else 0), start + lines[at + used - 1][1]
        at += used


def _row(lines: Sequence[tuple[str, int]], at: int, delimiter: str) -> tuple[list[str], int]:
    """Return the cells of the row that begins at a line, and the number of its lines.

    When a quote is still open at the last line, return the cells of the first line, and 0.
    """
    reader = csv.reader((text for text, _ in islice(lines, at, at + ROW_LINES)), delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:  # a quote that never closes, or a quote inside a cell
        is_open = at + reader.line_num >= len(lines) and reader.line_num < ROW_LINES
    try:
        return next(csv.reader([lines[at][0]], delimiter=delimiter)), 0 if is_open else 1
    except csv.Error:  # a cell that is longer than the csv module accepts
        return lines[at][0].rstrip("\r\n").split(delimiter), 1


def _lines(page: bytes, encoding: Encoding, at: int = 0) -> Iterator[tuple[str, int]]:
    """Yield each line from a place on, with its line end, and the place in the page of the next line."""
    newline, unit = "\n".encode(encoding.codec), encoding.unit_bytes
    while at < len(page):
        found = find_aligned(page, newline, at, unit)
        stop = len(page) if found == -1 else found + unit
        yield page[at:stop].decode(encoding.codec, "replace").replace("\x00", " "), stop
        at = stop


def _last_aligned(page: bytes, newline: bytes, stop: int, unit: int) -> int:
    """Return the place of the last newline before `stop`; -`unit` where there is none."""
    found = page.rfind(newline, 0, max(0, stop))
    while found > 0 and found % unit:
        found = page.rfind(newline, 0, found + len(newline) - 1)
    return -unit if found == -1 or found % unit else found
