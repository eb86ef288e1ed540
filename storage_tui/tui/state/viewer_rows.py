"""The rows of a blob of any size around the place where one looks: pages of text or hex, read as one goes."""

from dataclasses import dataclass
from typing import Protocol

from rich.text import Text

from storage_tui.tui.previews.base import HEAD_BYTES, KIB, Budget, Source
from storage_tui.tui.previews.hexdump import bytes_per_row, hex_lines
from storage_tui.tui.previews.plain import Encoding, find_aligned, skip_continuation, split_lines

PAGE_BYTES = HEAD_BYTES  # one request for some screens
PAGE_ROWS = 1000  # of text with short lines; a page of hex is as long
KEPT_ROWS = 8 * PAGE_ROWS  # further rows are dropped at the other end and read again when one comes back
PAGE_BUDGET = Budget(requests=2, size_bytes=4 * PAGE_BYTES)
BEFORE_BYTES = 16 * KIB  # read before an offset that is gone to, for the beginning of its line and a screen above it


@dataclass(frozen=True, slots=True)
class Row:
    """One row and the bytes it is of; -1 where it is of none."""

    text: Text
    start: int = -1
    stop: int = -1


class Pager(Protocol):
    """Makes rows of the bytes before and after an offset where a row begins."""

    first: int

    async def after(self, start: int) -> list[Row]:
        """The rows from `start` on; none at the end."""

    async def before(self, stop: int) -> list[Row]:
        """The rows up to `stop`; none at the start."""

    async def align(self, offset: int) -> int:
        """Where the row that has this offset begins."""


class TextPager:
    """Lines of text in an encoding."""

    def __init__(self, source: Source, encoding: Encoding) -> None:
        self.encoding = encoding
        self.first = encoding.bom_bytes
        self._source = source

    async def after(self, start: int) -> list[Row]:
        """Lines from here on."""
        page = await read_page(self._source, start, start + PAGE_BYTES)
        size = self._source.size_bytes
        is_last = len(page) < PAGE_BYTES if size is None else start + len(page) >= size
        return self._rows(page, start, is_last=is_last)[:PAGE_ROWS]

    async def before(self, stop: int) -> list[Row]:
        """Lines up to here; in a line longer than a page, pieces of it."""
        first = max(self.first, stop - PAGE_BYTES)
        first += (stop - first) % self.encoding.unit_bytes
        page = await read_page(self._source, first, stop)
        if first > self.first:
            skip = self._line_start(page)
            if skip < len(page):
                first, page = first + skip, page[skip:]
            elif self.encoding.codec == "utf-8":
                first, page = skip_continuation(first, page)
        return self._rows(page, first, is_last=True)[-PAGE_ROWS:]

    async def align(self, offset: int) -> int:
        """The beginning of the line; the offset itself where that is far."""
        offset = max(self.first, offset // self.encoding.unit_bytes * self.encoding.unit_bytes)
        first = max(self.first, offset - BEFORE_BYTES)
        first += (offset - first) % self.encoding.unit_bytes
        page = (await read_page(self._source, first, offset + PAGE_BYTES - BEFORE_BYTES))[: offset - first]
        newline, unit = "\n".encode(self.encoding.codec), self.encoding.unit_bytes
        at = page.rfind(newline)
        while at > 0 and at % unit:
            at = page.rfind(newline, 0, at + len(newline) - 1)
        if at >= 0:
            return first + at + unit
        return first if first == self.first else offset

    def _line_start(self, page: bytes) -> int:
        unit = self.encoding.unit_bytes
        found = find_aligned(page, "\n".encode(self.encoding.codec), 0, unit)
        return len(page) if found == -1 else found + unit

    def _rows(self, page: bytes, start: int, *, is_last: bool) -> list[Row]:
        rows, at = [], start
        for text, stop in split_lines(page, self.encoding, is_last=is_last, limit=len(page)):
            rows.append(Row(Text(text), at, start + stop))
            at = start + stop
        return rows


class HexPager:
    """Rows of so many bytes."""

    def __init__(self, source: Source, width: int) -> None:
        self.first = 0
        self._source = source
        self._per_row = bytes_per_row(width, source.size_bytes or 0)

    async def after(self, start: int) -> list[Row]:
        """Rows from here on."""
        stop = start + min(PAGE_ROWS * self._per_row, PAGE_BYTES)
        await read_page(self._source, start, start + PAGE_BYTES)
        return self._rows(await read_page(self._source, start, stop), start)

    async def before(self, stop: int) -> list[Row]:
        """Rows up to here."""
        stop = -(-stop // self._per_row) * self._per_row
        await read_page(self._source, stop - PAGE_BYTES, stop)
        start = max(0, stop - min(PAGE_ROWS * self._per_row, PAGE_BYTES))
        return self._rows(await read_page(self._source, start, stop), start)

    async def align(self, offset: int) -> int:
        """Whole rows."""
        return offset // self._per_row * self._per_row

    def _rows(self, page: bytes, start: int) -> list[Row]:
        step = self._per_row
        lines = hex_lines(page, start, step, len(f"{self._source.size_bytes or 0:x}"))
        return [Row(line, start + at * step, min(start + (at + 1) * step, start + len(page)))
                for at, line in enumerate(lines)]  # fmt: skip


class Window:
    """Some pages of rows. Every call that reads returns how far the rows that stay have moved down the list."""

    def __init__(self, pager: Pager, source: Source) -> None:
        self.rows: list[Row] = []
        self.has_end = False
        self._pager = pager
        self._source = source

    @property
    def has_start(self) -> bool:
        """Whether nothing comes before the first row."""
        return not self.rows or self.rows[0].start <= self._pager.first

    async def go(self, offset: int) -> int:
        """Show the place of an offset; returns the index of its row."""
        size = self._source.size_bytes
        if size is not None and offset >= size:
            return await self.go_end()
        start = await self._pager.align(max(0, offset))
        below = await self._pager.after(start)
        above = await self._pager.before(start) if start > self._pager.first else []
        self.rows = [*above, *below]  # only now: the rows before are shown until all of these are here
        self._note_end(below)
        return next((at for at in range(len(self.rows) - 1, -1, -1) if self.rows[at].start <= offset), 0)

    async def go_end(self) -> int:
        """Show the end; returns the index of the last row."""
        size = self._source.size_bytes
        if size is None:
            if not self.rows:
                await self.go(0)
            while not self.has_end:
                await self.grow_down()
        else:
            self.rows = await self._pager.before(size)
            self.has_end = True
        return max(0, len(self.rows) - 1)

    async def grow_down(self) -> int:
        """Read the page after the last row."""
        rows = await self._pager.after(self.rows[-1].stop if self.rows else self._pager.first)
        self._note_end(rows)
        self.rows += rows
        dropped = max(0, len(self.rows) - KEPT_ROWS)
        del self.rows[:dropped]
        return -dropped

    async def grow_up(self) -> int:
        """Read the page before the first row."""
        if self.has_start:
            return 0
        rows = await self._pager.before(self.rows[0].start)
        self.rows[:0] = rows
        if len(self.rows) > KEPT_ROWS:
            del self.rows[KEPT_ROWS:]
            self.has_end = False
        return len(rows)

    def _note_end(self, rows: list[Row]) -> None:
        size = self._source.size_bytes
        self.has_end = not rows or (size is not None and rows[-1].stop >= size)


async def read_page(source: Source, start: int, stop: int) -> bytes:
    source.begin()
    source.allow(PAGE_BUDGET)
    return await source.read(start, stop)
