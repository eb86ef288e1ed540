"""The question before a download: the target folder, and the choice for existing files."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.conflicts import CONFLICTS
from storage_tui.tui.dialogs.dialog import Dialog, label
from storage_tui.tui.dialogs.folder_check import FolderCheck
from storage_tui.tui.local.browse import FolderBrowser
from storage_tui.tui.state.formats import types_text
from storage_tui.tui.state.paths import folder_and_start
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.path_input import PathInput


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """The target folder, and the choice for existing files."""

    folder: Path
    conflict: Conflict


class DownloadScreen(Dialog[DownloadRequest]):
    """Asks for the folder; the folders of the keys are created below it."""

    def __init__(self, blobs: Sequence[Blob], folder: Path, *, verb: str = "Download", warning: str = "") -> None:
        """`warning` says what happens to the blobs after the download, if anything does."""
        super().__init__()
        self._folder = folder
        self._warning = warning
        self._check = FolderCheck(self, self._judge, self._answered)
        self._browser = FolderBrowser(only_folders=True, id="browser")
        self.HINT = f"Enter {verb.lower()}s, Tab completes, ↓ next field, Esc leaves"
        self._size_bytes = sum(blob.size_bytes or 0 for blob in blobs)
        what = f"{plural(len(blobs), 'blob')} from {types_text(blob.storage_type for blob in blobs)}"
        if len(blobs) == 1:
            what = visible(blobs[0].key, limit=60)
        bound = "at least " if any(blob.size_bytes is None for blob in blobs) else ""
        self.TITLE_TEXT = f"{verb} {what}, {bound}{size_text(self._size_bytes)}"

    def compose_body(self) -> ComposeResult:
        """Yield the warning, folder, room and conflicts."""
        if self._warning:
            yield Static(Content.styled(self._warning, "$warning"), id="before")
        yield label("To the local folder")
        yield PathInput(f"{str(self._folder).rstrip('/')}/", id="folder", only_folders=True)
        yield self._browser
        yield Static("", id="note")
        yield label("If a file is there already")
        yield Choice(CONFLICTS, id="conflict")

    def on_mount(self) -> None:
        """Check the folder."""
        self._check.look(self.query_one(PathInput).value)

    @on(Input.Changed, "#folder")
    def _changed(self, event: Input.Changed) -> None:
        self._check.look(event.value)
        self._browser.show(*folder_and_start(event.value))

    @on(FolderBrowser.Chosen)
    def _chosen(self, event: FolderBrowser.Chosen) -> None:
        line = self.query_one(PathInput)
        line.value = f"{str(event.path).rstrip('/')}/"
        line.cursor_position = len(line.value)

    def on_key(self, event: events.Key) -> None:
        """Give the keys of the list to the list."""
        if self._browser.has_keys and self._browser.take_key(event.key):
            event.stop()
            event.prevent_default()

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        self._check.answer(self.query_one(PathInput).value.strip())

    def _judge(self, folder: Path) -> tuple[str, str]:
        return _told(folder, self._size_bytes)

    def _answered(self, folder: Path) -> None:
        self.dismiss(DownloadRequest(folder, self.query_one("#conflict", Choice).value))


def _told(folder: Path, wanted_bytes: int) -> tuple[str, str]:
    """Return the text about a target folder, and its colour. Raises OSError."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return f"{there} is a file, not a folder", "$error"
    free = shutil.disk_usage(there).free
    new = "" if there == folder else "The folder is made. "
    if free < wanted_bytes:
        return f"{new}{size_text(free)} free, {size_text(wanted_bytes)} wanted", "$warning"
    return f"{new}{size_text(free)} free", "$text-muted"
