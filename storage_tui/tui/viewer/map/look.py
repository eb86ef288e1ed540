"""What is looked at: the view and its dots. A view is drawn in slices, so that no key waits for a whole map."""

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter

from storage_tui.previews.projections import Bounds
from storage_tui.previews.vector.atlas.dots import CHOSEN, Dots, draw, draw_ground
from storage_tui.previews.vector.atlas.filling import fill
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.view import MapView
from storage_tui.tui.viewer.map.canvas import Label, MapCanvas
from storage_tui.tui.viewer.map.labels import Labels
from storage_tui.tui.viewer.map.layers import Layer, Layers
from storage_tui.tui.viewer.status import Run

FIRST_S = 0.008  # of drawing before the first paint after a key; the rest follows in slices
PAINT = "paint"  # the group of the worker that draws the rest


class Look:
    """Owns layers, view and dots. `changed` is called after each change, `settled` when a view was drawn."""

    def __init__(
        self, canvas: MapCanvas, *, run: Run, changed: Callable[[], None], settled: Callable[[], None]
    ) -> None:
        self.layers = Layers()
        self.view: MapView | None = None
        self.dots: Dots | None = None
        self.labels: list[Label] = []
        self.has_graticule = False
        self.is_fitted = True  # until the view is moved: each further layer is fitted too
        self.chosen: tuple[Layer, Features, int] | None = None
        self.naming = Labels()
        self._canvas = canvas
        self._run = run
        self._changed = changed
        self._settled = settled
        self._drawing: Iterator[None] | None = None
        self._next: Dots | None = None

    @property
    def bounds(self) -> Bounds | None:
        """The bounds of the view."""
        return None if self.view is None else self.view.bounds

    def arrange(self) -> None:
        """Fit the view to the layers, unless it was moved; then draw."""
        self.layers.arrange()
        if self.is_fitted:
            self.fit(None)
        elif self.view is not None:
            self.redraw()

    def fit(self, rows: list[Layer] | None) -> bool:
        """Show all of some layers, by default of those on the map; return false when they have no shapes."""
        bounds = self.layers.bounds(rows)
        if bounds is None:
            self.redraw()
            return False
        size = self._canvas.size
        view = MapView(max(1, size.width), max(1, size.height), is_plane=self.layers.is_plane).fit(bounds)
        self.is_fitted = rows is None
        self.show(view, keeps_fit=True)
        return True

    def show_all(self) -> None:
        """Show all layers."""
        self.fit(None)

    def show_edge(self, *, is_upper: bool) -> None:
        """Show the northern or the southern edge of the layers."""
        view, bounds = self.view, self.layers.bounds()
        if view is None or bounds is None:
            return
        half = view.height * view.scale / 2
        y = bounds[3] - half if is_upper else bounds[1] + half
        if bounds[3] - bounds[1] <= 2 * half:
            y = (bounds[1] + bounds[3]) / 2
        self.show(view.centred(view.x, y))

    def resize(self) -> None:
        """Show the same place in a canvas of another size."""
        size = self._canvas.size
        view = self.view
        if view is None or (size.width, size.height) == (view.columns, view.rows):
            return
        if self.is_fitted:
            self.fit(None)
        else:
            self.show(view.resized(max(1, size.width), max(1, size.height)), keeps_fit=True)

    def show(self, view: MapView, *, keeps_fit: bool = False) -> None:
        """Show a view: at once with what is drawn of it in a moment, then whole."""
        self.view = view
        self.is_fitted = self.is_fitted and keeps_fit
        self.redraw()

    def redraw(self) -> None:
        """Draw the view again."""
        view = self.view
        if view is None:
            self._changed()
            return
        self._next = Dots(view)
        self._drawing = self._paint(self._next)
        until = perf_counter() + FIRST_S
        if self._draw_until(until):
            return
        moved = None if self.dots is None else self.dots.seen_from(view)
        self.dots = moved or self._next
        self.labels = []
        self._changed()
        self._run(self._finish, group=PAINT, exclusive=True)

    def _draw_until(self, until: float) -> bool:
        """Draw slices until a moment; return whether the view is whole, and shown."""
        assert self._drawing is not None
        while True:
            if next(self._drawing, self) is self:
                self.dots, self._next, self._drawing = self._next, None, None
                self._changed()
                self._settled()
                return True
            if perf_counter() > until:
                return False

    async def _finish(self) -> None:
        is_whole = False
        while not is_whole:
            await asyncio.sleep(0)  # keys and paints come between the slices
            is_whole = self._drawing is None or self._draw_until(0.0)

    def _paint(self, dots: Dots) -> Iterator[None]:
        labels: list[Label] = [
            (column, row, text, 1) for column, row, text in draw_ground(dots, has_graticule=self.has_graticule)
        ]
        yield
        bounds = dots.view.bounds
        shown = [(row, features) for row in self.layers.drawn if (features := row.features(bounds)) is not None]
        for row, features in shown:
            yield from fill(dots, features, row.colour)
            yield from draw(dots, features, row.colour)
        if self.chosen is not None and self.chosen[0].is_drawn:
            yield from draw(dots, self.chosen[1], CHOSEN, only=self.chosen[2])
        yield from self.naming.place(dots.view, shown, self.chosen, labels)
        self.labels = labels
