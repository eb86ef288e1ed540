"""The viewer's picture in pixels, where that was asked for: put over blank lines, gone when anything else is shown."""

import asyncio
from functools import partial

from textual import events, work

from storage_tui.tui.graphics import KINDS, Graphics, Kind, cell_size, encode
from storage_tui.tui.screens.viewer_view import ViewerView


class ViewerPicture(ViewerView):
    """Draws with what the desk says; X takes the next of KINDS."""

    _graphics: Graphics | None = None

    @property
    def kind_of_picture(self) -> Kind:
        """How pictures are drawn."""
        wanted = self.desk.graphics
        return next((kind for kind in KINDS if kind == wanted), "blocks")

    @property
    def wanted_cell(self) -> tuple[int, int] | None:
        """The pixels of a cell; None for half blocks."""
        return None if self.kind_of_picture == "blocks" else cell_size()

    def next_kind(self) -> Kind:
        """Draw pictures in the next way; the caller reads again."""
        self.hide_picture()
        kind = KINDS[(KINDS.index(self.kind_of_picture) + 1) % len(KINDS)]
        self.desk.graphics = kind
        return kind

    @work(exclusive=True, group="picture")
    async def show_picture(self) -> None:
        """Put the picture of the document where its blank lines are, once these are painted."""
        self.hide_picture()
        document, kind = self.document, self.kind_of_picture
        pixels = document.shown.pixels if document is not None else None
        if document is None or pixels is None or kind == "blocks" or self.app._driver is None:
            return
        encoded = await asyncio.to_thread(encode, kind, pixels, cell_size())
        self.call_after_refresh(partial(self._place, kind, encoded, document.facts, pixels.rows))

    def _place(self, kind: Kind, encoded: str, line: int, rows: int) -> None:
        view = self.view
        driver = self.app._driver
        fits = view.top == 0 and line + rows <= view.size.height
        if driver is None or not fits or self.app.screen is not self or kind != self.kind_of_picture:
            return
        self._graphics = self._graphics or Graphics(driver.write)
        self._graphics.show(kind, encoded, column=view.region.x, row=view.region.y + line)

    def hide_picture(self) -> None:
        """Nothing of it stays on the screen."""
        if self._graphics is not None and self._graphics.clear():
            self.desk.repaint()

    def on_screen_suspend(self, event: events.ScreenSuspend) -> None:
        """Another screen comes over it."""
        self.hide_picture()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """It is seen again."""
        self.show_picture()

    def on_unmount(self) -> None:
        """The viewer is left."""
        self.hide_picture()
