"""The keys that move: over the rows, and from storage type to storage type."""

from textual import on

from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.screens.place_view import PlaceView
from storage_tui.tui.widgets.sidebar import Sidebar

TYPE_KEYS = tuple(STORAGE_TYPES)  # behind the keys 1 to 5


class PlaceMoves(PlaceView):
    """One short method a key."""

    def cursor_went(self) -> None:
        """A key has moved the cursor: it no longer stays at the end."""
        self.follows_end = False
        super().cursor_went()

    def action_last(self) -> None:
        """To the last row, and along with it while more arrive."""
        self.cursor.action_last()
        self.follows_end = not self.keys.listing.is_complete
        self.read_on()

    def show_type(self, storage_type: str) -> None:
        """To the place where one was last in a type, the top of what may be seen of it the first time."""
        scope = self.desk.scope
        top = scope.top_of(storage_type)
        if top is None:
            self.desk.fail(f"this token does not open {storage_type}; it is for {scope}")
        elif storage_type != self.location.storage_type:
            self.open(self.desk.history.last_in(storage_type) or top)

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
