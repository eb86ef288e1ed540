"""Clean-up: all that will expire below a prefix, the soonest first, in groups by the day it goes."""

from collections.abc import AsyncIterator, Sequence

from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.tui.desk import Desk
from storage_tui.tui.reading import read_below
from storage_tui.tui.screens.flat_screen import FlatScreen, Go
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.widgets.lines import place_title


class CleanUpScreen(FlatScreen):
    """Mark by group, pattern, age or size; D shows exactly what would go and asks, c copies to data."""

    def __init__(self, desk: Desk, location: Location, go: Go) -> None:
        super().__init__(desk, location, go, sort="expiry")

    def on_mount(self) -> None:
        """Read at once."""
        self.start()

    def read(self) -> AsyncIterator[Sequence[Blob]]:
        """Every blob below the prefix."""
        return read_below(self.desk.storage, Folder(self.location.key, self.location.storage_type))

    def title_content(self) -> Content:
        """Where, and what for."""
        place = self.location
        return place_title(place.storage_type, place.key, "clean-up", width=self.size.width)

    def empty_words(self) -> str:
        """Nothing to clean up."""
        return "Nothing here will expire. Esc goes back."
