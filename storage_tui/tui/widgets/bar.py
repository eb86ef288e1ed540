"""A one-row widget: a text at the left that may be cut, a text at the right that stays."""

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from storage_tui.tui.terminal.compositor import repaint
from storage_tui.tui.terminal.textual_private import style_parser
from storage_tui.tui.widgets.bare_widget import BareWidget

LEFT_AT_LEAST = 10  # cells; when both texts do not fit, the right one is left out


class Bar(BareWidget):
    """One row that is painted only when its text changes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.left = Content("")
        self.right = Content("")
        self.is_urgent = False

    def say(self, left: Content, right: Content | None = None, *, is_urgent: bool = False) -> None:
        """Show these texts. With `is_urgent` the left text is worth more: without room for both it stands alone."""
        right = right or Content("")
        if not (left.is_same(self.left) and right.is_same(self.right) and is_urgent == self.is_urgent):
            self.left, self.right, self.is_urgent = left, right, is_urgent
            repaint(self)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return one row."""
        return 1

    def render_line(self, y: int) -> Strip:
        """Return the one row of the widget (Textual's line API)."""
        if y:
            return Strip.blank(self.room.width, self.base)
        return Strip(
            [
                Segment(text, style.rich_style)
                for text, style in self._words(self.room.width).render(self.visual_style, "", style_parser(self))
            ]
        )

    def _words(self, width: int) -> Content:
        """Return both texts; the left one is cut when there is not enough room."""
        right = self.right
        needed = self.left.cell_length if self.is_urgent else min(LEFT_AT_LEAST, self.left.cell_length)
        if right.cell_length + needed + 2 > width:
            right = Content("")
        room = width - right.cell_length - (2 if right else 0)
        left = self.left.truncate(max(0, room), ellipsis=True)
        gap = width - left.cell_length - right.cell_length
        return Content.assemble(left, " " * max(0, gap), right)
