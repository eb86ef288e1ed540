"""The reader of a viewer: opens the document, reads pages as the cursor moves, and goes to any place."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from textual.worker import Worker

from storage_tui.contract.models import Blob
from storage_tui.previews import Source, modes_of
from storage_tui.previews.base import HEAD_BYTES, Mode, RangeStorage
from storage_tui.previews.raster.opening import holds_raster
from storage_tui.previews.syntax import colours_of
from storage_tui.tui.viewer.documents.document import Document
from storage_tui.tui.viewer.offsets import parse_offset
from storage_tui.tui.viewer.opening import open_document
from storage_tui.tui.viewer.pixels import PixelPicture
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.status import FAILURES, LOAD, PAGE, WORK, Run, Status
from storage_tui.tui.viewer.viewer_lines import ViewerLines

MARGIN_SCREENS = 2  # the next page is read when this many screens are left


class Reader:
    """Owns the document, its source and its mode.

    The reader lends the lines and the status line to the document's commands: the reader is the `Frame` of its
    document.
    """

    def __init__(
        self,
        storage: RangeStorage,
        blob: Blob,
        member: Source | None,
        *,
        lines: ViewerLines,
        status: Status,
        prompt: Prompt,
        picture: PixelPicture,
        run: Run,
        opened: Callable[[], None],
        open_raster: Callable[[Source], None],
        open_viewer: Callable[[Source], None],
    ) -> None:
        """`member` is the source when the blob is a member of an archive.

        `opened` is called after a change of the document; `open_raster` shows a raster in the raster viewer, and
        `open_viewer` a member in its own viewer.
        """
        self.document: Document | None = None
        self.mode: Mode = "auto"
        self.source = member or Source(storage, blob)
        self.is_member = member is not None
        self.is_flat = False  # whether a raster is shown as a document: the raster viewer has no picture of it
        self._storage = storage
        self._blob = blob
        self._lines = lines
        self._status = status
        self._prompt = prompt
        self._picture = picture
        self._run = run
        self._opened = opened
        self._open_raster = open_raster
        self._open_viewer = open_viewer
        self._workers: dict[str, Worker[Any]] = {}

    @property
    def place(self) -> int | None:
        """The offset of the row under the cursor; None when rows have no offsets."""
        rows, at = self.document.rows if self.document is not None else [], self._lines.row
        return rows[at].start if at < len(rows) and rows[at].start >= 0 else None

    @property
    def is_reading(self) -> bool:
        """Whether a page or the document is being read."""
        return any(not worker.is_finished for worker in self._workers.values())

    # Open

    def load(self, offset: int | None = None) -> None:
        """Open the document in the mode of this reader, at the offset if the document has offsets."""
        self._workers[LOAD] = self._run(partial(self._load, offset), group=LOAD, exclusive=True)

    def load_source(self, source: Source, offset: int | None) -> None:
        """Open another version of the blob."""
        self.source = source
        self.load(offset)

    async def _load(self, offset: int | None) -> None:
        size, is_truecolor = self._lines.size, self._lines.app.console.color_system == "truecolor"
        with self._status.trying("Reading…"):
            if self.mode == "auto" and self._picture.kind == "blocks" and not self.is_flat:
                self.source.begin()
                if await holds_raster(self.source):
                    self._open_raster(self.source)
                    return
            document, row = await open_document(
                self.source, width=max(8, size.width), height=max(4, size.height), mode=self.mode, offset=offset,
                truecolor=is_truecolor, cell=self._picture.cell, quadrants=self._picture.quadrants,
            )  # fmt: skip
            is_packed = document.source is not self.source and self.mode == "auto" and self._picture.kind == "blocks"
            if is_packed and not self.is_flat and await holds_raster(document.source):
                if document.source.size_bytes is not None:  # unpacked whole
                    document.close()
                    self._open_raster(document.source)
                    return
                self._status.say(
                    "packed, and too large to be unpacked whole: the raster viewer needs it unpacked", "$warning"
                )
            self._show_document(document, row)

    def _show_document(self, document: Document, row: int) -> None:
        if self.document is not None:
            self.document.close()
        self.document = document
        blob = self._blob
        colours = colours_of(document.kind, blob.key, blob.storage_type, is_text=document.is_text)
        self._lines.begin(
            heads=document.heads, is_drawing=document.is_drawing, can_wrap=document.can_wrap, colours=colours
        )
        self._draw(document, row)
        self._opened()
        self._picture.show(document)

    def resized(self) -> None:
        """Lay out the document for a view of another size, or open it again for that size."""
        document, size = self.document, self._lines.size
        if document is None:
            return
        rows = document.rows
        if not document.fit(size.width, size.height):
            self.load(self.place)
        elif document.rows is not rows:
            self._lines.show_rows(document.rows, self._lines.row)

    def close(self) -> None:
        """Release the document, because the viewer is closed."""
        self._picture.hide()
        if self.document is not None:
            self.document.close()

    # Read on

    def moved(self) -> None:
        """Read the next page when the cursor is near the end of the loaded rows."""
        if self.document is not None and self.document.pixels is not None:
            self._picture.show(self.document)  # hides the picture when it is not whole in view
        self.read_around()

    def read_around(self) -> None:
        """Read the next page, unless a page is being read or none is needed."""
        document, lines = self.document, self._lines
        if document is None or self.is_reading:
            return
        margin = MARGIN_SCREENS * lines.rows_visible
        if not document.has_end and lines.cursor + margin >= lines.line_count():
            self._grow(document, is_down=True)
        elif not document.has_start and lines.cursor - margin < 0:
            self._grow(document, is_down=False)

    def _grow(self, document: Document, *, is_down: bool) -> None:
        work = partial(self._read_page, document, is_down=is_down)
        self._workers[PAGE] = self._run(work, group=PAGE, exclusive=True, exit_on_error=False)

    async def _read_page(self, document: Document, *, is_down: bool) -> None:
        try:
            moved = await document.grow(is_down=is_down)
        except FAILURES as exc:
            self._status.fail(exc)
            return
        if self.document is document:
            self._lines.show_rows(document.rows, max(0, self._lines.row + moved), moved=moved)
            self._status.update()

    # Go

    def go_to(self, place: int | None) -> None:
        """Move the cursor to a place, or to the end for None; the document reads that place when it is not loaded."""
        if self.document is not None:
            self._workers[PAGE] = self._run(partial(self._go_to, self.document, place), group=PAGE, exclusive=True)

    async def _go_to(self, document: Document, place: int | None) -> None:
        with self._status.trying("Reading…"):
            row = await document.go(place)
            if document.has_offsets:
                self._lines.mark = None
                self.show(row)
                self._lines.call_later(self.read_around)  # after this worker has ended
            else:
                self._lines.go_row(row)

    def action_first(self) -> None:
        """Go to the start of the document."""
        self.go_to(0)

    def action_last(self) -> None:
        """Go to the end of the document, without reading the pages between."""
        self.go_to(None)

    def action_view_go(self) -> None:
        """Ask for an offset, and go there."""
        self._prompt.ask("offset, 0x… or %:", self._go)

    def _go(self, text: str) -> None:
        document = self.document
        if not text.strip() or document is None:
            return
        place = parse_offset(text, document.places)
        if place is None:
            self.say("an offset is a number, 0x… or a share such as 50%", "$error")
        else:
            self.go_to(place)

    # Look

    def action_view_mode(self) -> None:
        """Show the blob in the next mode in turn: as found, as text, as hex, as JSON."""
        modes = modes_of(self.source.kept(0, HEAD_BYTES), self._blob.key)
        at = modes.index(self.mode) if self.mode in modes else 0  # following has its own mode
        self.mode = modes[(at + 1) % len(modes)]
        self.load(self.place)

    def action_view_graphics(self) -> None:
        """Draw pictures in the next way in turn: half blocks, kitty graphics, sixel."""
        kind = self._picture.take_next_kind()
        words = "in half blocks" if kind == "blocks" else f"by {kind} graphics, if this terminal can"
        self.say(f"pictures {words}")
        self.load(self.place)

    def action_refresh(self) -> None:
        """Read the blob again."""
        if not self.is_member:
            self.source = Source(self._storage, Blob(self._blob.key, self._blob.storage_type))
        self.load(self.place)

    # What the commands of a document are lent

    @property
    def row(self) -> int:
        """The row under the cursor."""
        return self._lines.row

    def show(self, row: int) -> None:
        """Draw the rows of the document again, with the cursor on `row`."""
        document = self.document
        if document is not None:
            self._draw(document, row)
            if document.pixels is not None:
                self._picture.show(document)

    def _draw(self, document: Document, row: int) -> None:
        self._lines.heads = document.heads
        self._lines.show_rows(document.rows, row)
        self._lines.go_row(row)
        self._status.update()

    def say(self, text: str, role: str = "$success") -> None:
        """Show a message in the status line."""
        self._status.say(text, role)

    def read(self, work: Callable[[], Awaitable[None]], doing: str) -> None:
        """Run work that reads, with the text `doing` in the status line."""
        self._run(partial(self._try, work, doing), group=WORK, exclusive=True)

    async def _try(self, work: Callable[[], Awaitable[None]], doing: str) -> None:
        with self._status.trying(doing):
            await work()

    def open(self, member: Source) -> None:
        """Show a member in its own viewer."""
        self._open_viewer(member)
