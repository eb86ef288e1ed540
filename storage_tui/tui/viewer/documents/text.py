"""Text as a document: lines in their encoding, at any place of a blob."""

from rich.text import Text

from storage_tui.previews import Source
from storage_tui.previews.text.encoding import Encoding, any_encoding
from storage_tui.previews.text.lines import STEP_BYTES, cut_bytes, find_aligned, last_aligned, split_lines
from storage_tui.tui.viewer.documents.document import Opening, Row
from storage_tui.tui.viewer.documents.pages import BEFORE_BYTES, PAGE_BYTES, PAGE_ROWS, PagedDocument, read_page


class TextDocument(PagedDocument):
    """Lines of text."""

    is_text = can_wrap = True
    pager: "TextPager | None" = None

    @staticmethod
    def matches(opening: Opening) -> bool:
        """Return whether the preview has pages; the row above in the table takes previews shown as bytes."""
        return opening.shown.pages is not None

    @classmethod
    async def open(cls, opening: Opening) -> tuple["TextDocument", int]:
        """Read the lines around the offset; return the document and the row of the offset."""
        encoding = any_encoding(opening.head)
        pager = TextPager(opening.source, encoding)
        document = cls(opening, pager, encoding.codec)
        document.pager = pager
        document.kind = ", ".join(filter(None, (document.kind, encoding.name)))
        return document, await document.go(opening.offset)

    def status(self, row: int, last: int, *, is_short: bool) -> str:
        """Return the status of a document of pages, and the encoding of a page that has another one than the first."""
        told = super().status(row, last, is_short=is_short)
        guess = "" if is_short or self.pager is None else self.pager.guess
        return f"{guess}  {told}" if guess else told


class TextPager:
    """Makes rows of text: a row is a line. `guess` names the encoding of the last page when it is not the first's."""

    def __init__(self, source: Source, encoding: Encoding) -> None:
        self.guess = ""
        self.encoding = encoding
        self.first = encoding.bom_bytes
        self._source = source

    async def after(self, start: int) -> list[Row]:
        """Return the lines from `start` on."""
        page = await read_page(self._source, start, start + PAGE_BYTES)
        size = self._source.size_bytes
        is_last = len(page) < PAGE_BYTES if size is None else start + len(page) >= size
        return self._rows(page, start, is_last=is_last)[:PAGE_ROWS]

    async def before(self, stop: int) -> list[Row]:
        """Return the lines up to `stop`, or pieces of a line that is longer than a page."""
        first = max(self.first, stop - PAGE_BYTES)
        first += (stop - first) % self.encoding.unit_bytes
        page = await read_page(self._source, first, stop)
        if first > self.first:
            skip = self._line_start(page)
            if skip >= len(page):
                skip = await self._cut_before(first)
            first, page = first + skip, page[skip:]
        return self._rows(page, first, is_last=True)[-PAGE_ROWS:]

    async def align(self, offset: int) -> int:
        """Return where the line of this offset begins; where its character begins when the line begins far before."""
        offset = max(self.first, offset // self.encoding.unit_bytes * self.encoding.unit_bytes)
        first = max(self.first, offset - BEFORE_BYTES)
        first += (offset - first) % self.encoding.unit_bytes
        page = (await read_page(self._source, first, offset + PAGE_BYTES - BEFORE_BYTES))[: offset - first]
        unit = self.encoding.unit_bytes
        at = last_aligned(page, self.encoding.newline, len(page), unit)
        if at >= 0:
            return first + at + unit
        return first if first == self.first else offset + await self._cut_before(offset)

    async def _cut_before(self, offset: int) -> int:
        """Return how many bytes from an offset on belong to a character that begins before the offset."""
        first = max(self.first, offset - STEP_BYTES)
        part = await read_page(self._source, first, offset + 4)
        return cut_bytes(part[: offset - first], part[offset - first :], self.encoding)

    def _line_start(self, page: bytes) -> int:
        unit = self.encoding.unit_bytes
        found = find_aligned(page, self.encoding.newline, 0, unit)
        return len(page) if found == -1 else found + unit

    def _rows(self, page: bytes, start: int, *, is_last: bool) -> list[Row]:
        found = self.encoding.of_page(page)
        self.guess = found.name if found is not self.encoding else ""
        rows, at = [], start
        for text, stop in split_lines(page, self.encoding, is_last=is_last, limit=len(page)):
            rows.append(Row(Text(text), at, start + stop))
            at = start + stop
        return rows
