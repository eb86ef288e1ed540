"""Leaving the program, with a question about transfers that stop; and the profiles of the settings file."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from textual.screen import Screen

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.tui.background import run
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.profiles import NewProfileScreen, ProfilesScreen
from storage_tui.tui.dialogs.quit import QuitScreen
from storage_tui.tui.state.bookmarks import Elsewhere
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.transfers import Gauge, whole
from storage_tui.tui.tabs.book import TabBook


class Leaving:
    """Ends the program with all its tabs. `chosen` returns the marked rows, or the row under the cursor."""

    def __init__(self, screen: Screen[Any], desk: Desk, book: TabBook, *, chosen: Callable[[], Sequence[Row]]) -> None:
        self._screen = screen
        self._desk = desk
        self._book = book
        self._chosen = chosen

    def action_quit(self) -> None:
        """Leave; ask while transfers run in the browser itself, which would stop them."""
        run(self._screen, self._leave, group="quit", exclusive=True)

    def action_profiles(self) -> None:
        """Open the server of another profile in a tab."""
        run(self._screen, self._open_profile, group="ask", exclusive=True)

    async def _open_profile(self) -> None:
        desk, app = self._desk, self._screen.app
        question = ProfilesScreen(desk.profiles, desk.profile, may_add=desk.add_profile is not None)
        name = await app.push_screen_wait(question)
        if name == ProfilesScreen.ADD_PROFILE and desk.add_profile is not None:
            name = await app.push_screen_wait(NewProfileScreen(desk.add_profile))
        if name is not None and name != desk.profile:
            desk.go_elsewhere(Elsewhere(None, profile=name))

    async def _leave(self) -> None:
        app, book = self._screen.app, self._book
        stops = [desk for desk in book.desks if desk.runner.stops_at_quit]
        answer = await app.push_screen_wait(QuitScreen(lambda: whole(_gauges(stops)))) if stops else "leave"
        if answer == "wait" and whole(_gauges(stops)).is_active:
            book.leaves_when_done = True
            self._desk.say("quits when the transfers are done; Esc stays")
            return
        if answer in (None, "stay"):
            return
        gauge = self._desk.queue.poll()
        if self._desk.queue.is_remote_active or (self._desk.runner.uses_agent and gauge.is_active):
            left = plural(gauge.files - gauge.files_done, "transfer")
            self._desk.parting = f"{left} {'goes' if left.startswith('1 ') else 'go'} on; see: storage-tui transfers"
        for desk in book.desks:
            await desk.runner.stop(keep=answer == "leave")
        self._desk.chosen_at_quit = [Location(row.storage_type, row.key) for row in self._chosen()]
        app.exit()

    def stay(self) -> bool:
        """Stay when the transfers end after all; return false when no departure waits for them."""
        if not self._book.leaves_when_done:
            return False
        self._book.leaves_when_done = False
        self._desk.say("stays when the transfers are done")
        return True

    def tick(self) -> None:
        """Leave, if the departure waited for the transfers and they have ended."""
        if self._book.leaves_when_done and not any(gauge.is_active for gauge in _gauges(self._book.desks)):
            self._screen.app.exit()


def _gauges(desks: Iterable[Desk]) -> list[Gauge]:
    return [desk.queue.poll() for desk in desks]
