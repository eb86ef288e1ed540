"""The main screen: what each command of the table does. One short method a command."""

import asyncio

from textual import on, work

from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.flows.pairing import find_pair
from storage_tui.tui.flows.through_page import send_through_page
from storage_tui.tui.flows.uploading import upload_to
from storage_tui.tui.reading import names_from
from storage_tui.tui.screens.go_to import GoToScreen
from storage_tui.tui.screens.place_moves import PlaceMoves
from storage_tui.tui.screens.places import BookmarkScreen, PlacesScreen
from storage_tui.tui.screens.profiles import ProfilesScreen
from storage_tui.tui.screens.quit import QuitScreen
from storage_tui.tui.state.arranging import Sort
from storage_tui.tui.state.listing import SORTS, Folder
from storage_tui.tui.widgets.line_view import LineView

PREVIEW_STEP = 4  # rows that J and K scroll


class BrowserScreen(PlaceMoves):
    """One place of the store, and the keys that work on it."""

    CSS_PATH = ["rows.tcss", "browser.tcss"]

    # Open

    @on(LineView.Chosen)
    def action_open(self) -> None:
        """Into the folder; of a blob, the whole screen."""
        row = self.keys.current
        if isinstance(row, Folder):
            self.open(Location(row.storage_type, row.key))
        elif row is not None:
            self.action_view()

    def action_parent(self) -> None:
        """Up one folder, the cursor on the one left."""
        if self.location.key:
            up = Location(self.location.storage_type, parent_prefix(self.location.key))
            if self.desk.scope.may_list(up):
                self.open(up, anchor=self.location.key)
            else:
                self.desk.say("this token opens nothing above here")

    def action_back(self) -> None:
        """To the place before."""
        location = self.desk.history.last()
        if location is not None:
            self.open(location)
            self.desk.history.last()  # going back is not a place to come back to

    @work(group="ask", exclusive=True)
    async def action_go_to(self) -> None:
        """To a location typed in."""
        location = await self.app.push_screen_wait(
            GoToScreen(self.location, lambda typed: names_from(self.desk.storage, typed))
        )
        if location is not None:
            folder = location.key if location.key.endswith("/") else parent_prefix(location.key)
            self.open(Location(location.storage_type, folder), anchor=location.key or None)

    @work(group="ask", exclusive=True)
    async def action_pair(self) -> None:
        """From a result to its log, and back."""
        place = await find_pair(self.desk, self.location, self.keys.current)
        if place is not None:
            folder = place.key if place.key.endswith("/") else parent_prefix(place.key)
            self.open(Location(place.storage_type, folder), anchor=place.key or None)

    @work(group="ask", exclusive=True)
    async def action_bookmark(self) -> None:
        """Keep this place under a letter."""
        places = self.desk.places
        letter = await self.app.push_screen_wait(BookmarkScreen(self.location, places.bookmarks))
        if letter is not None:
            places.bookmarks[letter] = self.location
            try:
                await asyncio.to_thread(places.save)
                self.desk.say(f"'{letter} goes to {self.location}")
            except OSError as exc:
                self.desk.fail("the bookmark lasts for this session only", exc)

    @work(group="ask", exclusive=True)
    async def action_places(self) -> None:
        """To a bookmark, or a place where one was lately."""
        places = self.desk.places
        place = await self.app.push_screen_wait(PlacesScreen(places.bookmarks, places.recent))
        if place is not None:
            self.open(place)

    def action_find(self) -> None:
        """Search all that lies below here."""
        from storage_tui.tui.screens.find import FindScreen

        self.app.push_screen(FindScreen(self.desk, self.location, self.go))

    def action_go_root(self) -> None:
        """To the top of this type."""
        storage_type = self.location.storage_type
        self.open(self.desk.scope.top_of(storage_type) or Location(storage_type))

    # Choose

    def action_filter(self) -> None:
        """Open the filter line."""
        self.filter_line.open()
        self.read_on()

    def action_sort(self) -> None:
        """By the next column."""
        current = self.sort or self.keys.listing.sort
        expires = STORAGE_TYPES[self.location.storage_type].expires_after is not None
        names: list[Sort] = [sort for sort in SORTS if expires or sort != "expiry"]
        if any(blob.modified is None for blob in self.keys.blobs_in_view()):  # those of a plain published server
            names = ["name", "type"]
            self.desk.say("by name or type only: this server's lists tell no sizes and no times")
        self.sort = names[(names.index(current) + 1) % len(names)] if current in names else names[0]
        self.sort_rows()

    def action_sort_reverse(self) -> None:
        """The other way round."""
        self.is_reversed = not self.is_reversed
        self.sort_rows()

    # Act

    @work(group="act")
    async def action_upload(self) -> None:
        """Ask what, then upload in the background."""
        if not send_through_page(self.app, self.desk, self.location):
            await upload_to(self.app, self.desk, self.location)

    # Look

    def action_view(self) -> None:
        """The blob on the whole screen."""
        from storage_tui.tui.viewer.screen import ViewerScreen  # its search, folds and colours are loaded when wanted

        row = self.keys.current
        if row is not None and not isinstance(row, Folder):
            self.app.push_screen(ViewerScreen(self.desk, row))

    def action_map(self) -> None:
        """The marked regions, or this one, on one map."""
        from storage_tui.tui.viewer.map_screen import MapScreen  # loaded when wanted, as the viewer

        blobs = [row for row in self.chosen() if not isinstance(row, Folder)]
        if blobs:
            self.app.push_screen(MapScreen(self.desk, blobs))

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
        mode = self.pane.next_mode()
        self.desk.say(f"preview as {'found' if mode == 'auto' else mode}")

    def action_clean_up(self) -> None:
        """All of tmp, or of the prefix here when it expires, the soonest to go first."""
        from storage_tui.tui.screens.clean_up import CleanUpScreen

        expires = STORAGE_TYPES[self.location.storage_type].expires_after is not None
        tmp = self.desk.scope.top_of("tmp") or Location("tmp")
        self.app.push_screen(CleanUpScreen(self.desk, self.location if expires else tmp, self.go))

    def action_usage(self) -> None:
        """How much lies where."""
        from storage_tui.tui.screens.usage import UsageScreen  # loaded when wanted, as all that is seldom seen

        self.app.push_screen(UsageScreen(self.desk, self.location, self.go))

    def go(self, folder: Location, key: str) -> None:
        """To a folder, the cursor on the key."""
        self.open(folder, anchor=key or None)

    def action_refresh(self) -> None:
        """Read again, and paint all, over whatever else wrote to the terminal."""
        self.desk.repaint()
        self.refresh_list()
        self.read_usages()

    # Program

    def action_peel(self) -> None:
        """One layer off: the filter line, what reads or works, the range, the filter, the marks."""
        if self.quits_when_done:
            self.quits_when_done, self.desk.next_profile = False, None
            self.desk.say("stays when the transfers are done")
        elif self.stop_work():
            pass
        elif self.range_start is not None:
            self.range_start = None
        elif self.clear_filter() or self.stop_reading():
            pass
        elif len(self.desk.marks):
            self.desk.marks.clear()
            self.keys.refresh()
        self.update_lines()

    @work(group="quit", exclusive=True)
    async def action_profiles(self) -> None:
        """Leave for another server; ask while transfers run."""
        name = await self.app.push_screen_wait(ProfilesScreen(self.desk.profiles, self.desk.profile))
        if name is not None and name != self.desk.profile:
            self.desk.next_profile = name
            await self._leave("goes on")

    @work(group="quit", exclusive=True)
    async def action_quit(self) -> None:
        """Leave; ask while transfers run."""
        self.desk.next_profile = None
        await self._leave("quits")

    async def _leave(self, verb: str) -> None:
        queue = self.desk.queue
        answer = await self.app.push_screen_wait(QuitScreen(queue.poll)) if queue.poll().is_active else "cancel"
        if answer == "wait" and queue.is_active:
            self.quits_when_done = True
            self.desk.say(f"{verb} when the transfers are done; Esc stays")
            return
        if answer in (None, "stay"):
            self.desk.next_profile = None
            return
        await self.desk.runner.stop(keep=answer == "leave")
        self.desk.chosen_at_quit = [Location(row.storage_type, row.key) for row in self.chosen()]
        self.app.exit()
