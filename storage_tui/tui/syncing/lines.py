"""The differences on the screen: a line each with tick, step, size, key and reason."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.syncing.rows import Difference, Differences
from storage_tui.tui.widgets.line_view import LineView, cut_middle

ARROWS = {"upload": "↑", "download": "↓", "delete": "×", "none": "!"}
SHADES = {"upload": "line--key", "download": "line--key", "delete": "line--bad", "none": "line--warn"}
REASON_FROM, SIZE_FROM = 60, 36  # cells: the widths from which the reason and the size have room


class DifferenceLines(LineView):
    """The differences; `words` is the text while there are none."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"line--key", "line--warn", "line--bad"}

    def __init__(self, differences: Differences, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.differences = differences
        self.words = ""

    @property
    def row(self) -> Difference | None:
        """The difference under the cursor."""
        rows = self.differences.rows
        return rows[self.cursor] if self.cursor < len(rows) else None

    def say(self, words: str) -> None:
        """Show this text while there are no differences."""
        if words != self.words:
            self.words = words
            self.refresh()

    def line_count(self) -> int:
        """Return the number of differences."""
        return len(self.differences.rows)

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the text of a list without differences."""
        return self.draw_words(self.words, y, width)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return a line: `▌● ↑ upload   1.2 MB  maps/dem.tif   same size, other bytes`, as columns fit."""
        differences = self.differences
        row, direction, dim = differences.rows[index], differences.direction, self.component("line--dim")
        step = row.step(direction)
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        tick = Segment("● " if differences.is_ticked(row) else "○ " if step != "none" else "  ")
        word = step if step != "none" else "left out"
        start = [bar, tick, Segment(f"{ARROWS[step]} {word:<9}", self.component(SHADES[step]))]
        if width >= SIZE_FROM:
            start.append(Segment(f"{size_text(row.size_bytes(direction)):>8}", dim))
        start.append(Segment("  "))
        room = max(4, width - sum(cell_len(segment.text) for segment in start) - 1)
        reason = visible(row.why(direction), limit=max(8, room // 2)) if width >= REASON_FROM else ""
        cells = max(4, room - cell_len(reason) - 2) if reason else room
        name = cut_middle(visible(row.relative) or "(the folder's own key)", cells)
        pad = " " * max(0, room - cell_len(name) - cell_len(reason))
        return [*start, Segment(name), Segment(pad + reason, dim)]
