"""Marks and order, for every list of rows."""

from textual import work

from storage_tui.contract.models import Blob
from storage_tui.tui.counting import stat_each
from storage_tui.tui.screens.mark_where import MarkWhereScreen
from storage_tui.tui.screens.store_screen import StoreScreen
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.widgets.rows_view import RowsView


class ChoosingScreen(StoreScreen):
    """A screen around one list of rows that can be marked and sorted."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.range_start: int | None = None

    @property
    def view(self) -> RowsView:
        """The list."""
        raise NotImplementedError

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.view.current

    def update_lines(self) -> None:
        """Say again what the one-row lines say."""
        raise NotImplementedError

    def rows_changed(self) -> None:
        """Marks are others now: paint."""
        self.view.refresh()
        self.update_lines()

    def ask_sizes(self) -> None:
        """Ask for the size of each blob in view that the list did not tell, as a plain published server's does not."""
        blobs = self.session.sizes.to_ask(self.view.blobs_in_view())
        if blobs:
            self._ask_sizes(blobs)

    @work(group="sizes")
    async def _ask_sizes(self, blobs: list[Blob]) -> None:
        sizes = self.session.sizes
        try:
            async for blob in stat_each(self.session.storage, blobs):
                sizes.take(blob)
                self.view.refresh()
        except EXPECTED as exc:
            self.session.log.note(f"sizes were not told: {explain(exc)}")
        finally:
            sizes.drop(blobs)

    def move(self, delta: int) -> None:
        """The cursor `delta` rows down, the range along with it."""
        self.view.move(delta)
        self._extend_range()

    def page(self, pages: float) -> None:
        """The cursor so many pages down."""
        self.view.page(pages)
        self._extend_range()

    def action_mark(self) -> None:
        """Mark or unmark the row and go on."""
        row = self.view.current
        if row is not None:
            self.session.marks.toggle(row)
            self.view.refresh_line(self.view.cursor)
            self.move(1)
            self.update_lines()

    def action_mark_range(self) -> None:
        """Begin a range of marks, or end it."""
        self.range_start = None if self.range_start is not None else self.view.cursor
        self._extend_range()
        self.update_lines()

    def _extend_range(self) -> None:
        if self.range_start is None:
            return
        first, last = sorted((self.range_start, self.view.cursor))
        self.session.marks.add(row for index in range(first, last + 1) if (row := self.view.row_at(index)))
        self.view.refresh()

    def action_mark_all(self) -> None:
        """Mark all rows shown; when all are marked, none."""
        rows = list(self.view.rows_at_hand())
        if all(row in self.session.marks for row in rows):
            self.session.marks.discard(rows)
        else:
            self.session.marks.add(rows)
        self._marked(len(rows))

    def action_mark_invert(self) -> None:
        """Mark the others."""
        rows = list(self.view.rows_at_hand())
        for row in rows:
            self.session.marks.toggle(row)
        self._marked(len(rows))

    @work(group="ask", exclusive=True)
    async def action_mark_where(self) -> None:
        """Mark what a description matches."""
        rows = list(self.view.rows_at_hand())
        prefix_cells = len(self.view.prefix)
        found = await self.app.push_screen_wait(MarkWhereScreen(rows, lambda row: row.key[prefix_cells:]))
        if found is not None:
            self.session.marks.add(found)
            self._marked(len(rows))

    def _marked(self, considered: int) -> None:
        if not self.view.is_whole:
            self.session.say(f"considered the {considered:,} rows at hand; not all of the list is loaded")
        self.rows_changed()
