"""The cross-hair: its place, and the distance from a second one."""

from collections.abc import Callable

from storage_tui.previews.vector.atlas.geodesic import distance_m, distance_text
from storage_tui.tui.viewer.map.look import Look
from storage_tui.tui.viewer.status import Status

Place = tuple[float, float]


class CrossHair:
    """A place on the map. `changed` is called after each change."""

    def __init__(self, look: Look, status: Status, *, changed: Callable[[], None]) -> None:
        self.place: Place | None = None
        self.start: Place | None = None  # of a distance
        self._look = look
        self._status = status
        self._changed = changed

    @property
    def cell(self) -> tuple[int, int] | None:
        """The cell of the view in which the cross-hair stands; it may be out of view."""
        return self._cell_of(self.place)

    @property
    def mark(self) -> tuple[int, int] | None:
        """The cell from which a distance is measured."""
        return self._cell_of(self.start)

    @property
    def distance(self) -> str:
        """The distance from the start to the cross-hair in words; "" while none is measured."""
        if self.start is None or self.place is None:
            return ""
        (x0, y0), (x1, y1) = self.start, self.place
        if self._look.view is not None and self._look.view.is_plane:
            return f"{((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5:,.3f} units of the plane"
        return distance_text(distance_m(self.start, self.place))

    def action_cross_hair(self) -> None:
        """Show the cross-hair in the middle of the view, or hide it."""
        view = self._look.view
        if self.place is not None or view is None:
            self.hide()
        else:
            self.put((view.x, view.y))

    def action_measure(self) -> None:
        """Measure from the cross-hair on, or stop measuring."""
        view = self._look.view
        if view is None:
            return
        if self.start is not None:
            self.start = None
            self._status.say("measuring has ended")
        else:
            self.place = self.place or (view.x, view.y)
            self.start = self.place
            self._status.say("measuring from here: move the cross-hair")
        self._changed()

    def hide(self) -> bool:
        """Take the cross-hair away, the start of a distance first; return false when there is none."""
        was_there = self.place is not None
        if self.start is not None:
            self.start = None
        else:
            self.place = None
        self._changed()
        return was_there

    def put(self, place: Place) -> None:
        """Put the cross-hair on a place."""
        self.place = place
        self._changed()

    def step(self, columns: int, rows: int) -> None:
        """Move the cross-hair by cells; the view follows."""
        view, cell = self._look.view, self.cell
        if view is None or cell is None:
            return
        if not view.has(cell):
            cell = (view.columns // 2, view.rows // 2)
        aim = cell[0] + columns, cell[1] + rows
        self.put(view.place_of(aim))
        if not view.has(aim):
            self._look.show(view.moved(columns * max(1, view.columns // 4), rows * max(1, view.rows // 4)))

    def _cell_of(self, place: Place | None) -> tuple[int, int] | None:
        view = self._look.view
        return None if place is None or view is None else view.cell_of(*place)
