"""The open place: it opens a prefix, and reads its list again."""

from collections.abc import Callable, Sequence

from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.tui.browser.reader import PlaceReader
from storage_tui.tui.browser.sorting import Sorting
from storage_tui.tui.history import Way
from storage_tui.tui.side import Side
from storage_tui.tui.state.listing import Listing, Row
from storage_tui.tui.state.marks import place_of
from storage_tui.tui.state.transfers import Gauge
from storage_tui.tui.widgets.key_list import KeyList

REFRESH_ROWS = 5000  # reading more rows than this again would be more work than the uploads


class OpenPlace:
    """The prefix that is shown. `left` is called before a change, `opened` as soon as `location` is the new one."""

    def __init__(
        self,
        desk: Side,
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

    def open(self, location: Location, *, anchor: str | None = None, way: Way = "new") -> None:
        """Open a prefix. The cursor goes to the key `anchor`, or to its last position there. `way` says whether the
        place is on the way back or forward."""
        history = self._desk.history
        if self.location != location:
            current = self._view.current
            history.leave(self.location, current.key if current else None, way)
            self._left()
        self.location = location
        self._sorting.stop()
        self._desk.places.visit(location)
        anchor = anchor or history.cursor(location)
        kept = history.listing(location)
        listing = Listing(location.storage_type, location.key, self._desk.bounds)
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
        listing = Listing(shown.storage_type, shown.prefix, self._desk.bounds)
        listing.set_filter(shown.filter)
        self._reader.read(listing, anchor or (current.key if current else None), is_shown=not len(shown))

    def take_changes(self, changed: set[str], gauge: Gauge) -> bool:
        """Read the place again if it is of a storage type that uploads `changed`; a long list only after the uploads.
        Return whether the changes were taken, and empty the set then."""
        is_here = self.location.storage_type in changed
        if not changed or (is_here and gauge.is_active and self._view.listing.loaded > REFRESH_ROWS):
            return False
        if is_here and not self._reader.is_reading:
            self.reload()
        changed.clear()
        return True

    def show_changed(self, location: Location) -> None:
        """Read the place again after a blob was stored; the cursor goes to the blob, or to the folder that holds it."""
        here = self.location
        if location.storage_type == here.storage_type and location.key.startswith(here.key):
            name, slash, _ = location.key[len(here.key) :].partition(DELIMITER)
            self.reload(f"{here.key}{name}{slash}")

    def shown(self, rows: Sequence[Row]) -> list[Row]:
        """Return those of the rows that are in this folder and match the filter."""
        wanted, cut = self._view.listing.filter, len(self.location.key)
        here = (row for row in rows if place_of(row) == self.location)
        return [row for row in here if wanted is None or wanted.matches(row.key[cut:])]
