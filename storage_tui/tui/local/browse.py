"""The list of a local folder in a dialog: go into folders and up, mark several rows."""

from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.local.entry import note_of
from storage_tui.tui.local.folders import LocalFolders, folder_prefix
from storage_tui.tui.side import LOCAL
from storage_tui.tui.state.listing import Folder, Listing
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.sizes import Sizes
from storage_tui.tui.store_reads import PageRestorer, read_pages
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.line_view import LineView

PAGE_ROWS = 8
MOVES = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": PAGE_ROWS, "pageup": -PAGE_ROWS}


class FolderBrowser(Container):
    """Lists one folder. Its dialog hands it keys with `take_key`, and the folder to show with `show`."""

    @dataclass
    class Chosen(Message):
        """Enter was pressed on a row, or a key went up: the path, and whether it is a folder."""

        path: Path
        is_folder: bool

    @dataclass
    class Marked(Message):
        """Other rows are marked."""

        paths: list[Path]

    def __init__(self, *, only_folders: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._folders = LocalFolders(only_folders=only_folders)
        self._marks = Marks()
        self._can_mark = not only_folders
        self._restorer = PageRestorer(self._folders)
        self._folder: Path | None = None
        self.view = KeyList(self._marks, Sizes(), note=note_of)

    def compose(self) -> ComposeResult:
        """Yield the list."""
        yield self.view

    def on_descendant_focus(self) -> None:
        """Show the cursor while the list has the keys."""
        self.call_after_refresh(self.view.restyle)

    def on_descendant_blur(self) -> None:
        """Show no cursor: the keys go elsewhere."""
        self.call_after_refresh(self.view.restyle)

    @property
    def marked(self) -> list[Path]:
        """The marked paths, of this folder and of others."""
        return [Path(row.key) for row in self._marks]

    @property
    def has_keys(self) -> bool:
        """Whether the list has the focus."""
        return self.view.has_focus

    def show(self, folder: Path, start: str = "") -> None:
        """List a folder, with the cursor on the first name that begins with `start`."""
        if folder != self._folder:
            self._folder = folder
            self._read(folder, start)
        elif start:
            self._go_to(start)

    @work(exclusive=True, group="browse")
    async def _read(self, folder: Path, start: str) -> None:
        listing = Listing(LOCAL, folder_prefix(folder))
        self.view.show(listing)
        self.view.set_state("Listing…")
        self.view.can_focus = self.view.has_focus
        words, is_error = "Empty.", False
        try:
            async for _ in read_pages(self._folders, listing):
                self.view.lines_changed()
                self.view.can_focus = bool(len(listing))  # nothing to choose: the keys go past an empty list
                if start and not self.view.cursor:
                    self._go_to(start)
        except EXPECTED as exc:
            words, is_error = visible(explain(exc)), True
        self.view.set_state(words, is_error=is_error)

    def _go_to(self, start: str) -> None:
        listing = self.view.listing
        at = listing.index_after(listing.prefix + start)
        if listing.sort == "name":  # folders first: a place in key order is another line
            names = (row.key[len(listing.prefix) :] for row in listing.rows())
            at = next((index for index, name in enumerate(names) if name.startswith(start)), len(listing))
        if at < len(listing):
            self.view.go(at)

    def take_key(self, key: str) -> bool:
        """Carry out a key; return false for a key that the list does not have, and at its ends to leave the list."""
        view, row = self.view, self.view.current
        if (key == "up" and not view.cursor) or (key == "down" and view.cursor + 1 >= view.line_count()):
            return False
        if key in MOVES:
            view.move(MOVES[key])
        elif key in ("home", "g"):
            view.move(-view.line_count())
        elif key in ("end", "G"):
            view.move(view.line_count())
        elif key in ("left", "h", "backspace"):
            if self._folder is not None:
                self.post_message(self.Chosen(self._folder.parent, is_folder=True))
        elif key in ("right", "l", "enter") and row is not None:
            if isinstance(row, Folder) or key == "enter":
                self.post_message(self.Chosen(Path(row.key), is_folder=isinstance(row, Folder)))
        elif key in ("space", "insert") and row is not None and self._can_mark:
            self._marks.toggle(row)
            view.refresh()
            view.move(1)
            self.post_message(self.Marked(self.marked))
        elif key == "full_stop":
            self._folders.shows_hidden = not self._folders.shows_hidden
            if self._folder is not None:
                self._read(self._folder, "")
        else:
            return False
        return True

    @work(group="browse-marks")
    async def mark(self, paths: list[Path]) -> None:
        """Mark these paths too, wherever they are."""
        self._marks.add([row for path in paths if (row := await self._folders.row(path)) is not None])
        self.view.refresh()
        self.post_message(self.Marked(self.marked))

    def drop_marks(self) -> bool:
        """Drop all marks; return false when there are none."""
        had = bool(len(self._marks))
        self._marks.clear()
        self.view.refresh()
        if had:
            self.post_message(self.Marked([]))
        return had

    @on(KeyList.PageWanted)
    def _page_wanted(self, event: KeyList.PageWanted) -> None:
        event.stop()
        self._restore(event.index)

    @work(group="browse-pages")
    async def _restore(self, index: int) -> None:
        if await self._restorer.restore(self.view.listing, index):
            self.view.lines_changed()

    @on(LineView.Chosen)
    def _clicked(self, event: LineView.Chosen) -> None:
        event.stop()
        self.take_key("enter")
