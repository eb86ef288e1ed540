"""The question before a download: the target folder, and what to do with files that are there."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from storage_tui.client.batch_plan import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.tui.screens.dialog import Dialog, label
from storage_tui.tui.state.formats import types_text
from storage_tui.tui.state.paths import expand
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.path_input import PathInput

CONFLICTS: tuple[tuple[Conflict, str], ...] = (
    (Conflict.SKIP, "skip"),
    (Conflict.OVERWRITE, "overwrite"),
    (Conflict.RENAME, "keep both"),
    (Conflict.DIFFERENT, "overwrite if different"),
    (Conflict.RESUME, "overwrite if other size"),
)


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """Where to, and what to do with files that are there."""

    folder: Path
    conflict: Conflict


class DownloadScreen(Dialog[DownloadRequest]):
    """Asks for the folder; folders below it are made as the keys have them."""

    HINT = "Enter downloads, Tab completes, ↓ next field, Esc leaves"

    def __init__(self, blobs: Sequence[Blob], folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._size_bytes = sum(blob.size_bytes or 0 for blob in blobs)
        what = f"{plural(len(blobs), 'blob')} from {types_text(blob.storage_type for blob in blobs)}"
        if len(blobs) == 1:
            what = visible(blobs[0].key, limit=60)
        bound = "at least " if any(blob.size_bytes is None for blob in blobs) else ""
        self.TITLE_TEXT = f"Download {what}, {bound}{size_text(self._size_bytes)}"

    def compose_body(self) -> ComposeResult:
        """Folder, room, conflicts."""
        yield label("To the local folder")
        yield PathInput(f"{self._folder}/", id="folder", only_folders=True)
        yield Static("", id="note")
        yield label("If a file is there already")
        yield Choice(CONFLICTS, id="conflict")

    def on_mount(self) -> None:
        """Look at the folder."""
        self._look(self.query_one(PathInput).value)

    @on(Input.Changed, "#folder")
    def _changed(self, event: Input.Changed) -> None:
        self._look(event.value)

    @work(thread=True, exclusive=True, group="look")
    def _look(self, text: str) -> None:
        worker = get_current_worker()
        folder = expand(text)
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            words, role = f"{visible(str(there))} is a file, not a folder", "$error"
        else:
            free = shutil.disk_usage(there).free
            new = "" if folder.exists() else "The folder is made. "
            is_tight = free < self._size_bytes
            words = f"{new}{size_text(free)} free" + (f", {size_text(self._size_bytes)} wanted" if is_tight else "")
            role = "$warning" if is_tight else "$text-muted"
        if not worker.is_cancelled:  # what was typed since is being looked for
            self.app.call_from_thread(self.say, words, role=role)

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        text = self.query_one(PathInput).value.strip()
        folder = expand(text)
        if not text or (folder.exists() and not folder.is_dir()):
            self.say("name a folder", role="$error")
            return
        self.dismiss(DownloadRequest(folder, self.query_one("#conflict", Choice).value))
