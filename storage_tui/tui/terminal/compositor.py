"""Paints only the rows that changed, so that a key costs little over a slow line and on a busy machine."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from storage_tui.tui.terminal.textual_private import ChopsUpdate, CompositorUpdate, OpenCompositor, mark_changed

Piece = tuple[int, int, Strip]
"""A part of a row of the screen: column and row of its first cell, counted from 0, and its content."""


class RowsUpdate(CompositorUpdate):
    """Parts of rows, each written at its place."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces

    def render_segments(self, console: Console) -> str:
        """Return the control sequences that draw the parts."""
        return "".join([f"\x1b[{y + 1};{x + 1}H{strip.render(console)}" for x, y, strip in self._pieces])


class RowCompositor(OpenCompositor):
    """Asks a widget for its changed rows only. Textual asks every widget for all rows between two changes."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted: list[Region] = []

    def render_partial_update(self) -> ChopsUpdate | RowsUpdate | None:  # type: ignore[override]
        """Return the data to send for the changed regions; None when nothing changed."""
        screen = self.size.region
        self._wanted = sorted(filter(None, (region.intersection(screen) for region in self.changed)), key=_order)
        try:
            pieces = self._pieces()
            if pieces is None:
                return super().render_partial_update()
            self.changed.clear()
            return RowsUpdate(pieces) if pieces else None
        finally:
            self._wanted = []

    def _pieces(self) -> list[Piece] | None:
        """Return the rows of the widget that covers each region; None where a region has more than one widget."""
        pieces: list[Piece] = []
        for wanted in self._wanted:
            for widget, (region, clip) in self.visible_widgets.items():
                shown = region.intersection(clip)
                if not shown.overlaps(wanted):
                    continue
                if not shown.contains_region(wanted):
                    return None
                strips = widget.render_lines(wanted.translate((-region.x, -region.y)))
                pieces += [(wanted.x, y, strip) for y, strip in zip(wanted.line_range, strips, strict=True)]
                break
        return pieces

    def renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Return the wanted rows while a part of the screen is painted, else all rows."""
        return self._changed() if self._wanted else super().renders(crop)

    def _changed(self) -> Iterator[tuple[Region, Region, list[Strip]]]:
        """Yield the rows of each widget in each region, from the front, without widgets that are covered.

        The first to draw a cell keeps it, so a widget comes with the rows of all regions before the widgets behind it.
        """
        left = list(self._wanted)
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            for wanted in left:
                rows = shown.intersection(Region(shown.x, wanted.y, shown.width, wanted.height))
                if rows and rows.overlaps(wanted):
                    yield rows, clip, widget.render_lines(rows.translate((-region.x, -region.y)))
            left = [wanted for wanted in left if not shown.contains_region(wanted)]
            if not left:
                return


def _order(region: Region) -> tuple[int, int]:
    return region.y, region.x


def repaint(widget: Widget, *regions: Region) -> None:
    """Have these regions of a widget, or all of it, painted with the next paint of its screen.

    `Widget.refresh` takes two more turns of the event loop, and drops the styles, which do not depend on rows or words.
    """
    if not widget.is_mounted:
        widget.refresh(*regions)
        return
    if not widget.is_attached:  # the widget was removed while its content was read
        return
    mark_changed(widget, *regions)
