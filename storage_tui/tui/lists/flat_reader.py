"""The reading of the blobs of a flat list in the background, in the chosen order."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

from textual.screen import Screen

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.background import run
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.lists.flat import FlatList
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.state.arranging import Sort
from storage_tui.tui.state.listing import SORTS
from storage_tui.tui.state.messages import explain
from storage_tui.tui.widgets.flat_keys import FlatKeys

Read = Callable[[], AsyncIterator[Sequence[Blob]]]
"""Yields the blobs to list, some at a time."""


class FlatReader:
    """Fills a view with the blobs of `read`. `changed` is called when reading has ended."""

    def __init__(
        self,
        screen: Screen[Any],
        desk: Desk,
        view: FlatKeys,
        marking: Marking,
        location: Location,
        read: Read,
        *,
        changed: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._view = view
        self._marking = marking
        self._location = location
        self._read = read
        self._changed = changed
        self.is_reading = False
        self.error = ""

    def start(self) -> None:
        """Read from the beginning, in place of the current reading."""
        self._marking.end_range()
        place = self._location
        self._view.flat = FlatList(place.storage_type, place.key, sort=self._view.flat.sort)
        self._view.lines_changed()
        run(self._screen, partial(self._read_all, self._view.flat), group="flat", exclusive=True)

    def stop(self) -> None:
        """Stop reading; the blobs so far stay."""
        self._screen.workers.cancel_group(self._screen, "flat")

    async def _read_all(self, flat: FlatList) -> None:
        self.is_reading, self.error = True, ""
        try:
            async for blobs in self._read():
                flat.add(blobs)
                if not flat.lines and len(flat):
                    self._view.show()
            flat.is_complete = True
        except EXPECTED as exc:
            self.error = explain(exc)
            self._desk.fail(f"cannot list {self._desk.spell(self._location)}", exc)
        finally:
            if flat is self._view.flat:
                self.is_reading = False
                if self._view.is_attached:
                    self._show()
                    self._changed()

    def show_arrived(self) -> None:
        """Show the blobs that have arrived since the last time, when another sort is worthwhile."""
        if self._view.flat.is_worth_arranging:
            self._show()

    def _show(self) -> None:
        if not self._marking.has_range:  # otherwise the rows of the range would move
            self._view.show()

    def action_sort(self) -> None:
        """Sort by the next column."""
        flat = self._view.flat
        expires = STORAGE_TYPES[flat.storage_type].expires_after is not None
        names: list[Sort] = [sort for sort in SORTS if sort != "type" and (expires or sort != "expiry")]
        self._marking.end_range()
        flat.sort = names[(names.index(flat.sort) + 1) % len(names)] if flat.sort in names else names[0]
        self._view.show()

    def action_sort_reverse(self) -> None:
        """Reverse the order."""
        self._marking.end_range()
        self._view.flat.is_reversed = not self._view.flat.is_reversed
        self._view.show()

    def action_refresh(self) -> None:
        """Read again."""
        self.start()
