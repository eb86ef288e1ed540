"""The commands of every screen about the store: details, transfers, log, help, colours and the palette."""

from collections.abc import Callable

from storage_tui.contract.models import Blob
from storage_tui.tui.background import run
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.palette import PaletteScreen
from storage_tui.tui.lists.details import DetailsScreen
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.lists.log import LogScreen
from storage_tui.tui.lists.transfers import TransfersScreen
from storage_tui.tui.state.listing import Row

NO_ROW = "the cursor is on no blob or folder"


class ProgramActions:
    """Opens a list over a screen, or the palette. `current` returns the row under the cursor."""

    def __init__(self, screen: CommandScreen[None], desk: Desk, *, current: Callable[[], Row | None]) -> None:
        self._screen = screen
        self._desk = desk
        self._current = current

    def action_view(self) -> None:
        """View the blob on the whole screen."""
        from storage_tui.tui.viewer.screen import ViewerScreen  # its search, folds and colours are loaded on demand

        row = self._current()
        if isinstance(row, Blob):
            self._screen.app.push_screen(ViewerScreen(self._desk, row))
        else:
            self._screen.remark("a blob can be viewed; the cursor is on no blob")

    def action_details(self) -> None:
        """Show everything known about the row."""
        row = self._current()
        if row is not None:
            self._screen.app.push_screen(DetailsScreen(self._desk, row))
        else:
            self._screen.remark(NO_ROW)

    def action_compare(self) -> None:
        """Compare the two marked blobs, or the marked one with this one."""
        from storage_tui.tui.viewer.compare_screen import CHOICE, CompareScreen, two_blobs  # loaded on demand

        blobs = two_blobs(self._desk.marks, self._current())
        if blobs is None:
            self._screen.remark(CHOICE)
        else:
            self._screen.app.push_screen(CompareScreen(self._desk, *blobs))

    def action_transfers(self) -> None:
        """Show the transfers."""
        self._screen.app.push_screen(TransfersScreen(self._desk))

    def action_log(self) -> None:
        """Show the log."""
        self._screen.app.push_screen(LogScreen(self._desk.log))

    def action_help(self) -> None:
        """Show the keys of this screen, then all others."""
        self._screen.app.push_screen(HelpScreen(self._screen.context))

    def action_theme(self) -> None:
        """Take the next theme, and keep it for the next time."""
        self._desk.say(f"colours of {self._desk.take_next_theme()}")

    def action_palette(self) -> None:
        """Find a command by name and run it."""
        run(self._screen, self._palette, group="ask", exclusive=True)

    async def _palette(self) -> None:
        command = await self._screen.app.push_screen_wait(PaletteScreen(self._screen.context))
        if command is not None:
            self._screen.call_later(self._screen.run_command, command)
