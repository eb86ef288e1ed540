"""Find: all matches below a prefix, listed as they are found."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from textual import on, work
from textual.app import ComposeResult

from storage_tui.client.patterns.words import EXAMPLES, Filter
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import Desk
from storage_tui.tui.lists.flat_screen import FlatScreen, Go
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.state.selection import Selection
from storage_tui.tui.store_reads import read_below
from storage_tui.tui.widgets.filter_line import FilterLine

PAUSE_S = 0.25  # while the user types, the server is not asked anew for every letter


class FindScreen(FlatScreen):
    """Searches all keys below the prefix for the words of a list filter, and bounds such as `>1GB`."""

    AUTO_FOCUS = "Input"

    def __init__(self, desk: Desk, location: Location, go: Go) -> None:
        super().__init__(desk, location, go, self._read_matches, name="find", sort="key")
        self._line = FilterLine(" find ", id="prompt", classes="-open")
        self._query = ""
        self._problem = ""
        self._looked_at = 0
        self._is_everywhere = False

    def compose(self) -> ComposeResult:
        """Yield title, field, matches, status and keys."""
        yield from (self.title_bar, self._line, self.beside, self.status, self.footer)

    @on(FilterLine.Typed)
    def _typed(self, event: FilterLine.Typed) -> None:
        self._search(event.text)

    @work(exclusive=True, group="typed")
    async def _search(self, text: str) -> None:
        await asyncio.sleep(PAUSE_S)
        self.reader.stop()
        self._query, self._problem, self._looked_at = text, "", 0
        try:
            Selection(text)
        except ValueError as exc:
            self._problem, self._query = str(exc), ""
        self.view.wanted = Filter(self._query)
        self.reader.start()

    @on(FilterLine.Left)
    def _left(self) -> None:
        self.set_focus(self.view)
        self._line.release()

    async def _read_matches(self) -> AsyncIterator[Sequence[Blob]]:
        if not self._query.strip():
            return
        selection = Selection(self._query)
        for place in self._places():
            cut = len(place.key)
            async for blobs in read_below(self.desk.storage, Folder(place.key, place.storage_type)):
                now = datetime.now(UTC)
                self._looked_at += len(blobs)
                yield [blob for blob in blobs if selection.matches(blob, blob.key[cut:], now)]

    def _places(self) -> list[Location]:
        """Return what is searched: all below here, or every storage type as far as the token may read."""
        tops = (self.desk.scope.top_of(name) for name in STORAGE_TYPES)
        return [top for top in tops if top is not None] if self._is_everywhere else [self.location]

    def action_find_types(self) -> None:
        """Search all storage types, or only below here again."""
        self._is_everywhere = self.view.shows_types = not self._is_everywhere
        self.title_place = ("all types", "") if self._is_everywhere else None
        self._search(self._line.text)

    def empty_words(self) -> str:
        """Return the text of an empty list: what to type, the error in the words, or that nothing matches."""
        if self._problem or not self._query.strip():
            return visible(self._problem) or f"Type what to find: {EXAMPLES}"
        extent = "" if self.view.flat.is_complete else ", not read to the end"
        return f'No match for "{visible(self._query)}" in {plural(self._looked_at, "key")}{extent}.'

    def counts_words(self) -> str:
        """Return the text with the number of matches and of keys searched."""
        where = " of all types" if self._is_everywhere else ""
        found = f"{self.view.flat.seen:,} found in {plural(self._looked_at, 'key')}{where}"
        return found if self._query.strip() else where.removeprefix(" of ")

    def action_find(self) -> None:
        """Type another search."""
        self._line.open()

    def action_peel(self) -> None:
        """Leave the field first; without a query leave the screen."""
        if self._line.is_typing and self._query.strip():
            self.view.focus()
        else:
            super().action_peel()
