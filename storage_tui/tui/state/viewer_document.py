"""What the viewer shows of one blob: a window of pages for text, hex and CSV, fixed or folding rows for all else."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.tui.previews import Preview, Source, preview
from storage_tui.tui.previews.base import MIB, Mode, Part
from storage_tui.tui.previews.delimited import CSV, TSV
from storage_tui.tui.previews.pick import HEX, TEXT
from storage_tui.tui.previews.plain import Encoding, find_encoding
from storage_tui.tui.state.viewer_folds import Folds
from storage_tui.tui.state.viewer_rows import HexPager, Row, TextPager, Window
from storage_tui.tui.state.viewer_table import TablePager, find_layout

UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4,
         "ki": 1024, "mi": 1024**2, "gi": 1024**3, "ti": 1024**4}  # fmt: skip
LABEL_CELLS = 16
COPIED_BYTES = MIB  # at most for the clipboard: terminals drop what is longer, often far sooner

_PLACE = re.compile(r"\s*(?:(?P<hex>0x[0-9a-fA-F]{1,16})|(?P<share>\d{1,3}(?:\.\d{1,9})?)\s*%"
                    r"|(?P<count>\d[\d,_]{0,24}(?:\.\d{1,9})?)"
                    r"\s*(?P<unit>[kmgtKMGT]?i?)[bB]?)\s*")  # fmt: skip


@dataclass
class Document:
    """One blob as it is shown: by a window of pages, or by fixed rows, the first of which are `facts`."""

    source: Source
    shown: Preview
    window: Window | None = None
    folds: Folds | None = None
    codec: str = "utf-8"
    heads: tuple[Text, ...] = ()  # of the columns of a table, above its rows
    fixed: list[Row] = field(default_factory=list)
    facts: int = 0

    @property
    def rows(self) -> list[Row]:
        """The rows at hand."""
        return self.fixed if self.window is None else self.window.rows

    @property
    def kind(self) -> str:
        """What it is."""
        return self.shown.kind

    @property
    def extent(self) -> str:
        """How long and wide a table is: `about 12,000 rows, 5 columns`."""
        told = dict(self.shown.facts) if self.heads else {}
        return ", ".join(f"{told[name].partition(',')[0] if name == 'columns' else told[name]} {name}"
                         for name in ("rows", "columns") if name in told)  # fmt: skip

    @property
    def can_wrap(self) -> bool:
        """Whether rows longer than the view may go on in the next."""
        if self.window is not None:
            return not self.is_hex and not self.heads
        return self.shown.can_wrap or self.folds is not None

    @property
    def is_hex(self) -> bool:
        """Whether the rows are of a fixed number of bytes."""
        return self.window is not None and self.codec == ""

    def part(self, row: int) -> Part | None:
        """The member of an archive that a row stands for."""
        at = row - self.facts
        return self.shown.parts[at] if 0 <= at < len(self.shown.parts) else None

    def fold(self, row: int) -> int:
        """Fold or unfold at a row; returns the row where it is then."""
        assert self.folds is not None
        at = self.folds.toggle(row - self.facts)
        self.fixed[self.facts :] = self.folds.rows()
        return at + self.facts

    def fold_level(self, delta: int, row: int) -> int:
        """One level more or less; returns the row where it is then."""
        assert self.folds is not None
        at = self.folds.change_level(delta, row - self.facts)
        self.fixed[self.facts :] = self.folds.rows()
        return at + self.facts

    def find(self, pattern: re.Pattern[str], row: int, *, is_forward: bool) -> int | None:
        """The next row that has the pattern, where all rows are at hand; what is folded is opened."""
        if self.folds is not None:
            lines, at = [line.plain for line in self.shown.lines], self.folds.line_of(row - self.facts)
            found = _next(pattern, lines, at, is_forward=is_forward)
            if found is None:
                return None
            at = self.folds.reveal(found)
            self.fixed[self.facts :] = self.folds.rows()
            return at + self.facts
        return _next(pattern, [one.text.plain for one in self.rows], row, is_forward=is_forward)

    def read_text(self) -> str:
        """`65.5 kB of 10.0 GB`."""
        source, size = self.source, self.source.size_bytes
        if size is None:
            return f"the first {size_text(source.bytes_read)}"
        return size_text(size) if source.bytes_read >= size else f"{size_text(source.bytes_read)} of {size_text(size)}"


async def open_document(
    source: Source,
    *,
    width: int,
    height: int,
    truecolor: bool,
    mode: Mode,
    offset: int | None = None,
    cell: tuple[int, int] | None = None,
) -> tuple[Document, int]:
    """Read what the mode shows of a blob; returns it with the row to begin at, that of `offset` where it has pages."""
    shown = await preview(source, width=width, height=height, truecolor=truecolor, mode=mode, is_full=True, cell=cell)
    facts = list(shown.facts)
    if shown.inside is not None and mode == "auto":
        source = shown.inside
        inside = await preview(source, width=width, height=height, truecolor=truecolor, is_full=True)
        facts = [fact for fact in facts if fact not in inside.facts]
        shown = inside
    document = Document(source, shown)
    if mode == "auto" and shown.kind in (CSV, TSV) and not shown.is_damaged:
        layout = await asyncio.to_thread(find_layout, await source.head(), source.size_bytes)
        document.codec, document.heads = layout.encoding.codec, layout.heads
        document.window = Window(TablePager(source, layout), source)
        return document, await document.window.go(offset or 0)
    if shown.pages is not None:
        head = await source.head()
        is_hex = mode == "hex" or (not shown.can_wrap and shown.kind == HEX.kind) or not TEXT.matches(head, "")
        encoding = find_encoding(head) or Encoding("cp1252")
        document.codec = "" if is_hex else encoding.codec
        pager = HexPager(source, width - 1) if is_hex else TextPager(source, encoding)
        document.window = Window(pager, source)
        row = await document.window.go(offset or 0)
        return document, row
    document.fixed = [_fact_row(label, value) for label, value in (*facts, *_notes(shown))]
    document.fixed += [Row(Text(""))] if document.fixed and shown.lines else []
    document.facts = len(document.fixed)
    if any(shown.depths):
        document.folds = Folds(shown.lines, shown.depths)
        document.fixed += document.folds.rows()
    else:
        document.fixed += [Row(line) for line in shown.lines]
    return document, 0 if shown.is_drawing else min(document.facts, max(0, len(document.fixed) - 1))


def parse_place(text: str, size_bytes: int | None) -> int | None:
    """An offset as people type it: `4096`, `0x1000`, `1.5M`, `2Gi`, `50%`; None when it is none."""
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    if match["hex"]:
        place = int(match["hex"], 16)
    elif match["share"]:
        place = int((size_bytes or 0) * min(100.0, float(match["share"])) / 100)
    else:
        unit = match["unit"].lower()
        if unit not in UNITS:
            return None
        place = int(float(match["count"].replace(",", "").replace("_", "")) * UNITS[unit])
    return max(0, place if size_bytes is None else min(place, size_bytes))


def _next(pattern: re.Pattern[str], lines: Sequence[str], at: int, *, is_forward: bool) -> int | None:
    places = range(at + 1, len(lines)) if is_forward else range(at - 1, -1, -1)
    return next((place for place in places if pattern.search(lines[place])), None)


def _fact_row(label: str, value: str) -> Row:
    return Row(Text.assemble((label.ljust(LABEL_CELLS), "dim"), value, no_wrap=True))


def _notes(shown: Preview) -> list[tuple[str, str]]:
    words = shown.note.split(" · ")
    return [("note", word) for word in words if word and not word.endswith(" read")]
