"""The cross-hair: its place in the raster, and the values of all bands there."""

import asyncio
from collections.abc import Callable

from storage_tui.previews.base import BudgetError, PreviewError
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.viewer.raster.look import SETTLE_S, Look
from storage_tui.tui.viewer.status import PAGE, Run, Status

Pixel = tuple[int, int]  # column and row of the raster


class CrossHair:
    """Reads the pixel under it at full resolution. `changed` is called after each change."""

    def __init__(self, look: Look, status: Status, *, run: Run, changed: Callable[[], None]) -> None:
        self.pixel: Pixel | None = None
        self.values: list[float | None] | None = None
        self.bands: tuple[int, ...] = ()  # of the values
        self._look = look
        self._status = status
        self._run = run
        self._changed = changed

    @property
    def cell(self) -> tuple[int, int] | None:
        """The cell of the view in which the cross-hair stands; it may be out of view."""
        view = self._look.view
        return None if self.pixel is None or view is None else view.cell_of(*self.pixel)

    def action_cross_hair(self) -> None:
        """Show the cross-hair in the middle of the view, or hide it."""
        view = self._look.view
        if self.pixel is not None or view is None:
            self.hide()
        else:
            x, y = view.middle
            self.put((min(view.width - 1, int(x)), min(view.height - 1, int(y))))

    def hide(self) -> bool:
        """Take the cross-hair away; return false when there is none."""
        was_there, self.pixel, self.values = self.pixel is not None, None, None
        self._changed()
        return was_there

    def point(self, cell: tuple[int, int]) -> None:
        """Put the cross-hair on the pixel in the middle of a cell."""
        pixel = None if self._look.view is None else self._look.view.pixel_at(*cell)
        if pixel is not None:
            self.put(pixel)

    def put(self, pixel: Pixel) -> None:
        """Put the cross-hair on a pixel, and read its values."""
        if pixel != self.pixel:
            self.pixel, self.values = pixel, None
            self._changed()
            self._run(self._read, group=PAGE, exclusive=True)

    def read_again(self) -> None:
        """Read the values once more, of another slice."""
        pixel, self.pixel = self.pixel, None
        if pixel is not None:
            self.put(pixel)

    def step(self, columns: int, rows: int) -> None:
        """Move the cross-hair by cells, or by pixels where these are larger; the view follows."""
        view, pixel = self._look.view, self.pixel
        if view is None or pixel is None:
            return
        x = pixel[0] + columns * max(1, round(view.scale))
        y = pixel[1] + rows * max(1, round(view.scale * 2))
        self.put((max(0, min(view.width - 1, x)), max(0, min(view.height - 1, y))))
        if not view.has(view.cell_of(*self.pixel or pixel)):
            self._look.show(view.moved(columns * max(1, view.columns // 4), rows * max(1, view.rows // 4)))

    async def _read(self) -> None:
        await asyncio.sleep(SETTLE_S)
        reader, pixel = self._look.reader, self.pixel
        if reader is None or pixel is None:
            return
        try:
            bands = reader.pixel_bands
            try:
                values = await reader.pixel(*pixel, bands)
            except BudgetError:  # bands that are stored separately: those that are shown
                bands = self._look.style.bands
                values = await reader.pixel(*pixel, bands)
        except (*EXPECTED, PreviewError) as exc:
            self._status.fail(exc)
            return
        self.values, self.bands = values, bands
        self._changed()
