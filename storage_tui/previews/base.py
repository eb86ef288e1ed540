"""The parts of every preview: a Source that reads ranges within a budget, and the plain data a preview returns.

A format looks at the first bytes and the name of a blob, decides whether the blob is of this format, and turns a few
ranges into a Preview. A format never sees a widget. A Preview is safe to show: all text from the blob went through
`visible`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from rich.cells import cell_len
from rich.text import Text

from storage_tui.contract.errors import LocalFileError, NotFoundError, RangeNotSatisfiableError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text

KIB = 1024
MIB = 1024 * KIB

HEAD_BYTES = 64 * KIB  # the first read: shows the format and fills a screen with text; 50 ms at 10 Mbit/s
WHOLE_BYTES = 128 * KIB  # a blob of at most this size is read whole at once: cheaper than a second round trip
CACHE_BYTES = 4 * MIB  # the limit of one Source: a header that is read twice costs once, and paging back is free

WRAPPED_ROWS = 4  # a longer fact is cut after this many rows
MIN_ROWS = 4  # the least height of a picture in a low pane; the pane scrolls

Mode = Literal["auto", "text", "hex", "json"]
MODES: tuple[Mode, ...] = ("auto", "text", "hex", "json")  # in the order that a key goes through them


class PreviewError(Exception):
    """The blob is not what it claims to be, or is past a limit; the text is one true line about the reason."""


class LimitError(PreviewError):
    """The blob may be sound: its preview is past a limit, or needs a part of this program that is not there."""


class OtherFormatError(PreviewError):
    """The blob is not of the format that its name or first bytes allowed: the formats after it are tried."""


class BudgetError(LimitError):
    """The next read would pass the budget of this preview."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most requests and bytes that one preview may cost, the first read included."""

    requests: int
    size_bytes: int


HEADER_BUDGET = Budget(requests=2, size_bytes=256 * KIB)  # text and headers: head and one more; 0.2 s at 10 Mbit/s
THUMBNAIL_BUDGET = Budget(requests=4, size_bytes=MIB)  # pictures: header, directory, offsets, pixels
FULL_BUDGET = THUMBNAIL_BUDGET  # for any format on the whole screen: opening a blob takes a second at 10 Mbit/s


class RangeRead(Protocol):
    """The answer of the client to a read of a range: its bytes, and the blob as the server described it."""

    @property
    def data(self) -> bytes:
        """The bytes of the range, cut at the end of the blob."""

    @property
    def blob(self) -> Blob:
        """The blob the range is from; its size is known."""


class RangeStorage(Protocol):
    """The one call that previews make; AsyncStorage has it."""

    async def read_range(
        self, key: str, storage_type: str = "data", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> RangeRead:
        """Return the bytes from `start` up to but not including `stop`, if the blob still has the given ETag."""


class Source:
    """One blob, read by ranges: one request a call, each byte fetched once, never more than the budget.

    Every read after the first asks for the same version of the blob. If the blob was overwritten in between, `read`
    raises the client's PreconditionFailedError. Keep one Source for all pages of one blob.
    """

    def __init__(self, storage: RangeStorage, blob: Blob, *, is_alone: bool = False) -> None:
        """`is_alone` is for a storage of this one blob, such as a member of an archive: it has no siblings."""
        self.blob = blob
        self.is_alone = is_alone
        self.bytes_read = 0
        self.requests = 0
        self._storage = storage
        self._etag: str | None = None
        self._spans: list[tuple[int, bytes]] = []
        self._begun = Budget(0, 0)
        self._limit = HEADER_BUDGET

    @property
    def size_bytes(self) -> int | None:
        """The size of the blob in bytes; known after the first read at the latest."""
        return self.blob.size_bytes

    def allow(self, budget: Budget) -> None:
        """Set the budget of this preview: the spending since the last `begin` counts against it."""
        self._limit = Budget(self._begun.requests + budget.requests, self._begun.size_bytes + budget.size_bytes)

    def begin(self) -> None:
        """Start a preview or its next page: earlier spending does not count against its budget."""
        self._begun = Budget(self.requests, self.bytes_read)
        self.allow(HEADER_BUDGET)

    @property
    def requests_left(self) -> int:
        """How many more requests the budget allows."""
        return max(0, self._limit.requests - self.requests)

    @property
    def bytes_left(self) -> int:
        """How many more bytes the budget allows; 0 when it allows no more requests."""
        if not self.requests_left:
            return 0
        return max(0, self._limit.size_bytes - self.bytes_read)

    async def head(self) -> bytes:
        """Return the first bytes of the blob, or all of it when it is small."""
        size = self.size_bytes
        return await self.read(0, size if size is not None and size <= WHOLE_BYTES else HEAD_BYTES)

    async def tail(self, size_bytes: int) -> bytes:
        """Return the last bytes of the blob; raise LimitError for the first part of packed bytes, which has no end."""
        if self.size_bytes is None and self.bytes_read:
            raise LimitError("it is packed, and its end is past the part that is unpacked here")
        size = self.size_bytes or 0
        return await self.read(max(0, size - size_bytes), size)

    async def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`, cut at the end of the blob, with at most one request.

        Raises BudgetError, or an error of the client.
        """
        start = max(0, start)
        if self.size_bytes is not None:
            stop = min(stop, self.size_bytes)
        if stop <= start:
            return b""
        missing = self._missing(start, stop)
        if missing is not None:
            await self._fetch(*missing)
        wanted = self._collect(start, stop)
        self._forget()
        return wanted

    async def read_sibling(self, key: str, stop: int) -> bytes | None:
        """Return the first `stop` bytes of another blob of the same place, with one request of the same budget.

        None when there is no such blob. Raises BudgetError, or an error of the client.
        """
        if self.is_alone:
            return None
        if stop > self.bytes_left:
            raise BudgetError("its siblings are past the limit of a preview")
        self.requests += 1
        try:
            part = await self._storage.read_range(key, self.blob.storage_type, start=0, stop=stop)
        except (NotFoundError, LocalFileError):
            return None
        except RangeNotSatisfiableError:  # an empty one
            return b""
        self.bytes_read += len(part.data)
        return part.data

    def beside(self, key: str) -> "Source | None":
        """Return another blob of the same place, which may not exist; None for a blob without siblings."""
        return None if self.is_alone else Source(self._storage, Blob(key, self.blob.storage_type))

    def again(self) -> "Source":
        """Return a source of the same version of the blob, with a budget and figures of its own."""
        other = Source(self._storage, self.blob, is_alone=self.is_alone)
        other._etag = self._etag
        return other

    def kept(self, start: int, stop: int) -> bytes:
        """Return the bytes of this range that were read before, from its start on, without a request."""
        return self._collect(max(0, start), stop)

    async def _fetch(self, start: int, stop: int) -> None:
        if stop - start > self.bytes_left:
            most = f"{self._limit.requests - self._begun.requests} reads"
            if self.requests_left:
                most = f"{size_text(self._limit.size_bytes - self._begun.size_bytes)} to be read"
            raise BudgetError(f"needs more than {most}")
        self.requests += 1
        try:
            part = await self._storage.read_range(
                self.blob.key, self.blob.storage_type, start=start, stop=stop, etag=self._etag
            )
        except RangeNotSatisfiableError as exc:  # the size was unknown or has changed: there are no bytes at `start`
            self.blob = replace(self.blob, size_bytes=exc.size_bytes if exc.size_bytes is not None else start)
            return
        self.bytes_read += len(part.data)
        self._etag = self._etag or part.blob.etag
        self.blob = replace(part.blob, key=self.blob.key, storage_type=self.blob.storage_type)
        if part.data:
            self._spans.append((start, part.data))

    def _forget(self) -> None:
        """Drop spans until the rest fits the cache."""
        while len(self._spans) > 1 and sum(len(data) for _, data in self._spans) > CACHE_BYTES:
            has_head = self._spans[0][0] == 0 and len(self._spans) > 2
            del self._spans[1 if has_head else 0]  # every page asks for the head again, and the last span is needed now

    def _missing(self, start: int, stop: int) -> tuple[int, int] | None:
        """Return the smallest range with all bytes of `start` to `stop` that are not kept; None when all are kept."""
        moved = True
        while moved and start < stop:
            moved = False
            for begin, data in self._spans:
                end = begin + len(data)
                if begin <= start < end:
                    start, moved = end, True
                if start < stop and begin < stop <= end:
                    stop, moved = begin, True
        return (start, stop) if start < stop else None

    def _collect(self, start: int, stop: int) -> bytes:
        pieces = []
        at = start
        while at < stop:
            span = next(((b, d) for b, d in reversed(self._spans) if b <= at < b + len(d)), None)
            if span is None:
                break
            begin, data = span
            piece = data[at - begin : stop - begin]
            pieces.append(piece)
            at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@dataclass(frozen=True, slots=True)
class View:
    """How a preview is wanted: the size in cells, the colours, and for formats with pages the byte offset and the mode.

    `is_full` is for the viewer: as many lines as the larger budget yields. `cell` is the size of a cell in pixels, for
    a picture in pixels; None asks for blocks: four `quadrants` a cell, or else two halves. `bands` are the bands of a
    raster that are drawn, from 1 on: one as grey, or three as red, green and blue; none for those that the format
    chooses.
    """

    width: int = 80
    height: int = 24
    truecolor: bool = True
    offset: int = 0
    mode: Mode = "auto"
    is_full: bool = False
    cell: tuple[int, int] | None = None
    bands: tuple[int, ...] = ()
    quadrants: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """A table for programs: the names of its columns, and its first rows. The texts are as in the blob, not escaped."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture in RGB, three bytes a pixel, and the number of cells that it fills."""

    width: int
    height: int
    rgb: bytes
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Pages:
    """The position of a paged preview: the bytes shown, and the offsets of the pages beside them; None at an end."""

    start: int
    stop: int
    previous: int | None
    next: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """One member of an archive: its place in the archive, and how it is packed (`stored`, `deflate`; else refused).

    `start` is the offset of its local header in a zip, and the offset of its bytes in an archive without such headers.
    `pieces`, of a sparse file, are offsets and sizes in it: their bytes lie one after the other from `start` on, and
    all other bytes are zeros.
    """

    name: str
    start: int
    packed_bytes: int
    size_bytes: int
    method: str = "stored"
    has_header: bool = False
    pieces: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The picture of one blob. Everything but `cells` is escaped and ready to draw.

    `facts` are pairs of label and value, one line each, above the body. `lines` is the body, one row each: text, a
    table, a picture in half blocks or a map. With `can_wrap` rows may be longer than the view and can be wrapped;
    without it rows are cut at its edge. `note` says how much was read or why something is missing (`65.5 kB of 10.0 GB
    read`).

    `cells` are the values of a table, whole and not escaped, for what is no screen. `columns_left` is how many columns
    follow the last one of a table whose heads are the first of `lines`; None where that is not so.

    For the viewer: `depths` are the levels of the lines that can be folded, `parts` are the members that the lines of
    an archive stand for, and `inside` is the content of a compressed blob, as far as it was unpacked. A picture or a
    map is a drawing: it has no lines to choose from. `pixels`, where they were asked for, go over its blank lines.
    """

    kind: str
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[Text, ...] = ()
    note: str = ""
    can_wrap: bool = False
    pages: Pages | None = None
    is_damaged: bool = False
    is_drawing: bool = False
    pixels: Pixels | None = None
    depths: tuple[int, ...] = ()
    parts: tuple[Part | None, ...] = ()
    inside: Source | None = None
    cells: Cells | None = None
    columns_left: int | None = None


class Format(Protocol):
    """One row of the table PREVIEWS."""

    @property
    def kind(self) -> str:
        """The name of the format for people: `GeoTIFF`."""

    @property
    def budget(self) -> Budget:
        """The most that the first useful preview may cost."""

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether a blob with these first bytes and this lower-case name is of this format."""

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview; raise PreviewError or a parser's ValueError when the blob is damaged."""


def read_note(source: Source) -> str:
    """Return how much of the blob was read, in words; empty when all of it was read."""
    size = source.size_bytes
    if size is None or source.bytes_read >= size:
        return ""
    return f"{size_text(source.bytes_read)} of {size_text(size)} read"


def rows_left(view: View, facts: Sequence[tuple[str, str]]) -> int:
    """Return the rows left for a picture or a map below the kind, these facts (which wrap), a note and a blank line."""
    room = max(8, view.width - 1 - max((len(label) for label, _ in facts), default=0))
    wrapped = sum(max(1, min(WRAPPED_ROWS, math.ceil(cell_len(value) / room))) for _, value in facts)
    return max(MIN_ROWS, view.height - wrapped - 3)
