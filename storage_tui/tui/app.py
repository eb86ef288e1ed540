"""The App: gives the store to the main screen and owns the objects that outlive a screen. Wiring only."""

import asyncio
import os
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from traceback import TracebackException
from typing import Any

from rich.text import Text
from textual import events, work
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import Monochrome, NoColor

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.models import Page
from storage_tui.contract.visible import visible
from storage_tui.machine.precedence import answer_at_once
from storage_tui.machine.private_files import write_private
from storage_tui.previews import close as close_previews
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import use
from storage_tui.tui.desk import AddProfile, Desk
from storage_tui.tui.moving.notes import end_note
from storage_tui.tui.state.bookmarks import Elsewhere, Places
from storage_tui.tui.state.listing import DEFAULTS, ListBounds, Listing
from storage_tui.tui.state.transfers import Gauge
from storage_tui.tui.tabs.stores import OpenStore, OpenStores
from storage_tui.tui.terminal.driver import TerminalDriver
from storage_tui.tui.terminal.hang_up import when_hung_up
from storage_tui.tui.terminal.no_colours import NoColours
from storage_tui.tui.terminal.output_net import OutputNet
from storage_tui.tui.terminal.painter import Painter
from storage_tui.tui.terminal.pauses import shorten_pauses
from storage_tui.tui.terminal.textual_private import (
    active,
    add_filter,
    defect_of,
    driver_of,
    drop_filters,
    end_with_words,
    is_leaving,
    write,
)
from storage_tui.tui.theme import THEME_FILE, THEMES, choose_theme, kind_variables, next_theme, read_theme
from storage_tui.tui.typeahead import TypeAhead
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.row_preview import RowPreview

CRASH_LOG = "crash.log"
CRASH_LOG_BYTES = 256 * 1024  # a few dozen reports; older ones are dropped
SETTLED_S = 0.7  # after the first paint: the list and the preview have loaded by then


class StorageApp(App[None], inherit_bindings=False):
    """The browser on one store, which opens at `location`: a folder, or a blob in its folder.

    `title` names the store in the corner. `state_dir` is the folder of a report if the program fails. `first_page` is
    shown until the server has answered in full. `keys_file` changes keys. `profiles` describes each profile by name,
    `profile` is the current one, and `add_profile` adds one. With `uses_agent` transfers go on after the end of the
    App. `notify` says how the terminal tells that all have ended, see `moving/notes.py`. `open_store` opens other
    stores in tabs. After `run`, `place` is the last location, `chosen` are the marked blobs, and `parting` is a last
    line for the user.
    """

    TITLE = "storage-tui"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        location: Location | None = None,
        title: str = "",
        state_dir: Path,
        theme: str | None = None,
        graphics: str = "blocks",
        say: str = "",
        first_page: Page | None = None,
        keys_file: Path | None = None,
        profile: str = "",
        profiles: Mapping[str, str] | None = None,
        add_profile: AddProfile | None = None,
        bounds: ListBounds = DEFAULTS,
        uses_agent: bool = False,
        notify: str = "off",
        open_store: OpenStore | None = None,
    ) -> None:
        super().__init__()
        self._problems: list[str] = []
        if keys_file is not None and keys_file.exists():
            self._problems = _take_keys(keys_file)
        remembered = Places(
            state_dir, storage.display_url, profile=profile, store=Elsewhere.of(storage), profiles=profiles or ()
        )
        desk = Desk(storage, title, remembered, bounds, profile=profile, profiles=profiles or {})
        desk.graphics = graphics
        desk.place = storage.place
        desk.add_profile = add_profile
        desk.runner.uses_agent = uses_agent
        self._notify = notify
        self._location = location or Location("data")
        if first_page is not None:
            expected = Listing(self._location.storage_type, as_folder(self._location).key, bounds)
            desk.history.expect(expected, first_page)
        self.painter = Painter()
        desk.repaint = self.repaint
        desk.take_next_theme = self._take_next_theme
        desk.tell_terminal = self._note_end
        self.stores = OpenStores(self, desk, self._location, state_dir=state_dir, open_store=open_store)
        self._state_dir = state_dir
        self._say = say
        self.typed_early = b""
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self.theme = choose_theme(theme or read_theme(state_dir), os.environ)
        add_filter(self, OutputNet())
        self.no_color = bool(os.environ.get("NO_COLOR"))  # an empty value does not count
        drop_filters(self, Monochrome, NoColor)
        if self.no_color:
            add_filter(self, NoColours())

    def continue_from(self, key: str | None, typed: bytes) -> None:
        """Continue from a list that was shown while the program was loaded: its cursor and the keys typed there."""
        if key is not None:
            self.desk.history.remember_cursor(self._location, key)
        self.typed_early = typed

    def on_mount(self) -> None:
        """Show the main screen."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._note_loop_error)
        for number in (signal.SIGHUP, signal.SIGTERM):  # a closed terminal: leave in order, transfers continue later
            loop.add_signal_handler(number, self.exit)
        self.stores.begin()
        self.call_after_refresh(answer_at_once)
        if self._say:
            self.call_after_refresh(self.desk.say, self._say)
        for problem in self._problems:
            self.call_after_refresh(self.desk.fail, problem)

        self._paint_little()
        self.set_timer(SETTLED_S, shorten_pauses)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colours of the kinds of rows, which only our own themes have."""
        return kind_variables(self.current_theme)

    def _take_next_theme(self) -> str:
        self.theme = next_theme(self.theme)
        for screen in {*self.screen_stack, *self.stores.screens}:
            for view in screen.query(LineView):
                view.restyle()
            for pane in screen.query(RowPreview):
                pane.restyle()
        self._keep_theme(self.theme)
        return self.theme

    @work(thread=True, exclusive=True, group="theme")
    def _keep_theme(self, name: str) -> None:
        try:
            write_private(self._state_dir / THEME_FILE, name.encode(), is_durable=False)
        except OSError as exc:
            self.call_from_thread(self.desk.fail, "the colours are not kept for the next time", exc)

    def get_driver_class(self) -> type[Driver]:
        """Return Textual's driver, but our own for a terminal."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    def _take_key(self, key: events.Key) -> bool:
        """Answer a key in this turn; return false when it must wait for earlier input or needs longer."""
        screen = self.screen
        if not isinstance(screen, CommandScreen) or self.message_queue_size or not self.app_focus:
            return False
        with active(self):
            return screen.take_key(key)

    def _paint_little(self) -> None:
        driver = driver_of(self)
        if driver is None or self.is_headless:
            return
        if isinstance(driver, TerminalDriver):
            driver.take_typed = TypeAhead(self, self._take_key).hand_over
            driver.measure(self.desk.link)
        write, painter = driver.write, self.painter
        painter.forget(*self.size)
        hung_up = when_hung_up(partial(asyncio.get_running_loop().call_soon_threadsafe, self.exit))

        def write_changes(data: str) -> None:
            # Textual's writer dies when the terminal is gone; then its queue fills up and blocks everything.
            if (changes := painter.paint(data)) and not hung_up.is_set():
                write(changes)

        driver.write = write_changes  # type: ignore[method-assign]

    def repaint(self) -> None:
        """Send the whole screen again, over the output of other programs on the terminal."""
        self.painter.forget()
        self.screen.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Paint everything again: the terminal has moved its content."""
        self.painter.forget(*event.size)

    async def on_unmount(self) -> None:
        """Save the places, stop the transfers and close the stores, after the screens are gone."""
        await self.stores.close()
        await close_previews()

    @property
    def desk(self) -> Desk:
        """The desk of the store that is shown."""
        return self.stores.shown

    @property
    def place(self) -> Location:
        """The current location, or the last one at the end."""
        return self.desk.places.recent[0] if self.desk.places.recent else self._location

    @property
    def chosen(self) -> list[Location]:
        """The marked rows, or those at the end; without marks the row under the cursor."""
        return self.desk.chosen_at_quit

    @property
    def parting(self) -> str:
        """A line to print at the end: what goes on without the browser. Empty in general."""
        return self.desk.parting

    def _note_end(self, gauge: Gauge) -> None:
        if note := end_note(self._notify, gauge, os.environ):
            write(self, note)

    def _fatal_error(self) -> None:
        """Write a report without local variables, which may be secrets, and say where it is.

        Textual's own report shows the local variables.
        """
        error = defect_of(self)
        where = self._write_report(error)
        kind = type(error).__name__ if error is not None else "unknown"
        end_with_words(self, Text(f"storage-tui stopped by a defect ({kind}). {where}"))

    def _note_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report an error in a callback of the event loop, which would print the error over the screen or after it."""
        error = context.get("exception")
        if error is None or isinstance(error, asyncio.InvalidStateError):
            return  # the library below httpx reports a read that was cancelled in the turn in which its bytes came
        where = self._write_report(error)
        if not is_leaving(self):
            self.desk.fail(f"a defect ({type(error).__name__}) was ignored. {where}")

    def _write_report(self, error: BaseException | None) -> str:
        if error is None:
            return ""
        report = "".join(TracebackException.from_exception(error, capture_locals=False).format())
        path = self._state_dir / CRASH_LOG
        try:
            old = path.read_text("utf-8", "replace")[-CRASH_LOG_BYTES:] if path.exists() else ""
            write_private(path, f"{old}\n{datetime.now(UTC).isoformat()}\n{report}".encode("utf-8", "replace"))
        except OSError as exc:
            return f"The report could not be written: {visible(str(exc))}"
        return f"The report is in {visible(str(path))}"


def _take_keys(path: Path) -> list[str]:
    from storage_tui.tui.keys_file import commands_of  # most people have no such file

    rows, problems = commands_of(path)
    use(rows)
    return problems
