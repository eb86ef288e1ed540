"""The promises of a document (the content that the viewer shows of one blob), and of a row of the table of kinds."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.text import Text

from storage_tui.previews import Preview, Source
from storage_tui.previews.base import Mode, Pixels


@dataclass(frozen=True, slots=True)
class Row:
    """One row, and the range of the blob that it shows; -1 when it shows no range."""

    text: Text
    start: int = -1
    stop: int = -1


@dataclass(frozen=True, slots=True)
class Progress:
    """The bytes that a search has read so far, and the place of the match; None while there is no match."""

    searched_bytes: int
    found: int | None = None


@dataclass(frozen=True, slots=True)
class PixelsAt:
    """A picture in pixels, and the number of the first blank row that it covers."""

    pixels: Pixels
    row: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The material for a document: the blob, its preview, the facts above it, and the view that will show it."""

    source: Source
    shown: Preview
    facts: tuple[tuple[str, str], ...]
    head: bytes
    mode: Mode
    width: int
    height: int
    offset: int


class Frame(Protocol):
    """The part of the viewer that is lent to the commands of a document."""

    @property
    def row(self) -> int:
        """The row under the cursor, or at the top of a drawing."""

    def show(self, row: int) -> None:
        """Draw the rows, the heads and the picture of the document again, with the cursor on `row`."""

    def say(self, text: str, role: str = "$success") -> None:
        """Show a message in the status line for a few seconds; `role` is its colour."""

    def read(self, work: Callable[[], Awaitable[None]], doing: str) -> None:
        """Run work that reads, with the text `doing` in the status line; Esc stops it. A failure is shown there."""

    def open(self, member: Source) -> None:
        """Show a member of this blob in its own viewer."""


class Document(Protocol):
    """The content that the viewer shows of one blob: rows, which the screen draws, and commands.

    A document knows no widget. The screen draws the visible rows, moves the cursor, and asks the document for
    everything else. A document has places: offsets in the blob when `has_offsets`, else numbers of rows.
    """

    source: Source
    """The bytes that the document was read from: the blob, or the content of a compressed blob."""
    kind: str
    """The name of the document in the title, such as `GeoTIFF`."""
    extent: str
    """The size of the document in words, for a wide title; may be empty."""
    heads: tuple[Text, ...]
    """Rows that stay above all others and move sideways with them: the names and types of columns."""
    is_drawing: bool
    """Whether the rows are a picture or a map, which has no cursor."""
    is_damaged: bool
    """Whether the blob is not what it claims to be."""
    is_hex: bool
    """Whether the rows show bytes as hexadecimal digits; a search for `0x…` looks for bytes then."""
    is_text: bool
    """Whether the rows are lines of text, coloured by the language of the blob's name."""
    can_wrap: bool
    """Whether a row that is wider than the view may continue in the next line."""
    has_offsets: bool
    """Whether rows show ranges of the blob and are read as the cursor comes near."""
    pixels: PixelsAt | None
    """A picture over blank rows, where the terminal draws pixels."""

    @property
    def rows(self) -> list[Row]:
        """The loaded rows. A call that reads replaces the list or changes it in place."""

    @property
    def places(self) -> int | None:
        """The number of places; None while the size of the blob is unknown."""

    @property
    def has_start(self) -> bool:
        """Whether the first loaded row is the first of the document."""

    @property
    def has_end(self) -> bool:
        """Whether the last loaded row is the last of the document."""

    def fit(self, width: int, height: int) -> bool:
        """Make the rows for a view of `width` by `height` cells; return false when the blob must be opened again."""

    def status(self, row: int, last: int, *, is_short: bool) -> str:
        """Return the text of the status line for the cursor on `row` and the row `last` at the bottom of the view."""

    def commands(self, frame: Frame) -> object:
        """Return the object whose methods `action_<id>` carry out commands here; they come before the viewer's own."""

    async def go(self, place: int | None) -> int:
        """Load the row of a place, of the last place for None; return the number of the row."""

    async def grow(self, *, is_down: bool) -> int:
        """Read the page after the last row, or before the first; return how far the loaded rows moved down."""

    def find(self, words: str, row: int, *, is_forward: bool) -> AsyncIterator[Progress]:
        """Look for words after or before a row. Ends with the place of the match, or without a match."""

    def close(self) -> None:
        """Release the content: the viewer shows another document, or is closed."""


class DocumentType(Protocol):
    """One row of the table DOCUMENTS."""

    def elsewhere(self) -> Mapping[str, str]:
        """Return the commands of this kind only, by id, with the message that the viewer shows in other documents."""

    def matches(self, opening: Opening) -> bool:
        """Return whether this kind of document shows the blob. The last row of the table matches every blob."""

    async def open(self, opening: Opening) -> tuple[Document, int]:
        """Read the document; return it with the number of the row to begin at. Raises PreviewError for damage."""


def span_of(rows: Sequence[Row]) -> tuple[int, int]:
    """Return the range of the blob that these rows show; one row at least has a range."""
    return rows[0].start, rows[-1].stop
