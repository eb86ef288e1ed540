"""Reads the list of a place page by page; the cursor stays on its key while rows arrive."""

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

from textual.screen import Screen
from textual.worker import Worker

from storage_tui.contract.errors import ForbiddenError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import TokenScope
from storage_tui.tui.background import run
from storage_tui.tui.browser.sorting import Sorting
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.side import Side
from storage_tui.tui.state.listing import Listing
from storage_tui.tui.state.messages import explain
from storage_tui.tui.store_reads import PageRestorer, read_pages
from storage_tui.tui.widgets.key_list import KeyList

FOLLOW_S = 0.25  # how often the cursor moves to the end of a growing list
ARRIVAL_S = 0.5  # most lists have their first rows by then


class PlaceReader:
    """Fills the view with a list as it arrives.

    `changed` is called when reading begins and ends, `arrived` when the first rows are loaded. `go` opens another place
    when the token has no access to the first one.
    """

    def __init__(
        self,
        screen: Screen[Any],
        desk: Side,
        view: KeyList,
        marking: Marking,
        sorting: Sorting,
        *,
        changed: Callable[[], None],
        arrived: Callable[[], None],
        go: Callable[[Location], None],
        group: str = "",
    ) -> None:
        """`group` begins the names of the groups of workers: each side has its own."""
        self._screen = screen
        self._desk = desk
        self._view = view
        self._marking = marking
        self._sorting = sorting
        self._changed = changed
        self._arrived = arrived
        self._go = go
        self._group = group
        self._restorer = PageRestorer(desk.storage)
        self._worker: Worker[None] | None = None
        self._reading: Listing | None = None
        self._has_listed = False
        self._follows_at = 0.0
        self._began_at = 0.0
        self.follows_end = False
        self.error = ""
        self.failure: Exception | None = None  # of the last reading

    @property
    def is_reading(self) -> bool:
        """True while pages of the list are on their way."""
        return self._reading is not None

    @property
    def is_arriving(self) -> bool:
        """True while a list has no rows yet and was asked for a moment ago."""
        is_asked = self._worker is not None and not self._worker.is_finished
        return is_asked and not len(self._view.listing) and monotonic() < self._began_at + ARRIVAL_S

    def read(self, listing: Listing, anchor: str | None, *, is_shown: bool) -> None:
        """Read a list. When the list replaces another, the cursor goes to `anchor`, unless it has moved since."""
        work = partial(self._read_pages, listing, anchor, is_shown=is_shown, began_at=self._view.cursor)
        self._began_at = monotonic()
        self._worker = run(self._screen, work, group=f"{self._group}listing", exclusive=True)

    def read_on(self) -> None:
        """Continue a stopped list."""
        if not self.is_reading and not self._view.listing.is_complete:
            self.read(self._view.listing, None, is_shown=True)

    def stop(self) -> bool:
        """Stop reading; return false when nothing is being read."""
        was_reading = self.is_reading
        if was_reading and self._worker is not None:
            self._worker.cancel()
        return was_reading

    def follow_end(self) -> None:
        """Keep the cursor on the last row while rows arrive."""
        self.follows_end = not self._view.listing.is_complete
        self.read_on()

    async def _read_pages(self, listing: Listing, anchor: str | None, *, is_shown: bool, began_at: int) -> None:
        view, place = self._view, Location(listing.storage_type, listing.prefix)
        self._reading, self.error, elsewhere = listing, "", None
        before, self.failure = self.failure, None
        if is_shown:
            view.listing = listing
        self._changed()
        try:
            async for _ in read_pages(self._desk.storage, listing):
                self._sorting.arrange_arrived(listing)
                if not is_shown and view.cursor != began_at and view.current is not None:
                    anchor = view.current.key
                if not is_shown and (listing.is_complete or anchor is None or listing.covers(anchor)):
                    self._swap(listing, anchor)
                    is_shown, anchor = True, None
                elif is_shown:
                    self._grow(listing, anchor)
                    anchor = None if anchor is None or listing.covers(anchor) or view.cursor else anchor
        except EXPECTED as exc:
            self.error, self.failure = explain(exc), exc
            if isinstance(exc, ForbiddenError) and not self._has_listed:
                elsewhere = await self._where_to_begin(place)
            if elsewhere is not None:
                self.error, self.failure = "", None
            elif before is not None and type(before) is type(exc):
                pass  # it was said when the first try failed
            elif len(view.listing):
                self._desk.fail(f"cannot list {self._desk.spell(place)}", exc)
            else:
                self._desk.log.error(f"cannot list {self._desk.spell(place)}: {self.error}", exc)
        finally:
            if self._reading is listing:  # else the next reading has begun already
                self._reading = None
                if self.follows_end and view.is_attached and view.listing is listing:
                    view.go(len(listing) - 1)
            self._changed()
        if elsewhere is not None:
            self._go(elsewhere)
            return
        self._has_listed = self._has_listed or not self.error
        self._desk.history.keep(listing)
        self._sorting.arrange_long(listing)

    async def _where_to_begin(self, refused: Location) -> Location | None:
        """Return the first place that the token opens, when it does not open `refused`.

        Return None when the token opens everything, or when the server does not report it.
        """
        try:
            scope = (await self._desk.storage.describe()).token
        except EXPECTED:
            return None
        self._desk.scope = scope
        place = scope.top_of(refused.storage_type) or scope.first_place
        if scope == TokenScope() or place is None or place == refused:
            return None
        self._desk.say(f"this token is for {scope}")
        return place

    def _swap(self, listing: Listing, anchor: str | None) -> None:
        """Show a list in place of another; the cursor stays at its height on the screen."""
        view = self._view
        self._marking.end_range()
        row = view.cursor - view.top
        listing.set_filter(view.listing.filter)
        cursor = listing.index_near(anchor, view.cursor)
        view.show(listing, cursor=cursor, top=max(0, cursor - row))

    def _grow(self, listing: Listing, anchor: str | None) -> None:
        """Show the rows that a list has in addition now."""
        view = self._view
        is_first = listing.loaded and view.cursor == 0
        if anchor is not None and view.cursor == 0 and listing.covers(anchor):
            view.show(listing, cursor=listing.index_near(anchor, 0))
        elif self.follows_end:
            if monotonic() >= self._follows_at:
                view.go(len(listing) - 1)
                self._follows_at = monotonic() + FOLLOW_S
        elif len(listing) <= view.top + view.rows_visible + listing.bounds.next_page:
            view.lines_changed()  # further down, the new rows are out of view
        if is_first:
            self._arrived()

    def restore(self, index: int) -> None:
        """Read the page of a row again: the row is in view and its page was dropped."""
        run(self._screen, partial(self._restore, index), group=f"{self._group}pages")

    async def _restore(self, index: int) -> None:
        view, listing = self._view, self._view.listing

        def is_wanted() -> bool:
            return view.listing is listing and view.top <= index < view.top + view.rows_visible

        try:
            if await self._restorer.restore(listing, index, is_wanted=is_wanted):
                view.lines_changed()
        except EXPECTED as exc:
            self._desk.fail("cannot read a page of the list again", exc)
