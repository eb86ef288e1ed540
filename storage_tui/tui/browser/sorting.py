"""The order of the list: at once, or in the background for a long list."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from textual.screen import Screen
from textual.worker import Worker

from storage_tui.tui.background import run
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.side import Side, expires_in
from storage_tui.tui.state.arranging import ROWS_PER_S, Sort
from storage_tui.tui.state.listing import SORTS, Listing
from storage_tui.tui.widgets.key_list import KeyList


class Sorting:
    """Puts lists in the order that was chosen last.

    `read_on` continues a stopped list; `changed` is called when sorting in the background begins and ends.
    """

    def __init__(
        self,
        screen: Screen[Any],
        desk: Side,
        view: KeyList,
        marking: Marking,
        *,
        read_on: Callable[[], None],
        changed: Callable[[], None],
        group: str = "sort",
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._view = view
        self._marking = marking
        self._read_on = read_on
        self._changed = changed
        self._group = group
        self._worker: Worker[None] | None = None
        self.wanted: Sort | None = None  # None: the order of the server
        self.is_reversed = False
        self.words = ""  # the text while a long list is sorted

    def words_for_later(self, listing: Listing) -> str:
        """Return the sort that waits until the list is complete; empty when there is none."""
        return "" if listing.is_complete or self.wanted in (None, listing.sort) else self.wanted or ""

    def arrange_arrived(self, listing: Listing) -> None:
        """Sort a short list after it has become complete; the cursor stays on its key."""
        if not listing.is_complete or self.wanted is None or listing.is_long:
            return
        view = self._view
        current = view.current if view.listing is listing else None
        listing.set_sort(self.wanted, is_reversed=self.is_reversed)
        if current is not None and view.cursor:
            view.show(listing, cursor=listing.index_near(current.key, view.cursor))

    def arrange_long(self, listing: Listing) -> None:
        """Sort a long list in the background after it has become complete."""
        if listing.is_complete and listing.is_long and self.wanted not in (None, "name"):
            self._start(listing)

    def stop(self) -> bool:
        """Stop sorting in the background; return false when nothing is being sorted."""
        was_sorting = bool(self.words)
        if self._worker is not None:
            self._worker.cancel()
        return was_sorting

    def action_sort(self) -> None:
        """Sort by the next column."""
        listing = self._view.listing
        current = self.wanted or listing.sort
        expires = expires_in(listing.storage_type)
        names: list[Sort] = [sort for sort in SORTS if expires or sort != "expiry"]
        if any(blob.modified is None for blob in self._view.blobs_in_view()):  # as on a plain published server
            names = ["name", "type"]
            self._desk.say("by name or type only: this server's lists have no sizes and no times")
        self.wanted = names[(names.index(current) + 1) % len(names)] if current in names else names[0]
        self._sort()

    def action_sort_reverse(self) -> None:
        """Reverse the order."""
        self.is_reversed = not self.is_reversed
        self._sort()

    def _sort(self) -> None:
        """Sort the list: at once, in the background, or when all of it is read."""
        listing, current = self._view.listing, self._view.current
        self._marking.end_range()  # the rows of the range move
        wanted: Sort = self.wanted or "name"
        if not listing.is_complete:
            self._desk.say(f"sorted by {wanted} when all keys are read")
            self._read_on()
        elif listing.is_long:
            self._start(listing)
        else:
            listing.set_sort(wanted, is_reversed=self.is_reversed)
            self._view.show(listing, cursor=listing.index_near(current.key if current else None, 0))

    def _start(self, listing: Listing) -> None:
        self._worker = run(self._screen, partial(self._sort_long, listing), group=self._group, exclusive=True)

    async def _sort_long(self, listing: Listing) -> None:
        wanted: Sort = self.wanted or "name"
        seconds = max(1, round(listing.loaded / ROWS_PER_S))
        self.words = f"sorting {listing.loaded:,} keys by {wanted}, about {seconds} s"
        self._changed()
        try:
            current = self._view.current
            for _ in listing.sorting(wanted, is_reversed=self.is_reversed):
                await asyncio.sleep(0)  # keys typed meanwhile come first
                current = self._view.current
            if self._view.listing is listing:
                self._view.show(listing, cursor=listing.index_near(current.key if current else None, 0))
        finally:
            self.words = ""
            if listing.sort != wanted:  # stopped: the old order stays
                self.wanted = None if listing.sort == "key" else listing.sort
                self.is_reversed = listing.is_reversed
            self._changed()
