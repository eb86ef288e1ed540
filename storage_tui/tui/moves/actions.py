"""The commands that move, rename and copy rows on the server: rename, take, paste, move or copy to."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from storage_tui.contract.errors import ConflictError, StorageError, TypeRuleError
from storage_tui.contract.keys import Location, as_folder, parent_prefix
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.moves.leaving import note_gone
from storage_tui.tui.moves.targets import check_source, check_target
from storage_tui.tui.rows.job import Job
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.taken import Taken
from storage_tui.tui.store_reads import names_from

Which = Callable[[str], Awaitable[list[Row] | None]]
"""Returns the rows to act on, after a question where marks are out of sight."""


class MoveActions:
    """Moves, renames and copies rows of a list.

    `current` returns the row under the cursor, `asked` the chosen rows, `folder` the open folder. `arrived` is
    called with the place of what was moved, `left` with the rows that may have gone, `changed` when lines change.
    """

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: Desk,
        job: Job,
        *,
        current: Callable[[], Row | None],
        asked: Which,
        folder: Callable[[], Location],
        arrived: Callable[[Location], None],
        left: Callable[[Sequence[Row]], None],
        changed: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._job = job
        self._current = current
        self._asked = asked
        self._folder = folder
        self._arrived = arrived
        self._left = left
        self._changed = changed

    def _start(self, work: Callable[[], Any]) -> None:
        if not self._job.is_busy():
            self._job.start(work)

    # Rename

    def action_rename(self) -> None:
        """Rename the row; with marks, rename these in an editor."""
        self._start(self._rename)

    async def _rename(self) -> None:
        from storage_tui.tui.moves.renaming import rename_row, rename_rows  # loaded on demand, as editors are

        app, desk, row = self._screen.app, self._desk, self._current()
        if not len(desk.marks):
            if row is None:
                desk.hint("nothing to rename: the cursor is on no row")
                return
            to = await rename_row(app, desk, row)
            if to is not None:
                self._tell(partial(self._arrived, to))
            return
        rows = await self._asked("Rename which marks?")
        to = await rename_rows(app, desk, rows) if rows else None
        if to is not None:
            self._tell(partial(self._arrived, to))

    def _tell(self, tell: Callable[[], None]) -> None:
        if self._screen.has_lines:
            tell()

    # Take and paste

    def action_take_copy(self) -> None:
        """Take the chosen rows for copying."""
        self._start(partial(self._take, is_move=False))

    def action_take_move(self) -> None:
        """Take the chosen rows for moving."""
        self._start(partial(self._take, is_move=True))

    async def _take(self, *, is_move: bool) -> None:
        desk = self._desk
        rows = await self._asked("Take which marks?")
        if rows is None:
            return
        if not rows:
            desk.hint("nothing to take: the cursor is on no row")
            return
        try:
            check_source(rows, is_move=is_move)
        except StorageError as exc:
            desk.refuse(exc.message)
            return
        desk.taken = Taken(tuple(rows), is_move, desk.storage, partial(note_gone, desk))
        desk.marks.discard(rows)
        desk.hint("open a folder, also in another tab, then gp or C-v pastes; Esc forgets")
        self._tell(self._changed)

    def action_paste(self) -> None:
        """Move or copy what was taken into the open folder."""
        taken = self._desk.taken
        if taken is None:
            self._desk.hint("nothing was taken: C takes rows for copying, X for moving")
        else:
            self._start(partial(self._relocate, list(taken.rows), self._folder(), is_move=taken.is_move, taken=taken))

    def action_move_to(self) -> None:
        """Ask for a folder, and move or copy the chosen rows there."""
        self._start(self._move_to)

    async def _move_to(self) -> None:
        rows = await self._asked("Move or copy which marks?")
        if rows is None:
            return
        if not rows:
            self._desk.hint("nothing to move: the cursor is on no row")
            return
        first = rows[0]
        await self._relocate(rows, Location(first.storage_type, parent_prefix(first.key)), is_move=None)

    async def _relocate(
        self, rows: list[Row], to: Location, *, is_move: bool | None, taken: Taken | None = None
    ) -> None:  # fmt: skip
        from storage_tui.tui.dialogs.relocate import RelocateScreen
        from storage_tui.tui.moves.counting import count_rows
        from storage_tui.tui.moves.relocating import origins_of, relocate, report

        desk, app = self._desk, self._screen.app
        away = taken if taken is not None and taken.storage is not desk.storage else None
        try:
            if is_move is not None:
                check_source(rows, is_move=is_move)
                if away is None:
                    check_target(rows, to, is_move=is_move)
            amount = await count_rows(desk, rows, desk.storage if away is None else away.storage)
        except (TypeRuleError, ConflictError) as exc:
            desk.refuse(exc.message)
            return
        except EXPECTED as exc:
            desk.fail("cannot count what would be moved", exc)
            return
        candidates = partial(names_from, desk.storage)
        question = RelocateScreen(
            rows, amount, to, candidates, is_move=is_move, lead=desk.lead, place=desk.place,
            from_store="" if away is None else away.where,
        )  # fmt: skip
        request = await app.push_screen_wait(question)
        if request is None:
            return
        outcome = await relocate(
            app, desk, origins_of(rows), request.to, is_move=request.is_move, conflict=request.conflict, away=away
        )
        what = rows[0].key if len(rows) == 1 else ""
        is_lasting = away is not None and request.is_move
        report(desk, outcome, request.to, is_move=request.is_move, what=what, is_lasting=is_lasting)
        if taken is not None and request.is_move and outcome.done:
            desk.taken = None
        if outcome.first is not None:
            if request.is_move and away is None:
                desk.marks.discard(rows)
            self._tell(partial(self._after, rows, outcome.first, request.to, is_move=request.is_move))
        self._tell(self._changed)

    def _after(self, rows: Sequence[Row], first: Location, to: Location, *, is_move: bool) -> None:
        if as_folder(self._folder()) == to or not is_move:
            self._arrived(first)
        else:
            self._left(rows)

    def drop_taken(self) -> bool:
        """Forget what was taken; return false when nothing was."""
        had, self._desk.taken = self._desk.taken is not None, None
        if had:
            self._desk.hint("the taken rows are forgotten, and stay where they are")
        return had
