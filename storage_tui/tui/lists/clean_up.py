"""Clean-up: the blobs that will expire below a prefix, the soonest first, grouped by the day of their expiry."""

from collections.abc import AsyncIterator, Sequence

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.tui.desk import Desk
from storage_tui.tui.lists.flat_screen import FlatScreen, Go
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.store_reads import read_below


class CleanUpScreen(FlatScreen):
    """Lists blobs that will expire: mark by group, pattern, age or size; D lists and asks, c copies to data."""

    def __init__(self, desk: Desk, location: Location, go: Go) -> None:
        super().__init__(desk, location, go, self._read_all, name="clean-up", sort="expiry")

    def on_mount(self) -> None:
        """Start reading at once."""
        self.reader.start()

    def _read_all(self) -> AsyncIterator[Sequence[Blob]]:
        return read_below(self.desk.storage, Folder(self.location.key, self.location.storage_type))

    def empty_words(self) -> str:
        """Return that there is nothing to clean up."""
        return "Nothing here will expire. Esc goes back."
