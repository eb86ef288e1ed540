"""A prompt for a location such as `tmp:maps/2024/`; Tab completes from the server."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.location_field import Candidates, LocationField


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
        yield LocationField(self._location, self._candidates, id="location")
        yield Static("", id="note")

    @on(LocationField.Offered)
    def _offered(self, event: LocationField.Offered) -> None:
        self.say(event.words, role="$error" if event.is_error else "$text-muted")

    @on(Input.Submitted)
    def _submit(self) -> None:
        try:
            self.dismiss(self.query_one(LocationField).location)
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")
