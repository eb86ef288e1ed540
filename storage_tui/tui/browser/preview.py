"""The commands of the preview."""

from typing import Any

from textual.screen import Screen

from storage_tui.tui.side import Side
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.row_preview import RowPreview

STEP = 4  # rows that J and K scroll


class PreviewKeys:
    """Shows the row under the cursor in the preview, and scrolls the preview."""

    def __init__(self, screen: Screen[Any], desk: Side, view: KeyList, pane: RowPreview) -> None:
        self._screen = screen
        self._desk = desk
        self._view = view
        self._pane = pane

    def show_row(self) -> None:
        """Preview the row under the cursor."""
        if self._pane.display:
            self._pane.show_row(self._view.current)

    def action_preview(self) -> None:
        """Draw the picture that was held back on a slow link; else show or hide the preview."""
        if self._pane.draw_held():
            return
        self._screen.toggle_class("-no-preview")
        self._screen.call_after_refresh(self.show_row)

    def action_preview_down(self) -> None:
        """Scroll the preview down."""
        self._pane.turn(STEP)

    def action_preview_up(self) -> None:
        """Scroll the preview up."""
        self._pane.turn(-STEP)

    def action_preview_mode(self) -> None:
        """Show the preview in the next mode: as found, as text, as hex."""
        mode = self._pane.next_mode()
        self._desk.say(f"preview as {'found' if mode == 'auto' else mode}")
