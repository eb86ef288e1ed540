"""The visited places: the cursor of each folder, the ways back and forward, and the lists that can be shown at once."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Page
from storage_tui.tui.state.listing import Listing

PLACES_KEPT = 200  # remembered cursors; each is a key
ROWS_KEPT = 20_000  # rows of kept lists for the way back, about 10 MB

Way = Literal["new", "back", "forward", "tab"]
"""How a place is left: for another place, on the way back or forward, or for the place of another tab."""


@dataclass(slots=True)
class Ways:
    """The places on the way back and on the way forward, the nearest last."""

    back: list[Location] = field(default_factory=list)
    forward: list[Location] = field(default_factory=list)


class History:
    """The last places, newest last, and their cursors and lists."""

    def __init__(self) -> None:
        self._cursors: OrderedDict[Location, str] = OrderedDict()
        self._listings: OrderedDict[Location, Listing] = OrderedDict()
        self.ways = Ways()

    def leave(self, location: Location, cursor_key: str | None, way: Way = "new") -> None:
        """Remember that the user left `location` with the cursor on `cursor_key`. A new way ends the way forward."""
        if cursor_key is not None:
            self.remember_cursor(location, cursor_key)
        if way == "tab":
            return
        places = self.ways.forward if way == "back" else self.ways.back
        places.append(location)
        del places[:-PLACES_KEPT]
        if way == "new":
            self.ways.forward.clear()

    def remember_cursor(self, location: Location, key: str) -> None:
        """Remember the row for the cursor on the next visit to `location`."""
        self._cursors[location] = key
        self._cursors.move_to_end(location)
        while len(self._cursors) > PLACES_KEPT:
            self._cursors.popitem(last=False)

    def cursor(self, location: Location) -> str | None:
        """Return the key of the remembered cursor; None without one."""
        return self._cursors.get(location)

    def last(self) -> Location | None:
        """Return the previous place and remove it from the way back; None without one."""
        return self.ways.back.pop() if self.ways.back else None

    def next(self) -> Location | None:
        """Return the place that the way back left last, and remove it from the way forward; None without one."""
        return self.ways.forward.pop() if self.ways.forward else None

    def last_in(self, storage_type: str) -> Location | None:
        """Return the last place in this storage type; None without one."""
        return next((place for place in reversed(self.ways.back) if place.storage_type == storage_type), None)

    def keep(self, listing: Listing) -> None:
        """Keep a complete list, so that it can be shown on return before the server answers."""
        if not listing.is_complete or listing.loaded > ROWS_KEPT:
            return
        location = Location(listing.storage_type, listing.prefix)
        self._listings[location] = listing
        self._listings.move_to_end(location)
        while sum(kept.loaded for kept in self._listings.values()) > ROWS_KEPT:
            self._listings.popitem(last=False)

    def expect(self, listing: Listing, page: Page) -> None:
        """Keep a list with only its first page, to show until the list is read."""
        listing.add_page(page)
        self._listings[Location(listing.storage_type, listing.prefix)] = listing

    def listing(self, location: Location) -> Listing | None:
        """Return the kept list and remove it; None without one."""
        return self._listings.pop(location, None)

    def holds(self, location: Location) -> bool:
        """Return whether a list is kept for the location."""
        return location in self._listings

    def forget(self, storage_type: str) -> None:
        """Drop the kept lists of a type after a change of its blobs."""
        for location in [kept for kept in self._listings if kept.storage_type == storage_type]:
            del self._listings[location]
