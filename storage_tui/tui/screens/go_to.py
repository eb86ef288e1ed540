"""Go to a location that is typed, such as `tmp:maps/2024/`."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.tui.screens.dialog import Dialog, field
from storage_tui.tui.visible import visible


class GoToScreen(Dialog[Location]):
    """The location typed."""

    TITLE_TEXT = "Go to"
    HINT = "TYPE:PREFIX/ or TYPE:KEY, Enter goes there, Esc leaves"

    def __init__(self, location: Location) -> None:
        super().__init__()
        self._location = location

    def compose_body(self) -> ComposeResult:
        """One field."""
        yield field(str(self._location), id="location")
        yield Static("", id="note")

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(Location.parse(event.value.strip()))
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")
