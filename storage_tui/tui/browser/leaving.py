"""Leaving the program: quit, or continue with another profile or place; with a question about transfers that stop."""

from collections.abc import Callable, Sequence
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


class Leaving:
    """Ends the program. `chosen` returns the marked rows, or the row under the cursor."""

    def __init__(self, screen: Screen[Any], desk: Desk, *, chosen: Callable[[], Sequence[Row]]) -> None:
        self._screen = screen
        self._desk = desk
        self._chosen = chosen
        self._is_waiting = False
        desk.leave_for = self._go_elsewhere

    def action_quit(self) -> None:
        """Leave; ask while transfers run in the browser itself, which would stop them."""
        run(self._screen, self._quit, group="quit", exclusive=True)

    async def _quit(self) -> None:
        self._desk.next_profile = self._desk.next_place = None
        await self._leave("quits")

    def _go_elsewhere(self, place: Elsewhere) -> None:
        """Leave for a location in another store; ask while transfers run."""

        async def go() -> None:
            self._desk.next_place = place
            await self._leave("goes on")

        run(self._screen, go, group="quit", exclusive=True)

    def action_profiles(self) -> None:
        """Leave for another server; ask while transfers run."""
        run(self._screen, self._change_profile, group="quit", exclusive=True)

    async def _change_profile(self) -> None:
        desk, app = self._desk, self._screen.app
        question = ProfilesScreen(desk.profiles, desk.profile, may_add=desk.add_profile is not None)
        name = await app.push_screen_wait(question)
        if name == ProfilesScreen.ADD_PROFILE and desk.add_profile is not None:
            name = await app.push_screen_wait(NewProfileScreen(desk.add_profile))
        if name is not None and name != self._desk.profile:
            self._desk.next_profile = name
            await self._leave("goes on")

    async def _leave(self, verb: str) -> None:
        queue, app = self._desk.queue, self._screen.app
        must_ask = self._desk.runner.stops_at_quit
        answer = await app.push_screen_wait(QuitScreen(queue.poll)) if must_ask else "leave"
        if answer == "wait" and queue.is_active:
            self._is_waiting = True
            self._desk.say(f"{verb} when the transfers are done; Esc stays")
            return
        if answer in (None, "stay"):
            self._desk.next_profile = self._desk.next_place = None
            return
        gauge = queue.poll()
        if queue.is_remote_active or (self._desk.runner.uses_agent and gauge.is_active):
            left = plural(gauge.files - gauge.files_done, "transfer")
            self._desk.parting = f"{left} {'goes' if left.startswith('1 ') else 'go'} on; see: storage-tui transfers"
        await self._desk.runner.stop(keep=answer == "leave")
        self._desk.chosen_at_quit = [Location(row.storage_type, row.key) for row in self._chosen()]
        app.exit()

    def stay(self) -> bool:
        """Stay when the transfers end after all; return false when no departure waits for them."""
        if not self._is_waiting:
            return False
        self._is_waiting, self._desk.next_profile, self._desk.next_place = False, None, None
        self._desk.say("stays when the transfers are done")
        return True

    def transfers_done(self) -> None:
        """Leave, if the departure waited for the transfers."""
        if self._is_waiting:
            self._screen.app.exit()
