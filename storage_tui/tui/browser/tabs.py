"""Tabs: several open places, one of them shown. Each has its cursor and its own ways back and forward."""

from dataclasses import dataclass, field

from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.desk import Desk
from storage_tui.tui.history import Ways
from storage_tui.tui.widgets.key_list import KeyList

TABS_AT_MOST = 9  # more do not fit the path line
NAME_CELLS = 14


@dataclass(slots=True)
class Tab:
    """A place that is not shown now, as it was left."""

    location: Location
    cursor_key: str | None = None
    ways: Ways = field(default_factory=Ways)


class Tabs:
    """Opens, closes and changes tabs. There is always one."""

    def __init__(self, desk: Desk, view: KeyList, place: OpenPlace) -> None:
        self._desk = desk
        self._view = view
        self._place = place
        self._tabs = [Tab(place.location)]
        self._at = 0

    def content(self, *, width: int) -> Content:
        """Return the tabs by number and folder, the open one bold; their count where they do not fit; nothing for one
        tab."""
        if len(self._tabs) == 1:
            return Content("")
        pieces: list[tuple[str, str]] = []
        for number, tab in enumerate(self._tabs):
            is_open = number == self._at
            name = _name(self._place.location if is_open else tab.location)
            pieces.append(
                (f" {number + 1} {visible(name, limit=NAME_CELLS)} ", "bold $accent" if is_open else "$text-muted")
            )
        content = Content.assemble(*pieces)
        if content.cell_length <= width:
            return content
        return Content.styled(f" tab {self._at + 1}/{len(self._tabs)} ", "bold $accent")

    def action_new_tab(self) -> None:
        """Open another tab at this place."""
        if len(self._tabs) >= TABS_AT_MOST:
            self._desk.hint(f"{TABS_AT_MOST} tabs are the most; g q closes this one")
            return
        self._keep()
        here = self._tabs[self._at]
        self._tabs.insert(self._at + 1, Tab(here.location, here.cursor_key))
        self._show(self._at + 1)

    def action_next_tab(self) -> None:
        """Show the next tab; the first one after the last."""
        self._step(1)

    def action_previous_tab(self) -> None:
        """Show the tab before; the last one before the first."""
        self._step(-1)

    def action_close_tab(self) -> None:
        """Close this tab, and show the one after it, or the last."""
        if len(self._tabs) == 1:
            self._desk.hint("this is the only tab; q quits")
            return
        del self._tabs[self._at]
        self._show(min(self._at, len(self._tabs) - 1))

    def _step(self, by: int) -> None:
        if len(self._tabs) == 1:
            self._desk.hint("there is one tab; T opens another")
            return
        self._keep()
        self._show((self._at + by) % len(self._tabs))

    def _keep(self) -> None:
        current = self._view.current
        tab = self._tabs[self._at]
        tab.location, tab.cursor_key = self._place.location, current.key if current else None
        tab.ways = self._desk.history.ways

    def _show(self, number: int) -> None:
        self._at = number
        tab = self._tabs[number]
        self._desk.history.ways = tab.ways
        self._place.open(tab.location, anchor=tab.cursor_key, way="tab")


def _name(location: Location) -> str:
    last = location.key.rstrip("/").rpartition("/")[2]
    return f"{last}/" if last else f"{location.storage_type}:"
