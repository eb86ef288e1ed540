"""A picture in pixels over the blank rows of a document, when the user asked for pixels."""

import asyncio
from functools import partial
from typing import Any

from textual.screen import Screen

from storage_tui.tui.desk import Desk
from storage_tui.tui.terminal.graphics import KINDS, Graphics, Kind, cell_size, encode
from storage_tui.tui.terminal.textual_private import driver_of, write
from storage_tui.tui.viewer.documents.document import Document, PixelsAt
from storage_tui.tui.viewer.status import Run
from storage_tui.tui.viewer.viewer_lines import ViewerLines


class PixelPicture:
    """Draws pictures in the way that the desk sets, one of KINDS."""

    def __init__(self, desk: Desk, screen: Screen[Any], lines: ViewerLines, *, run: Run) -> None:
        self._desk = desk
        self._screen = screen
        self._lines = lines
        self._run = run
        self._graphics: Graphics | None = None

    @property
    def kind(self) -> Kind:
        """The way of drawing pictures."""
        return next((kind for kind in KINDS if kind == self._desk.graphics), "blocks")

    @property
    def cell(self) -> tuple[int, int] | None:
        """The width and height of a cell in pixels; None for half blocks."""
        return None if self.kind == "blocks" else cell_size()

    @property
    def quadrants(self) -> bool:
        """Whether blocks are quadrants of cells."""
        return self._desk.has_quadrants and not self._screen.app.no_color

    def take_next_kind(self) -> Kind:
        """Set the next way of drawing pictures, and return it; the document must be opened again."""
        self.hide()
        self._desk.graphics = kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        return kind

    def show(self, document: Document | None) -> None:
        """Put the picture of a document over its blank rows as soon as the rows are painted."""
        self._run(partial(self._show, document), group="picture", exclusive=True)

    async def _show(self, document: Document | None) -> None:
        self.hide()
        kind = self.kind
        if document is None or document.pixels is None or kind == "blocks" or driver_of(self._screen.app) is None:
            return
        encoded = await asyncio.to_thread(encode, kind, document.pixels.pixels, cell_size())
        self._screen.call_after_refresh(partial(self._place, kind, encoded, document.pixels))

    def _place(self, kind: Kind, encoded: str, at: PixelsAt) -> None:
        lines, app = self._lines, self._screen.app
        fits = lines.top == 0 and at.row + at.pixels.rows <= lines.size.height
        if not fits or app.screen is not self._screen or kind != self.kind:
            return
        self._graphics = self._graphics or Graphics(partial(write, app))
        self._graphics.show(kind, encoded, column=lines.region.x, row=lines.region.y + at.row)

    def hide(self) -> None:
        """Remove the picture from the screen."""
        if self._graphics is not None and self._graphics.clear():
            self._desk.repaint()
