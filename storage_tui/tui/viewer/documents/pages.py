"""Pages of a blob of any size around the place that is shown, read as the cursor moves: for text, hex and tables."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.previews import Source
from storage_tui.previews.base import HEAD_BYTES, KIB, Budget
from storage_tui.tui.viewer.documents.document import Frame, Opening, PixelsAt, Progress, Row
from storage_tui.tui.viewer.documents.search import make_pattern, search

PAGE_BYTES = HEAD_BYTES  # one request for a few screens
PAGE_ROWS = 1000  # of text with short lines; a page of hex has as many
KEPT_ROWS = 8 * PAGE_ROWS  # more rows are dropped at the other end, and read again when the cursor comes back
PAGE_BUDGET = Budget(requests=2, size_bytes=4 * PAGE_BYTES)
BEFORE_BYTES = 16 * KIB  # read before an offset after a jump, for the start of its line and for a screen above


class Pager(Protocol):
    """Makes rows of the bytes before and after an offset at which a row begins."""

    first: int

    async def after(self, start: int) -> list[Row]:
        """Return the rows from `start` on; none at the end."""

    async def before(self, stop: int) -> list[Row]:
        """Return the rows up to `stop`; none at the start."""

    async def align(self, offset: int) -> int:
        """Return the start of the row that contains this offset."""


class Window:
    """Some pages of rows, around the current place."""

    def __init__(self, pager: Pager, source: Source) -> None:
        self.rows: list[Row] = []
        self.has_end = False
        self._pager = pager
        self._source = source

    @property
    def has_start(self) -> bool:
        """Whether the first loaded row is the first of the blob."""
        return not self.rows or self.rows[0].start <= self._pager.first

    async def go(self, offset: int) -> int:
        """Read the rows around an offset; return the index of the row with the offset."""
        size = self._source.size_bytes
        if size is not None and offset >= size:
            return await self.go_end()
        start = await self._pager.align(max(0, offset))
        below = await self._pager.after(start)
        above = await self._pager.before(start) if start > self._pager.first else []
        self.rows = [*above, *below]  # only now: until all of these are loaded, the view shows the old rows
        self._note_end(below)
        return next((at for at in range(len(self.rows) - 1, -1, -1) if self.rows[at].start <= offset), 0)

    async def go_end(self) -> int:
        """Read the rows at the end; return the index of the last row."""
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
        """Read the page after the last row; return how far the remaining rows moved down the list."""
        rows = await self._pager.after(self.rows[-1].stop if self.rows else self._pager.first)
        self._note_end(rows)
        self.rows += rows
        dropped = max(0, len(self.rows) - KEPT_ROWS)
        del self.rows[:dropped]
        return -dropped

    async def grow_up(self) -> int:
        """Read the page before the first row; return how far the remaining rows moved down the list."""
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
    """Read a range of the blob, within the budget of one page."""
    source.begin()
    source.allow(PAGE_BUDGET)
    return await source.read(start, stop)


class PagedDocument:
    """A document of pages. A subclass makes the pager, which turns bytes into rows."""

    extent = ""
    heads: tuple[Text, ...] = ()
    is_drawing = is_hex = is_text = can_wrap = False
    has_offsets = True
    pixels: PixelsAt | None = None

    def __init__(self, opening: Opening, pager: Pager, codec: str) -> None:
        self.source = opening.source
        self.kind = opening.shown.kind
        self.is_damaged = opening.shown.is_damaged
        self.window = Window(pager, opening.source)
        self._codec = codec  # the codec for words of a search

    @staticmethod
    def elsewhere() -> Mapping[str, str]:
        """Return nothing: this kind has no commands of its own."""
        return {}

    @property
    def rows(self) -> list[Row]:
        """The loaded rows."""
        return self.window.rows

    @property
    def places(self) -> int | None:
        """The number of bytes of the blob: each byte is one place."""
        return self.source.size_bytes

    @property
    def has_start(self) -> bool:
        """Whether the window begins with the first row."""
        return self.window.has_start

    @property
    def has_end(self) -> bool:
        """Whether the window ends with the last row."""
        return self.window.has_end

    def fit(self, width: int, height: int) -> bool:
        """Return true: the rows are the same in a view of any size."""
        return True

    def status(self, row: int, last: int, *, is_short: bool) -> str:
        """Return the cursor's offset, the share of the blob above the view's end, the bytes read: `4,096  12%  …`."""
        rows, size = self.rows, self.source.size_bytes
        if row >= len(rows):
            return read_text(self.source) if not is_short else ""
        share = f"{rows[min(max(last, row), len(rows) - 1)].stop / size:.0%}" if size else ""
        if is_short:
            return share
        offset = rows[row].start
        return f"{f'0x{offset:x}' if self.is_hex else f'{offset:,}'}  {share}  {read_text(self.source)}"

    def commands(self, frame: Frame) -> object:
        """Return nothing: a document of pages has no commands."""
        return None

    async def go(self, place: int | None) -> int:
        """Read around an offset, or at the end."""
        return await (self.window.go_end() if place is None else self.window.go(place))

    async def grow(self, *, is_down: bool) -> int:
        """Read the next page."""
        return await (self.window.grow_down() if is_down else self.window.grow_up())

    async def find(self, words: str, row: int, *, is_forward: bool) -> AsyncIterator[Progress]:
        """Search the bytes of the blob, from the end of the row, or backwards from its start."""
        here = self.rows[row] if row < len(self.rows) else None
        start = 0 if here is None else here.stop if is_forward else here.start
        pattern = make_pattern(words, self._codec, is_hex=self.is_hex)
        async for progress in search(self.source, pattern, start, is_forward=is_forward):
            yield progress

    def close(self) -> None:
        """Do nothing: the document holds nothing to release."""


def read_text(source: Source) -> str:
    """Return how much of a blob was read: `65.5 kB of 10.0 GB`."""
    size = source.size_bytes
    if size is None:
        return f"the first {size_text(source.bytes_read)}"
    return size_text(size) if source.bytes_read >= size else f"{size_text(source.bytes_read)} of {size_text(size)}"
