"""The raster viewer: its widgets, and the objects that carry out its commands."""

import os
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import PreviewError
from storage_tui.previews.raster.opening import Raster
from storage_tui.tui.background import run
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.terminal.clipboard import osc52
from storage_tui.tui.terminal.textual_private import write
from storage_tui.tui.viewer.raster.canvas import RasterCanvas
from storage_tui.tui.viewer.raster.cross_hair import CrossHair
from storage_tui.tui.viewer.raster.graticule import graticule
from storage_tui.tui.viewer.raster.legend import cross_lines, fact_lines, legend_lines
from storage_tui.tui.viewer.raster.look import HALVES, Look
from storage_tui.tui.viewer.raster.saving import WindowSaving
from storage_tui.tui.viewer.raster.scale_bar import scale_bar
from storage_tui.tui.viewer.raster.stepping import Stepping
from storage_tui.tui.viewer.raster.styling import Styling
from storage_tui.tui.viewer.raster.taking import python_line
from storage_tui.tui.viewer.raster.words import degrees_text, scale_text, value_text
from storage_tui.tui.viewer.status import LOAD, Status
from storage_tui.tui.viewer.views.canvas import ViewCanvas
from storage_tui.tui.viewer.views.frame import LEAST_FOR_BAR, WORDS_CELLS, ViewFrame
from storage_tui.tui.viewer.views.moves import Moves

READOUT_VALUES = 6  # of the cross-hair, in the status line

Left = Literal["closed", "document", "mode"]
"""How the viewer was left: for the list, for the facts of a raster that has no picture, or for its bytes."""


class RasterScreen(CommandScreen[Left]):
    """A raster on the whole screen."""

    CONTEXT: ClassVar[Context] = "raster"
    CSS_PATH = "../views/view.tcss"
    AUTO_FOCUS = "RasterCanvas"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, blob: Blob, raster: Raster) -> None:
        """`blob` is what the raster is named by: that of a store of chunks is its prefix, without a slash."""
        super().__init__()
        self._blob = blob
        self._kept_in = desk.type_name(blob.storage_type)  # what has the blob
        self._raster = raster
        self.canvas = RasterCanvas(id="canvas", link=desk.link)
        self.frame = ViewFrame(self.canvas, width=lambda: self.size.width, remark=self.remark)
        self._has_grid = False
        self._variable: str | None = None  # None: the first one
        self._facts: list[tuple[str, str]] = []
        self.status = Status(blob, desk.log, set_timer=self.set_timer, changed=self.say_lines)
        self.look = Look(self.canvas, self.status, run=self.run_worker, changed=self.say_all)
        if not desk.has_quadrants:
            self.look.across = HALVES
        self.cross = CrossHair(self.look, self.status, run=self.run_worker, changed=self.say_all)
        self._moves = Moves(self.look, self.cross)
        self._styling = Styling(self.look, prompt=self.frame.prompt, status=self.status)
        self._saving = WindowSaving(
            blob, self.look, self.status, folder=desk.download_folder, run=self.run_worker, app=lambda: self.app
        )
        self._stepping = Stepping(
            self.look, self.cross, self._styling, prompt=self.frame.prompt, status=self.status, choose=self._choose
        )

    def compose(self) -> ComposeResult:
        """Yield the picture with what stands around it, and keys."""
        yield from self.frame.compose()
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the objects of the viewer, then the screen."""
        return (self._moves, self.cross, self._stepping, self._styling, self._saving, self.frame, self)

    def on_mount(self) -> None:
        """Read the raster."""
        super().on_mount()
        if self.app.no_color:
            self.look.across = HALVES
        self.say_lines()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        run(self, self._open, group=LOAD, exclusive=True)

    def _choose(self, name: str) -> None:
        """Show another variable of the file."""
        self._variable = name
        self.cross.hide()
        self._begin()

    async def _open(self) -> None:
        """Show the first picture; leave for the facts of a raster that has none."""
        self.status.work("Reading…")
        try:
            reader = await self._raster.open(self._variable)
            self._facts = list(reader.scene.facts)
            await self.look.begin(reader)
        except (*EXPECTED, PreviewError) as exc:
            if not isinstance(exc, PreviewError) or not self.is_current:
                self.status.fail(exc)
            if self.is_current:
                self.dismiss("document")
        finally:
            self.status.work("")

    def on_resize(self) -> None:
        """Make room for the column, or give it to the picture."""
        super().on_resize()
        self.frame.lay_out()

    @on(ViewCanvas.Resized)
    def _resized(self) -> None:
        self.look.resize()
        self.say_all()

    # What is shown

    def say_all(self) -> None:
        """Show picture, column, title and status as they are now."""
        look, scene = self.look, self.look.scene
        if not self.has_lines or scene is None or look.view is None:
            return
        bar = scale_bar(scene, look.view) if look.view.rows >= LEAST_FOR_BAR else ""
        grid = graticule(scene, look.view) if self._has_grid else None
        self.canvas.show(look.picture, self.cross.cell, bar, grid)
        self.frame.column.show([
            *cross_lines(scene, self.cross),
            *legend_lines(scene, look.style, look.picture, is_per_view=look.is_per_view, width=WORDS_CELLS),
            *fact_lines(self._facts, WORDS_CELLS),
        ])  # fmt: skip
        self.say_lines()

    def say_lines(self) -> None:
        """Update the title and the status line."""
        if not self.has_lines:
            return
        look, read = self.look, f"{size_text(self._raster.bytes_read)} read"
        self.frame.say_title(self._kept_in, self._blob.key, self._kind())
        readout = None if self.cross.pixel is None else self._readout()
        right = "" if look.view is None else f"{scale_text(look.view.scale)}  {read}"
        self.frame.say_status(self.status, readout, right)

    def _kind(self) -> str:
        """Return what is shown: the pixels of a raster, or variable and steps of an array."""
        scene = self.look.scene
        if scene is None or not scene.is_array:
            return dict(self._facts).get("pixels", "")
        steps = [step.words or f"{step.name} = {step.index:,}" for step in scene.steps]
        return "  ".join([visible(scene.name, limit=60), *steps]).strip() or dict(self._facts).get("array", "")

    def _readout(self) -> Content:
        """Return the cross-hair in one line: what the column says, for a screen without one."""
        scene, pixel = self.look.scene, self.cross.pixel
        if scene is None or pixel is None:
            return Content("")
        bits = int(scene.main.told["bits"])
        values = [value_text(value, bits) for value in (self.cross.values or [])[:READOUT_VALUES]]
        words = "  ".join(values) if self.cross.values is not None else "…"
        degrees = scene.degrees(pixel[0] + 0.5, pixel[1] + 0.5)
        place = "" if degrees is None else f"  {degrees_text(*degrees)}"
        return Content.assemble((words, "bold"), (f"  at {pixel[0]:,}, {pixel[1]:,}{place}", "$text-muted"))

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self.status.say(text, "$warning")

    # The pointer

    @on(ViewCanvas.Zoomed)
    def _zoomed(self, event: ViewCanvas.Zoomed) -> None:
        self._moves.turn(event.cell, is_in=event.is_in)

    @on(ViewCanvas.Pointed)
    def _pointed(self, event: ViewCanvas.Pointed) -> None:
        self.cross.point(event.cell)

    @on(ViewCanvas.Dragged)
    def _dragged(self, event: ViewCanvas.Dragged) -> None:
        self._moves.drag(event.columns, event.rows)

    # Commands

    def action_zoom_one(self) -> None:
        """Show one pixel of the raster to the width of a cell."""
        if self.look.view is not None:
            self._moves.zoom(1 / self.look.view.scale, self.cross.cell)

    def action_graticule(self) -> None:
        """Draw lines of round coordinates, or no lines."""
        scene, view = self.look.scene, self.look.view
        if scene is not None and view is not None and graticule(scene, view) is None:
            self.remark("its coordinates are not known, or turned")
            return
        self._has_grid = not self._has_grid
        self.say_all()

    def action_raster_copy(self) -> None:
        """Copy the view as a line of Python."""
        scene, view = self.look.scene, self.look.view
        if scene is not None and view is not None:
            line = python_line(self._blob, scene, view, self.look.style)
            write(self.app, osc52(line, os.environ))
            library = line.partition(".")[0]
            self.status.say(f"sent a line for {library} to the terminal's clipboard; terminals may ignore it")

    def action_raster_mode(self) -> None:
        """Show the bytes of a TIFF, the contents of a file of arrays, or the preview of a picture."""
        self.dismiss("mode" if self.look.scene is None or self.look.scene.is_tiff else "document")

    def action_refresh(self) -> None:
        """Read the raster again."""
        again = self._raster.again()
        if again is not None:
            self._raster = again
            self.cross.hide()
            self._begin()

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_peel(self) -> None:
        """Take one layer off: the prompt, the cross-hair; then close."""
        if not self.frame.prompt.stop() and not self.cross.hide():
            self.action_close()

    def action_close(self) -> None:
        """Go back to the list."""
        self.dismiss("closed")

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Paint everything again: another screen covered this one."""
        self.say_all()
