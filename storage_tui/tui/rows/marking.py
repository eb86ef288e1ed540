"""The keys that mark rows: one, a range, all, the others, those that a description matches."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.tui.background import run
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.dialogs.mark_where import MarkWhereScreen
from storage_tui.tui.rows.job import Job
from storage_tui.tui.rows.mark_parts import Test, mark_dropped, mark_here, too_many
from storage_tui.tui.side import Side
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.parts import Part
from storage_tui.tui.widgets.flat_keys import FlatKeys
from storage_tui.tui.widgets.key_list import KeyList


class Marking:
    """Marks rows of a view, and owns the range of marks. `changed` is called after a change of marks or range."""

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: Side,
        view: KeyList | FlatKeys,
        cursor: Cursor,
        job: Job,
        *,
        changed: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._view = view
        self._cursor = cursor
        self._job = job
        self._changed = changed
        self._range_start: int | None = None
        self._range_end = 0
        self._range_parts: deque[Part] = deque()  # of dropped pages, to be read

    @property
    def has_range(self) -> bool:
        """Whether a range of marks is open."""
        return self._range_start is not None

    def end_range(self) -> bool:
        """End the range, also before its rows move; return false when there is none."""
        had, self._range_start = self.has_range, None
        return had

    def cursor_moved(self) -> None:
        """Mark from the row where the range ended so far to the cursor."""
        if self._range_start is None:
            return
        first, last = sorted((self._range_end, self._view.cursor))
        refusal = too_many(last - first + 1, self._desk.bounds.marks)
        if refusal:
            self._range_start = None
            self._desk.refuse(refusal)
            return
        self._range_end = self._view.cursor
        is_marking = bool(self._range_parts)
        self._range_parts.extend(self._view.parts(first, last + 1))
        mark_here(self._desk, self._range_parts, _any_row)
        if self._range_parts and not is_marking:
            if self._job.is_busy():
                self._range_parts.clear()
            else:
                self._job.start(partial(self._mark_dropped, self._range_parts, _any_row, _any_row))
        self._view.refresh()

    def action_mark(self) -> None:
        """Mark or unmark the row, and move the cursor down."""
        row = self._view.current
        if row is not None:
            self._desk.marks.toggle(row)
            self._view.refresh_line(self._view.cursor)
            self._cursor.move(1)
            self._changed()

    def action_mark_range(self) -> None:
        """Begin a range of marks, or end the range."""
        self._range_start = None if self.has_range else self._view.cursor
        self._range_end = self._view.cursor
        self.cursor_moved()
        self._changed()

    def action_mark_all(self) -> None:
        """Mark all shown rows; when all are marked, remove all marks."""
        parts, marks = self._all_parts(), self._desk.marks
        if all(row in marks for part in parts for row in part.stand_ins()):
            marks.discard(row for part in parts for row in part.stand_ins())
            self._show_marks()
        else:
            self._mark(parts, _any_row, _any_row)

    def action_mark_invert(self) -> None:
        """Swap marked and unmarked among the shown rows."""
        parts, marks = self._all_parts(), self._desk.marks
        were = [row for part in parts for row in part.stand_ins() if row in marks]
        names = {(row.key, isinstance(row, Folder)) for row in were}
        marks.discard(were)

        def was_not(row: Row) -> bool:
            return (row.key, isinstance(row, Folder)) not in names

        self._mark(parts, was_not, was_not)

    def action_mark_where(self) -> None:
        """Mark the rows that a description matches."""
        run(self._screen, self._mark_where, group="ask", exclusive=True)

    async def _mark_where(self) -> None:
        view = self._view
        parts, cut = deque(view.parts(0, view.line_count())), len(view.prefix)
        here = [self._desk.filled(row) for part in parts for row in part.rows or ()]
        unread = sum(len(part) for part in parts if part.rows is None)
        question = MarkWhereScreen(here, lambda row: row.key[cut:], unread=unread)
        found = await self._screen.app.push_screen_wait(question)
        if found is not None:
            now = datetime.now(UTC)
            self._mark(
                parts,
                lambda row: found.could_match(row, row.key[cut:]),
                lambda row: found.matches(row, row.key[cut:], now),
            )

    def _all_parts(self) -> deque[Part]:
        """Return all shown rows; empty, with a reason to the user, when there are too many or an action runs."""
        count = self._view.line_count()
        refusal = too_many(count, self._desk.bounds.marks)
        if refusal:
            self._desk.refuse(refusal)
            return deque()
        parts = deque(self._view.parts(0, count))
        is_here = all(part.rows is not None for part in parts)
        return parts if is_here or not self._job.is_busy() else deque()

    def _mark(self, parts: deque[Part], could_match: Test, does_match: Test) -> None:
        if not self._view.is_whole:
            count = plural(sum(map(len, parts)), "row")
            self._desk.say(f"considered the {count} here; not all of the list is loaded")
        mark_here(self._desk, parts, does_match)
        self._show_marks()
        if parts and not self._job.is_busy():
            self._job.start(partial(self._mark_dropped, parts, could_match, does_match))

    async def _mark_dropped(self, parts: deque[Part], could_match: Test, does_match: Test) -> None:
        await mark_dropped(self._desk, parts, could_match, does_match)
        if self._screen.has_lines:
            self._show_marks()

    def _show_marks(self) -> None:
        self._view.refresh()
        self._changed()


def _any_row(row: Row) -> bool:
    return True
