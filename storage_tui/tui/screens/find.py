"""Find: everything below a prefix that matches, listed as it is found."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.tui.desk import Desk
from storage_tui.tui.reading import read_below
from storage_tui.tui.screens.flat_screen import FlatScreen, Go
from storage_tui.tui.state.filter import Filter
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.state.selection import EXAMPLES, Selection
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.flat_keys import FlatKeys
from storage_tui.tui.widgets.lines import place_title

PAUSE_S = 0.25  # while one types the server is not asked anew for every letter


class FindScreen(FlatScreen):
    """The words of the list's filter, and bounds such as `>1GB`, over every key below the prefix."""

    AUTO_FOCUS = "Input"

    def __init__(self, desk: Desk, location: Location, go: Go) -> None:
        super().__init__(desk, location, go, sort="key")
        self._query = ""
        self._problem = ""
        self._looked_at = 0

    def compose(self) -> ComposeResult:
        """Title, the field, what was found, status, keys."""
        yield Bar(id="title")
        yield FilterLine(" find ", id="prompt", classes="-open")
        yield FlatKeys(self.desk.marks, self.desk.sizes, self.flat, id="flat")
        yield Bar(id="status")
        yield self.footer

    @on(FilterLine.Typed)
    def _typed(self, event: FilterLine.Typed) -> None:
        self._search(event.text)

    @work(exclusive=True, group="typed")
    async def _search(self, text: str) -> None:
        await asyncio.sleep(PAUSE_S)
        self.workers.cancel_group(self, "flat")
        self._query, self._problem, self._looked_at = text, "", 0
        try:
            Selection(text)
        except ValueError as exc:
            self._problem, self._query = str(exc), ""
        self.view.wanted = Filter(self._query)
        self.start()

    @on(FilterLine.Left)
    def _left(self) -> None:
        self.set_focus(self.view)
        self.query_one(FilterLine).release()

    async def read(self) -> AsyncIterator[Sequence[Blob]]:
        """What matches, a page at a time."""
        if not self._query.strip():
            return
        selection, cut = Selection(self._query), len(self.location.key)
        async for blobs in read_below(self.desk.storage, Folder(self.location.key, self.location.storage_type)):
            now = datetime.now(UTC)
            self._looked_at += len(blobs)
            yield [blob for blob in blobs if selection.matches(blob, blob.key[cut:], now)]

    def title_content(self) -> Content:
        """Where it looks."""
        place = self.location
        return place_title(place.storage_type, place.key, "find", width=self.size.width)

    def empty_words(self) -> str:
        """What to type, what is wrong with it, or that there is nothing."""
        if self._problem or not self._query.strip():
            return visible(self._problem) or f"Type what to find: {EXAMPLES}"
        extent = "" if self.flat.is_complete else ", not read to the end"
        return f'No match for "{visible(self._query)}" in {plural(self._looked_at, "key")}{extent}.'

    def counts_words(self) -> str:
        """How many were found among how many."""
        return f"{self.flat.seen:,} found in {plural(self._looked_at, 'key')}" if self._query.strip() else ""

    def action_find(self) -> None:
        """Type again."""
        self.query_one(FilterLine).open()

    def action_peel(self) -> None:
        """Leave the field first; without a query leave the screen."""
        line = self.query_one(FilterLine)
        if line.is_typing and self._query.strip():
            self.view.focus()
        else:
            super().action_peel()
