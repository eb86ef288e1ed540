"""The base of the screens that show what is stored: what can be done with rows, whichever list they are in."""

from collections.abc import Sequence

from textual import work
from textual.worker import WorkerState

from storage_tui.contract.models import Blob
from storage_tui.tui.commands import in_context
from storage_tui.tui.flows.choosing_marks import which_rows
from storage_tui.tui.flows.copying import copy_menu, copy_url
from storage_tui.tui.flows.deleting import delete_blobs, delete_rows
from storage_tui.tui.flows.downloading import download_rows
from storage_tui.tui.flows.rescuing import TARGET, rescue_rows
from storage_tui.tui.flows.through_page import save_through_page
from storage_tui.tui.screens.command_screen import CommandScreen
from storage_tui.tui.screens.details import DetailsScreen
from storage_tui.tui.screens.help import HelpScreen
from storage_tui.tui.screens.log import LogScreen
from storage_tui.tui.screens.palette import PaletteScreen
from storage_tui.tui.screens.transfers import TransfersScreen
from storage_tui.tui.session import Session
from storage_tui.tui.state.listing import Row

JOB = "job"  # the group of the one thing that works at a time; it belongs to the App and outlives a screen
RUNNING = (WorkerState.PENDING, WorkerState.RUNNING)


class StoreScreen(CommandScreen[None]):
    """Acts on the marked rows, or on the row under the cursor. One short method a command."""

    AUTO_FOCUS = "LineView"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    # What a subclass shows

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        raise NotImplementedError

    def chosen(self) -> list[Row]:
        """The marked rows, or the one under the cursor."""
        current = self.current
        return list(self.session.marks) or ([current] if current is not None else [])

    def shown(self, rows: Sequence[Row]) -> list[Row]:
        """Those of these rows that the list on the screen shows."""
        raise NotImplementedError

    def rows_gone(self, rows: list[Row], gone: set[tuple[str, str]]) -> None:
        """Of these rows the blobs with type and key in `gone` were deleted: show what is left."""

    def rows_changed(self) -> None:
        """Marks are others now: paint."""

    async def _which(self, question: str) -> list[Row] | None:
        """The rows to act on, asked for where there are marks that the list does not show."""
        marks = list(self.session.marks)
        return await which_rows(self.app, question, marks, self.shown(marks), self.current)

    # Work

    def is_busy(self) -> bool:
        """True, and said, while something works already."""
        is_busy = any(worker.group == JOB and worker.state in RUNNING for worker in self.app.workers)
        if is_busy:
            self.session.say("one at a time: Esc stops what goes on")
        return is_busy

    def stop_work(self) -> bool:
        """Stop what works; False when nothing does."""
        was_working = bool(self.session.working)
        if was_working:
            self.app.workers.cancel_group(self.app, JOB)
        return was_working

    def action_download(self) -> None:
        """Ask where to, then download in the background."""
        if not self.is_busy():
            self.app.run_worker(self._download(self.chosen()), group=JOB)

    async def _download(self, rows: list[Row]) -> None:
        if not save_through_page(self.app, self.session, rows):
            await download_rows(self.app, self.session, rows)
        if self.has_lines:
            self.rows_changed()

    def action_delete(self) -> None:
        """Ask, then delete in the background."""
        if not self.is_busy():
            self.app.run_worker(self._delete(), group=JOB)

    async def _delete(self) -> None:
        rows = await self._which("Delete which marks?")
        if rows is None:
            return
        outcome = await delete_rows(self.app, self.session, rows)
        if outcome is not None and outcome.gone and self.has_lines:
            self.rows_gone(rows, outcome.gone)
        if self.has_lines:
            self.rows_changed()

    def action_retry_delete(self) -> None:
        """Try to delete again what failed."""
        failed = self.session.failed_deletes
        if not failed:
            self.session.say("no delete has failed")
        elif not self.is_busy():
            self.app.run_worker(self._retry_delete(failed), group=JOB)

    async def _retry_delete(self, blobs: list[Blob]) -> None:
        outcome = await delete_blobs(self.session, blobs)
        if outcome.gone and self.has_lines:
            self.rows_gone(list(blobs), outcome.gone)

    def action_rescue(self) -> None:
        """Copy what will expire to where it is kept."""
        if not self.is_busy():
            self.app.run_worker(self._rescue(), group=JOB)

    async def _rescue(self) -> None:
        rows = await self._which(f"Copy which marks to {TARGET}?")
        if rows is None:
            return
        await rescue_rows(self.app, self.session, rows)
        if self.has_lines:
            self.rows_changed()

    @work(group="ask", exclusive=True)
    async def action_copy_menu(self) -> None:
        """The row in all forms it can be copied in."""
        row = self.current
        if row is not None:
            await copy_menu(self.app, self.session, row)

    @work(group="ask", exclusive=True)
    async def action_copy_url(self) -> None:
        """A signed URL of the blob."""
        row = self.current
        if isinstance(row, Blob):
            await copy_url(self.app, self.session, row)
        else:
            self.session.fail("a signed URL is of one blob; the cursor is on none")

    # Look

    def action_details(self) -> None:
        """Everything known about the row."""
        row = self.current
        if row is not None:
            self.app.push_screen(DetailsScreen(self.session, row))

    def action_transfers(self) -> None:
        """What moves."""
        self.app.push_screen(TransfersScreen(self.session))

    def action_log(self) -> None:
        """What happened."""
        self.app.push_screen(LogScreen(self.session.log))

    def action_help(self) -> None:
        """The keys of this screen, then all others."""
        self.app.push_screen(HelpScreen(self.CONTEXTS))

    @work(group="ask", exclusive=True)
    async def action_palette(self) -> None:
        """Find a command by name and run it."""
        command = await self.app.push_screen_wait(PaletteScreen(in_context(*self.CONTEXTS)))
        if command is not None:
            self.call_later(self.run_command, command)
