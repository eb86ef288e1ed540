"""What is looked at: the view on a raster, its style, its picture. The newest view is read, older reads are dropped."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.painting.ramps import ANCHORS, AROUND_ZERO
from storage_tui.previews.decoding.painting.stretching import STRETCHES
from storage_tui.previews.decoding.tiff.levels import UINT
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.scene import Scene
from storage_tui.previews.raster.windows.shown import Limits, Picture, Style
from storage_tui.previews.raster.windows.view import View
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.viewer.raster.canvas import RasterCanvas
from storage_tui.tui.viewer.status import LOAD, Run, Status

SETTLE_S = 0.02  # a key that is held down asks for the view at its end, not for each on the way
QUADRANTS, HALVES = 2, 1


class Look:
    """Owns view, style and picture. `changed` is called after each change."""

    def __init__(self, canvas: RasterCanvas, status: Status, *, run: Run, changed: Callable[[], None]) -> None:
        self.reader: WindowReader | None = None
        self.view: View | None = None
        self.style = Style((0,), STRETCHES[0])
        self.picture: Picture | None = None
        self.across = QUADRANTS
        self.is_per_view = False  # whether each view has its own limits of the stretch
        self._canvas = canvas
        self._status = status
        self._run = run
        self._changed = changed
        self._drawn: Picture | None = None  # the last picture that was read
        self._whole: Picture | None = None  # the last picture of the whole raster in this style
        self._kept: dict[tuple[tuple[int, ...], str, bool], Limits] = {}

    @property
    def scene(self) -> Scene | None:
        """The open raster."""
        return None if self.reader is None else self.reader.scene

    async def begin(self, reader: WindowReader) -> None:
        """Show the whole raster: a first picture of few bytes, then a sharper one. Raises what `picture` raises."""
        size, main = self._canvas.size, reader.scene.main
        self.reader, self.style = reader, natural_style(reader.scene)
        self._drawn = self._whole = self.picture = None
        self._kept.clear()
        self.view = View(main.width, main.height, max(1, size.width), max(1, size.height)).fit()
        await self._read(is_first=True)
        if self.picture is not None and not self.picture.is_sharp:
            self.read()

    def resize(self) -> None:
        """Show the same place in a canvas of another size."""
        size = self._canvas.size
        if self.view is not None and (size.width, size.height) != (self.view.columns, self.view.rows):
            self.show(self.view.resized(max(1, size.width), max(1, size.height)))

    def show_all(self) -> None:
        """Show the whole raster."""
        if self.view is not None:
            self.show(self.view.fit())

    def show_edge(self, *, is_upper: bool) -> None:
        """Show the upper or the lower edge of the raster."""
        view = self.view
        if view is not None:
            half, y = view.rows * view.scale, 0.0 if is_upper else float(view.height)
            y = max(half, min(view.height - half, y)) if view.height > 2 * half else view.height / 2
            self.show(view.centred(view.middle[0], y))

    def show(self, view: View) -> None:
        """Show a view: at once with the cells that are there, then with its own."""
        if view == self.view:
            return
        self.view = view
        ground = self._canvas.ground
        behind = None if self._whole is None else self._whole.seen_from(view, ground)
        if self._drawn is not None:
            self.picture = self._drawn.seen_from(view, ground, behind)
        self._changed()
        self.read()

    def step(self, number: int, index: int) -> None:
        """Show another index of a step of an array."""
        if self.reader is not None:
            self.reader.stepped(number, index)
            self.redraw()
            self._changed()

    def restyle(self, style: Style) -> None:
        """Draw the view in another style."""
        self.style, self._whole = style, None
        self._changed()
        self.read()

    def redraw(self) -> None:
        """Draw the view again: with other cells, or limits of its own."""
        self._whole = None
        self.read()

    def read(self) -> None:
        """Read the view; a read that still runs is dropped."""
        if self.reader is not None:
            self._run(self._try, group=LOAD, exclusive=True)

    def forget_limits(self) -> None:
        """Take the limits of the stretch from the next view."""
        self._kept.clear()

    def keep_limits(self, limits: Limits) -> None:
        """Draw these bands between these limits from now on."""
        self._kept[self._limits_name] = limits

    @property
    def kept_limits(self) -> Limits | None:
        """The limits that all views have in common, once one of them was drawn."""
        return None if self.is_per_view else self._kept.get(self._limits_name)

    @property
    def _limits_name(self) -> tuple[tuple[int, ...], str, bool]:
        return self.style.bands, self.style.stretch, self.style.ramp in AROUND_ZERO

    async def _try(self) -> None:
        await asyncio.sleep(SETTLE_S)
        try:
            await self._read(is_first=False)
        except (*EXPECTED, PreviewError) as exc:
            self._status.fail(exc)

    async def _read(self, *, is_first: bool) -> None:
        reader, view, across = self.reader, self.view, self.across
        if reader is None or view is None:
            return
        style = replace(self.style, limits=self.kept_limits)
        self._status.work("Reading…")
        try:
            picture = await reader.picture(view, style, across=across, ground=self._canvas.ground, is_first=is_first)
        finally:
            self._status.work("")
        if picture.bands and not self.is_per_view:
            self._kept.setdefault(self._limits_name, picture.limits)
        self.picture = self._drawn = picture
        if view.is_fit:
            self._whole = picture
        self._changed()


def natural_style(scene: Scene) -> Style:
    """Return the style in which a raster is shown first: its own colours, or a ramp for measured values."""
    told, bands = scene.main.told, scene.natural_bands
    if told["colours"] in ("palette", "cmyk") or scene.is_in_bytes:
        return Style(bands, "type")
    if len(bands) > 1:
        return Style(bands, STRETCHES[0])
    is_measured = told["sample_format"] != UINT
    return Style(bands, STRETCHES[0], "viridis" if is_measured else next(iter(ANCHORS)))
