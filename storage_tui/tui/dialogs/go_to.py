"""A prompt for a location such as `tmp:maps/2024/`; Tab completes from the server."""

from collections.abc import Awaitable, Callable, Sequence

from textual import events, on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.dialogs.dialog import Dialog, field
from storage_tui.tui.state.messages import explain

SHOWN = 8  # candidates listed by name; the count includes the rest

Candidates = Callable[[Location], Awaitable[Sequence[str]]]
"""The keys and folders that begin with a location's key."""


class GoToScreen(Dialog[Location]):
    """Asks for a location."""

    TITLE_TEXT = "Go to"
    HINT = "TYPE:PREFIX/ or TYPE:KEY, Tab completes, Enter goes there, Esc leaves"

    def __init__(self, location: Location, candidates: Candidates) -> None:
        super().__init__()
        self._location = location
        self._candidates = candidates

    def compose_body(self) -> ComposeResult:
        """Yield the field."""
        yield field(str(self._location), id="location")
        yield Static("", id="note")

    def on_key(self, event: events.Key) -> None:
        """Complete the location on Tab."""
        if event.key == "tab":
            event.stop()
            event.prevent_default()
            self._complete(self.query_one(Input).value)

    def _meant(self, text: str) -> str:
        """Return the location that the text means: one typed after the given one replaces it, and is not below it."""
        rest = text.removeprefix(str(self._location))
        return rest if rest.partition(":")[0] in STORAGE_TYPES and ":" in rest else text

    @work(exclusive=True, group="complete")
    async def _complete(self, text: str) -> None:
        if ":" not in text:
            self._offer(text, text, [f"{name}:" for name in STORAGE_TYPES if name.startswith(text)])
            return
        try:
            location = Location.parse(self._meant(text.strip()))
            found = await self._candidates(location)
        except EXPECTED as exc:
            self.say(visible(explain(exc)), role="$error")
            return
        self._offer(text, location.key, found, start=f"{location.storage_type}:")

    def _offer(self, asked: str, typed: str, found: Sequence[str], *, start: str = "") -> None:
        line = self.query_one(Input)
        if line.value != asked:
            return
        shared = _shared(found)
        if len(shared) > len(typed):
            line.value = start + shared
            line.cursor_position = len(line.value)
        cut = shared.rfind("/", 0, len(shared) - 1) + 1 if shared else 0
        names = "  ".join(visible(name[cut:], limit=40) for name in found[:SHOWN])
        more = f"  and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        self.say((names + more if len(found) > 1 else "") or ("" if found else "Nothing begins with that."))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(Location.parse(self._meant(event.value.strip())))
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")


def _shared(names: Sequence[str]) -> str:
    """Return the text that all names begin with."""
    first, last = min(names, default=""), max(names, default="")
    return first[
        : next((at for at, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1), len(first))
    ]
