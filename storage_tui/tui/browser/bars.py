"""The text of the path line and the status line of the main screen."""

from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.tui.browser.reader import PlaceReader
from storage_tui.tui.browser.reconnecting import Reconnecting
from storage_tui.tui.browser.sorting import Sorting
from storage_tui.tui.desk import Desk
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.state.listing import Listing
from storage_tui.tui.state.transfers import Gauge
from storage_tui.tui.tabs.tabs import Tabs
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import (
    empty_words,
    gauge_content,
    marks_content,
    path_content,
    position_content,
    taken_content,
)
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.notice import notice_content
from storage_tui.tui.widgets.sidebar import Sidebar

NAMED_FROM = 60  # cells: from this width on the store is named; a narrower line names the profile


class PlaceBars:
    """Owns both lines; each is painted only when its text changes."""

    def __init__(
        self, desk: Desk, view: KeyList, marking: Marking, sorting: Sorting, reader: PlaceReader,
        reconnecting: Reconnecting, tabs: Tabs, sidebar: Sidebar,
    ) -> None:  # fmt: skip
        self.path = Bar(id="path")
        self.status = Bar(id="status")
        self._desk = desk
        self._view = view
        self._marking = marking
        self._sorting = sorting
        self._reader = reader
        self._reconnecting = reconnecting
        self._tabs = tabs
        self._sidebar = sidebar

    def empty_words(self, listing: Listing, is_reading: bool) -> str:
        """Return the text of a list without rows."""
        return empty_words(listing, is_reading=is_reading, name=self._desk.named(listing), place=self._desk.place)

    def say_path(self, *, width: int) -> None:
        """Show the open place and how far its list is read; and at the side the places to go to."""
        self._sidebar.set_remembered(self._desk.places.bookmarks, self._desk.places.recent)
        listing, sorting = self._view.listing, self._sorting
        path = path_content(
            listing,
            is_reading=self._reader.is_reading,
            sorting=sorting.words,
            width=width,
            then=sorting.words_for_later(listing),
            name="" if self._desk.place is None or self._desk.place.types else self._desk.place.name,
        )
        store = self._desk.title if width >= NAMED_FROM else self._desk.profile
        server = Content.styled(f"{visible(store)} ", "$text-muted") if store else Content("")
        if again := self._reconnecting.words:
            self.path.say(path, Content.styled(f" {again} ", "$text-warning"))
            return
        if tabs := self._tabs.content(width=width - path.cell_length - 2):
            self.path.say(path, tabs)
            return
        is_tight = path.cell_length + server.cell_length + 2 > width  # the coverage of a filter is worth more
        self.path.say(path, Content("") if is_tight else server)

    def say_status(self, location: Location, gauge: Gauge, *, width: int) -> None:
        """Show the parts that change with the cursor: marks, a notice, the transfers, the position."""
        desk, view = self._desk, self._view
        notice = notice_content(desk, view.current, in_range=self._marking.has_range)
        waiting = taken_content(desk.taken, width=width)
        left = Content.assemble(" ", marks_content(desk.marks, here=location), waiting, notice)
        whole = self._tabs.with_others(gauge)
        right = Content.assemble(gauge_content(whole, width=width), position_content(view.listing, view.cursor))
        self.status.say(left, right, is_urgent=desk.has_bad_news)
