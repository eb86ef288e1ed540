"""The question before local paths that were chosen or pasted are uploaded: their names, count and bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
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
from storage_tui.tui.local.chosen import Chosen, find_chosen
from storage_tui.tui.widgets.bar_content import rule_text
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.text_lines import Line, TextLines

PATHS_SHOWN = 200  # the rest is summed up in a line


@dataclass(frozen=True, slots=True)
class SendRequest:
    """The files with their keys, and the choice for existing keys."""

    chosen: Chosen
    conflict: Conflict


class SendScreen(Dialog[SendRequest]):
    """Asks whether to upload these paths to a prefix. The files are counted while the question is on the screen."""

    IS_QUESTION = True

    def __init__(
        self, location: Location, paths: Sequence[Path], *, verb: str = "Upload", warning: str = "", note: str = "",
        rules: KeyRules, place: OpenPlace | None,
    ) -> None:  # fmt: skip
        """`warning` says what happens to the files after the upload; `note` what was left out before. `rules` are those
        of the server for its keys."""
        super().__init__()
        self._location, self._rules = location, rules
        self._paths = paths
        self._verb = verb
        self._warning = "\n".join(filter(None, (warning, note)))
        self._found: Chosen | None = None
        self._is_wanted = False
        names = plural(len(paths), "path") if len(paths) > 1 else visible(paths[0].name or str(paths[0]), limit=50)
        rule = rule_text(location.storage_type, place)
        self.TITLE_TEXT = f"{verb} {names} to {location.storage_type} ({rule})"
        self.HINT = f"Enter {verb.lower()}s, ↓ next field, Esc leaves all as it is"

    def compose_body(self) -> ComposeResult:
        """Yield the warning, the paths, the totals, the prefix and the conflicts."""
        if self._warning:
            yield Static(Content.styled(self._warning, "$warning"), id="before")
        yield TextLines(self._lines(), indent=4, id="paths")
        yield Static(Content("Counting…"), id="note")
        yield label("Under the prefix")
        yield field(self._location.key, id="prefix")
        if STORAGE_TYPES[self._location.storage_type].may_overwrite:
            yield label("If a key is there already")
            yield Choice(CONFLICTS, id="conflict")

    def on_mount(self) -> None:
        """Count the files; Enter answers."""
        self.query_one("#prefix", Input).focus()
        self._look(self._location.key)

    def _lines(self) -> list[Line]:
        lines: list[Line] = [[(visible(str(path)), "")] for path in self._paths[:PATHS_SHOWN]]
        if len(self._paths) > PATHS_SHOWN:
            lines.append([(f"and {len(self._paths) - PATHS_SHOWN:,} more", "dim")])
        return lines

    @on(Input.Changed, "#prefix")
    def _changed(self, event: Input.Changed) -> None:
        self._found, self._is_wanted = None, False
        self._look(event.value)

    @work(thread=True, exclusive=True, group="look")
    def _look(self, prefix: str) -> None:
        worker = get_current_worker()
        found: Chosen | None = None
        try:
            found = find_chosen(self._paths, prefix, is_over=lambda: worker.is_cancelled, rules=self._rules)
            words, role = chosen_words(found), "$success" if found.files else "$text-muted"
        except (StorageError, OSError, UnicodeEncodeError) as exc:
            words, role = visible(str(exc)), "$error"
        self.app.call_from_thread(self._looked, worker, words, role, found if found and found.files else None)

    def _looked(self, worker: Worker[None], words: str, role: str, found: Chosen | None) -> None:
        if worker.is_cancelled or not self.is_current:
            return  # newer text is being checked
        self._found = found
        self.say(words, role=role)
        if self._is_wanted:
            self._submit()

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        if self._found is None:
            self._is_wanted = any(worker.group == "look" and not worker.is_finished for worker in self.workers)
            return
        choices = self.query("#conflict").results(Choice)
        conflict: Conflict = next((choice.value for choice in choices), Conflict.OVERWRITE)
        self.dismiss(SendRequest(self._found, conflict))


def chosen_words(found: Chosen) -> str:
    """Return what was chosen, in words: files, bytes, the first key, and what is left out."""
    words = f"{plural(len(found.files), 'file')}, {size_text(found.size_bytes)}"
    if found.files:
        verb, more = ("becomes", "") if len(found.files) == 1 else ("become", " …")
        words += f", {verb} {visible(found.files[0].file.key, limit=50)}{more}"
    words += left_out_words(found)
    return words if found.files or found.left_out else "no file is in there"


def left_out_words(found: Chosen) -> str:
    """Return how much is left out, and the first of it; a failure comes before a link."""
    if not found.left_out:
        return ""
    first = next((row for row in found.left_out if row.is_failure), found.left_out[0])
    return f"\n{len(found.left_out):,} left out: {visible(first.why, limit=120)}"
