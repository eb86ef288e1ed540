"""A text field for a local path: Tab completes and lists the candidates."""

from dataclasses import dataclass
from pathlib import Path

from textual import events, work
from textual.message import Message
from textual.widgets import Input

from storage_tui.tui.state.paths import complete


class PathInput(Input):
    """An Input whose Tab completes like a shell's. When nothing is left to complete, Tab goes to the next field."""

    @dataclass
    class Candidates(Message):
        """The names that continue the typed text."""

        names: list[str]

    @dataclass
    class Dropped(Message):
        """Several paths that are there were dropped or pasted."""

        paths: list[Path]

    def __init__(self, value: str, *, id: str | None = None, only_folders: bool = False) -> None:
        super().__init__(value, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False  # each blink is bytes over SSH
        self._only_folders = only_folders

    def on_key(self, event: events.Key) -> None:
        """Complete the path on Tab."""
        if event.key == "tab":
            event.stop()
            event.prevent_default()
            self._complete(self.value[: self.cursor_position], self.value[self.cursor_position :])

    def on_paste(self, event: events.Paste) -> None:
        """Take a dropped path without its quotes; several paths are for the dialog."""
        event.stop()
        event.prevent_default()
        self._paste(event.text)

    @work(thread=True, group="paste")
    def _paste(self, text: str) -> None:
        from storage_tui.tui.local.dropped import read_dropped  # loaded on demand, as all of the local side

        self.app.call_from_thread(self._pasted, text, list(read_dropped(text).paths))

    def _pasted(self, text: str, paths: list[Path]) -> None:
        if len(paths) > 1:
            self.post_message(self.Dropped(paths))
        elif paths:
            self.value = str(paths[0])
            self.cursor_position = len(self.value)
        elif lines := text.splitlines():
            self.insert_text_at_cursor(lines[0])

    @work(thread=True, exclusive=True, group="complete")
    def _complete(self, text: str, rest: str) -> None:
        completed, names = complete(text, only_folders=self._only_folders)
        self.app.call_from_thread(self._completed, text, completed, rest, names)

    def _completed(self, text: str, completed: str, rest: str, names: list[str]) -> None:
        if text + rest != self.value:
            return
        if completed == text and len(names) <= 1:
            self.screen.focus_next()
            return
        self.value = completed + rest
        self.cursor_position = len(completed)
        self.post_message(self.Candidates(names if len(names) > 1 else []))
