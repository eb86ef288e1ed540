"""The place that is open: goes to a prefix, and reads its list again."""

from collections.abc import Callable, Sequence

from storage_tui.contract.keys import Location
from storage_tui.tui.browser.reader import PlaceReader
from storage_tui.tui.browser.sorting import Sorting
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.listing import Listing, Row
from storage_tui.tui.state.marks import place_of
from storage_tui.tui.widgets.key_list import KeyList


class Place:
    """Which prefix is shown. `left` is called before another one is, `opened` as soon as it is `location`."""

    def __init__(
        self,
        desk: Desk,
        view: KeyList,
        reader: PlaceReader,
        sorting: Sorting,
        location: Location,
        *,
        left: Callable[[], None],
        opened: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._view = view
        self._reader = reader
        self._sorting = sorting
        self._left = left
        self._opened = opened
        self.location = location

    def open(self, location: Location, *, anchor: str | None = None) -> None:
        """Go to a prefix. The cursor goes to the key `anchor`, or to where the cursor was there."""
        history = self._desk.history
        if self.location != location:
            current = self._view.current
            history.leave(self.location, current.key if current else None)
            self._left()
        self.location = location
        self._sorting.stop()
        self._desk.places.visit(location)
        anchor = anchor or history.cursor(location)
        kept = history.listing(location)
        listing = Listing(location.storage_type, location.key)
        self._opened()
        if kept is not None:
            kept.set_filter(None)
            self._view.show(kept, cursor=kept.index_near(anchor, 0))
        else:
            self._view.show(listing)
        self._reader.read(listing, anchor, is_shown=kept is None)

    def reload(self, anchor: str | None = None) -> None:
        """Read the place again. The rows stay until the new ones reach the cursor, which stays on its key."""
        current, shown = self._view.current, self._view.listing
        listing = Listing(shown.storage_type, shown.prefix)
        listing.set_filter(shown.filter)
        self._reader.read(listing, anchor or (current.key if current else None), is_shown=not len(shown))

    def shown(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of this folder that the filter lets through, among these."""
        wanted, cut = self._view.listing.filter, len(self.location.key)
        here = (row for row in rows if place_of(row) == self.location)
        return [row for row in here if wanted is None or wanted.matches(row.key[cut:])]
