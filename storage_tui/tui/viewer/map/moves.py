"""The commands that move and zoom: the view, or the cross-hair while there is one."""

from storage_tui.tui.viewer.map.cross_hair import CrossHair
from storage_tui.tui.viewer.map.look import Look

STEPS = 8  # from one side of the view to the other
CLOSER, FARTHER = 0.5, 2.0


class Moves:
    """Moves the view of a look, or its cross-hair."""

    def __init__(self, look: Look, cross: CrossHair) -> None:
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
        """Show the northern edge of the layers."""
        self._to_edge(is_north=True)

    def action_last(self) -> None:
        """Show the southern edge of the layers."""
        self._to_edge(is_north=False)

    def action_zoom_in(self) -> None:
        """Show half as much, twice as large."""
        self.zoom(self._cross.cell, is_in=True)

    def action_zoom_out(self) -> None:
        """Show twice as much, half as large."""
        self.zoom(self._cross.cell, is_in=False)

    def action_zoom_fit(self) -> None:
        """Show all layers."""
        self._look.fit(None)

    def zoom(self, cell: tuple[int, int] | None, *, is_in: bool) -> None:
        """Zoom by a factor of two; the place under `cell`, else the middle, stays where it is."""
        view = self._look.view
        if view is not None:
            at = cell if cell is not None and view.has(cell) else None
            self._look.show(view.zoomed(CLOSER if is_in else FARTHER, at))

    def drag(self, columns: int, rows: int) -> None:
        """Move the map by so many cells to the right and down."""
        if self._look.view is not None:
            self._look.show(self._look.view.moved(-columns, -rows))

    def _jump(self, views: float) -> None:
        view = self._look.view
        if view is not None:
            self._look.show(view.moved(0, round(views * view.rows)))

    def _to_edge(self, *, is_north: bool) -> None:
        view, bounds = self._look.view, self._look.layers.bounds()
        if view is None or bounds is None:
            return
        half = view.height * view.scale / 2
        y = bounds[3] - half if is_north else bounds[1] + half
        if bounds[3] - bounds[1] <= 2 * half:
            y = (bounds[1] + bounds[3]) / 2
        self._look.show(view.centred(view.x, y))

    def _move(self, columns: int, rows: int) -> None:
        view = self._look.view
        if view is None:
            return
        if self._cross.place is not None:
            self._cross.step(columns, rows)
        else:
            across, down = max(1, view.columns // STEPS), max(1, view.rows // STEPS)
            self._look.show(view.moved(columns * across, rows * down))
