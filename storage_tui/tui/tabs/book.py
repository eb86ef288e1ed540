"""The tabs in their order, and which of them is shown. All main screens share the book."""

from collections.abc import Callable
from dataclasses import dataclass, field

from storage_tui.contract.keys import Location
from storage_tui.tui.desk import Desk
from storage_tui.tui.history import Ways

TABS_AT_MOST = 9  # more do not fit the path line


@dataclass(slots=True, eq=False)
class Tab:
    """A place in a store; one that is not shown is as it was left."""

    desk: Desk
    location: Location
    cursor_key: str | None = None
    ways: Ways = field(default_factory=Ways)


class TabBook:
    """All tabs; there is always one. `bring` shows the tab of another store than the shown one, and `leave` closes a
    store whose last tab was closed."""

    def __init__(self, first: Tab, *, bring: Callable[[Tab], None], leave: Callable[[Desk], None]) -> None:
        self.tabs = [first]
        self.at = 0
        self.leaves_when_done = False  # whether the program ends with the last transfer
        self.bring, self.leave = bring, leave

    @property
    def shown(self) -> Tab:
        """The tab on the screen."""
        return self.tabs[self.at]

    @property
    def is_full(self) -> bool:
        """Whether no other tab fits."""
        return len(self.tabs) >= TABS_AT_MOST

    @property
    def desks(self) -> list[Desk]:
        """The open stores, in the order of their first tabs."""
        return list({id(tab.desk): tab.desk for tab in self.tabs}.values())

    def insert(self, tab: Tab) -> None:
        """Put a tab behind the shown one, and make it the shown one."""
        self.at += 1
        self.tabs.insert(self.at, tab)

    def last_of(self, desk: Desk) -> int | None:
        """Return the number of the tab of a store that is nearest behind the shown one; None without one."""
        count = len(self.tabs)
        order = [(self.at + step) % count for step in range(count)]
        return next((number for number in order if self.tabs[number].desk is desk), None)
