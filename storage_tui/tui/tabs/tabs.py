"""The commands of tabs. Each tab has its place, its cursor and its own ways back and forward."""

from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.transfers import Gauge, whole
from storage_tui.tui.tabs.book import TABS_AT_MOST, Tab, TabBook
from storage_tui.tui.widgets.key_list import KeyList

NAME_CELLS = 14
STORE_CELLS = 16


class Tabs:
    """Opens, closes and changes tabs on the main screen of one store; tabs of other stores are shown by the book."""

    def __init__(self, desk: Desk, view: KeyList, place: OpenPlace, book: TabBook) -> None:
        self._desk = desk
        self._view = view
        self._place = place
        self._book = book

    @property
    def is_shown(self) -> bool:
        """Whether a tab of this store is on the screen."""
        return self._book.shown.desk is self._desk

    def content(self, *, width: int) -> Content:
        """Return the tabs by number and folder, the shown one bold; their count where they do not fit; nothing for one
        tab. With several open stores each tab has the name of its store."""
        book = self._book
        if len(book.tabs) == 1:
            return Content("")
        pieces: list[tuple[str, str]] = []
        names_stores = len(book.desks) > 1
        for number, tab in enumerate(book.tabs):
            is_shown = number == book.at
            name = _name(self._place.location if is_shown else tab.location, tab.desk, names_store=names_stores)
            pieces.append((f" {number + 1} {name} ", "bold $accent" if is_shown else "$text-muted"))
        content = Content.assemble(*pieces)
        if content.cell_length <= width:
            return content
        return Content.styled(f" tab {book.at + 1}/{len(book.tabs)} ", "bold $accent")

    def with_others(self, gauge: Gauge) -> Gauge:
        """Return the gauge of this store with the transfers that run in this program for stores of other tabs."""
        others = [
            desk.queue.poll() for desk in self._book.desks if desk is not self._desk and desk.runner.stops_at_quit
        ]
        return whole([one for one in (gauge, *others) if one.is_active] or [gauge])

    def action_new_tab(self) -> None:
        """Open another tab at this place."""
        if self._book.is_full:
            self._desk.hint(f"{TABS_AT_MOST} tabs are the most; g q closes this one")
            return
        self.keep()
        here = self._book.shown
        self._book.insert(Tab(self._desk, here.location, here.cursor_key))
        self.show(self._book.shown)

    def action_next_tab(self) -> None:
        """Show the next tab; the first one after the last."""
        self._step(1)

    def action_previous_tab(self) -> None:
        """Show the tab before; the last one before the first."""
        self._step(-1)

    def action_close_tab(self) -> None:
        """Close this tab, and show the one after it, or the last. With the last tab of a store the store is closed."""
        book = self._book
        if len(book.tabs) == 1:
            self._desk.hint("this is the only tab; q quits")
            return
        is_last_here = sum(tab.desk is self._desk for tab in book.tabs) == 1
        if is_last_here and self._desk.working:
            self._desk.refuse("an action is still running: Esc stops it")
            return
        if is_last_here and self._desk.runner.stops_at_quit:
            self._desk.refuse("transfers of this tab are running; w shows them")
            return
        del book.tabs[book.at]
        self._go(min(book.at, len(book.tabs) - 1))
        if is_last_here:
            book.leave(self._desk)

    def keep(self) -> None:
        """Remember the shown tab as it is now."""
        current, tab = self._view.current, self._book.shown
        tab.location, tab.cursor_key = self._place.location, current.key if current else None
        tab.ways = self._desk.history.ways

    def show(self, tab: Tab) -> None:
        """Show a tab of this store."""
        current = self._view.current
        self._desk.history.ways = tab.ways
        if tab.location != self._place.location or (current.key if current else None) != tab.cursor_key:
            self._place.open(tab.location, anchor=tab.cursor_key, way="tab")

    def _step(self, by: int) -> None:
        if len(self._book.tabs) == 1:
            self._desk.hint("there is one tab; T opens another")
            return
        self.keep()
        self._go((self._book.at + by) % len(self._book.tabs))

    def _go(self, number: int) -> None:
        self._book.at = number
        tab = self._book.shown
        if tab.desk is self._desk:
            self.show(tab)
        else:
            self._book.bring(tab)


def _name(location: Location, desk: Desk, *, names_store: bool) -> str:
    last = location.key.rstrip("/").rpartition("/")[2]
    folder = visible(f"{last}/", limit=NAME_CELLS) if last else f"{desk.type_name(location.storage_type)}"
    if not names_store or (not last and desk.place is not None):
        return folder if last else visible(folder, limit=STORE_CELLS) + ("" if desk.place is not None else ":")
    store = visible(desk.profile or (desk.title if desk.place is None else desk.place.name), limit=STORE_CELLS)
    return f"{store} · {folder}{'' if last else ':'}"
