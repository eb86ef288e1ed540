"""The trash on the screen: a line for each version of a blob, with size, how it went, when, and how long it is kept."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.contract.sizes import size_parts
from storage_tui.contract.trash import MOVED_OVER, OVERWRITTEN, GoneBlob
from storage_tui.contract.visible import visible
from storage_tui.tui.state.formats import age_text, countdown_text
from storage_tui.tui.widgets.line_view import LineView, cut_middle, cut_start

HOW = {OVERWRITTEN: "replaced", MOVED_OVER: "moved over"}
SIZE_WIDTH, WHEN_WIDTH, LEFT_WIDTH, BY_WIDTH = 34, 50, 66, 96  # cells: the widths from which these columns have room
BY_CELLS = 16

Name = tuple[str, str | None]
"""A version: its key and its ETag."""


def name_of(gone: GoneBlob) -> Name:
    """Return the version."""
    return gone.key, gone.blob.etag


class TrashLines(LineView):
    """The versions, the last one that went first, with marks."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"line--warn", "line--key"}

    def __init__(self, prefix: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.prefix = prefix
        self.gone: list[GoneBlob] = []
        self.marks: dict[Name, GoneBlob] = {}
        self.words = ""

    @property
    def current(self) -> GoneBlob | None:
        """The version under the cursor."""
        return self.gone[self.cursor] if self.cursor < len(self.gone) else None

    @property
    def chosen(self) -> list[GoneBlob]:
        """The marked versions, or the one under the cursor."""
        return list(self.marks.values()) or ([self.current] if self.current is not None else [])

    def show(self, gone: Sequence[GoneBlob]) -> None:
        """Show these versions; marks of those that are gone for good are dropped."""
        self.gone = sorted(gone, key=lambda one: one.gone, reverse=True)
        names = set(map(name_of, self.gone))
        self.marks = {name: one for name, one in self.marks.items() if name in names}
        self.cursor = max(0, min(self.cursor, len(self.gone) - 1))
        self.lines_changed()

    def say(self, words: str) -> None:
        """Set the text of an empty list."""
        if words != self.words:
            self.words = words
            self.refresh()

    def mark(self) -> None:
        """Mark the version under the cursor, or remove its mark; go down."""
        if self.current is not None:
            name = name_of(self.current)
            if self.marks.pop(name, None) is None:
                self.marks[name] = self.current
            self.move(1)
            self.refresh()

    def mark_all(self) -> None:
        """Mark all versions; when all are marked, remove all marks."""
        are_all = len(self.marks) == len(self.gone)
        self.marks = {} if are_all else {name_of(one): one for one in self.gone}
        self.refresh()

    def line_count(self) -> int:
        """Return the number of versions."""
        return len(self.gone)

    @property
    def header_rows(self) -> int:
        """The number of header rows: one where there is room."""
        return 1 if self.size.height >= 6 and self.gone else 0

    def draw_header(self, width: int) -> list[Segment]:
        """Return the titles, above their columns."""
        start, tail = "   key", self._tail_of(("size", "", "went", "ago", "by", "left"), width)
        room = max(0, width - len(start) - len(tail))
        return [Segment(f"{start}{'':{room}}{tail}", self.component("line--head"))]

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the text of an empty trash."""
        return self.draw_words(self.words, y, width)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return a line: `● a/b.txt    1.2 MB  deleted     3m  anna   23h 57m`, as columns fit."""
        one, now = self.gone[index], datetime.now(UTC)
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        mark = Segment("● " if name_of(one) in self.marks else "  ", self.component("line--warn"))
        number, unit = size_parts(one.blob.size_bytes)
        how = HOW.get(one.how, one.how)
        cells = (number, unit, how, age_text(one.gone, now), visible(one.by), countdown_text(one.until, now))
        tail = self._tail_of(cells, width)
        room = max(6, width - 3 - cell_len(tail))
        name = cut_middle(visible(one.key[len(self.prefix) :]), room)
        pad = " " * max(0, room - cell_len(name))
        return [bar, mark, Segment(name + pad), Segment(tail, self.component("line--dim"))]

    @staticmethod
    def _tail_of(cells: tuple[str, str, str, str, str, str], width: int) -> str:
        number, unit, how, age, by, left = cells
        text = f"  {number:>5} {unit:<2}" if width >= SIZE_WIDTH else ""
        if width >= WHEN_WIDTH:
            text += f"  {how:<10} {age:>5}"
        if width >= BY_WIDTH:
            shown = cut_start(by, BY_CELLS)
            text += f"  {shown}{'':{max(0, BY_CELLS - cell_len(shown))}}"
        if width >= LEFT_WIDTH:
            text += f" {left:>8}"
        return f"{text} " if text else ""
