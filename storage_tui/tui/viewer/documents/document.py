"""The promises of a document, which is what the viewer shows of one blob, and the row that documents are made of."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.text import Text

from storage_tui.previews import Preview, Source
from storage_tui.previews.base import Mode, Pixels


@dataclass(frozen=True, slots=True)
class Row:
    """One row, and the range of the blob that the row shows; -1 where a row shows no range."""

    text: Text
    start: int = -1
    stop: int = -1


@dataclass(frozen=True, slots=True)
class Progress:
    """How many bytes a search has read so far, and the place of the match; None while there is no match."""

    searched_bytes: int
    found: int | None = None


@dataclass(frozen=True, slots=True)
class PixelsAt:
    """A picture in pixels, and the first of the blank rows that the picture covers."""

    pixels: Pixels
    row: int


@dataclass(frozen=True, slots=True)
class Opening:
    """What a document is made from: the blob, its preview, the facts above it, and the view that will show it."""

    source: Source
    shown: Preview
    facts: tuple[tuple[str, str], ...]
    head: bytes
    mode: Mode
    width: int
    height: int
    offset: int


class Frame(Protocol):
    """What the viewer lends to the commands of a document."""

    @property
    def row(self) -> int:
        """The row under the cursor, or at the top of a drawing."""

    def show(self, row: int) -> None:
        """Draw the rows, the heads and the picture of the document again, with the cursor on `row`."""

    def say(self, text: str, role: str = "$success") -> None:
        """Show a message in the status line for a few seconds; `role` is its colour."""

    def read(self, work: Callable[[], Awaitable[None]], doing: str) -> None:
        """Run work that reads, with `doing` in the status line. Esc stops the work; a failure is said there too."""

    def open(self, member: Source) -> None:
        """Show a member of this blob in a viewer of its own."""


class Document(Protocol):
    """What the viewer shows of one blob: rows, which the screen draws, and commands of its own.

    A document knows no widget. The screen draws the rows that are in view, moves the cursor, and asks the document for
    all else. A document has places: offsets in the blob where `has_offsets`, else numbers of rows.
    """

    source: Source
    """The bytes that the document was read from: the blob, or what a compressed blob holds."""
    kind: str
    """What the title calls the document, such as `GeoTIFF`."""
    extent: str
    """How large the document is, in words for a wide title; may be empty."""
    heads: tuple[Text, ...]
    """Rows that stay above all others and move sideways with them: the names and types of columns."""
    is_drawing: bool
    """Whether the rows are a picture or a map, which has no cursor."""
    is_damaged: bool
    """Whether the blob is not what it claims to be."""
    is_hex: bool
    """Whether the rows show bytes as hexadecimal digits; a search for `0x…` finds bytes then."""
    is_text: bool
    """Whether the rows are lines of text, coloured by the language that the name of the blob stands for."""
    can_wrap: bool
    """Whether a row that is wider than the view may go on in the next line."""
    has_offsets: bool
    """Whether rows show ranges of the blob and are read as the cursor comes near them."""
    pixels: PixelsAt | None
    """A picture that goes over blank rows, where the terminal draws pixels."""

    @property
    def rows(self) -> list[Row]:
        """The rows at hand. A call that reads replaces the list or changes it in place."""

    @property
    def places(self) -> int | None:
        """How many places there are to go to; None while the size of the blob is not known."""

    @property
    def has_start(self) -> bool:
        """Whether the first row at hand is the first of the document."""

    @property
    def has_end(self) -> bool:
        """Whether the last row at hand is the last of the document."""

    def fit(self, width: int, height: int) -> bool:
        """Make the rows for a view of so many cells. False where the blob must be opened again for this size."""

    def status(self, row: int, last: int, *, is_short: bool) -> str:
        """Return what the status line says with the cursor on `row` and the row `last` at the bottom of the view."""

    def commands(self, frame: Frame) -> object:
        """Return the object whose methods `action_<id>` carry out commands here, before the objects of the viewer."""

    async def go(self, place: int | None) -> int:
        """Have the row of a place at hand, of the last place for None; returns the number of the row."""

    async def grow(self, *, is_down: bool) -> int:
        """Read the page after the last row, or before the first; returns how far the rows at hand moved down."""

    def find(self, words: str, row: int, *, is_forward: bool) -> AsyncIterator[Progress]:
        """Look for words after or before a row. Ends with the place of the match, or without a match."""

    def close(self) -> None:
        """Give back what the document holds; the viewer shows another document, or is closed."""


class DocumentType(Protocol):
    """One row of the table DOCUMENTS."""

    def elsewhere(self) -> Mapping[str, str]:
        """Return the commands that other documents have not, by id, with what the viewer says there."""

    def matches(self, opening: Opening) -> bool:
        """Return whether this kind of document shows the blob. The last row of the table matches every blob."""

    async def open(self, opening: Opening) -> tuple[Document, int]:
        """Read the document; returns it with the number of the row to begin at. Raises PreviewError for damage."""


def span_of(rows: Sequence[Row]) -> tuple[int, int]:
    """Return the range of the blob that rows show together, of which there is at least one."""
    return rows[0].start, rows[-1].stop
