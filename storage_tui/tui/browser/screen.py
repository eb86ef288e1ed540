"""The main screen: one place of the store. It owns the widgets and the objects that its keys work on."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal

from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.visible import visible
from storage_tui.tui.browser.bars import PlaceBars
from storage_tui.tui.browser.continuing import offer_unfinished
from storage_tui.tui.browser.filtering import Filtering
from storage_tui.tui.browser.leaving import Leaving
from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.browser.preview import PreviewKeys
from storage_tui.tui.browser.reader import PlaceReader
from storage_tui.tui.browser.reconnecting import Reconnecting
from storage_tui.tui.browser.screens import Screens
from storage_tui.tui.browser.sides import Sides
from storage_tui.tui.browser.sorting import Sorting
from storage_tui.tui.browser.type_counts import TypeCounts
from storage_tui.tui.browser.walking import Walking
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.edits.actions import EditActions
from storage_tui.tui.edits.left_edits import say_left_edits
from storage_tui.tui.lists.program import ProgramActions
from storage_tui.tui.moves.actions import MoveActions
from storage_tui.tui.rows.actions import Gone, RowActions
from storage_tui.tui.rows.job import Job
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.rows.missing_sizes import MissingSizes
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.tabs.book import TabBook
from storage_tui.tui.tabs.tabs import Tabs
from storage_tui.tui.terminal.textual_private import is_leaving
from storage_tui.tui.trash.actions import TrashActions
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.row_preview import RowPreview
from storage_tui.tui.widgets.sidebar import Sidebar

TICK_S = 0.2  # progress and counters are updated five times a second
AGES_TICKS = 150  # every thirty seconds ages and countdowns are painted again
REFRESH_TICKS = 10  # while uploads arrive, the list is read again at most every two seconds
LOOK_TICKS = 10  # every two seconds: whether a transfer agent was started by another program


class BrowserScreen(CommandScreen[None]):
    """One place of the store, and the keys that work on it.

    The first place is `location`: a folder, or the folder of a blob with the cursor on the blob. A key without a slash
    at its end is the blob if there is one, else the folder of that name.
    """

    CONTEXT: ClassVar[Context] = "browser"
    CSS_PATH = ["../widgets/rows.tcss", "screen.tcss"]
    AUTO_FOCUS = "KeyList"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-normal"), (100, "-wide"), (140, "-broad")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-short"), (18, "-tall")]

    def __init__(self, desk: Desk, location: Location, book: TabBook) -> None:
        super().__init__()
        self.desk = desk
        self.gauge = desk.queue.poll()
        self._said_of = desk.queue.asked  # the transfers whose end the user knows
        self._ticks, self._has_said = 0, False  # the latter: whether the status line has the position of the cursor

        self.keys = KeyList(desk.marks, desk.sizes, id="keys")
        self.pane = RowPreview(
            desk.storage, quadrants=desk.has_quadrants, link=desk.link, draws_by="preview", id="preview"
        )  # fmt: skip
        self._sidebar = Sidebar(id="types")
        self._filter_line = FilterLine(id="prompt")

        changed = self.update_lines
        self._job = Job(self, desk)
        self._cursor = Cursor(self.keys, moved=self._cursor_moved_by_key)
        self._marking = Marking(self, desk, self.keys, self._cursor, self._job, changed=changed)
        self.sorting = Sorting(self, desk, self.keys, self._marking, read_on=self._read_on, changed=changed)
        self._preview = PreviewKeys(self, desk, self.keys, self.pane)
        self.reader = PlaceReader(
            self, desk, self.keys, self._marking, self.sorting, changed=changed, arrived=self._show_row,
            go=self._open,
        )  # fmt: skip
        self._filtering = Filtering(self, self.keys, self._filter_line, self._marking, self.reader, changed=changed)
        self.place = OpenPlace(
            desk, self.keys, self.reader, self.sorting, as_folder(location), left=self._filtering.leave_place,
            opened=self._place_opened,
        )  # fmt: skip
        self.walking = Walking(self, desk, self.keys, self.place, open_local=self._open_local)
        self._first = location
        self._counts = TypeCounts(self, desk, self._sidebar)
        self._sizes = MissingSizes(self, desk, self.keys)
        self._reconnecting = Reconnecting(desk, self.reader, again=self.place.reload, back=self._server_is_back)
        self.tabs = Tabs(desk, self.keys, self.place, book)
        self._bars = PlaceBars(
            desk, self.keys, self._marking, self.sorting, self.reader, self._reconnecting, self.tabs, self._sidebar
        )
        self._actions = RowActions(
            self, desk, self._job, current=self._current_row, shown=self.place.shown, gone=self._rows_gone,
            changed=self._rows_changed,
        )  # fmt: skip
        self._edits = EditActions(
            self, desk, self._job, current=self._current_row, asked=self._actions.asked,
            written=self.place.show_changed, changed=self._rows_changed, folder=self._here,
        )  # fmt: skip
        self._moves = MoveActions(
            self, desk, self._job, current=self._current_row, asked=self._actions.asked, folder=self._here,
            arrived=self.place.show_changed, left=self._rows_left, changed=self._rows_changed,
        )  # fmt: skip
        self._trash = TrashActions(
            self, desk, self._job, here=self._here, back=self.place.show_changed, changed=self.action_refresh
        )
        self._leaving = Leaving(self, desk, book, chosen=self._actions.chosen)
        self._program = ProgramActions(self, desk, current=self._current_row)
        self._screens = Screens(
            self, desk, current=self._current_row, chosen=self._actions.chosen, here=self._here,
            go=lambda folder, key: self.place.open(folder, anchor=key or None),
        )  # fmt: skip
        self._sides = Sides(
            self, desk, self._job, self.keys, self.pane, place=self.place, preview=self._preview,
            actions=self._actions, program=self._program, upload=self._screens.action_upload, changed=changed,
        )  # fmt: skip

    def compose(self) -> ComposeResult:
        """Yield path, types, list, preview, filter, status and keys."""
        yield self._bars.path
        with Horizontal(id="body"):
            yield self._sidebar
            with Container(id="main"):
                yield self.keys
                yield self.pane
        yield self._filter_line
        yield self._bars.status
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the objects that it owns."""
        return (
            *self._sides.targets(), self, self._screens, self._sides, self.walking, self._filtering, self.sorting,
            self._marking, self._actions, self._edits, self._moves, self._trash, self._preview, self._program,
            self._leaving, self.tabs, self._cursor,
        )  # fmt: skip

    def on_mount(self) -> None:
        """Open the first place and start the clock."""
        self.set_interval(TICK_S, self._tick)
        self.walking.begin(self._first)
        self._read_counts()
        self._offer_unfinished()

    @work(group="ask")
    async def _offer_unfinished(self) -> None:
        await offer_unfinished(self.app, self.desk)
        await say_left_edits(self.desk)

    def on_screen_resume(self) -> None:
        """Show messages on this screen again."""
        self.desk.front.on_message = self.update_lines
        self.update_lines()

    def on_resize(self) -> None:
        """Draw the preview for its new size."""
        self.call_after_refresh(self._show_row)

    def on_descendant_focus(self) -> None:
        """Give the keys to the side whose list has the focus."""
        self._sides.follow_focus()

    def on_paste(self, event: events.Paste) -> None:
        """Offer pasted paths as an upload; no pasted character is a command."""
        self._sides.pasted(event.text)

    # What the objects say

    def _show_row(self) -> None:
        self._sides.show_row()

    def _current_row(self) -> Row | None:
        return self.keys.current

    def _here(self) -> Location:
        return self.place.location

    def _open(self, location: Location) -> None:
        self.place.open(location)

    async def _open_local(self, path: Path) -> None:
        await self._sides.open_path(path)

    def _read_on(self) -> None:
        self.reader.read_on()

    def _read_counts(self) -> None:
        self._counts.read(self.place.location.storage_type)

    def _server_is_back(self) -> None:
        self.desk.say(f"{self.desk.storage.display_url} answers again")
        self._read_counts()
        self._show_row()

    def _place_opened(self) -> None:
        self._marking.end_range()
        self._sidebar.choose(self.place.location.storage_type)

    def _rows_changed(self) -> None:
        self.keys.refresh()
        self.update_lines()

    def _rows_gone(self, rows: Sequence[Row], gone: Gone) -> None:
        """Read the list again; the cursor goes to the next row that stays."""
        self.place.reload(self.keys.survivor(rows))
        self._read_counts()

    def _rows_left(self, rows: Sequence[Row]) -> None:
        self._rows_gone(rows, set())

    def _cursor_moved_by_key(self) -> None:
        """Mark the rows of a range; the cursor no longer stays at the end."""
        self.reader.follows_end = False
        self._marking.cursor_moved()

    @on(LineView.CursorMoved)
    def _cursor_moved(self) -> None:
        if not self._has_said:
            self._say_status()
        self._has_said = False
        self._show_row()

    @on(KeyList.PageWanted)
    def _page_wanted(self, event: KeyList.PageWanted) -> None:
        self.reader.restore(event.index)

    @on(Sidebar.TypeChosen)
    def _type_chosen(self, event: Sidebar.TypeChosen) -> None:
        self.walking.go_chosen(event.storage_type, event.location)

    @on(FilterLine.Typed)
    def _filter_typed(self, event: FilterLine.Typed) -> None:
        self._filtering.typed(event.text)

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self._filtering.line_left()

    # Lines

    def _tick(self) -> None:
        if is_leaving(self.app):
            return  # nothing is being read any more
        self._ticks += 1
        self.gauge = self.desk.queue.poll()
        if not self.gauge.is_active and self._said_of != self.desk.queue.asked:
            self._said_of = self.desk.queue.asked
            if self.tabs.is_shown or not self.desk.runner.uses_agent:  # of the agent's transfers all tabs know
                self.desk.say_done(self.gauge)
            self._sides.reload()
        self._leaving.tick()
        self._sides.tick()
        if self._ticks % LOOK_TICKS == 1 and self.tabs.is_shown:
            self.desk.runner.look()
        self._sizes.ask()
        self._reconnecting.tick()
        if self._ticks % AGES_TICKS == 0:
            self.keys.refresh()
        if self._ticks % REFRESH_TICKS == 0 and self.place.take_changes(self.desk.changed, self.gauge):
            self._read_counts()
        self.update_lines()

    def update_lines(self) -> None:
        """Update the one-row lines, and the text of an empty list."""
        if not self.has_lines:
            return
        error = f"{visible(self.reader.error)}\n{self._reconnecting.remedy}" if self.reader.error else ""
        words = error or self._bars.empty_words(self.keys.listing, self.reader.is_reading or self.walking.is_looking)
        self.keys.set_state(words, is_error=bool(error))
        self._bars.say_path(width=self.size.width)
        self._sides.say_lines()
        self._say_status()

    def _say_status(self) -> None:
        if self.has_lines and not self._sides.say_status(self._bars.status, self.gauge):
            self._bars.say_status(self.place.location, self.gauge, width=self.size.width)

    @property
    def is_arriving(self) -> bool:
        """Whether the first rows of the place are expected at any moment."""
        return self.reader.is_arriving

    def say_cursor(self) -> None:
        """Update the status line now, so that it is painted with the row."""
        self._say_status()
        self._has_said = True

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self.desk.hint(text)

    # Commands

    def action_last(self) -> None:
        """Move the cursor to the last row, and with it while more rows arrive."""
        self._cursor.action_last()
        self.reader.follow_end()

    @on(LineView.Chosen)
    def action_open(self) -> None:
        """Open the folder; view a blob on the whole screen."""
        row = self.keys.current
        if isinstance(row, Folder):
            self._open(Location(row.storage_type, row.key))
        elif row is not None:
            self._screens.action_view()

    def action_refresh(self) -> None:
        """Read the list again and repaint everything, over the output of other programs."""
        self.desk.repaint()
        self.place.reload()
        self._read_counts()

    def action_peel(self) -> None:
        """Take one layer off: waiting or running work, the range, the filter line, the reading, the marks."""
        is_off = (
            self._leaving.stay()
            or self._job.stop()
            or self._marking.end_range()
            or self._filtering.clear()
            or self.sorting.stop()
            or self.reader.stop()
            or self._moves.drop_taken()
        )
        if not is_off and len(self.desk.marks):
            self.desk.marks.clear()
            self.keys.refresh()
        self.update_lines()
