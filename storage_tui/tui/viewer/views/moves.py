"""The commands that move and zoom: the view, or the cross-hair while there is one."""

from typing import Generic, Protocol, TypeVar

STEPS = 8  # from one side of the view to the other
CLOSER, FARTHER = 0.5, 2.0

Cell = tuple[int, int]  # column and row
ViewT = TypeVar("ViewT", bound="AnyView")


class AnyView(Protocol):
    """A view of `columns` by `rows` cells: its middle, its scale, its size. Each change makes another view."""

    @property
    def columns(self) -> int:
        """The width in cells."""

    @property
    def rows(self) -> int:
        """The height in cells."""

    def has(self, cell: Cell) -> bool:
        """Return whether a cell is in view."""

    def moved(self: ViewT, columns: int, rows: int) -> ViewT:
        """Return the view so many cells to the right and down."""

    def zoomed(self: ViewT, factor: float, cell: Cell | None = None) -> ViewT:
        """Return the view at another scale; the place under `cell`, by default the middle, stays where it is."""


class AnyLook(Protocol[ViewT]):
    """What is looked at through a view."""

    view: ViewT | None

    def show(self, view: ViewT) -> None:
        """Show a view."""

    def show_all(self) -> None:
        """Show the view on everything."""

    def show_edge(self, *, is_upper: bool) -> None:
        """Show the upper or the lower edge."""


class AnyCross(Protocol):
    """A cross-hair on a view."""

    @property
    def cell(self) -> Cell | None:
        """The cell of the view in which the cross-hair stands, which may be out of view; None without a cross-hair."""

    def step(self, columns: int, rows: int) -> None:
        """Move the cross-hair by cells; the view follows."""


class Moves(Generic[ViewT]):
    """Moves the view of a look, or its cross-hair."""

    def __init__(self, look: AnyLook[ViewT], cross: AnyCross) -> None:
        self._look = look
        self._cross = cross

    def action_view_left(self) -> None:
        """Move to the left."""
        self._move(-1, 0)

    def action_view_right(self) -> None:
        """Move to the right."""
        self._move(1, 0)

    def action_up(self) -> None:
        """Move up."""
        self._move(0, -1)

    def action_down(self) -> None:
        """Move down."""
        self._move(0, 1)

    def action_half_down(self) -> None:
        """Move half a view down."""
        self._jump(0.5)

    def action_half_up(self) -> None:
        """Move half a view up."""
        self._jump(-0.5)

    def action_first(self) -> None:
        """Show the upper edge."""
        self._look.show_edge(is_upper=True)

    def action_last(self) -> None:
        """Show the lower edge."""
        self._look.show_edge(is_upper=False)

    def action_zoom_in(self) -> None:
        """Show half as much, twice as large."""
        self.zoom(CLOSER, self._cross.cell)

    def action_zoom_out(self) -> None:
        """Show twice as much, half as large."""
        self.zoom(FARTHER, self._cross.cell)

    def action_zoom_fit(self) -> None:
        """Show everything."""
        self._look.show_all()

    def turn(self, cell: Cell, *, is_in: bool) -> None:
        """Zoom by a turn of the wheel over a cell."""
        self.zoom(CLOSER if is_in else FARTHER, cell)

    def zoom(self, factor: float, cell: Cell | None) -> None:
        """Zoom by a factor; the place under `cell` stays where it is, the middle where `cell` is not in view."""
        view = self._look.view
        if view is not None:
            self._look.show(view.zoomed(factor, cell if cell is not None and view.has(cell) else None))

    def drag(self, columns: int, rows: int) -> None:
        """Move the view by so many cells to the left and up, as its content is dragged to the right and down."""
        if self._look.view is not None:
            self._look.show(self._look.view.moved(-columns, -rows))

    def _jump(self, views: float) -> None:
        view = self._look.view
        if view is not None:
            self._look.show(view.moved(0, round(views * view.rows)))

    def _move(self, columns: int, rows: int) -> None:
        view = self._look.view
        if view is None:
            return
        if self._cross.cell is not None:
            self._cross.step(columns, rows)
        else:
            across, down = max(1, view.columns // STEPS), max(1, view.rows // STEPS)
            self._look.show(view.moved(columns * across, rows * down))
