"""The widget beside a view: lines of words, of which only the changed ones are painted."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip

from storage_tui.tui.terminal.compositor import repaint
from storage_tui.tui.terminal.textual_private import style_parser
from storage_tui.tui.widgets.bare_widget import BareWidget


class ViewColumn(BareWidget):
    """Lines of text; those that do not fit are left out."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Content] = []

    def show(self, lines: Sequence[Content]) -> None:
        """Show these lines."""
        old, self._lines = self._lines, list(lines)
        count = max(len(old), len(lines))
        empty = Content("")
        pairs = zip([*old, *[empty] * (count - len(old))], [*lines, *[empty] * (count - len(lines))], strict=True)
        changed = [y for y, (before, after) in enumerate(pairs) if not before.is_same(after)]
        repaint(self, *(Region(0, y, self.room.width, 1) for y in changed if y < self.room.height))

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the widget (Textual's line API)."""
        width = self.room.width
        if y >= len(self._lines):
            return Strip.blank(width, self.base)
        line = self._lines[y].truncate(max(1, width - 2), ellipsis=True)
        segments = [
            Segment(text, style.rich_style) for text, style in line.render(self.visual_style, "", style_parser(self))
        ]
        return Strip([Segment(" ", self.base), *segments]).adjust_cell_length(width, self.base)
