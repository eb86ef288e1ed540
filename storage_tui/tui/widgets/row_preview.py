"""The preview of the row under the cursor, read by ranges; a new row cancels the reading of the row before."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from rich.style import Style
from rich.text import Text
from textual import work

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.catalog import STORED_IN, CatalogImage
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob, Page
from storage_tui.contract.sizes import size_text
from storage_tui.previews import Preview, Source, modes_of, preview
from storage_tui.previews.base import HEAD_BYTES, Mode, RangeStorage, View
from storage_tui.previews.stores.recognise import preview_prefix
from storage_tui.previews.syntax import ROLES, Colours, colours_of
from storage_tui.previews.table.grid import grid_lines
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.look.picture_toll import Toll
from storage_tui.tui.state.folder_mix import Mix
from storage_tui.tui.state.formats import moment_text
from storage_tui.tui.state.images import image_facts
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.store_reads import image_of_row
from storage_tui.tui.terminal.link import Link
from storage_tui.tui.widgets.preview_pane import PreviewPane
from storage_tui.tui.widgets.row_painter import leaf_name

DELAY_S = 0.05  # a key pressed twice passes a row before a read could end
HELD_DELAY_S = 0.12  # while a key repeats: no preview begins on rows that nobody stops at
SLOW_S = 0.3  # within this time the old preview stays; then the pane shows Reading
MIX_BLOBS = 1000  # of a folder, one page: enough for the kinds of its blobs
FACTS = 3  # rows for the facts of an image of the catalog
TOTALS = 2  # rows for the blobs and bytes of a folder that is one thing
VIEWED = "F3 looks at its arrays"
FAR = 1_000_000  # rows; past the end of every page
MODES: tuple[Mode, ...] = ("auto", "text", "hex")

About = Callable[[Row], Awaitable[Preview | None]]
"""Returns the preview of a row without bytes, such as a folder; None for a row with bytes."""


class RowPreview(PreviewPane):
    """A PreviewPane that fetches its content: the first ranges of a blob, or the totals of a folder."""

    def __init__(
        self, storage: AsyncStorage, *, quadrants: bool = True, link: Link | None = None, draws_by: str = "",
        id: str | None = None,
    ) -> None:  # fmt: skip
        """With `quadrants` pictures are in quadrants of cells, else in halves. A picture that would take long on the
        `link` to the terminal is drawn by the command `draws_by` alone, if there is one."""
        super().__init__(id=id)
        self._toll = Toll(link or Link(), command=draws_by)
        self._storage = storage
        self._row: Row | None = None
        self._source: Source | None = None
        self._shown: Preview | None = None
        self._image: tuple[Location, CatalogImage | None] | None = None  # of the last row
        self._mode: Mode = "auto"
        self._quadrants = quadrants
        self._others: dict[str, tuple[RangeStorage, About]] = {}
        self._waiting: asyncio.TimerHandle | None = None
        self._last = -HELD_DELAY_S  # the time when the last row was shown, on the loop's clock

    def also(self, storage_type: str, reads: RangeStorage, about: About) -> None:
        """Preview rows of a further type: their bytes are of `reads`, and `about` knows the rows without bytes."""
        self._others[storage_type] = reads, about

    def show_row(self, row: Row | None) -> None:
        """Preview another row, or nothing."""
        self._row, self._shown, self._source = row, None, None
        self._toll.forget()
        if self._waiting is not None:
            self._waiting.cancel()
        loop = asyncio.get_running_loop()
        is_held, self._last = loop.time() - self._last < HELD_DELAY_S, loop.time()
        delay_s = HELD_DELAY_S if is_held else DELAY_S
        self._waiting = loop.call_later(delay_s, self._read_when_still, row)

    def _read_when_still(self, row: Row | None) -> None:
        self._waiting = None
        if self.is_attached:
            self._read(row)

    def restyle(self) -> None:
        """Draw the row again: the colours have changed."""
        self.forget_rows()
        self.show_row(self._row)

    def next_mode(self) -> Mode:
        """Show the next mode in turn (as found, as text, as hex) and return it; identical modes are left out."""
        key = self._row.key if self._row is not None else ""
        head = self._source.kept(0, HEAD_BYTES) if self._source is not None else b""
        modes = [mode for mode in modes_of(head, key) if mode in MODES]
        at = modes.index(self._mode) if self._mode in modes else 0
        self._mode = modes[(at + 1) % len(modes)]
        self.show_row(self._row)
        return self._mode

    def turn(self, delta: int) -> None:
        """Scroll by rows; past an end read the next page of the blob."""
        pages = self._shown.pages if self._shown is not None else None
        if self.scroll_rows(delta) or pages is None:
            return
        offset = pages.next if delta > 0 else pages.previous
        if offset is not None:
            self._read(self._row, offset=offset, from_end=delta < 0)

    @work(exclusive=True, group="preview", description="preview")  # the default has the whole blob
    async def _read(self, row: Row | None, *, offset: int = 0, from_end: bool = False) -> None:
        if row is None:
            self.show_facts("", ())
            return
        title = leaf_name(row, parent_prefix(row.key))
        slow = self.set_timer(SLOW_S, lambda: self.show_facts(title, (), "Reading…"))
        try:
            other = self._others.get(row.storage_type)
            about = await other[1](row) if other is not None else None
            if about is not None:
                self.show_preview(title, about)
            elif isinstance(row, Folder):
                self.show_preview(title, await self._folder_preview(row))
            else:
                shown = self._shown = await self._preview(row, offset)
                slow.stop()
                await self._toll.wait(shown, lambda facts: self.show_preview(title, facts))
                self.show_preview(title, self._toll.held_back(shown))
                if from_end:
                    self.scroll_rows(FAR)
        except EXPECTED as exc:
            self.show_error(title, explain(exc))
        finally:
            slow.stop()

    def draw_held(self) -> bool:
        """Draw the picture that was held back on a slow link; return false where none was."""
        if self._shown is None or self._row is None or not self._toll.pay():
            return False
        self.show_preview(leaf_name(self._row, parent_prefix(self._row.key)), self._shown)
        return True

    async def _folder_preview(self, folder: Folder) -> Preview:
        """Return the totals of a folder; of a folder that is one thing, such as a Zarr store, what it is too. One page
        of its keys tells both what it is and the kinds of its blobs."""
        if "usage" not in (await self._storage.describe()).features:
            return await self._store_preview(folder, None) or Preview("", facts=(("folder", "U counts its blobs"),))
        page = await self._storage.list_page(
            folder.key, storage_type=folder.storage_type, delimiter="", limit=MIX_BLOBS
        )
        found = await self._store_preview(folder, page)
        usage = await self._storage.usage(folder.key, storage_type=folder.storage_type)
        if found is not None:
            totals = (("blobs", f"{usage.count:,}"), ("bytes", size_text(usage.size_bytes)))
            return replace(found, facts=(*found.facts, *totals))
        facts = [*await self._image_facts(folder), ("blobs", f"{usage.count:,}")]
        facts.append(("bytes", size_text(usage.size_bytes)))
        if not usage.count:
            return Preview("", facts=tuple(facts))
        facts += [("oldest", moment_text(usage.oldest)), ("newest", moment_text(usage.newest))]
        mix = Mix()
        mix.add(page.blobs)
        heads = (f"types {mix.coverage(usage.count)}".rstrip(), "blobs", "bytes")
        return Preview("", facts=tuple(facts), lines=tuple(grid_lines(heads, mix.rows(), right=frozenset((1, 2)))))

    async def _store_preview(self, folder: Folder, page: Page | None) -> Preview | None:
        """Return the preview of a folder that is one thing; None for any other folder."""
        width, height = self.body_size
        view = View(width, max(1, height - TOTALS), self.app.console.color_system == "truecolor")
        found = await preview_prefix(self._storage, folder.key, folder.storage_type, view=view, first=page)
        if found is None:
            return None
        shown = found[0]
        if shown.kind.startswith("Zarr"):
            shown = replace(shown, note=" · ".join(filter(None, (VIEWED, shown.note))))
        return shown

    async def _preview(self, blob: Blob, offset: int) -> Preview:
        if self._source is None:
            other = self._others.get(blob.storage_type)
            self._source = Source(self._storage if other is None else other[0], blob)
        if blob.storage_type != STORED_IN:
            return await self._drawn(self._source, offset, room=0)
        shown, facts = await asyncio.gather(self._drawn(self._source, offset, room=FACTS), self._image_facts(blob))
        return replace(shown, facts=(*shown.facts, *facts))

    async def _drawn(self, source: Source, offset: int, *, room: int) -> Preview:
        """Return the drawing of the format, with `room` rows below it left free."""
        width, height = self.body_size
        has_colours = self.app.console.color_system == "truecolor"
        shown = await preview(
            source, width=width, height=max(1, height - room), truecolor=has_colours, offset=offset, mode=self._mode,
            quadrants=self._quadrants and not self.app.no_color,
        )  # fmt: skip
        find = colours_of(shown.kind, source.blob.key, source.blob.storage_type, is_text=shown.can_wrap)
        if find is None or self.app.no_color:
            return shown
        styles = {role: self._style(f"view--{role}") for role in ROLES}
        return replace(shown, lines=await asyncio.to_thread(_coloured, shown.lines, find, styles))

    async def _image_facts(self, row: Row) -> tuple[tuple[str, str], ...]:
        """Return the catalog image of a row of `products` as facts; empty when the catalog has no answer."""
        place = Location(row.storage_type, row.key)
        if self._image is None or self._image[0] != place:
            try:
                self._image = place, await image_of_row(self._storage, row)
            except EXPECTED:
                return ()
        image = self._image[1]
        return tuple(image_facts(image)) if image is not None else ()


def _coloured(lines: tuple[Text, ...], find: Colours, styles: Mapping[str, Style]) -> tuple[Text, ...]:
    """Return the lines with the words in the styles of their roles."""
    found = []
    for line in lines:
        text = line.copy()
        for start, stop, role in find(line.plain):
            text.stylize(styles[role], start, stop)
        found.append(text)
    return tuple(found)
