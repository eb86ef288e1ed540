"""Facts and lines as a document with all rows loaded, such as a Parquet schema or a list of members."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence

from rich.text import Text

from storage_tui.previews import Preview
from storage_tui.tui.viewer.documents.document import Frame, Opening, PixelsAt, Progress, Row
from storage_tui.tui.viewer.documents.pages import read_text
from storage_tui.tui.viewer.documents.search import line_pattern

LABEL_CELLS = 16


class FixedDocument:
    """The facts of a preview, a blank row, its lines. `facts` is the number of the first row of the lines."""

    extent = ""
    heads: tuple[Text, ...] = ()
    is_drawing = is_hex = is_text = has_offsets = False
    has_start = has_end = True
    can_wrap = False
    pixels: PixelsAt | None = None

    def __init__(self, opening: Opening) -> None:
        shown = opening.shown
        self.source = opening.source
        self.kind = shown.kind
        self.is_damaged = shown.is_damaged
        self.can_wrap = self.can_wrap or shown.can_wrap
        self.rows = [_fact_row(label, value) for label, value in (*opening.facts, *_notes(shown))]
        self.rows += [Row(Text(""))] if self.rows and shown.lines else []
        self.facts = len(self.rows)
        self.rows += [Row(line) for line in shown.lines]

    @staticmethod
    def elsewhere() -> Mapping[str, str]:
        """Return nothing: this kind has no commands of its own."""
        return {}

    @staticmethod
    def matches(opening: Opening) -> bool:
        """Return true: every preview has facts and lines."""
        return True

    @classmethod
    async def open(cls, opening: Opening) -> tuple["FixedDocument", int]:
        """Return the document without further reading; the cursor begins at the first line, below the facts."""
        document = cls(opening)
        return document, min(document.facts, max(0, len(document.rows) - 1))

    @property
    def places(self) -> int | None:
        """The number of rows: each row is one place."""
        return len(self.rows)

    def fit(self, width: int, height: int) -> bool:
        """Return true: the rows are the same in a view of any size."""
        return True

    def status(self, row: int, last: int, *, is_short: bool) -> str:
        """Return the number of the row, and how much was read: `12/80  65.5 kB of 10.0 GB`."""
        count = f"{row + 1:,}/{len(self.rows):,}"
        return count if is_short else f"{count}  {read_text(self.source)}"

    def commands(self, frame: Frame) -> object:
        """Return nothing: facts and lines have no commands."""
        return None

    async def go(self, place: int | None) -> int:
        """Return the row with this number, or the last."""
        last = max(0, len(self.rows) - 1)
        return last if place is None else min(place, last)

    async def grow(self, *, is_down: bool) -> int:
        """Return 0: all rows are loaded."""
        return 0

    async def find(self, words: str, row: int, *, is_forward: bool) -> AsyncIterator[Progress]:
        """Search the rows."""
        found = next_row(line_pattern(words), [each.text.plain for each in self.rows], row, is_forward=is_forward)
        if found is not None:
            yield Progress(0, found)

    def close(self) -> None:
        """Do nothing: the document holds nothing to release."""


def next_row(pattern: re.Pattern[str], lines: Sequence[str], at: int, *, is_forward: bool) -> int | None:
    """Return the number of the next line after or before `at` that has a match."""
    places = range(at + 1, len(lines)) if is_forward else range(at - 1, -1, -1)
    return next((place for place in places if pattern.search(lines[place])), None)


def _fact_row(label: str, value: str) -> Row:
    return Row(Text.assemble((label.ljust(LABEL_CELLS), "dim"), value, no_wrap=True))


def _notes(shown: Preview) -> list[tuple[str, str]]:
    words = shown.note.split(" · ")
    return [("note", word) for word in words if word and not word.endswith(" read")]
