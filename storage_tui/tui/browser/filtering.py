"""The filter of the list, and the line for typing it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from textual.screen import Screen

from storage_tui.client.patterns.words import Filter
from storage_tui.tui.background import run
from storage_tui.tui.browser.reader import PlaceReader
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.key_list import KeyList

FROM_ROWS = 200_000  # searched in 20 ms; past this a keystroke waits a moment for the next one
PAUSE_S = 0.2


class Filtering:
    """Shows the rows that match the typed filter. `changed` is called when other rows are shown."""

    def __init__(
        self,
        screen: Screen[Any],
        view: KeyList,
        line: FilterLine,
        marking: Marking,
        reader: PlaceReader,
        *,
        changed: Callable[[], None],
        group: str = "filter",
    ) -> None:
        self._screen = screen
        self._view = view
        self._line = line
        self._marking = marking
        self._reader = reader
        self._changed = changed
        self._group = group

    def action_filter(self) -> None:
        """Open the filter line."""
        self._line.open()
        self._reader.read_on()

    def typed(self, text: str) -> None:
        """Show the matching rows; in a long list, wait until the typing pauses."""
        run(self._screen, partial(self._show, text), group=self._group, exclusive=True)

    async def _show(self, text: str) -> None:
        if self._view.listing.loaded > FROM_ROWS:
            await asyncio.sleep(PAUSE_S)
        self._show_now(text)

    def _show_now(self, text: str) -> None:
        listing, current = self._view.listing, self._view.current
        self._marking.end_range()
        listing.set_filter(Filter(text) if text else None)
        self._view.show(listing, cursor=listing.index_near(current.key if current else None, 0))
        self._changed()

    def line_left(self) -> None:
        """Return the keys to the list: the next keys are for the matching rows."""
        text, known = self._line.text, self._view.listing.filter
        if text.split() != (known.words if known is not None else []):
            self._screen.workers.cancel_group(self._screen, self._group)
            self._show_now(text)
        self._line.close()
        self._screen.set_focus(self._view)
        self._line.release()

    def clear(self) -> bool:
        """Drop the filter and close its line; return false when there is no filter."""
        had = self._line.close() or self._view.listing.filter is not None
        self._line.clear()
        return had

    def leave_place(self) -> None:
        """Show the whole list again and empty the line, before the place is left."""
        self._line.clear(quietly=True)
        self._line.close()
        self._view.listing.set_filter(None)
