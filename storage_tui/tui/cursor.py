"""The keys that move the cursor, for every screen with lines."""

from collections.abc import Callable

from storage_tui.tui.widgets.line_view import LineView


class Cursor:
    """Moves the cursor of a view. `moved` is called after each move."""

    def __init__(self, view: LineView, *, moved: Callable[[], None] | None = None) -> None:
        self._view = view
        self._moved = moved

    def move(self, delta: int) -> None:
        """Move the cursor `delta` lines down."""
        self._view.move(delta)
        if self._moved is not None:
            self._moved()

    def page(self, pages: float) -> None:
        """Move the cursor and the view `pages` pages down."""
        self._view.page(pages)
        if self._moved is not None:
            self._moved()

    def action_down(self) -> None:
        """Move the cursor one line down."""
        self.move(1)

    def action_up(self) -> None:
        """Move the cursor one line up."""
        self.move(-1)

    def action_half_down(self) -> None:
        """Move the cursor half a page down."""
        self.page(0.5)

    def action_half_up(self) -> None:
        """Move the cursor half a page up."""
        self.page(-0.5)

    def action_page_down(self) -> None:
        """Move the cursor a page down."""
        self.page(1)

    def action_page_up(self) -> None:
        """Move the cursor a page up."""
        self.page(-1)

    def action_first(self) -> None:
        """Move the cursor to the first line."""
        self.move(-self._view.line_count())

    def action_last(self) -> None:
        """Move the cursor to the last line."""
        self.move(self._view.line_count())
