"""The one action that runs at a time, beside the transfers: counting for a download, a delete, reading marks."""

from typing import Any

from textual.screen import Screen
from textual.worker import WorkerState

from storage_tui.tui.background import Work, run
from storage_tui.tui.desk import JOB
from storage_tui.tui.side import Side

RUNNING = (WorkerState.PENDING, WorkerState.RUNNING)


class Job:
    """Starts and stops the action. The action belongs to the App, so that it outlives the screen."""

    def __init__(self, screen: Screen[Any], desk: Side) -> None:
        self._screen = screen
        self._desk = desk

    def is_busy(self) -> bool:
        """Return whether an action is running already, and report it to the user."""
        is_busy = any(worker.group == JOB and worker.state in RUNNING for worker in self._screen.app.workers)
        if is_busy:
            self._desk.refuse("another action is still running: Esc stops it")
        return is_busy

    def start(self, work: Work) -> None:
        """Begin an action. The caller must have checked `is_busy`."""
        run(self._screen.app, work, group=JOB)

    def stop(self) -> bool:
        """Stop the action; return false when none runs."""
        was_working = bool(self._desk.working)
        if was_working:
            self._screen.app.workers.cancel_group(self._screen.app, JOB)
        return was_working
