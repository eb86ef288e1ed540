"""The commands that act on the marked rows, or on the row under the cursor, whichever list they are in."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from storage_tui.contract.models import Blob
from storage_tui.tui.background import run
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.rows.copying import copy_menu, copy_url
from storage_tui.tui.rows.deleting import delete_blobs, delete_rows
from storage_tui.tui.rows.downloading import download_rows
from storage_tui.tui.rows.gathering import TooManyError, gather
from storage_tui.tui.rows.job import Job
from storage_tui.tui.rows.rescuing import TARGET, rescue_rows
from storage_tui.tui.rows.through_page import save_through_page
from storage_tui.tui.rows.which_rows import which_rows
from storage_tui.tui.state.listing import Row

Gone = set[tuple[str, str]]
"""Storage type and key of blobs that were deleted."""


class RowActions:
    """Acts on rows, with one short method for each command.

    `current` returns the row under the cursor, `shown` filters rows to those in the list. `gone` is called with the
    rows that were deleted and the names of those that are gone, `changed` when marks have changed.
    """

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: Desk,
        job: Job,
        *,
        current: Callable[[], Row | None],
        shown: Callable[[Sequence[Row]], list[Row]],
        gone: Callable[[Sequence[Row], Gone], None],
        changed: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._job = job
        self._current = current
        self._shown = shown
        self._gone = gone
        self._changed = changed

    def chosen(self) -> list[Row]:
        """Return the marked rows, or the row under the cursor."""
        current = self._current()
        return list(self._desk.marks) or ([current] if current is not None else [])

    async def asked(self, question: str) -> list[Row] | None:
        """Return the rows to act on. Ask where there are marks that the list does not show."""
        marks = list(self._desk.marks)
        return await which_rows(self._screen.app, question, marks, self._shown(marks), self._current())

    def _tell_changed(self) -> None:
        if self._screen.has_lines:
            self._changed()

    def _tell_gone(self, rows: Sequence[Row], gone: Gone) -> None:
        if gone and self._screen.has_lines:
            self._gone(rows, gone)

    def action_download(self) -> None:
        """Ask for a folder, then download in the background."""
        if not self._job.is_busy():
            self._job.start(partial(self._download, self.chosen()))

    async def _download(self, rows: list[Row]) -> None:
        if not save_through_page(self._screen.app, self._desk, rows):
            await download_rows(self._screen.app, self._desk, rows)
        self._tell_changed()

    def action_delete(self) -> None:
        """Ask, then delete in the background."""
        if not self._job.is_busy():
            self._job.start(self._delete)

    async def _delete(self) -> None:
        rows = await self.asked("Delete which marks?")
        if rows is None:
            return
        outcome = await delete_rows(self._screen.app, self._desk, rows)
        if outcome is not None:
            self._tell_gone(rows, outcome.gone)
        self._tell_changed()

    def action_retry_delete(self) -> None:
        """Try the failed deletes again."""
        failed = self._desk.failed_deletes
        if not failed:
            self._desk.say("no delete has failed")
        elif not self._job.is_busy():
            self._job.start(partial(self._retry_delete, failed))

    async def _retry_delete(self, blobs: list[Blob]) -> None:
        outcome = await delete_blobs(self._desk, blobs)
        self._tell_gone(blobs, outcome.gone)

    def action_rescue(self) -> None:
        """Copy blobs that will expire to a storage type that keeps them."""
        if not self._job.is_busy():
            self._job.start(self._rescue)

    async def _rescue(self) -> None:
        rows = await self.asked(f"Copy which marks to {TARGET}?")
        if rows is None:
            return
        await rescue_rows(self._screen.app, self._desk, rows)
        self._tell_changed()

    def action_shell(self) -> None:
        """Ask for a shell command, and run the command on the blobs."""
        if not self._job.is_busy():
            self._job.start(partial(self._shell, self.chosen()))

    async def _shell(self, rows: list[Row]) -> None:
        from storage_tui.tui.dialogs.shell import ShellScreen
        from storage_tui.tui.shell_command import run_shell  # loaded on demand, as all rare screens are

        app, desk = self._screen.app, self._desk
        try:
            blobs = [found.blob for found in await gather(desk, rows)]
            if not blobs:
                desk.hint("a shell command gets blobs; there is none here")
                return
            command = await app.push_screen_wait(ShellScreen(blobs, desk.last_command))
            if command is not None:
                desk.last_command = command
                desk.say(await run_shell(app, desk.storage, blobs, command, desk.work))
        except (*EXPECTED, TooManyError) as exc:
            desk.fail("the command was not run", exc)
        finally:
            desk.work("")

    def action_copy_menu(self) -> None:
        """Offer the row in all copyable forms."""
        row = self._current()
        if row is not None:
            work = partial(copy_menu, self._screen.app, self._desk, row)
            run(self._screen, work, group="ask", exclusive=True)
        else:
            self._desk.hint("nothing to copy: the cursor is on no blob or folder")

    def action_copy_url(self) -> None:
        """Make a signed URL of the blob."""
        row = self._current()
        if isinstance(row, Blob):
            work = partial(copy_url, self._screen.app, self._desk, row)
            run(self._screen, work, group="ask", exclusive=True)
        else:
            self._desk.refuse("a signed URL is for one blob; move the cursor to a blob")
