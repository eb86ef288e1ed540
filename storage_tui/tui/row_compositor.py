"""Paints the rows that changed: a key over a slow line, on a busy machine, costs what it changes and no more."""

from collections.abc import Iterable, Iterator

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.messages import Update
from textual.strip import Strip
from textual.widget import Widget


class RowCompositor(Compositor):
    """Asks a widget for its changed rows only; Textual's asks every widget for all rows from the first to the last."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted: list[Region] = []

    def render_partial_update(self) -> ChopsUpdate | None:
        """What to send for the regions that are dirty; None when there are none."""
        self._wanted = list(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._wanted = []

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        return self._changed() if self._wanted else super()._get_renders(crop)

    def _changed(self) -> Iterator[tuple[Region, Region, list[Strip]]]:
        """The rows of each widget in each region, from the front; what is behind one that covers a region stays out."""
        for wanted in self._wanted:
            for widget, (region, clip) in self.visible_widgets.items():
                shown = region.intersection(clip)
                rows = shown.intersection(Region(shown.x, wanted.y, shown.width, wanted.height))
                if rows and rows.overlaps(wanted):
                    yield rows, clip, widget.render_lines(rows.translate((-region.x, -region.y)))
                    if shown.contains_region(wanted):
                        break


def repaint(widget: Widget, *regions: Region) -> None:
    """Have these regions of a widget, or all of it, painted with the next paint of its screen. `Widget.refresh` takes
    two more turns of the event loop and forgets the styles, which a change of rows or words leaves as they are."""
    if not widget.is_mounted:
        widget.refresh(*regions)
        return
    widget._layout_cache.clear()
    widget._set_dirty(*regions)
    widget.screen.post_message(Update(widget))
