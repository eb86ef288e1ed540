"""The commands that make and change blobs: edit, new blob, keep seven more days, content type, archives."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import Desk
from storage_tui.tui.rows.job import Job
from storage_tui.tui.state.listing import Row

Which = Callable[[str], Awaitable[list[Row] | None]]
"""Returns the rows to act on, after a question where marks are out of sight."""


class EditActions:
    """Edits on rows of a list.

    `current` returns the row under the cursor, `asked` the chosen rows. `written` is called with the place of
    a blob that was stored, `changed` when marks or times have changed.
    """

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: Desk,
        job: Job,
        *,
        current: Callable[[], Row | None],
        asked: Which,
        written: Callable[[Location], None],
        changed: Callable[[], None],
        folder: Callable[[], Location] | None = None,
    ) -> None:
        """`folder` returns the open folder, for new blobs."""
        self._screen = screen
        self._desk = desk
        self._job = job
        self._current = current
        self._asked = asked
        self._written = written
        self._changed = changed
        self._folder = folder

    def action_edit(self) -> None:
        """Open the blob in an editor, and write it back after a question."""
        row = self._current()
        if not isinstance(row, Blob):
            self._desk.hint("an editor opens a blob; the cursor is on " + ("no row" if row is None else "a folder"))
        elif not STORAGE_TYPES[row.storage_type].may_overwrite:
            rule = STORAGE_TYPES[row.storage_type]
            way_out = rule.way_out.partition(", or ")[0]
            self._desk.refuse(f"blobs of {rule.name} cannot be edited: {rule.summary}; {way_out}")
        elif not self._job.is_busy():
            self._job.start(partial(self._edit, Location(row.storage_type, row.key)))

    async def _edit(self, location: Location, *, is_new: bool = False) -> None:
        from storage_tui.tui.edits.editing import edit  # transfers and editors are loaded on demand
        from storage_tui.tui.edits.voice import DeskVoice

        written = await edit(self._screen.app, self._desk, location, DeskVoice(self._desk), is_new=is_new)
        if written is not None and self._screen.has_lines:
            self._written(written.location)

    def action_new_blob(self) -> None:
        """Ask for a name, and open the editor on the new blob."""
        if self._folder is not None and not self._job.is_busy():
            self._job.start(partial(self._new_blob, self._folder()))

    async def _new_blob(self, folder: Location) -> None:
        from storage_tui.tui.dialogs.new_blob import NewBlobScreen  # loaded on demand, as all rare screens are

        async def exists(key: str) -> bool:
            return await self._desk.storage.exists(key, folder.storage_type)

        place = self._desk.place
        name = "" if place is None or place.types else self._desk.spell(folder)
        key = await self._screen.app.push_screen_wait(NewBlobScreen(folder, exists, place, name=name))
        if key is not None:
            await self._edit(Location(folder.storage_type, key), is_new=True)

    def action_keep_longer(self) -> None:
        """Keep the chosen blobs of tmp for another seven days."""
        if not self._job.is_busy():
            self._job.start(self._keep_longer)

    async def _keep_longer(self) -> None:
        from storage_tui.tui.edits.keeping import keep_longer

        rows = await self._asked("Keep which marks longer?")
        if rows is not None:
            await keep_longer(self._screen.app, self._desk, rows)
            if self._screen.has_lines:
                self._changed()

    def action_content_type(self) -> None:
        """Give the chosen blobs another content type."""
        if not self._job.is_busy():
            self._job.start(self._change_content_type)

    async def _change_content_type(self) -> None:
        from storage_tui.tui.edits.content_type import change_content_type

        rows = await self._asked("The content type of which marks?")
        if rows is not None:
            await change_content_type(self._screen.app, self._desk, rows)
            if self._screen.has_lines:
                self._changed()

    def action_thaw(self) -> None:
        """Ask the archive of a bucket for the chosen blobs."""
        if not self._job.is_busy():
            self._job.start(self._thaw)

    async def _thaw(self) -> None:
        from storage_tui.tui.edits.thawing import thaw_rows

        rows = await self._asked("Ask back which marks?")
        if rows is not None:
            await thaw_rows(self._screen.app, self._desk, rows)
