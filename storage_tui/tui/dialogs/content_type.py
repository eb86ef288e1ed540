"""The question for the content type of one blob, or of several."""

from collections.abc import Collection, Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from storage_tui.client.transfer.content_types import TYPES, guess_type
from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog, field, label

BINARY = "application/octet-stream"
KNOWN = (BINARY, *sorted(set(TYPES.values())))
SHOWN = 4  # known types in one line below the field


class ContentTypeScreen(Dialog[str]):
    """Asks for a content type; the answer is the text as typed, which the server checks."""

    HINT = "Enter sets the type, Esc leaves"

    def __init__(self, blobs: Sequence[Blob]) -> None:
        super().__init__()
        self._present = {blob.content_type or BINARY for blob in blobs}
        self._last_segment = blobs[0].key.rpartition("/")[2] if len(blobs) == 1 else ""
        one = visible(self._last_segment or blobs[0].key, limit=60)
        self.TITLE_TEXT = f"Content type of {one if len(blobs) == 1 else plural(len(blobs), 'blob')}"
        if len(blobs) == 1 and blobs[0].expires is not None:
            self.HINT = "Enter sets the type and keeps the blob for seven days from now, Esc leaves"

    def compose_body(self) -> ComposeResult:
        """Yield the present type, the field, and the types that match."""
        yield label(f"now {_listed(self._present)}")
        yield field(next(iter(self._present)) if len(self._present) == 1 else "", id="type", placeholder="text/csv")
        guess = guess_type(self._last_segment)
        yield Static(Content("" if guess is None else f"by its name {guess}"), id="note")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        typed = event.value.strip().lower()
        if typed and typed not in self._present:
            found = [name for name in KNOWN if typed in name]
            self.say(", ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else ""))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        if not typed:
            self.say("type a content type such as text/csv", role="$error")
        elif {typed} == self._present:
            self.say("this is the present type", role="$error")
        else:
            self.dismiss(typed)


def _listed(names: Collection[str]) -> str:
    first, *others = sorted(names)
    return visible(first, limit=60) + (f" and {plural(len(others), 'other')}" if others else "")
