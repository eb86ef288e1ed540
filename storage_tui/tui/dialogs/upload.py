"""The question before an upload: the file or folder, the prefix, and the choice for existing keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static
from textual.worker import Worker, get_current_worker

from storage_tui.client.batch.folders import LeftOut, LocalFile, find_files
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location, check_key, check_prefix
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.conflicts import CONFLICTS
from storage_tui.tui.dialogs.dialog import Dialog, field, label
from storage_tui.tui.state.paths import expand
from storage_tui.tui.widgets.bar_content import rule_text
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.path_input import PathInput

FILES_AT_MOST = 200_000  # about 60 MB; more files are uploaded in parts
CANDIDATES_SHOWN = 12
ASKED_FROM = 11  # files; up to ten can be taken in at a glance, as for a delete


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """The chosen path, its files with their keys, and the choice for existing keys."""

    path: Path
    files: Sequence[LocalFile]
    conflict: Conflict

    @property
    def root(self) -> Path | None:
        """The folder below which no symbolic link is followed; None for a single file."""
        return None if len(self.files) == 1 and self.files[0].path == self.path else self.path


class UploadScreen(Dialog[UploadRequest]):
    """Asks for the path; the files are counted while the user types.

    The initial folder only starts the typing and is no answer yet. When Enter chooses it, or any folder of many files,
    the dialog asks again.
    """

    HINT = "Tab completes, Enter uploads, ↓ next field, Esc leaves"

    def __init__(self, location: Location, folder: Path) -> None:
        super().__init__()
        self._location = location
        self._given = f"{folder}/"
        self._found: UploadRequest | None = None
        self._asked: UploadRequest | None = None
        self._is_wanted = False
        self.TITLE_TEXT = f"Upload to {location.storage_type} ({rule_text(location.storage_type)})"

    def compose_body(self) -> ComposeResult:
        """Yield path, content, prefix and conflicts."""
        yield label("Local file or folder")
        yield PathInput(self._given, id="path")
        yield Static("", id="note")
        yield label("Under the prefix")
        yield field(self._location.key, id="prefix")
        if STORAGE_TYPES[self._location.storage_type].may_overwrite:
            yield label("If a key is there already")
            yield Choice(CONFLICTS, id="conflict")

    @on(Input.Changed)
    def _changed(self) -> None:
        self._found, self._is_wanted = None, False
        self.workers.cancel_group(self, "look")
        if self._is_untouched:
            self.say("Type the name of a file or folder; Tab completes.")
        else:
            self._look_now()

    @property
    def _is_untouched(self) -> bool:
        return self.query_one("#path", Input).value == self._given

    def _look_now(self) -> None:
        self._look(self.query_one("#path", Input).value, self.query_one("#prefix", Input).value)

    @on(PathInput.Candidates)
    def _candidates(self, event: PathInput.Candidates) -> None:
        if event.names:
            more = "" if len(event.names) <= CANDIDATES_SHOWN else f"  and {len(event.names) - CANDIDATES_SHOWN:,} more"
            self.say("  ".join(visible(name, limit=40) for name in event.names[:CANDIDATES_SHOWN]) + more)

    @work(thread=True, exclusive=True, group="look")
    def _look(self, text: str, prefix: str) -> None:
        worker = get_current_worker()
        path = expand(text)
        files: list[LocalFile] = []
        left_out: list[LeftOut] = []
        try:
            if not path.exists():
                words = "No such file or folder. Tab completes."
                self.app.call_from_thread(self._looked, worker, words, "$text-muted", None)
                return
            base = check_prefix(prefix)
            if path.is_file():
                files = [LocalFile(path, check_key(base + path.name), path.stat().st_size)]
            else:
                for file in find_files(path, f"{base}{path.name}/", left_out.append):
                    files.append(file)
                    if worker.is_cancelled:
                        return
                    if len(files) > FILES_AT_MOST:
                        raise OSError(f"more than {FILES_AT_MOST:,} files; upload its folders one by one")
        except (StorageError, OSError) as exc:
            self.app.call_from_thread(self._looked, worker, visible(str(exc)), "$error", None)
            return
        size_bytes = sum(file.size_bytes for file in files)
        first = visible(files[0].key, limit=50) if files else ""
        words = f"File, {size_text(size_bytes)}, becomes {first}"
        if path.is_dir():
            words = f"Folder, {plural(len(files), 'file')}, {size_text(size_bytes)}" + (f", {first} …" if files else "")
            words += _left_out(left_out)
        found = UploadRequest(path, files, Conflict.SKIP) if files else None
        self.app.call_from_thread(self._looked, worker, words, "$success" if found else "$text-muted", found)

    def _looked(self, worker: Worker[None], words: str, role: str, found: UploadRequest | None) -> None:
        if worker.is_cancelled:
            return  # newer text is being checked
        self._found = found
        self.say(words, role=role)
        if self._is_wanted:
            self._submit()

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        if self._found is None:
            is_looking = any(worker.group == "look" and not worker.is_finished for worker in self.workers)
            if self._is_untouched and not is_looking:
                self.say("Counting the files in this folder…")
                self._look_now()
                is_looking = True
            self._is_wanted = is_looking
            return
        if not self._is_clear(self._found) and self._asked is not self._found:
            self._asked = self._found
            self.say(_question(self._found), role="$warning")
            return
        choices = self.query("#conflict").results(Choice)
        conflict: Conflict = next((choice.value for choice in choices), Conflict.OVERWRITE)
        self.dismiss(UploadRequest(self._found.path, self._found.files, conflict))

    def _is_clear(self, found: UploadRequest) -> bool:
        return found.root is None or (len(found.files) < ASKED_FROM and not self._is_untouched)


def _left_out(rows: Sequence[LeftOut]) -> str:
    """Return how many things of a folder are left out, and the first of them; a failure comes before a link."""
    if not rows:
        return ""
    first = next((row for row in rows if row.is_failure), rows[0])
    return f"\n{len(rows):,} left out: {visible(first.why, limit=120)}"


def _question(found: UploadRequest) -> str:
    size = size_text(sum(file.size_bytes for file in found.files))
    first = visible(found.files[0].key, limit=50)
    return f"{plural(len(found.files), 'file')}, {size}: Enter again uploads them all, as {first} …; Esc leaves"
