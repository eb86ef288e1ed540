"""The commands that bring things back: undo, and the trash of the open place."""

from collections.abc import Callable

from storage_tui.contract.keys import Location
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import Desk
from storage_tui.tui.rows.job import Job


class TrashActions:
    """`here` returns the open place; `back` is called with a place that came back, `changed` after an undo."""

    def __init__(
        self,
        screen: CommandScreen[None],
        desk: Desk,
        job: Job,
        *,
        here: Callable[[], Location],
        back: Callable[[Location], None],
        changed: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._job = job
        self._here = here
        self._back = back
        self._changed = changed

    def action_undo(self) -> None:
        """Say what the last change was, and take it back after a yes."""
        if not self._job.is_busy():
            self._job.start(self._undo)

    async def _undo(self) -> None:
        from storage_tui.tui.trash.undoing import undo

        if await undo(self._screen.app, self._desk) and self._screen.has_lines:
            self._changed()

    def action_trash(self) -> None:
        """List what was deleted or replaced below the open place."""
        from storage_tui.tui.trash.trash_screen import TrashScreen  # loaded on demand, as all rare screens are

        self._screen.app.push_screen(TrashScreen(self._desk, self._here(), self._back))
