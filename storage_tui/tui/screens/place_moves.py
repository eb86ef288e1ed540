"""The keys that move: over the rows, and from storage type to storage type."""

from textual import on

from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.screens.place_view import PlaceView
from storage_tui.tui.widgets.sidebar import Sidebar

TYPE_KEYS = tuple(STORAGE_TYPES)  # behind the keys 1 to 5


class PlaceMoves(PlaceView):
    """One short method a key."""

    def move(self, delta: int) -> None:
        """The cursor `delta` rows down; it no longer stays at the end."""
        self.follows_end = False
        super().move(delta)

    def page(self, pages: float) -> None:
        """The cursor so many pages down; it no longer stays at the end."""
        self.follows_end = False
        super().page(pages)

    def action_cursor_down(self) -> None:
        """One row down."""
        self.move(1)

    def action_cursor_up(self) -> None:
        """One row up."""
        self.move(-1)

    def action_half_down(self) -> None:
        """Half a page down."""
        self.page(0.5)

    def action_half_up(self) -> None:
        """Half a page up."""
        self.page(-0.5)

    def action_page_down(self) -> None:
        """A page down."""
        self.page(1)

    def action_page_up(self) -> None:
        """A page up."""
        self.page(-1)

    def action_first(self) -> None:
        """To the first row."""
        self.move(-len(self.keys.listing))

    def action_last(self) -> None:
        """To the last row, and along with it while more arrive."""
        self.move(len(self.keys.listing))
        self.follows_end = not self.keys.listing.is_complete
        self.read_on()

    def show_type(self, storage_type: str) -> None:
        """To the place where one was last in a type, the top of what may be seen of it the first time."""
        scope = self.session.scope
        top = scope.top_of(storage_type)
        if top is None:
            self.session.fail(f"this token does not open {storage_type}; it is for {scope}")
        elif storage_type != self.location.storage_type:
            self.open(self.session.history.last_in(storage_type) or top)

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
