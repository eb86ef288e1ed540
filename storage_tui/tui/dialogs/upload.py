"""The question before an upload: the file or folder, the prefix, and the choice for existing keys."""

from pathlib import Path

from textual import events, on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static
from textual.worker import Worker, get_current_worker

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import KeyRules, Location
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.conflicts import CONFLICTS
from storage_tui.tui.dialogs.dialog import Dialog, field, label
from storage_tui.tui.dialogs.send import SendRequest, chosen_words, left_out_words
from storage_tui.tui.local.browse import FolderBrowser
from storage_tui.tui.local.chosen import Chosen, find_chosen
from storage_tui.tui.state.paths import expand, folder_and_start
from storage_tui.tui.widgets.bar_content import rule_text
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.path_input import PathInput

CANDIDATES_SHOWN = 12
ASKED_FROM = 11  # files; up to ten can be taken in at a glance, as for a delete


class UploadScreen(Dialog[SendRequest]):
    """Asks for the path, typed or found in the list below it; the files are counted meanwhile.

    Rows that are marked in the list are uploaded instead of the typed path. The initial folder only starts the typing
    and is no answer yet. When Enter chooses it, or any folder of many files, the dialog asks again.
    """

    HINT = "Tab completes, Enter uploads, ↓ list (Space marks), Esc leaves"

    def __init__(self, location: Location, folder: Path, rules: KeyRules, place: OpenPlace | None) -> None:
        super().__init__()
        self._location, self._rules = location, rules
        self._given = f"{str(folder).rstrip('/')}/"
        self._found: Chosen | None = None
        self._asked: Chosen | None = None
        self._is_wanted = False
        self._browser = FolderBrowser(id="browser")
        self.TITLE_TEXT = f"Upload to {location.storage_type} ({rule_text(location.storage_type, place)})"

    def compose_body(self) -> ComposeResult:
        """Yield path, list, content, prefix and conflicts."""
        yield label("Local file or folder")
        yield PathInput(self._given, id="path")
        yield self._browser
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
        text = self.query_one("#path", Input).value
        self._browser.show(*folder_and_start(text))
        if self._is_untouched:
            self.say("Type the name of a file or folder; Tab completes.")
        else:
            self._look_now()

    @property
    def _is_untouched(self) -> bool:
        return not self._browser.marked and self.query_one("#path", Input).value == self._given

    def _look_now(self) -> None:
        self._look(self.query_one("#path", Input).value, self._browser.marked, self.query_one("#prefix", Input).value)

    @on(FolderBrowser.Marked)
    def _marked(self) -> None:
        self._changed()

    @on(FolderBrowser.Chosen)
    def _chosen(self, event: FolderBrowser.Chosen) -> None:
        """Show the folder; upload the file, or the marked rows."""
        line = self.query_one("#path", Input)
        if event.is_folder:
            line.value = f"{str(event.path).rstrip('/')}/"
            line.cursor_position = len(line.value)
            return
        if not self._browser.marked:
            with line.prevent(Input.Changed):  # whose handler would take the answer back
                line.value = str(event.path)
            self._found = None
            self._look_now()
        self._submit()

    def on_key(self, event: events.Key) -> None:
        """Give the keys of the list to the list; Esc drops its marks first."""
        is_taken = self._browser.has_keys and self._browser.take_key(event.key)
        if is_taken or (event.key == "escape" and self._browser.drop_marks()):
            event.stop()
            event.prevent_default()

    @on(PathInput.Dropped)
    def _dropped(self, event: PathInput.Dropped) -> None:
        self._browser.mark(event.paths)

    @on(PathInput.Candidates)
    def _candidates(self, event: PathInput.Candidates) -> None:
        if event.names:
            more = "" if len(event.names) <= CANDIDATES_SHOWN else f"  and {len(event.names) - CANDIDATES_SHOWN:,} more"
            self.say("  ".join(visible(name, limit=40) for name in event.names[:CANDIDATES_SHOWN]) + more)

    @work(thread=True, exclusive=True, group="look")
    def _look(self, text: str, marked: list[Path], prefix: str) -> None:
        worker = get_current_worker()
        paths = marked or [expand(text)]
        found: Chosen | None = None
        try:
            if not marked and not paths[0].exists():
                words, role = "No such file or folder. Tab completes.", "$text-muted"
            else:
                found = find_chosen(
                    paths, prefix, follow=not marked, is_over=lambda: worker.is_cancelled, rules=self._rules
                )
                words, role = _words(found), "$success" if found.files else "$text-muted"
        except (StorageError, OSError, ValueError) as exc:
            words, role = visible(str(exc)), "$error"
        self.app.call_from_thread(self._looked, worker, words, role, found if found and found.files else None)

    def _looked(self, worker: Worker[None], words: str, role: str, found: Chosen | None) -> None:
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
        self.dismiss(SendRequest(self._found, conflict))

    def _is_clear(self, found: Chosen) -> bool:
        return not found.folders or (len(found.files) < ASKED_FROM and not self._is_untouched)


def _words(found: Chosen) -> str:
    """Return what was found: one file, one folder, or several marked paths."""
    size = size_text(found.size_bytes)
    if len(found.paths) > 1:
        return f"{len(found.paths):,} marked: {chosen_words(found)}"
    first = visible(found.files[0].file.key, limit=50) if found.files else ""
    if not found.folders:
        return f"File, {size}, becomes {first}" if first else left_out_words(found).strip()
    return (
        f"Folder, {plural(len(found.files), 'file')}, {size}"
        + (f", {first} …" if first else "")
        + left_out_words(found)
    )


def _question(found: Chosen) -> str:
    size = size_text(found.size_bytes)
    first = visible(found.files[0].file.key, limit=50)
    return f"{plural(len(found.files), 'file')}, {size}: Enter again uploads them all, as {first} …; Esc leaves"
