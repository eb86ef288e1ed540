"""Bytes as a document: rows of hexadecimal digits, at any place of a blob."""

from storage_tui.previews import Source
from storage_tui.previews.formats.hexdump import bytes_per_row, hex_lines
from storage_tui.tui.viewer.documents.document import Opening, Row
from storage_tui.tui.viewer.documents.pages import PAGE_BYTES, PAGE_ROWS, PagedDocument, read_page


class HexDocument(PagedDocument):
    """Rows of as many bytes as the view has room for."""

    is_hex = True

    @staticmethod
    def matches(opening: Opening) -> bool:
        """Return whether the user asked for bytes, or the preview found only bytes."""
        shown = opening.shown
        if shown.pages is None:
            return False
        return opening.mode == "hex" or not shown.can_wrap

    @classmethod
    async def open(cls, opening: Opening) -> tuple["HexDocument", int]:
        """Read the bytes around the offset; return the document and the row of the offset."""
        document = cls(opening, HexPager(opening.source, opening.width - 1), "utf-8")
        return document, await document.go(opening.offset)

    def fit(self, width: int, height: int) -> bool:
        """Return false: another width needs another number of bytes a row."""
        return False


class HexPager:
    """Makes rows of a fixed number of bytes."""

    def __init__(self, source: Source, width: int) -> None:
        self.first = 0
        self._source = source
        self._per_row = bytes_per_row(width, source.size_bytes or 0)

    async def after(self, start: int) -> list[Row]:
        """Return the rows from `start` on."""
        stop = start + min(PAGE_ROWS * self._per_row, PAGE_BYTES)
        await read_page(self._source, start, start + PAGE_BYTES)
        return self._rows(await read_page(self._source, start, stop), start)

    async def before(self, stop: int) -> list[Row]:
        """Return the rows up to `stop`."""
        stop = -(-stop // self._per_row) * self._per_row
        await read_page(self._source, stop - PAGE_BYTES, stop)
        start = max(0, stop - min(PAGE_ROWS * self._per_row, PAGE_BYTES))
        return self._rows(await read_page(self._source, start, stop), start)

    async def align(self, offset: int) -> int:
        """Return the offset at which the row of this offset begins."""
        return offset // self._per_row * self._per_row

    def _rows(self, page: bytes, start: int) -> list[Row]:
        step = self._per_row
        lines = hex_lines(page, start, step, len(f"{self._source.size_bytes or 0:x}"))
        return [Row(line, start + at * step, min(start + (at + 1) * step, start + len(page)))
                for at, line in enumerate(lines)]  # fmt: skip
