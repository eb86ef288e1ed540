"""The main screen: what each command of the table does. One short method a command."""

from textual import on, work

from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.commands import in_context
from storage_tui.tui.flows.copying import copy_menu, copy_url
from storage_tui.tui.flows.deleting import delete_rows
from storage_tui.tui.flows.downloading import download_rows
from storage_tui.tui.flows.uploading import upload_to
from storage_tui.tui.screens.details import DetailsScreen
from storage_tui.tui.screens.go_to import GoToScreen
from storage_tui.tui.screens.help import HelpScreen
from storage_tui.tui.screens.log import LogScreen
from storage_tui.tui.screens.palette import PaletteScreen
from storage_tui.tui.screens.place_view import PlaceView
from storage_tui.tui.screens.quit import QuitScreen
from storage_tui.tui.screens.transfers import TransfersScreen
from storage_tui.tui.state.listing import SORTS, Folder, Row, Sort
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.sidebar import Sidebar

TYPE_KEYS = tuple(STORAGE_TYPES)  # behind the keys 1 to 5
PREVIEW_STEP = 4  # rows that J and K scroll


class BrowserScreen(PlaceView):
    """One place of the store, and the keys that work on it."""

    CSS_PATH = "browser.tcss"

    # Move

    def _move(self, delta: int) -> None:
        self.follows_end = False
        self.keys.move(delta)
        self._extend_range()

    def action_cursor_down(self) -> None:
        """One row down."""
        self._move(1)

    def action_cursor_up(self) -> None:
        """One row up."""
        self._move(-1)

    def _page(self, pages: float) -> None:
        self.follows_end = False
        self.keys.page(pages)
        self._extend_range()

    def action_half_down(self) -> None:
        """Half a page down."""
        self._page(0.5)

    def action_half_up(self) -> None:
        """Half a page up."""
        self._page(-0.5)

    def action_page_down(self) -> None:
        """A page down."""
        self._page(1)

    def action_page_up(self) -> None:
        """A page up."""
        self._page(-1)

    def action_first(self) -> None:
        """To the first row."""
        self._move(-len(self.keys.listing))

    def action_last(self) -> None:
        """To the last row, and along with it while more arrive."""
        self._move(len(self.keys.listing))
        self.follows_end = not self.keys.listing.is_complete
        self.read_on()

    # Open

    @on(LineView.Chosen)
    def action_open(self) -> None:
        """Into the folder; of a blob, its details."""
        row = self.keys.current
        if isinstance(row, Folder):
            self.open(Location(row.storage_type, row.key))
        elif row is not None:
            self.action_details()

    def action_parent(self) -> None:
        """Up one folder, the cursor on the one left."""
        if self.location.key:
            up = Location(self.location.storage_type, parent_prefix(self.location.key))
            self.open(up, anchor=self.location.key)

    def action_back(self) -> None:
        """To the place before."""
        location = self.session.history.last()
        if location is not None:
            self.open(location)
            self.session.history.last()  # going back is not a place to come back to

    @work(group="ask", exclusive=True)
    async def action_go_to(self) -> None:
        """To a location typed in."""
        location = await self.app.push_screen_wait(GoToScreen(self.location))
        if location is not None:
            folder = location.key if location.key.endswith("/") else parent_prefix(location.key)
            self.open(Location(location.storage_type, folder), anchor=location.key or None)

    def action_go_root(self) -> None:
        """To the top of this type."""
        self.open(Location(self.location.storage_type))

    def show_type(self, storage_type: str) -> None:
        """To the place where one was last in a type, its top the first time."""
        if storage_type != self.location.storage_type:
            self.open(self.session.history.last_in(storage_type) or Location(storage_type))

    def action_type_1(self) -> None:
        """Storage type data."""
        self.show_type(TYPE_KEYS[0])

    def action_type_2(self) -> None:
        """Storage type tmp."""
        self.show_type(TYPE_KEYS[1])

    def action_type_3(self) -> None:
        """Storage type products."""
        self.show_type(TYPE_KEYS[2])

    def action_type_4(self) -> None:
        """Storage type result."""
        self.show_type(TYPE_KEYS[3])

    def action_type_5(self) -> None:
        """Storage type logs."""
        self.show_type(TYPE_KEYS[4])

    @on(Sidebar.TypeChosen)
    def _type_chosen(self, event: Sidebar.TypeChosen) -> None:
        self.show_type(event.storage_type)

    # Choose

    def action_filter(self) -> None:
        """Open the filter line."""
        self.open_filter_line()

    def action_mark(self) -> None:
        """Mark or unmark the row and go on."""
        row = self.keys.current
        if row is not None:
            self.session.marks.toggle(row)
            self.keys.refresh_line(self.keys.cursor)
            self._move(1)
            self.update_lines()

    def action_mark_range(self) -> None:
        """Begin a range of marks, or end it."""
        self.range_start = None if self.range_start is not None else self.keys.cursor
        self._extend_range()
        self.update_lines()

    def _extend_range(self) -> None:
        if self.range_start is None:
            return
        first, last = sorted((self.range_start, self.keys.cursor))
        self.session.marks.add(row for index in range(first, last + 1) if (row := self.keys.listing.row(index)))
        self.keys.refresh()

    def action_mark_all(self) -> None:
        """Mark all rows shown; when all are marked, none."""
        rows = list(self.keys.listing.rows())
        if all(row in self.session.marks for row in rows):
            self.session.marks.discard(rows)
        else:
            self.session.marks.add(rows)
        self._marks_changed(len(rows))

    def action_mark_invert(self) -> None:
        """Mark the others."""
        rows = list(self.keys.listing.rows())
        for row in rows:
            self.session.marks.toggle(row)
        self._marks_changed(len(rows))

    def _marks_changed(self, considered: int) -> None:
        if considered < len(self.keys.listing) or not self.keys.listing.is_complete:
            self.session.say(f"considered the {considered:,} rows at hand; not all of the list is loaded")
        self.keys.refresh()
        self.update_lines()

    def action_sort(self) -> None:
        """By the next column."""
        current = self.keys.listing.sort
        expires = STORAGE_TYPES[self.location.storage_type].expires_after is not None
        names: list[Sort] = [sort for sort in SORTS if expires or sort != "expiry"]
        self.sort = names[(names.index(current) + 1) % len(names)] if current in names else names[0]
        self._sort_again()

    def action_sort_reverse(self) -> None:
        """The other way round."""
        self.is_reversed = not self.is_reversed
        self._sort_again()

    def _sort_again(self) -> None:
        listing, current = self.keys.listing, self.keys.current
        if not listing.can_sort:
            self.session.fail(f"cannot sort {listing.loaded:,}+ keys: a list is sorted when all of it is loaded")
            return
        listing.set_sort(self.sort or "name", is_reversed=self.is_reversed)
        index = listing.index_of(current.key) if current else None
        self.keys.show(listing, cursor=index or 0)

    # Act

    def chosen(self) -> list[Row]:
        """The marked rows, or the one under the cursor."""
        current = self.keys.current
        return list(self.session.marks) or ([current] if current is not None else [])

    def _is_busy(self) -> bool:
        if self.session.working:
            self.session.say("one at a time: Esc stops what goes on")
        return bool(self.session.working)

    @work(group="act")
    async def action_download(self) -> None:
        """Ask where to, then download in the background."""
        if self._is_busy():
            return
        await download_rows(self.app, self.session, self.chosen())
        self.keys.refresh()

    @work(group="act")
    async def action_upload(self) -> None:
        """Ask what, then upload in the background."""
        await upload_to(self.app, self.session, self.location)

    @work(group="act")
    async def action_delete(self) -> None:
        """Ask, then delete; the cursor goes to the next row that stays."""
        if self._is_busy():
            return
        rows = self.chosen()
        anchor = self.keys.survivor(rows)
        if await delete_rows(self.app, self.session, rows):
            self.refresh_list(anchor)
            self.read_usages()
        self.keys.refresh()

    @work(group="ask", exclusive=True)
    async def action_copy_menu(self) -> None:
        """The row in all forms it can be copied in."""
        row = self.keys.current
        if row is not None:
            await copy_menu(self.app, self.session, row)

    @work(group="ask", exclusive=True)
    async def action_copy_url(self) -> None:
        """A signed URL of the blob."""
        row = self.keys.current
        if isinstance(row, Blob):
            await copy_url(self.app, self.session, row)
        else:
            self.session.fail("a signed URL is of one blob; the cursor is on none")

    # Look

    def action_preview(self) -> None:
        """Preview on or off."""
        self.toggle_class("-no-preview")
        self.call_after_refresh(self.show_row)

    def action_preview_down(self) -> None:
        """Scroll the preview."""
        self.pane.turn(PREVIEW_STEP)

    def action_preview_up(self) -> None:
        """Scroll the preview back."""
        self.pane.turn(-PREVIEW_STEP)

    def action_preview_mode(self) -> None:
        """As found, as text, as hex."""
        self.session.say(f"preview: {self.pane.next_mode()}")

    def action_details(self) -> None:
        """Everything known about the row."""
        row = self.keys.current
        if row is not None:
            self.app.push_screen(DetailsScreen(self.session, row))

    def action_refresh(self) -> None:
        """Read again."""
        self.refresh_list()
        self.read_usages()

    def action_transfers(self) -> None:
        """What moves."""
        self.app.push_screen(TransfersScreen(self.session))

    def action_log(self) -> None:
        """What happened."""
        self.app.push_screen(LogScreen(self.session.log))

    # Program

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    @work(group="ask", exclusive=True)
    async def action_palette(self) -> None:
        """Find a command by name and run it."""
        command = await self.app.push_screen_wait(PaletteScreen(in_context("browser")))
        if command is not None:
            self.call_later(self.run_command, command)

    def action_peel(self) -> None:
        """One layer off: the filter line, what reads or works, the range, the filter, the marks."""
        if self.session.working:
            self.workers.cancel_group(self, "act")
        elif self.range_start is not None:
            self.range_start = None
        elif self.clear_filter() or self.stop_reading():
            pass
        elif len(self.session.marks):
            self.session.marks.clear()
            self.keys.refresh()
        self.update_lines()

    @work(group="quit", exclusive=True)
    async def action_quit(self) -> None:
        """Leave; ask while transfers run."""
        gauge = self.session.queue.poll()
        if gauge.is_active and not await self.app.push_screen_wait(QuitScreen(gauge)):
            return
        self.app.exit()
