"""The keys that move over lines, for every screen that is one list."""

from storage_tui.tui.widgets.line_view import LineView


class LineMoves:
    """A screen with a `view`; the rows `line-…` of the command table."""

    @property
    def view(self) -> LineView:
        """The list."""
        raise NotImplementedError

    def move(self, delta: int) -> None:
        """The cursor `delta` lines down."""
        self.view.move(delta)

    def page(self, pages: float) -> None:
        """The cursor so many pages down."""
        self.view.page(pages)

    def action_line_down(self) -> None:
        """Next line."""
        self.move(1)

    def action_line_up(self) -> None:
        """Line before."""
        self.move(-1)

    def action_line_half_down(self) -> None:
        """Half a page down."""
        self.page(0.5)

    def action_line_half_up(self) -> None:
        """Half a page up."""
        self.page(-0.5)

    def action_line_first(self) -> None:
        """First line."""
        self.move(-self.view.line_count())

    def action_line_last(self) -> None:
        """Last line."""
        self.move(self.view.line_count())
