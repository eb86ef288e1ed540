"""The commands that change one local file: another name, and an editor."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import SuspendNotSupported

from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.visible import visible
from storage_tui.machine.renames import rename_new
from storage_tui.machine.terminal_programs import EDITORS, NoProgramError, chosen_program, end_words, run_on_terminal
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.local.desk import LocalDesk
from storage_tui.tui.local.entry import LocalEntry, what_is
from storage_tui.tui.rows.job import Job
from storage_tui.tui.state.listing import Folder, Row


class LocalChanging:
    """Renames and edits the row under the cursor. `changed` is called with the key on which the cursor belongs now."""

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: LocalDesk,
        job: Job,
        *,
        current: Callable[[], Row | None],
        changed: Callable[[str], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._job = job
        self._current = current
        self._changed = changed

    def action_rename(self) -> None:
        """Ask for another name of the file or folder."""
        row = self._current()
        if row is None:
            self._desk.refuse("nothing to rename: the cursor is on no row")
        elif len(self._desk.marks):
            self._desk.refuse("one local row is renamed at a time: Esc takes the marks off")
        elif not self._job.is_busy():
            self._job.start(partial(self._rename, row))

    async def _rename(self, row: Row) -> None:
        from storage_tui.tui.dialogs.rename_local import RenameLocalScreen  # loaded on demand, as all rare screens are

        path, is_folder = Path(row.key), isinstance(row, Folder)
        name = await self._screen.app.push_screen_wait(RenameLocalScreen(path, is_folder=is_folder))
        if name is None:
            return
        target = path.parent / name
        try:
            await asyncio.to_thread(rename_new, path, target)
        except FileExistsError:
            self._desk.refuse(f"{visible(name, limit=60)} exists already; nothing was renamed")
        except OSError as exc:
            self._desk.fail(f"{visible(path.name, limit=60)} keeps its name", exc)
        else:
            self._desk.say(f"renamed {visible(path.name, limit=40)} to {visible(name, limit=40)}")
            self._changed(f"{target}{DELIMITER if is_folder else ''}")

    async def action_edit(self) -> None:
        """Open the file in an editor on this terminal."""
        row = self._current()
        if not isinstance(row, LocalEntry):
            self._desk.hint("an editor opens a file; the cursor is on " + ("no row" if row is None else "a folder"))
            return
        path = Path(row.key)
        is_file = row.kind == "file" or (row.kind == "link" and await asyncio.to_thread(path.is_file))
        if not is_file:
            self._desk.refuse(f"an editor opens a file; this is {visible(what_is(row))}")
        elif not self._job.is_busy():
            self._edit(path)
            self._changed(row.key)

    def _edit(self, path: Path) -> None:
        try:
            program = chosen_program(EDITORS, "vi")
            with self._screen.app.suspend():
                code = run_on_terminal(program, path)
        except SuspendNotSupported:
            self._desk.refuse("this terminal cannot be handed to an editor")
            return
        except NoProgramError as exc:
            self._desk.refuse(visible(str(exc)))
            return
        except OSError as exc:
            self._desk.fail("the editor cannot be started", exc)
            return
        self._screen.app.refresh(repaint=True)
        if code:
            self._desk.fail(end_words(program, code))
        else:
            self._desk.say(f"edited {visible(path.name, limit=60)}, which is on this machine")
