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
from storage_tui.tui.screens.place_reading import PlaceReading
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.filter import Filter
from storage_tui.tui.state.listing import Row
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
FILTER_FROM_ROWS = 200_000  # looked through in 20 ms; past this a keystroke waits a moment for the next one


class PlaceView(PlaceReading):
    """One place of the store on the screen; what its keys do is in BrowserScreen."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = BROWSER
    AUTO_FOCUS = "KeyList"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-normal"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-short"), (18, "-tall")]

    def __init__(self, session: Session, location: Location) -> None:
        super().__init__(session, location)
        self.gauge = session.queue.poll()
        self.quits_when_done = False
        self._ticks = 0
        self._has_said = False  # the status line knows where the cursor went

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

    def rows_gone(self, rows: list[Row], gone: set[tuple[str, str]]) -> None:
        """Read again; the cursor goes to the next row that stays."""
        self.refresh_list(self.keys.survivor(rows))
        self.read_usages()

    @work(exclusive=True, group="usage")
    async def read_usages(self) -> None:
        """Count and bytes of each type, one after the other, the open one first."""
        sidebar = self.query_one(Sidebar)
        try:
            service = await self.session.storage.describe()
            sidebar.set_limits(service.user)
            self.session.note_read_only(service.read_only)
            self.session.scope = service.token
            can_count = "usage" in service.features
        except EXPECTED:
            can_count = False
        for name in sorted(STORAGE_TYPES, key=lambda name: name != self.location.storage_type):
            top = self.session.scope.top_of(name)
            if top is None:
                sidebar.set_usage(name, "not for this token")
                continue
            if not can_count:  # a plain published server would be asked for every single blob
                sidebar.set_usage(name, "not counted")
                continue
            try:
                sidebar.set_usage(name, await self.session.storage.usage(top.key, storage_type=name))
            except EXPECTED:
                sidebar.set_usage(name, "unknown")

    @on(LineView.CursorMoved)
    def _cursor_moved(self) -> None:
        if not self._has_said:
            self._update_status()
        self._has_said = False
        self.show_row()

    def say_cursor(self) -> None:
        """The status line, so that it is painted with the row."""
        self._update_status()
        self._has_said = True

    def show_row(self) -> None:
        """Preview the row under the cursor."""
        if self.pane.display:
            self.pane.show_row(self.keys.current)

    # Filter

    @on(FilterLine.Typed)
    def _filter_typed(self, event: FilterLine.Typed) -> None:
        self._apply_filter(event.text)

    @work(exclusive=True, group="filter")
    async def _apply_filter(self, text: str) -> None:
        if self.keys.listing.loaded > FILTER_FROM_ROWS:
            await asyncio.sleep(TICK_S)
        self._set_filter(text)

    def _set_filter(self, text: str) -> None:
        keys = self.keys
        current, self.range_start = keys.current, None
        keys.listing.set_filter(Filter(text) if text else None)
        keys.show(keys.listing, cursor=self.place_of(keys.listing, current.key if current else None, 0))
        self.update_lines()

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        text, known = self.filter_line.text, self.keys.listing.filter
        if text.split() != (known.words if known is not None else []):
            self.workers.cancel_group(self, "filter")
            self._set_filter(text)  # what is typed next is about the rows that match
        self.filter_line.close()
        self.set_focus(self.keys)
        self.filter_line.release()

    def clear_filter(self) -> bool:
        """Drop the filter and its line; False when there is none."""
        had = self.filter_line.close() or self.keys.listing.filter is not None
        self.filter_line.clear()
        return had

    def keep_cursor(self) -> None:
        """The place is left: its list is whole again, the filter line empty."""
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
        if not self.has_lines:
            return
        listing, keys, width = self.keys.listing, self.keys, self.size.width
        error = f"{visible(self.error)}\nR tries again." if self.error else ""
        keys.set_state(error or empty_words(listing, is_reading=self.is_reading), is_error=bool(error))
        then = "" if listing.is_complete or self.sort in (None, listing.sort) else self.sort or ""
        path = path_content(listing, is_reading=self.is_reading, sorting=self.sorting, width=width, then=then)
        store = self.session.title if width >= 60 else self.session.profile
        server = Content.styled(f"{visible(store)} ", "$text-muted") if store else Content("")
        is_tight = path.cell_length + server.cell_length + 2 > width  # what a filter covers is worth more
        self.query_one("#path", Bar).say(path, Content("") if is_tight else server)
        self._update_status()
        footer = footer_content(in_context(*BROWSER), width=width)
        if self.keymap.pending:
            footer = chord_content(self.keymap.pending, self.keymap.hints())
        self.query_one("#footer", Bar).say(footer)

    def _update_status(self) -> None:
        """The line that changes with the cursor."""
        if not self.has_lines:
            return
        listing, keys, width = self.keys.listing, self.keys, self.size.width
        notice = notice_content(self.session, keys.current, in_range=self.range_start is not None)
        left = Content.assemble(" ", marks_content(self.session.marks, here=self.location), notice)
        right = Content.assemble(gauge_content(self.gauge, width=width), position_content(listing, keys.cursor))
        is_refusal = (said := self.session.fresh_message) is not None and said.level == "error"
        if is_refusal and left.cell_length + right.cell_length + 2 > width:
            right = Content("")  # a refusal is worth more than the counters
        self.query_one("#status", Bar).say(left, right)
