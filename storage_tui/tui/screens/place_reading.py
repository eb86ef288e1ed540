"""The place on the screen: goes to a prefix and reads its list page by page, the cursor kept on its key."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from textual import on, work

from storage_tui.contract.errors import ForbiddenError
from storage_tui.contract.keys import Location
from storage_tui.contract.token_scope import TokenScope
from storage_tui.tui.reading import PageRestorer, read_pages
from storage_tui.tui.screens.choosing import ChoosingScreen
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.arranging import ROWS_PER_S, Sort
from storage_tui.tui.state.listing import NEXT_PAGE, SORT_AT_ONCE, Listing, Row
from storage_tui.tui.state.marks import place_of
from storage_tui.tui.state.messages import explain
from storage_tui.tui.visible import place_text
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.sidebar import Sidebar

FOLLOW_S = 0.25  # how often the cursor follows the end of a list that grows


class PlaceReading(ChoosingScreen):
    """Which prefix is shown, and its list as it arrives."""

    def __init__(self, session: Session, location: Location) -> None:
        super().__init__(session)
        self.location = location
        self.sort: Sort | None = None
        self.is_reversed = False
        self.follows_end = False
        self._follows_at = 0.0
        self.error = ""
        self.sorting = ""
        self._restorer = PageRestorer(session.storage)
        self._reading: Listing | None = None
        self._has_listed = False

    @property
    def keys(self) -> KeyList:
        """The list."""
        raise NotImplementedError

    def keep_cursor(self) -> None:
        """The place is left: its list is whole again."""
        raise NotImplementedError

    def show_row(self) -> None:
        """The cursor is on another row."""
        raise NotImplementedError

    def open(self, location: Location, *, anchor: str | None = None) -> None:
        """Go to a prefix; the cursor goes to `anchor`, or to where it was there."""
        if self.location != location:
            current = self.keys.current
            self.session.history.leave(self.location, current.key if current else None)
            self.keep_cursor()
        self.location = location
        self.workers.cancel_group(self, "sort")
        self.session.places.visit(location)
        anchor = anchor or self.session.history.cursor(location)
        kept = self.session.history.listing(location)
        listing = Listing(location.storage_type, location.key)
        self.range_start = None
        self.query_one(Sidebar).choose(location.storage_type)
        if kept is not None:
            kept.set_filter(None)
            self.keys.show(kept, cursor=self.place_of(kept, anchor, 0))
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

    def _read(self, listing: Listing, anchor: str | None, *, is_shown: bool) -> None:
        """Read the list; once it is shown in place of another, the cursor goes to `anchor`, unless it has moved."""
        self._read_pages(listing, anchor, is_shown=is_shown, began_at=self.keys.cursor)

    @work(exclusive=True, group="listing")
    async def _read_pages(self, listing: Listing, anchor: str | None, *, is_shown: bool, began_at: int) -> None:
        self._reading, self.error, elsewhere = listing, "", None
        if is_shown:
            self.keys.listing = listing
        self.update_lines()
        try:
            async for _ in read_pages(self.session.storage, listing):
                if listing.is_complete and self.sort is not None and listing.loaded <= SORT_AT_ONCE:
                    self._sort_in_place(listing, self.sort)
                if not is_shown and self.keys.cursor != began_at and self.keys.current is not None:
                    anchor = self.keys.current.key
                if not is_shown and (listing.is_complete or anchor is None or listing.covers(anchor)):
                    self._swap(listing, anchor)
                    is_shown, anchor = True, None
                elif is_shown:
                    self._grow(listing, anchor)
                    anchor = None if anchor is None or listing.covers(anchor) or self.keys.cursor else anchor
        except EXPECTED as exc:
            self.error = explain(exc)
            if isinstance(exc, ForbiddenError) and not self._has_listed:
                elsewhere = await self._where_to_begin()
            if elsewhere is not None:
                self.error = ""
            elif len(self.keys.listing):
                self.session.fail(f"cannot list {place_text(self.location)}", exc)
            else:
                self.session.log.error(f"cannot list {place_text(self.location)}: {self.error}", exc)
        finally:
            if self._reading is listing:  # else the next one has begun already
                self._reading = None
                if self.follows_end and self.has_lines and self.keys.listing is listing:
                    self.keys.go(len(listing) - 1)
            self.update_lines()
        if elsewhere is not None:
            self.open(elsewhere)
            return
        self._has_listed = self._has_listed or not self.error
        self.session.history.keep(listing)
        if listing.is_complete and listing.loaded > SORT_AT_ONCE and self.sort not in (None, "name"):
            self._sort_large(listing)

    async def _where_to_begin(self) -> Location | None:
        """The first place that the token opens, where it does not open the one asked for; None where all is told."""
        try:
            scope = (await self.session.storage.describe()).token
        except EXPECTED:
            return None
        self.session.scope = scope
        place = scope.top_of(self.location.storage_type) or scope.first_place
        if scope == TokenScope() or place is None or place == self.location:
            return None
        self.session.say(f"this token is for {scope}")
        return place

    def sort_rows(self) -> None:
        """Put the list in the order chosen: at once, in the background, or when all of it is read."""
        listing, current = self.keys.listing, self.keys.current
        self.range_start = None  # its rows go elsewhere
        wanted: Sort = self.sort or "name"
        if not listing.is_complete:
            self.session.say(f"sorted by {wanted} when all keys are read")
            self.read_on()
        elif listing.loaded > SORT_AT_ONCE:
            self._sort_large(listing)
        else:
            listing.set_sort(wanted, is_reversed=self.is_reversed)
            self.keys.show(listing, cursor=self.place_of(listing, current.key if current else None, 0))

    @work(exclusive=True, group="sort")
    async def _sort_large(self, listing: Listing) -> None:
        wanted: Sort = self.sort or "name"
        seconds = max(1, round(listing.loaded / ROWS_PER_S))
        self.sorting = f"sorting {listing.loaded:,} keys by {wanted}, about {seconds} s"
        self.update_lines()
        try:
            current = self.keys.current
            for _ in listing.sorting(wanted, is_reversed=self.is_reversed):
                await asyncio.sleep(0)  # keys typed meanwhile come first
                current = self.keys.current
            if self.keys.listing is listing:
                self.keys.show(listing, cursor=self.place_of(listing, current.key if current else None, 0))
        finally:
            self.sorting = ""
            if listing.sort != wanted:  # stopped: the order is what it was
                self.sort, self.is_reversed = None if listing.sort == "key" else listing.sort, listing.is_reversed
            self.update_lines()

    def _sort_in_place(self, listing: Listing, wanted: Sort) -> None:
        current = self.keys.current if self.keys.listing is listing else None
        listing.set_sort(wanted, is_reversed=self.is_reversed)
        if current is not None and self.keys.cursor:
            self.keys.show(listing, cursor=self.place_of(listing, current.key, self.keys.cursor))

    def _swap(self, listing: Listing, anchor: str | None) -> None:
        keys, self.range_start = self.keys, None
        row = keys.cursor - keys.top
        listing.set_filter(keys.listing.filter)
        cursor = self.place_of(listing, anchor, keys.cursor)
        keys.show(listing, cursor=cursor, top=max(0, cursor - row))

    def _grow(self, listing: Listing, anchor: str | None) -> None:
        keys = self.keys
        is_first = listing.loaded and keys.cursor == 0
        if anchor is not None and keys.cursor == 0 and listing.covers(anchor):
            keys.show(listing, cursor=self.place_of(listing, anchor, 0))
        elif self.follows_end:
            if monotonic() >= self._follows_at:
                keys.go(len(listing) - 1)
                self._follows_at = monotonic() + FOLLOW_S
        elif len(listing) <= keys.top + keys.rows_visible + NEXT_PAGE:  # else the new rows are out of view
            keys.lines_changed()
        if is_first:
            self.show_row()

    @staticmethod
    def place_of(listing: Listing, anchor: str | None, fallback: int) -> int:
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
        keys, listing = self.keys, self.keys.listing

        def is_wanted() -> bool:
            return keys.listing is listing and keys.top <= index < keys.top + keys.rows_visible

        try:
            if await self._restorer.restore(listing, index, is_wanted=is_wanted):
                keys.lines_changed()
        except EXPECTED as exc:
            self.session.fail("cannot read a page of the list again", exc)

    def shown(self, rows: Sequence[Row]) -> list[Row]:
        """The rows of this folder that the filter lets through, among these."""
        listing, cut = self.keys.listing, len(self.location.key)
        here = (row for row in rows if place_of(row) == self.location)
        return [row for row in here if listing.filter is None or listing.filter.matches(row.key[cut:])]

    @property
    def is_reading(self) -> bool:
        """True while pages of the list are on their way."""
        return self._reading is not None

    def stop_reading(self) -> bool:
        """Stop sorting or listing in the background; False when there is neither."""
        if self.sorting:
            self.workers.cancel_group(self, "sort")
            return True
        was_reading = self.is_reading
        if was_reading:
            self.workers.cancel_group(self, "listing")
        return was_reading

    def read_on(self) -> None:
        """Go on with a list that was stopped."""
        if not self.is_reading and not self.keys.listing.is_complete:
            self._read(self.keys.listing, None, is_shown=True)
