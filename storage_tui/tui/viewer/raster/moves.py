"""The commands that move and zoom: the view, or the cross-hair while there is one."""

from storage_tui.tui.viewer.raster.cross_hair import CrossHair
from storage_tui.tui.viewer.raster.look import Look

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
        """Show the upper edge of the raster."""
        self._to_edge(0.0)

    def action_last(self) -> None:
        """Show the lower edge of the raster."""
        self._to_edge(1.0)

    def action_zoom_in(self) -> None:
        """Show half as much, twice as large."""
        self.zoom(self._cross.cell, is_in=True)

    def action_zoom_out(self) -> None:
        """Show twice as much, half as large."""
        self.zoom(self._cross.cell, is_in=False)

    def action_zoom_fit(self) -> None:
        """Show the whole raster."""
        if self._look.view is not None:
            self._look.show(self._look.view.fit())

    def action_zoom_one(self) -> None:
        """Show one pixel of the raster to the width of a cell."""
        if self._look.view is not None:
            self._look.show(self._look.view.zoomed(1 / self._look.view.scale, self._cell_in_view(self._cross.cell)))

    def zoom(self, cell: tuple[int, int] | None, *, is_in: bool) -> None:
        """Zoom by a factor of two; the place under `cell`, else the middle, stays where it is."""
        if self._look.view is not None:
            self._look.show(self._look.view.zoomed(CLOSER if is_in else FARTHER, self._cell_in_view(cell)))

    def drag(self, columns: int, rows: int) -> None:
        """Move the picture by so many cells to the right and down."""
        if self._look.view is not None:
            self._look.show(self._look.view.moved(-columns, -rows))

    def _jump(self, views: float) -> None:
        view = self._look.view
        if view is not None:
            self._look.show(view.moved(0, round(views * view.rows)))

    def _to_edge(self, share: float) -> None:
        view = self._look.view
        if view is not None:
            half = view.rows * view.scale
            y = max(half, min(view.height - half, share * view.height)) if view.height > 2 * half else view.height / 2
            self._look.show(view.centred(view.middle[0], y))

    def _cell_in_view(self, cell: tuple[int, int] | None) -> tuple[int, int] | None:
        view = self._look.view
        is_seen = cell is not None and view is not None and 0 <= cell[0] < view.columns and 0 <= cell[1] < view.rows
        return cell if is_seen else None

    def _move(self, columns: int, rows: int) -> None:
        view = self._look.view
        if view is None:
            return
        if self._cross.pixel is not None:
            self._cross.step(columns, rows)
        else:
            across, down = max(1, view.columns // STEPS), max(1, view.rows // STEPS)
            self._look.show(view.moved(columns * across, rows * down))
