"""What the main screen shows: one place of the store, read page by page, with its preview and its lines."""

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.commands import BROWSER, Context, in_context
from storage_tui.tui.flows.continuing import offer_unfinished
from storage_tui.tui.reading import PageRestorer, read_pages
from storage_tui.tui.screens.choosing import ChoosingScreen
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.filter import Filter
from storage_tui.tui.state.listing import NEXT_PAGE, Listing, Row, Sort
from storage_tui.tui.state.messages import explain
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.lines import (
    chord_content,
    empty_words,
    footer_content,
    gauge_content,
    marks_content,
    path_content,
    position_content,
)
from storage_tui.tui.widgets.notice import notice_content
from storage_tui.tui.widgets.row_preview import RowPreview
from storage_tui.tui.widgets.sidebar import Sidebar

TICK_S = 0.2  # progress and counters: five times a second
AGES_TICKS = 150  # ages and countdowns are painted again every thirty seconds
REFRESH_TICKS = 10  # while uploads arrive the list is read again at most every two seconds
REFRESH_ROWS = 5000  # past this that would be more work than the uploads
FILTER_FROM_ROWS = 20_000  # past this a keystroke waits a moment for the next one


class PlaceView(ChoosingScreen):
    """One place of the store on the screen; what its keys do is in BrowserScreen."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = BROWSER
    AUTO_FOCUS = "KeyList"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-normal"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-short"), (18, "-tall")]

    def __init__(self, session: Session, location: Location) -> None:
        super().__init__(session)
        self.location = location
        self.gauge = session.queue.poll()
        self.sort: Sort | None = None
        self.is_reversed = False
        self.follows_end = False
        self.quits_when_done = False
        self._restorer = PageRestorer(session.storage)
        self._reading: Listing | None = None
        self._error = ""
        self._ticks = 0

    def compose(self) -> ComposeResult:
        """Path, types, keys, preview, filter, status, keys."""
        yield Bar(id="path")
        with Horizontal(id="body"):
            yield Sidebar(id="types")
            with Container(id="main"):
                yield KeyList(self.session.marks, self.session.sizes, id="keys")
                yield RowPreview(self.session.storage, id="preview")
        yield FilterLine(id="prompt")
        yield Bar(id="status")
        yield Bar(id="footer")

    def on_mount(self) -> None:
        """Open the first place and start the clock."""
        self.set_interval(TICK_S, self._tick)
        self.open(self.location)
        self.read_usages()
        self._offer_unfinished()

    @work(group="ask")
    async def _offer_unfinished(self) -> None:
        await offer_unfinished(self.app, self.session)

    def on_screen_resume(self) -> None:
        """Messages are shown here again."""
        self.session.on_message = self.update_lines
        self.update_lines()

    @property
    def keys(self) -> KeyList:
        """The list."""
        return self.query_one(KeyList)

    @property
    def view(self) -> KeyList:
        """The list, as every screen with rows calls it."""
        return self.keys

    @property
    def filter_line(self) -> FilterLine:
        """The line the filter is typed in."""
        return self.query_one(FilterLine)

    @property
    def pane(self) -> RowPreview:
        """The preview."""
        return self.query_one(RowPreview)

    # Places

    def open(self, location: Location, *, anchor: str | None = None) -> None:
        """Go to a prefix; the cursor goes to `anchor`, or to where it was there."""
        if self.location != location:
            current = self.keys.current
            self.session.history.leave(self.location, current.key if current else None)
            self._keep_cursor()
        self.location = location
        self.session.places.visit(location)
        anchor = anchor or self.session.history.cursor(location)
        kept = self.session.history.listing(location)
        listing = Listing(location.storage_type, location.key)
        self.range_start = None
        self.query_one(Sidebar).choose(location.storage_type)
        if kept is not None:
            kept.set_filter(None)
            self.keys.show(kept, cursor=self._place(kept, anchor, 0))
        else:
            self.keys.show(listing)
        self._read(listing, anchor, is_shown=kept is None)

    def refresh_list(self, anchor: str | None = None) -> None:
        """Read the place again; the rows stay until the new ones reach the cursor, which stays on its key."""
        current = self.keys.current
        shown = self.keys.listing
        listing = Listing(shown.storage_type, shown.prefix)
        listing.set_filter(shown.filter)
        self._read(listing, anchor or (current.key if current else None), is_shown=not len(shown))

    @work(exclusive=True, group="listing")
    async def _read(self, listing: Listing, anchor: str | None, *, is_shown: bool) -> None:
        self._reading, self._error = listing, ""
        if is_shown:
            self.keys.listing = listing
        self.update_lines()
        wanted = self.sort
        try:
            async for _ in read_pages(self.session.storage, listing):
                if listing.is_complete and wanted is not None and listing.can_sort:
                    self._sort_in_place(listing, wanted)
                if not is_shown and (listing.is_complete or anchor is None or listing.covers(anchor)):
                    self._swap(listing, anchor)
                    is_shown, anchor = True, None
                elif is_shown:
                    self._grow(listing, anchor)
                    anchor = None if anchor is None or listing.covers(anchor) or self.keys.cursor else anchor
        except EXPECTED as exc:
            self._error = explain(exc)
            if len(self.keys.listing):
                self.session.fail(f"cannot list {visible(str(self.location))}", exc)
            else:
                self.session.log.error(f"cannot list {visible(str(self.location))}: {self._error}", exc)
        finally:
            if self._reading is listing:  # else the next one has begun already
                self._reading = None
            self.update_lines()
        self.session.history.keep(listing)

    def _sort_in_place(self, listing: Listing, wanted: Sort) -> None:
        current = self.keys.current if self.keys.listing is listing else None
        listing.set_sort(wanted, is_reversed=self.is_reversed)
        if current is not None and self.keys.cursor:
            self.keys.show(listing, cursor=self._place(listing, current.key, self.keys.cursor))

    def _swap(self, listing: Listing, anchor: str | None) -> None:
        keys = self.keys
        row = keys.cursor - keys.top
        listing.set_filter(keys.listing.filter)
        cursor = self._place(listing, anchor, keys.cursor)
        keys.show(listing, cursor=cursor, top=max(0, cursor - row))

    def _grow(self, listing: Listing, anchor: str | None) -> None:
        keys = self.keys
        is_first = listing.loaded and keys.cursor == 0
        if anchor is not None and keys.cursor == 0 and listing.covers(anchor):
            keys.show(listing, cursor=self._place(listing, anchor, 0))
        elif self.follows_end:
            keys.go(len(listing) - 1)
        elif len(listing) <= keys.top + keys.rows_visible + NEXT_PAGE:  # else the new rows are out of view
            keys.lines_changed()
        if is_first:
            self.show_row()

    @staticmethod
    def _place(listing: Listing, anchor: str | None, fallback: int) -> int:
        """The index for the cursor: the key itself, else the next one in key order, else where it was."""
        if anchor is not None:
            exact = listing.index_of(anchor)
            if exact is not None:
                return exact
            if listing.sort == "key" and listing.filter is None:
                return max(0, min(listing.index_after(anchor), len(listing) - 1))
        return max(0, min(fallback, len(listing) - 1))

    @on(KeyList.PageWanted)
    def _page_wanted(self, event: KeyList.PageWanted) -> None:
        self._restore(event.index)

    @work(group="pages")
    async def _restore(self, index: int) -> None:
        listing = self.keys.listing
        try:
            if await self._restorer.restore(listing, index):
                self.keys.lines_changed()
        except EXPECTED as exc:
            self.session.fail("cannot read a page of the list again", exc)

    @property
    def is_reading(self) -> bool:
        """True while pages of the list are on their way."""
        return self._reading is not None

    def stop_reading(self) -> bool:
        """Stop the background listing; False when there is none."""
        was_reading = self.is_reading
        if was_reading:
            self.workers.cancel_group(self, "listing")
        return was_reading

    def read_on(self) -> None:
        """Go on with a list that was stopped."""
        if not self.is_reading and not self.keys.listing.is_complete:
            self._read(self.keys.listing, None, is_shown=True)

    def rows_gone(self, rows: list[Row], gone: set[tuple[str, str]]) -> None:
        """Read again; the cursor goes to the next row that stays."""
        self.refresh_list(self.keys.survivor(rows))
        self.read_usages()

    @work(exclusive=True, group="usage")
    async def read_usages(self) -> None:
        """Count and bytes of each type, one after the other, the open one first."""
        sidebar = self.query_one(Sidebar)
        try:
            can_count = "usage" in (await self.session.storage.describe()).features
        except EXPECTED:
            can_count = False
        for name in sorted(STORAGE_TYPES, key=lambda name: name != self.location.storage_type):
            if not can_count:  # a plain published server would be asked for every single blob
                sidebar.set_usage(name, "not counted")
                continue
            try:
                sidebar.set_usage(name, await self.session.storage.usage("", storage_type=name))
            except EXPECTED:
                sidebar.set_usage(name, "unknown")

    @on(LineView.CursorMoved)
    def show_row(self) -> None:
        """The cursor is on another row: preview it."""
        self.update_lines()
        if self.pane.display:
            self.pane.show_row(self.keys.current)

    # Filter

    @on(FilterLine.Typed)
    def _filter_typed(self, event: FilterLine.Typed) -> None:
        self._apply_filter(event.text)

    @work(exclusive=True, group="filter")
    async def _apply_filter(self, text: str) -> None:
        keys = self.keys
        if keys.listing.loaded > FILTER_FROM_ROWS:
            await asyncio.sleep(TICK_S)
        current = keys.current
        keys.listing.set_filter(Filter(text) if text else None)
        keys.show(keys.listing, cursor=self._place(keys.listing, current.key if current else None, 0))
        self.update_lines()

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self.filter_line.close()
        self.keys.focus()

    def clear_filter(self) -> bool:
        """Drop the filter and its line; False when there is none."""
        had = self.filter_line.close() or self.keys.listing.filter is not None
        self.filter_line.clear()
        return had

    def _keep_cursor(self) -> None:
        self.filter_line.clear(quietly=True)
        self.filter_line.close()
        self.keys.listing.set_filter(None)

    # Lines

    def _tick(self) -> None:
        self._ticks += 1
        was_active, self.gauge = self.gauge.is_active, self.session.queue.poll()
        if was_active and not self.gauge.is_active:
            self.session.say_done(self.gauge)
            if self.quits_when_done:
                self.app.exit()
        self.ask_sizes()
        if self._ticks % AGES_TICKS == 0:
            self.keys.refresh()
        if self._ticks % REFRESH_TICKS == 0 and self.session.changed:
            self._take_changes()
        self.update_lines()

    def _take_changes(self) -> None:
        """Read again what uploads changed; a long list only when they are through."""
        is_here = self.location.storage_type in self.session.changed
        if is_here and self.gauge.is_active and self.keys.listing.loaded > REFRESH_ROWS:
            return
        if is_here and not self.is_reading:
            self.refresh_list()
        self.session.changed.clear()
        self.read_usages()

    def on_resize(self) -> None:
        """The preview is drawn for its new size."""
        self.call_after_refresh(self.show_row)

    def chord_changed(self) -> None:
        """Show what may follow."""
        self.update_lines()

    def update_lines(self) -> None:
        """Say again what the one-row lines say; each paints only when that is something else."""
        if not (self.is_mounted and self.children):  # not yet, or no longer
            return
        listing, keys, width = self.keys.listing, self.keys, self.size.width
        error = f"{visible(self._error)}\nR tries again." if self._error else ""
        keys.set_state(error or empty_words(listing, is_reading=self.is_reading), is_error=bool(error))
        path = path_content(listing, is_reading=self.is_reading, width=width)
        server = Content.styled(visible(self.session.title) + " ", "$text-muted") if width >= 60 else Content("")
        self.query_one("#path", Bar).say(path, server)
        notice = notice_content(self.session, keys.current, in_range=self.range_start is not None)
        left = Content.assemble(" ", marks_content(self.session.marks), notice)
        right = Content.assemble(gauge_content(self.gauge, width=width), position_content(listing, keys.cursor))
        is_refusal = (said := self.session.fresh_message) is not None and said.level == "error"
        if is_refusal and left.cell_length + right.cell_length + 2 > width:
            right = Content("")  # a refusal is worth more than the counters
        self.query_one("#status", Bar).say(left, right)
        footer = footer_content(in_context(*BROWSER), width=width)
        if self.keymap.pending:
            footer = chord_content(self.keymap.pending, self.keymap.hints())
        self.query_one("#footer", Bar).say(footer)
