"""The open stores: each with its own marks, transfers and main screen. All of them end with the App."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.visible import visible
from storage_tui.tui.background import run
from storage_tui.tui.browser.screen import BrowserScreen
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.bookmarks import Elsewhere, Places
from storage_tui.tui.tabs.book import TABS_AT_MOST, Tab, TabBook


@dataclass(frozen=True, slots=True)
class Opened:
    """A store to show at `location`, a folder or a blob in its folder. `title` names the store in the corner,
    `profile` is that of the settings file, and `profiles` describes all of them by name."""

    storage: AsyncStorage
    location: Location
    title: str
    profile: str = ""
    profiles: Mapping[str, str] = field(default_factory=dict)


OpenStore = Callable[[Elsewhere], Opened]
"""Opens a location in another store, without asking its server; it may read files. Raises StorageError."""


class OpenStores:
    """The stores of the tabs. `first` is shown at `location`; `open_store` opens another one, None where there is only
    one."""

    def __init__(
        self, app: App[Any], first: Desk, location: Location, *, state_dir: Path, open_store: OpenStore | None
    ) -> None:
        self._app = app
        self._location = location
        self._state_dir = state_dir
        self._open_store = open_store
        self._screens: dict[int, BrowserScreen] = {}  # by the id of the desk
        self._numbers = 0
        self.book = TabBook(Tab(first, as_folder(location)), bring=self._bring, leave=self._leave)
        first.go_elsewhere = self.go

    @property
    def shown(self) -> Desk:
        """The desk of the store that is shown."""
        return self.book.shown.desk

    @property
    def screens(self) -> tuple[BrowserScreen, ...]:
        """The main screens of all stores."""
        return tuple(self._screens.values())

    def begin(self) -> None:
        """Show the first store."""
        self._app.push_screen(self._screen_of(self.shown, self._location))
        self._load_places(self.shown)

    def go(self, there: Elsewhere) -> None:
        """Show a location in another store: in the tab of this store that is open already, or in a new tab."""
        run(self._app, partial(self._go, there), group="ask", exclusive=True)

    async def close(self) -> None:
        """Save the places, stop the transfers and close the stores."""
        for desk in self.book.desks:
            await _close(desk)

    async def _go(self, there: Elsewhere) -> None:
        if self._open_store is None:
            self.shown.refuse("this browser shows one store; start storage-tui with the name of the other one")
            return
        try:
            opened = await asyncio.to_thread(self._open_store, there)
        except (StorageError, OSError) as exc:
            self.shown.fail(f"{visible(str(there), limit=60)} cannot be opened", exc)
            return
        if not self._show(opened, is_named=there.location is not None or bool(there.url)):
            await opened.storage.close()

    def _show(self, opened: Opened, *, is_named: bool) -> bool:
        """Show a store; return false where its client is not used: the store is open already, or cannot be shown."""
        wanted = _identity(opened.storage, opened.profile)
        known = next((desk for desk in self.book.desks if _identity(desk.storage, desk.profile) == wanted), None)
        if not isinstance(self._app.screen, BrowserScreen):
            self.shown.refuse("the other store was not opened: another screen came in front")
        elif known is not None:
            self._show_known(known, opened.location, is_named=is_named)
        elif self.book.is_full:
            self.shown.refuse(f"{TABS_AT_MOST} tabs are the most; g q closes this one")
        else:
            self._show_new(opened, self.shown)
            return True
        return False

    def _show_new(self, opened: Opened, before: Desk) -> None:
        for desk in self.book.desks:
            desk.profiles = opened.profiles
        places = Places(
            self._state_dir, opened.storage.display_url, profile=opened.profile, store=Elsewhere.of(opened.storage),
            profiles=opened.profiles,
        )  # fmt: skip
        desk = Desk(
            opened.storage, opened.title, places, before.bounds, front=before.front, profile=opened.profile,
            profiles=opened.profiles, graphics=before.graphics, add_profile=before.add_profile, link=before.link,
            place=opened.storage.place, go_elsewhere=self.go, repaint=before.repaint,
            take_next_theme=before.take_next_theme, tell_terminal=before.tell_terminal,
        )  # fmt: skip
        desk.runner.uses_agent = before.runner.uses_agent
        self._screens[id(before)].tabs.keep()
        self.book.insert(Tab(desk, as_folder(opened.location)))
        self._load_places(desk)
        self._app.switch_screen(self._screen_of(desk, opened.location))
        self._save_places(before)

    def _show_known(self, desk: Desk, location: Location, *, is_named: bool) -> None:
        number = self.book.last_of(desk)
        assert number is not None
        if desk is not self.shown:
            self._screens[id(self.shown)].tabs.keep()
            self._save_places(self.shown)
            self.book.at = number
            self._bring(self.book.shown)
        if is_named:
            self._screens[id(desk)].walking.go_to_key(location)

    def _screen_of(self, desk: Desk, location: Location) -> BrowserScreen:
        screen = self._screens.get(id(desk))
        if screen is None:
            screen = self._screens[id(desk)] = BrowserScreen(desk, location, self.book)
            self._numbers += 1
            self._app.install_screen(screen, f"store {self._numbers}")  # a screen that is not shown lives on
        return screen

    def _bring(self, tab: Tab) -> None:
        screen = self._screen_of(tab.desk, tab.location)
        self._app.switch_screen(screen)
        screen.tabs.show(tab)

    def _leave(self, desk: Desk) -> None:
        """Close a store without tabs."""
        if desk.taken is not None and desk.taken.storage is desk.storage:
            desk.taken = None
        run(self._app, partial(self._remove, desk), group="close")

    async def _remove(self, desk: Desk) -> None:
        screen = self._screens.pop(id(desk))
        self._app.uninstall_screen(screen)
        await screen.remove()
        await _close(desk)

    def _load_places(self, desk: Desk) -> None:
        async def load() -> None:
            await asyncio.to_thread(desk.places.load)

        run(self._app, load, group="places")

    def _save_places(self, desk: Desk) -> None:
        """Save the places of a store that is left, for the list of places elsewhere of the others."""
        run(self._app, partial(_save, desk), group="places")


async def _save(desk: Desk) -> None:
    with suppress(OSError):  # recent places are not essential
        await asyncio.to_thread(desk.places.save)


async def _close(desk: Desk) -> None:
    await _save(desk)
    await desk.runner.stop(keep=True)
    await desk.storage.close()


def _identity(storage: AsyncStorage, profile: str) -> tuple[object, ...]:
    """Return what two clients of one store have in common."""
    return profile, storage.display_url, Elsewhere.of(storage)
