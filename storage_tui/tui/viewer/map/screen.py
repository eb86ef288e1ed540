"""The map viewer: its widgets, and the objects that carry out its commands."""

import os
from collections.abc import Sequence
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import RangeStorage, Source
from storage_tui.previews.vector.atlas.geodesic import distance_m
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.desk import Desk
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.terminal.clipboard import osc52
from storage_tui.tui.terminal.textual_private import write
from storage_tui.tui.viewer.map.canvas import MapCanvas
from storage_tui.tui.viewer.map.cross_hair import CrossHair
from storage_tui.tui.viewer.map.legend import cross_lines, feature_lines, layer_lines, place_text
from storage_tui.tui.viewer.map.loading import Loading
from storage_tui.tui.viewer.map.look import Look
from storage_tui.tui.viewer.map.taking import python_line
from storage_tui.tui.viewer.map.walking import Walking
from storage_tui.tui.viewer.raster.scale_bar import ground_bar
from storage_tui.tui.viewer.status import Status
from storage_tui.tui.viewer.views.canvas import ViewCanvas
from storage_tui.tui.viewer.views.frame import LEAST_FOR_BAR, WORDS_CELLS, ViewFrame
from storage_tui.tui.viewer.views.moves import Moves

MOST = 24  # blobs on one map

Left = Literal["closed", "mode"]
"""How the map was left: for the list, or for the bytes of its blob."""


class FeatureMapScreen(CommandScreen[Left]):
    """One blob, or several, as layers of one map."""

    CONTEXT: ClassVar[Context] = "map"
    CSS_PATH = "../views/view.tcss"
    AUTO_FOCUS = "MapCanvas"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(
        self, desk: Desk, blobs: Sequence[Blob], storage: RangeStorage, *, source: Source | None = None
    ) -> None:
        """`source` is that of the only blob, when it holds some bytes already or is a member of an archive."""
        super().__init__()
        self._blobs = blobs[:MOST]
        self._left_out = len(blobs) - len(self._blobs)
        self._storage = storage
        self._source = source
        self._sources: list[tuple[str, Source]] = []
        self.canvas = MapCanvas(id="canvas", link=desk.link)
        self.frame = ViewFrame(self.canvas, width=lambda: self.size.width, remark=self.remark)
        self.status = Status(blobs[0], desk.log, set_timer=self.set_timer, changed=self.say_lines)
        self.look = Look(self.canvas, run=self.run_worker, changed=self.say_all, settled=self._settled)
        self.cross = CrossHair(self.look, self.status, changed=self.say_all)
        self.reading = Loading(self.look, self.status, run=self.run_worker)
        self._moves = Moves(self.look, self.cross)
        self._walking = Walking(self.look, self.cross, self.status)

    def compose(self) -> ComposeResult:
        """Yield the map with what stands around it, and keys."""
        yield from self.frame.compose()
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the objects of the viewer, then the screen."""
        return (self._moves, self.cross, self._walking, self.frame, self)

    def on_mount(self) -> None:
        """Read the layers."""
        super().on_mount()
        self.say_lines()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        made = [Source(self._storage, Blob(blob.key, blob.storage_type, blob.size_bytes)) for blob in self._blobs]
        if self._source is not None:
            made = [self._source]
        self._sources = [(blob.key.rpartition("/")[2], source) for blob, source in zip(self._blobs, made, strict=True)]
        self.reading.begin(self._sources)

    def _settled(self) -> None:
        self.reading.settled()

    def on_resize(self) -> None:
        """Make room for the column, or give it to the map."""
        super().on_resize()
        self.frame.lay_out()

    @on(ViewCanvas.Resized)
    def _resized(self) -> None:
        self.look.resize()
        self.say_all()

    # What is shown

    def say_all(self) -> None:
        """Show map, column, title and status as they are now."""
        look = self.look
        if not self.has_lines:
            return
        self.canvas.show(look.dots, look.labels, cross=self.cross.cell, mark=self.cross.mark, bar=self._bar())
        self.frame.column.show([
            *feature_lines(look, WORDS_CELLS), *cross_lines(look, self.cross), *layer_lines(look, WORDS_CELLS),
        ])  # fmt: skip
        self.say_lines()

    def _bar(self) -> str:
        view = self.look.view
        if view is None or view.rows < LEAST_FOR_BAR:
            return ""
        across = 2 * view.scale * view.stretch
        if view.is_plane:
            return ground_bar(across, "units")
        return ground_bar(distance_m((view.x - across / 2, view.y), (view.x + across / 2, view.y)), "m")

    def say_lines(self) -> None:
        """Update the title and the status line."""
        if not self.has_lines:
            return
        rows, blob = self.look.layers.rows, self._blobs[0]
        count = sum(row.base is not None for row in rows)
        more = f", {self._left_out:,} more left out" if self._left_out else ""
        words = plural(count, "layer") + (f" of {len(rows):,}" if count < len(rows) else "") + more
        name = blob.key if len(self._blobs) == 1 else plural(len(self._blobs), "blob")
        self.frame.say_title(blob.storage_type, name, words)
        read = sum(source.bytes_read for _, source in self._sources)
        readout = None if self.status.working else self._readout()
        self.frame.say_status(self.status, readout, f"{size_text(read)} read")

    def _readout(self) -> Content:
        """Return the cross-hair and the chosen feature in one line: what the column says, for a screen without one."""
        look, pieces = self.look, list[tuple[str, str]]()
        if self.cross.distance:
            pieces.append((f"{self.cross.distance}  ", "bold"))
        if self.cross.place is not None and look.view is not None:
            pieces.append((f"at {place_text(self.cross.place, look.view)}  ", "$text-muted"))
        if look.chosen is not None:
            _, features, feature = look.chosen
            label = look.naming.text(features, feature)
            pieces += [
                (f"{label}  " if label else "", "bold"),
                (f"{feature + 1:,} of {features.count:,}", "$text-muted"),
            ]
        elif not pieces:
            row = look.layers.current
            words = "" if row is None else look.layers.note or f"{row.name}: {row.words(look.bounds)}"
            pieces.append((visible(words), "$text-muted"))
        return Content.assemble(*pieces)

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self.status.say(text, "$warning")

    # The pointer

    @on(ViewCanvas.Zoomed)
    def _zoomed(self, event: ViewCanvas.Zoomed) -> None:
        self._moves.turn(event.cell, is_in=event.is_in)

    @on(ViewCanvas.Pointed)
    def _pointed(self, event: ViewCanvas.Pointed) -> None:
        if self.look.view is not None:
            place = self.look.view.place_of(event.cell)
            self.cross.put(place)
            self._walking.choose_at(*place)

    @on(ViewCanvas.Dragged)
    def _dragged(self, event: ViewCanvas.Dragged) -> None:
        self._moves.drag(event.columns, event.rows)

    # Commands

    def action_map_copy(self) -> None:
        """Copy the view as a line of Python."""
        row, bounds = self.look.layers.current, self.look.bounds
        if row is None or bounds is None:
            return
        write(self.app, osc52(python_line(row, bounds, self.cross.place), os.environ))
        self.status.say("sent a line for geopandas to the terminal's clipboard; terminals may ignore it")

    def action_raster_mode(self) -> None:
        """Show the bytes of the blob, where the map is of one."""
        if self._source is None:
            self.remark("F3 on a blob in the list shows its bytes")
        else:
            self.dismiss("mode")

    def action_refresh(self) -> None:
        """Read the layers again."""
        if self._source is None or not self._source.is_alone:
            self._source = None
            self.look.layers.rows.clear()
            self.look.layers.at = 0
            self.look.chosen = None
            self.cross.hide()
            self._begin()

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_peel(self) -> None:
        """Take one layer off: the prompt, the cross-hair, the chosen feature; then close."""
        if not self.frame.prompt.stop() and not self.cross.hide() and not self._walking.drop():
            self.action_close()

    def action_close(self) -> None:
        """Go back to the list."""
        self.dismiss("closed")

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Paint everything again: another screen covered this one."""
        self.say_all()
