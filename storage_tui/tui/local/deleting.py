"""The question before local files go to the trash, and their way there."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.local.desk import LocalDesk
from storage_tui.tui.local.trash import find_trash, put_in_trash
from storage_tui.tui.rows.job import Job
from storage_tui.tui.state.listing import Row

LOOK_EVERY = 50  # paths between two looks whether Esc was pressed


class LocalDeleting:
    """Puts the chosen rows into the trash of the desktop. `gone` is called with the rows that went there."""

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: LocalDesk,
        job: Job,
        *,
        chosen: Callable[[], Sequence[Row]],
        gone: Callable[[Sequence[Row]], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._job = job
        self._chosen = chosen
        self._gone = gone

    def action_delete(self) -> None:
        """Ask, then put the rows into the trash."""
        rows = list(self._chosen())
        if not rows:
            self._desk.refuse("nothing to delete: the cursor is on no row")
        elif not self._job.is_busy():
            self._job.start(partial(self._delete, rows))

    async def _delete(self, rows: Sequence[Row]) -> None:
        from storage_tui.tui.dialogs.trash import TrashScreen

        try:
            places = await asyncio.to_thread(lambda: [find_trash(Path(row.key)) for row in rows])
        except LocalFileError as exc:
            self._desk.fail(exc.message)
            return
        except OSError as exc:
            self._desk.fail("cannot delete", exc)
            return
        trashes = list(dict.fromkeys(places))
        if not await self._screen.app.push_screen_wait(TrashScreen(rows, trashes)):
            return
        gone: list[Row] = []
        failed = 0
        try:
            for number, (row, trash) in enumerate(zip(rows, places, strict=True)):
                if number % LOOK_EVERY == 0:
                    self._desk.working = f"Trash: {number:,} of {len(rows):,} (Esc stops)"
                try:
                    await asyncio.to_thread(put_in_trash, Path(row.key), trash)
                except OSError as exc:
                    failed += 1
                    self._desk.log.error(f"{row.key!r} stays: {exc.strerror or exc}", exc)
                else:
                    gone.append(row)
        finally:
            self._desk.working = ""
            self._desk.marks.discard(gone)
            self._gone(gone)
        words = f"{plural(len(gone), 'path')} in the trash"
        if failed:
            self._desk.fail(f"{words}, {failed:,} failed")
        else:
            self._desk.say(f"{words} {trashes[0]}" if len(trashes) == 1 else words)
