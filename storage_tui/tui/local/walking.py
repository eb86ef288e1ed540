"""The commands that go to another local folder, or open what the cursor is on."""

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import Any

from textual.screen import Screen

from storage_tui.contract.keys import DELIMITER, Location, parent_prefix
from storage_tui.contract.visible import visible
from storage_tui.machine.directories import home
from storage_tui.previews.local_files import LocalFiles
from storage_tui.tui.background import Work, run
from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.local.desk import LocalDesk
from storage_tui.tui.local.entry import LocalEntry, what_is
from storage_tui.tui.local.folders import folder_prefix
from storage_tui.tui.side import LOCAL
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.widgets.key_list import KeyList


class LocalWalking:
    """Opens folders, and files in the viewer. A link is followed only with words about where it leads."""

    def __init__(
        self, screen: Screen[Any], desk: LocalDesk, view: KeyList, place: OpenPlace, files: LocalFiles
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._view = view
        self._place = place
        self._files = files

    @property
    def folder(self) -> Path:
        """The open folder."""
        return Path(self._place.location.key)

    def open_path(self, path: Path, *, at: str | None = None) -> None:
        """Open a folder, with the cursor on the row with the key `at`."""
        self._place.open(Location(LOCAL, folder_prefix(path)), anchor=at)

    def _ask(self, work: Work) -> None:
        run(self._screen, work, group="ask", exclusive=True)

    def action_open(self) -> None:
        """Open the folder, follow the link, view the file."""
        row = self._view.current
        if isinstance(row, Folder):
            self._place.open(Location(LOCAL, row.key))
        elif isinstance(row, LocalEntry) and row.kind == "link":
            self._ask(partial(self._follow, row))
        elif row is not None:
            self.action_view()

    async def _follow(self, row: LocalEntry) -> None:
        target, is_folder = await asyncio.to_thread(_end_of, row.key)
        name = visible(row.key.rpartition(DELIMITER)[2])
        if target is None:
            self._desk.refuse(f"{name} is a link to {visible(row.target)}, and nothing is there")
            return
        self._desk.hint(f"{name} is a link: this is {visible(target)}")
        if is_folder:
            self.open_path(Path(target))
        else:
            self.open_path(Path(target).parent, at=target)

    def action_view(self) -> None:
        """View the file on the whole screen."""
        from storage_tui.tui.viewer.screen import ViewerScreen  # loaded on demand, as in the main screen

        row = self._view.current
        if row is None or isinstance(row, Folder):
            self._desk.hint("a file can be viewed; the cursor is on " + ("no row" if row is None else "a folder"))
        elif isinstance(row, LocalEntry) and row.kind != "file":
            self._desk.hint(f"a file can be viewed; this is {visible(what_is(row))}")
        else:
            self._screen.app.push_screen(ViewerScreen(self._desk.store, row, files=self._files))

    def action_parent(self) -> None:
        """Go up one folder with the cursor on the folder that was left."""
        here = self._place.location.key
        if here == DELIMITER:
            self._desk.hint("this is the top of the file system")
        else:
            self._place.open(Location(LOCAL, parent_prefix(here)), anchor=here)

    def action_back(self) -> None:
        """Go to the folder before."""
        location = self._desk.history.last()
        if location is not None:
            self._place.open(location)
            self._desk.history.last()  # a place left by going back is not kept for the way back
        else:
            self._desk.hint("there is no folder before this one")

    def action_go_root(self) -> None:
        """Go to the home folder."""
        self.open_path(Path(home()))

    def action_go_to(self) -> None:
        """Go to a typed path."""
        self._ask(self._go_to)

    async def _go_to(self) -> None:
        from storage_tui.tui.dialogs.go_to_path import GoToPathScreen

        path = await self._screen.app.push_screen_wait(GoToPathScreen(self.folder))
        if path is not None:
            is_folder = await asyncio.to_thread(path.is_dir)
            self.open_path(path if is_folder else path.parent, at=None if is_folder else str(path))

    def action_hidden(self) -> None:
        """Show or hide the names that begin with a dot."""
        folders = self._desk.storage
        folders.shows_hidden = not folders.shows_hidden
        self._desk.history.forget(LOCAL)
        self._place.reload()
        self._desk.say("names with a dot are shown" if folders.shows_hidden else "names with a dot are not shown")

    def action_refresh(self) -> None:
        """Read the folder again and repaint everything."""
        self._desk.store.repaint()
        self._place.reload()


def _end_of(link: str) -> tuple[str | None, bool]:
    """Return the path that a link leads to in the end, and whether it is a folder; None where nothing is."""
    target = os.path.realpath(link)
    return (
        (target, Path(target).is_dir()) if os.path.lexists(target) and not Path(target).is_symlink() else (None, False)
    )
