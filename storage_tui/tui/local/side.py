"""The local side: its list of a folder, and the objects that its keys work on. The parts are those of the store's."""

from collections.abc import Callable, Sequence
from typing import Any

from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.previews.local_files import LocalFiles
from storage_tui.tui.browser.filtering import Filtering
from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.browser.preview import PreviewKeys
from storage_tui.tui.browser.reader import PlaceReader
from storage_tui.tui.browser.sorting import Sorting
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.local.about import about_row
from storage_tui.tui.local.changing import LocalChanging
from storage_tui.tui.local.deleting import LocalDeleting
from storage_tui.tui.local.desk import LocalDesk
from storage_tui.tui.local.entry import note_of
from storage_tui.tui.local.folders import ENTRIES_AT_MOST, folder_prefix
from storage_tui.tui.local.pane import LocalPane
from storage_tui.tui.local.walking import LocalWalking
from storage_tui.tui.rows.job import Job
from storage_tui.tui.rows.marking import Marking
from storage_tui.tui.side import LOCAL
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.paths import working_folder
from storage_tui.tui.state.transfers import Gauge
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import gauge_content, marks_content, path_content, position_content
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.notice import notice_content
from storage_tui.tui.widgets.row_preview import RowPreview


class LocalSide:
    """One local folder, and the keys that work on it. `changed` is called when the lines have to be said again."""

    def __init__(
        self, screen: CommandScreen[Any], desk: Desk, job: Job, pane: RowPreview, *, changed: Callable[[], None]
    ) -> None:
        files = LocalFiles()
        self.desk = LocalDesk(desk)
        self._store = desk
        self._screen = screen
        self._job = job
        self._changed = changed
        self._path = Bar(id="local-path")
        self.view = KeyList(self.desk.marks, self.desk.sizes, note=note_of, id="local-keys")
        line = FilterLine(id="local-prompt", classes="prompt")
        self.cursor = Cursor(self.view, moved=self._cursor_moved)
        self.marking = Marking(screen, self.desk, self.view, self.cursor, job, changed=changed)
        self.sorting = Sorting(
            screen, self.desk, self.view, self.marking, read_on=self._read_on, changed=changed, group="local-sort"
        )
        self.preview = PreviewKeys(screen, self.desk, self.view, pane)
        self.reader = PlaceReader(
            screen, self.desk, self.view, self.marking, self.sorting, changed=changed, arrived=self._arrived,
            go=self._go, group="local-",
        )  # fmt: skip
        self.filtering = Filtering(
            screen, self.view, line, self.marking, self.reader, changed=changed, group="local-filter"
        )
        self.place = OpenPlace(
            self.desk, self.view, self.reader, self.sorting, Location(LOCAL, folder_prefix(working_folder())),
            left=self.filtering.leave_place, opened=self._opened,
        )  # fmt: skip
        self.walking = LocalWalking(screen, self.desk, self.view, self.place, files)
        self._deleting = LocalDeleting(screen, self.desk, job, chosen=self.chosen, gone=self._gone)
        self._changing = LocalChanging(
            screen, self.desk, job, current=lambda: self.view.current, changed=self._has_changed
        )
        self.has_keys = False
        self.widget = LocalPane(
            self._path, self.view, line, wanted=self.reader.restore, chosen=self.walking.action_open,
            typed=self.filtering.typed, left=self.filtering.line_left,
        )  # fmt: skip
        pane.also(LOCAL, files, about_row)

    def targets(self) -> tuple[object, ...]:
        """Return the objects that carry out the commands of this side."""
        return (
            self,
            self.walking,
            self.filtering,
            self.sorting,
            self.marking,
            self._deleting,
            self._changing,
            self.preview,
            self.cursor,
        )

    def show(self) -> None:
        """Open the folder of the last time, or the working folder."""
        self.place.open(self.place.location)

    def reload(self) -> None:
        """Read the folder again after transfers; the cursor stays."""
        if not self.reader.is_reading:
            self.place.reload()

    def chosen(self) -> list[Row]:
        """Return the marked rows, or the row under the cursor."""
        current = self.view.current
        return list(self.desk.marks) or ([current] if current is not None else [])

    def say_lines(self) -> None:
        """Show the open folder, and the text of an empty list."""
        if not self.view.is_attached:
            return
        listing, reader = self.view.listing, self.reader
        words = f"{visible(reader.error)}\nR tries again, h goes up." if reader.error else self._empty_words()
        self.view.set_state(words, is_error=bool(reader.error))
        path = path_content(
            listing, is_reading=reader.is_reading, sorting=self.sorting.words, width=self._path.size.width,
            then=self.sorting.words_for_later(listing),
        )  # fmt: skip
        hidden, is_cut = self.desk.storage.hidden_in(listing.prefix), self.desk.storage.is_cut(listing.prefix)
        right = f"the first {ENTRIES_AT_MOST:,} only " if is_cut else f"{hidden:,} hidden (.) " if hidden else ""
        self._path.say(path, Content.styled(right, "$text-muted"))

    def _empty_words(self) -> str:
        listing = self.view.listing
        if listing.filter is not None and listing.loaded:
            return f'No match for "{visible(listing.filter.text)}" in {listing.loaded:,} names. Esc leaves the filter.'
        if self.reader.is_reading:
            return "Listing…"
        hidden = self.desk.storage.hidden_in(listing.prefix)
        return f"Only hidden names: {hidden:,}; . shows them." if hidden else "Empty folder. h goes up, ~ goes home."

    def say_status(self, status: Bar, gauge: Gauge, *, width: int) -> None:
        """Show marks, a notice, the transfers and the position of this side in the status line."""
        marks = marks_content(self.desk.marks, here=self.place.location)
        notice = notice_content(self._store, self.view.current, in_range=self.marking.has_range)
        right = Content.assemble(
            gauge_content(gauge, width=width), position_content(self.view.listing, self.view.cursor)
        )
        status.say(Content.assemble(" ", marks, notice), right, is_urgent=self._store.has_bad_news)

    def _cursor_moved(self) -> None:
        self.reader.follows_end = False
        self.marking.cursor_moved()

    def _read_on(self) -> None:
        self.reader.read_on()

    def _go(self, location: Location) -> None:
        self.place.open(location)

    def _arrived(self) -> None:
        if self.has_keys:
            self.preview.show_row()

    def _gone(self, rows: Sequence[Row]) -> None:
        """Read the folder again; the cursor goes to the next row that stays."""
        self.desk.history.forget(LOCAL)
        if self.view.is_attached:
            self.place.reload(self.view.survivor(rows))

    def _has_changed(self, key: str) -> None:
        self.desk.history.forget(LOCAL)
        if self.view.is_attached:
            self.place.reload(key)

    def _opened(self) -> None:
        self.marking.end_range()

    # Commands

    def action_last(self) -> None:
        """Move the cursor to the last row, and with it while more rows arrive."""
        self.cursor.action_last()
        self.reader.follow_end()

    def action_peel(self) -> None:
        """Take one layer off: running work, the range, the filter, the reading, the marks."""
        is_off = (
            self._job.stop()
            or self.marking.end_range()
            or self.filtering.clear()
            or self.sorting.stop()
            or self.reader.stop()
        )
        if not is_off and len(self.desk.marks):
            self.desk.marks.clear()
            self.view.refresh()
        self._changed()
