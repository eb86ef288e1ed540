"""Marks and order, for every list of rows."""

from collections import deque
from datetime import UTC, datetime

from textual import work

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.tui.counting import stat_each
from storage_tui.tui.flows.marking import MARKS_AT_MOST, Test, mark_dropped, mark_here, too_many
from storage_tui.tui.screens.mark_where import MarkWhereScreen
from storage_tui.tui.screens.store_screen import JOB, StoreScreen
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.parts import Part
from storage_tui.tui.widgets.rows_view import RowsView


class ChoosingScreen(StoreScreen):
    """A screen around one list of rows that can be marked and sorted."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.range_start: int | None = None
        self._range_end = 0
        self._range_parts: deque[Part] = deque()  # of dropped pages, to be read

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
        self._range_end = self.view.cursor
        self._extend_range()
        self.update_lines()

    def _extend_range(self) -> None:
        """Mark from the row where the range ended so far to the cursor."""
        if self.range_start is None:
            return
        first, last = sorted((self._range_end, self.view.cursor))
        if last - first >= MARKS_AT_MOST:
            self.range_start = None
            self.session.fail(too_many(last - first + 1))
            return
        self._range_end = self.view.cursor
        is_marking = bool(self._range_parts)
        self._range_parts.extend(self.view.parts(first, last + 1))
        mark_here(self.session, self._range_parts, _any_row)
        if self._range_parts and not is_marking:
            if self.is_busy():
                self._range_parts.clear()
            else:
                self.app.run_worker(self._mark_dropped(self._range_parts, _any_row, _any_row), group=JOB)
        self.view.refresh()

    def action_mark_all(self) -> None:
        """Mark all rows shown; when all are marked, none."""
        parts, marks = self._all_parts(), self.session.marks
        if all(row in marks for part in parts for row in part.stand_ins()):
            marks.discard(row for part in parts for row in part.stand_ins())
            self.rows_changed()
        else:
            self._mark(parts, _any_row, _any_row)

    def action_mark_invert(self) -> None:
        """Mark the others."""
        parts, marks = self._all_parts(), self.session.marks
        were = [row for part in parts for row in part.stand_ins() if row in marks]
        names = {(row.key, isinstance(row, Folder)) for row in were}
        marks.discard(were)

        def was_not(row: Row) -> bool:
            return (row.key, isinstance(row, Folder)) not in names

        self._mark(parts, was_not, was_not)

    @work(group="ask", exclusive=True)
    async def action_mark_where(self) -> None:
        """Mark what a description matches."""
        parts, cut = deque(self.view.parts(0, self.view.line_count())), len(self.view.prefix)
        here = [self.session.filled(row) for part in parts for row in part.rows or ()]
        unread = sum(len(part) for part in parts if part.rows is None)
        found = await self.app.push_screen_wait(MarkWhereScreen(here, lambda row: row.key[cut:], unread=unread))
        if found is not None:
            now = datetime.now(UTC)
            self._mark(
                parts,
                lambda row: found.could_match(row, row.key[cut:]),
                lambda row: found.matches(row, row.key[cut:], now),
            )

    def _all_parts(self) -> "deque[Part]":
        """All rows shown; none, and the reason said, where they are more than marks can be or something works."""
        count = self.view.line_count()
        if count > MARKS_AT_MOST:
            self.session.fail(too_many(count))
            return deque()
        parts = deque(self.view.parts(0, count))
        is_here = all(part.rows is not None for part in parts)
        return parts if is_here or not self.is_busy() else deque()

    def _mark(self, parts: "deque[Part]", could_match: Test, does_match: Test) -> None:
        if not self.view.is_whole:
            self.session.say(
                f"considered the {plural(sum(map(len, parts)), 'row')} here; not all of the list is loaded"
            )
        mark_here(self.session, parts, does_match)
        self.rows_changed()
        if parts and not self.is_busy():
            self.app.run_worker(self._mark_dropped(parts, could_match, does_match), group=JOB)

    async def _mark_dropped(self, parts: "deque[Part]", could_match: Test, does_match: Test) -> None:
        await mark_dropped(self.session, parts, could_match, does_match)
        if self.has_lines:
            self.rows_changed()


def _any_row(row: Row) -> bool:
    return True
