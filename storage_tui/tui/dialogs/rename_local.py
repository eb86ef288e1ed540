"""The question for the new name of a local file or folder."""

import asyncio
import os
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog, field

NAME_BYTES = 255  # of most file systems


class RenameLocalScreen(Dialog[str]):
    """Asks for a name that nothing in the folder has."""

    HINT = "Enter renames, Esc leaves"

    def __init__(self, path: Path, *, is_folder: bool) -> None:
        super().__init__()
        self._path = path
        self._is_folder = is_folder
        self.TITLE_TEXT = f"Rename the local {'folder' if is_folder else 'file'} {visible(path.name, limit=50)}"

    def compose_body(self) -> ComposeResult:
        """Yield the name, and a note. What a terminal cannot show of the old name is a `_` in the field."""
        name = "".join(character if character.isprintable() else "_" for character in self._path.name)
        yield field(name, id="name")
        yield Static("", id="note")

    def on_mount(self) -> None:
        """Put the cursor before the suffix."""
        text = self.query_one(Input)
        stem, dot, _ = text.value.rpartition(".")
        text.cursor_position = len(stem) if dot and stem and not self._is_folder else len(text.value)

    @on(Input.Changed)
    def _changed(self) -> None:
        self.workers.cancel_group(self, "look")
        self.say("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._look(event.value)

    @work(exclusive=True, group="look")
    async def _look(self, name: str) -> None:
        if name == self._path.name:
            self.dismiss(None)
        elif why := _why_not(name):
            self.say(why, role="$error")
        elif await asyncio.to_thread(os.path.lexists, self._path.parent / name):
            self.say(f"{visible(name, limit=60)} exists already, and nothing is replaced", role="$error")
        else:
            self.dismiss(name)


def _why_not(name: str) -> str:
    """Return why a text is no name of a file; empty when it is one."""
    if not name.strip() or name in (".", ".."):
        return "type a name"
    if "/" in name or "\0" in name:
        return "a name has no slash; F6 and the shell move files to other folders"
    if len(os.fsencode(name)) > NAME_BYTES:
        return f"a name has at most {NAME_BYTES} bytes"
    return ""
