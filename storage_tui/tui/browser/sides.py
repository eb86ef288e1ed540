"""The two sides of the main screen: which of them has the keys. The local side is loaded when it is first wanted."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.containers import Container

from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.browser.preview import PreviewKeys
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import Desk
from storage_tui.tui.lists.program import ProgramActions
from storage_tui.tui.look.row_keys import RowKeys
from storage_tui.tui.rows.actions import RowActions
from storage_tui.tui.rows.job import Job
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.row_preview import RowPreview

if TYPE_CHECKING:
    from storage_tui.tui.local.across import Across
    from storage_tui.tui.local.side import LocalSide

ACROSS = ("other-side", "copy-across", "move-across")  # what the footer says first while both sides are open
LOCAL_IS_OPEN = "-local"  # classes of the screen
LOCAL_HAS_KEYS = "-at-local"


class Sides:
    """Shows and hides the local side, and gives the keys to a side. `changed` is called when the lines must change."""

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: Desk,
        job: Job,
        view: KeyList,
        pane: RowPreview,
        *,
        place: OpenPlace,
        preview: PreviewKeys,
        actions: RowActions,
        program: ProgramActions,
        upload: Callable[[], Any],
        changed: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._job = job
        self._view = view
        self._pane = pane
        self._place = place
        self._preview = preview
        self._actions = actions
        self._program = program
        self._upload = upload
        self._changed = changed
        self._row_keys = RowKeys(screen)
        self._side: LocalSide | None = None
        self._made: Across | None = None

    @property
    def is_open(self) -> bool:
        """Whether the local side is on the screen."""
        return self._screen.has_class(LOCAL_IS_OPEN)

    @property
    def local(self) -> "LocalSide | None":
        """The local side while it has the keys; else None."""
        return self._side if self._side is not None and self._side.has_keys else None

    def targets(self) -> tuple[object, ...]:
        """Return the objects of the local side that carry out commands, while it has the keys."""
        return (*self.local.targets(), self._across) if self.local is not None else ()

    def show_row(self) -> None:
        """Preview the row under the cursor of the side with the keys, and name its keys in the footer."""
        self._row_keys.follow((self._view if self.local is None else self.local.view).current)
        (self.local.preview if self.local is not None else self._preview).show_row()

    def say_lines(self) -> None:
        """Update the lines of the local side."""
        if self._side is not None and self.is_open:
            self._side.say_lines()

    def say_status(self, status: Bar, gauge: Any) -> bool:
        """Show the status of the local side if it has the keys; return false otherwise."""
        if self.local is None:
            return False
        self.local.say_status(status, gauge, width=self._screen.size.width)
        return True

    def tick(self) -> None:
        """Finish moves whose transfers have ended."""
        if self._made is not None:
            self._made.moves.look()

    def reload(self) -> None:
        """Read the local folder again: transfers have ended."""
        if self._side is not None and self.is_open:
            self._side.reload()

    def follow_focus(self) -> None:
        """Give the keys to the side whose list has the focus now."""
        focused = self._screen.focused
        if self._side is not None and focused in (self._view, self._side.view):
            self._give_keys(to_local=focused is self._side.view)

    async def open_path(self, path: Path) -> None:
        """Show a local folder, or the folder of a file with the cursor on the file, and give the local side the
        keys."""
        if not self.is_open:
            await self.action_local_side()
        side = self._side
        assert side is not None
        self._screen.set_focus(side.view)
        self._give_keys(to_local=True)
        is_folder = await asyncio.to_thread(path.is_dir)
        side.walking.open_path(path if is_folder else path.parent, at=None if is_folder else str(path))

    def pasted(self, text: str) -> None:
        """Offer pasted paths as an upload."""
        self._across.take_pasted(text)

    @property
    def _across(self) -> "Across":
        if self._made is None:
            from storage_tui.tui.local.across import Across

            self._made = Across(self._screen, self._desk, self._job, self._place, changed=self._changed)
        return self._made

    def _give_keys(self, *, to_local: bool) -> None:
        side = self._side
        if side is None or side.has_keys == to_local:
            return
        side.has_keys = to_local
        self._screen.set_class(to_local, LOCAL_HAS_KEYS)
        for view in (self._view, side.view):
            view.restyle()
        self._screen.use_context("local" if to_local else "browser")
        self._changed()
        self.show_row()

    # Commands

    async def action_local_side(self) -> None:
        """Show the local side and give it the keys, or hide it."""
        if self.is_open:
            self._screen.set_focus(self._view)
            self._give_keys(to_local=False)
            self._screen.remove_class(LOCAL_IS_OPEN)
            self._row_keys.lead_with(())
            return
        if self._side is None:
            from storage_tui.tui.local.side import LocalSide

            self._side = LocalSide(self._screen, self._desk, self._job, self._pane, changed=self._changed)
            self._across.meet(self._side)
            await self._screen.query_one("#main", Container).mount(self._side.widget, after=self._view)
        self._screen.add_class(LOCAL_IS_OPEN)
        self._row_keys.lead_with(ACROSS)
        self._side.show()
        self._screen.set_focus(self._side.view)
        self._give_keys(to_local=True)

    def action_other_side(self) -> None:
        """Give the keys to the other side; without a local side, show the details of the row."""
        if self._side is None or not self.is_open:
            self._program.action_details()
        else:
            self._screen.set_focus(self._view if self._side.has_keys else self._side.view)
            self.follow_focus()

    def action_copy_across(self) -> None:
        """Copy the rows of the store into the local folder; without a local side, ask for a folder."""
        if self.is_open:
            self._across.download(self._actions.chosen(), is_move=False)
        else:
            self._actions.action_download()

    def action_move_across(self) -> Any:
        """Move the rows of the store into the local folder; without a local side, upload."""
        if self.is_open:
            self._across.download(self._actions.chosen(), is_move=True)
            return None
        return self._upload()
