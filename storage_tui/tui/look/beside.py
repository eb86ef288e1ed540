"""A list with the preview of its row beside it, on screens that are wide enough."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from storage_tui.tui.desk import Desk
from storage_tui.tui.state.listing import Row
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.row_preview import RowPreview


class Beside(Horizontal):
    """Shows `view`, and the preview at its right unless the stylesheet hides `#beside`."""

    def __init__(self, desk: Desk, view: LineView) -> None:
        super().__init__(id="body")
        self._view = view
        self.pane = RowPreview(desk.storage, quadrants=desk.has_quadrants, link=desk.link, id="beside")
        self._shown: Row | None = None

    def compose(self) -> ComposeResult:
        """Yield the list and the preview."""
        yield self._view
        yield self.pane

    def show_row(self, row: Row | None) -> None:
        """Preview the row if it is another one; hidden, the preview reads nothing."""
        if self.pane.is_attached and self.pane.display and row != self._shown:
            self._shown = row
            self.pane.show_row(row)

    def on_resize(self) -> None:
        """Draw the preview for its new size."""
        row, self._shown = self._shown, None
        self.call_after_refresh(self.show_row, row)
