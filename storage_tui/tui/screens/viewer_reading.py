"""What the viewer has read of a blob: the whole of what its format draws, or pages around the place one is at."""

from textual import on, work

from storage_tui.tui.previews.colours import find_colours
from storage_tui.tui.screens.viewer_picture import ViewerPicture
from storage_tui.tui.screens.viewer_view import FAILURES
from storage_tui.tui.state.viewer_document import Document, open_document
from storage_tui.tui.widgets.line_view import LineView

MARGIN_SCREENS = 2  # the next page is read when so many screens are left


class ViewerReading(ViewerPicture):
    """Reads when it opens, and on as one moves."""

    def on_mount(self) -> None:
        """Read the blob."""
        self.update_lines()
        self.call_after_refresh(self.load)

    @work(exclusive=True, group="load")
    async def load(self, offset: int | None = None) -> None:
        """Read the blob as its mode wants, at `offset` where it has pages."""
        self.working = "Reading…"
        self.update_lines()
        size = self.view.size
        try:
            document, row = await open_document(
                self._source, width=max(8, size.width), height=max(4, size.height), mode=self.mode, offset=offset,
                truecolor=self.app.console.color_system == "truecolor", cell=self.wanted_cell,
            )  # fmt: skip
        except FAILURES as exc:
            self.tell_failure(exc)
            return
        finally:
            self.working = ""
            self.update_lines()
        self.show_document(document, row)

    def show_document(self, document: Document, row: int) -> None:
        """Show what was read, the cursor on a row."""
        self.document = document
        view = self.view
        view.heads = document.heads
        view.is_drawing, view.can_wrap = document.shown.is_drawing, document.can_wrap
        is_text = document.window is not None and not document.is_hex
        view.colours = find_colours(self.blob.key, self.blob.storage_type) if is_text else None
        view.mark, view.left, view.top = None, 0, 0
        view.show_rows(document.rows, row)
        view.go_row(row)
        self.update_lines()
        self.read_around()
        self.show_picture()

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        if self.document is not None and self.document.shown.pixels is not None:
            self.show_picture()  # which hides it where it is not whole in view
        self.update_lines()
        self.read_around()

    def read_around(self) -> None:
        """Read the next page, where the cursor comes near the end of what is at hand."""
        document, view = self.document, self.view
        if document is None or document.window is None or self.is_reading:
            return
        margin = MARGIN_SCREENS * view.rows_visible
        if not document.window.has_end and view.cursor + margin >= view.line_count():
            self._grow(document, is_down=True)
        elif not document.window.has_start and view.cursor - margin < 0:
            self._grow(document, is_down=False)

    @property
    def is_reading(self) -> bool:
        """True while a page is on its way."""
        return any(worker.group in ("page", "load") and not worker.is_finished for worker in self.workers)

    @work(exclusive=True, group="page", exit_on_error=False)
    async def _grow(self, document: Document, *, is_down: bool) -> None:
        window = document.window
        assert window is not None
        try:
            moved = await (window.grow_down() if is_down else window.grow_up())
        except FAILURES as exc:
            self.tell_failure(exc)
            return
        if self.document is document:
            view = self.view
            view.show_rows(document.rows, max(0, view.row + moved), moved=moved)
            self.update_lines()

    @work(exclusive=True, group="page")
    async def go_to(self, offset: int | None) -> None:
        """The cursor to the row of an offset, None for the end; reads there where that is not at hand."""
        document = self.document
        if document is None:
            return
        window = document.window
        if window is None:
            last = len(document.rows) - 1
            self.view.go_row(last if offset is None else min(offset, last))
            return
        self.working = "Reading…"
        self.update_lines()
        try:
            row = await (window.go_end() if offset is None else window.go(offset))
        except FAILURES as exc:
            self.tell_failure(exc)
            return
        finally:
            self.working = ""
            self.update_lines()
        self.view.mark = None
        self.view.show_rows(document.rows, row)
        self.view.go_row(row)
        self.update_lines()
        self.call_later(self.read_around)

    def on_resize(self) -> None:
        """A drawing is made for its size, hex rows for the width."""
        document = self.document
        if document is not None and (document.shown.is_drawing or document.is_hex):
            self.call_after_refresh(self.load, self.place)
        self.update_lines()
