"""A prompt for a location such as `tmp:maps/2024/`; Tab completes from the server."""

import os
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.places import Place, is_url, parse_place, web_place
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.paths import expand
from storage_tui.tui.widgets.location_field import Candidates, LocationField


class GoToScreen(Dialog[Location | Path | str]):
    """Asks for a location. A local path that is there is offered: the second Enter answers with the path. A text that
    names another place, such as `s3://BUCKET/maps/`, is answered as it is."""

    TITLE_TEXT = "Go to"
    HINT = "TYPE:PREFIX/, TYPE:KEY or s3://BUCKET/KEY, Tab completes, Enter goes there, Esc leaves"

    def __init__(self, location: Location, candidates: Candidates, *, lead: str = "") -> None:
        super().__init__()
        self._lead = lead
        self._location = location
        self._candidates = candidates
        self._offered_path: tuple[str, Path] | None = None  # the text of the field, and the path that it names

    def compose_body(self) -> ComposeResult:
        """Yield the field."""
        yield LocationField(self._location, self._candidates, id="location", lead=self._lead)
        yield Static("", id="note")

    @on(LocationField.Offered)
    def _offered(self, event: LocationField.Offered) -> None:
        self.say(event.words, role="$error" if event.is_error else "$text-muted")

    @on(Input.Submitted)
    def _submit(self) -> None:
        text = self.query_one(LocationField)
        if self._offered_path is not None and self._offered_path[0] == text.value:
            self.dismiss(self._offered_path[1])
        elif text.other_place is not None:
            self._go_elsewhere(text.other_place)
        elif text.local_text is not None:
            self._look(text.value, text.local_text)
        else:
            self._go()

    @work(thread=True, exclusive=True, group="look")
    def _look(self, asked: str, text: str) -> None:
        path = expand(text)
        try:
            found, is_folder = (path if os.path.lexists(path) else None), path.is_dir()
        except (OSError, ValueError):
            found, is_folder = None, False
        self.app.call_from_thread(self._looked, asked, found, is_folder=is_folder)

    def _looked(self, asked: str, path: Path | None, *, is_folder: bool) -> None:
        if not self.is_current or self.query_one(LocationField).value != asked:
            return
        if path is None:
            self._go()
            return
        self._offered_path = asked, path
        given = str(self._location)
        key = visible(f"{given}{self._location.storage_type}:{asked.removeprefix(given)}", limit=60)
        place = visible(str(path), limit=60)
        words = f"Enter again opens the local side: this is on this machine.\nLocal: {place}\nAs a key, type {key}"
        if is_folder:
            url = str(Place("file", root=str(path.absolute())))
            words += f"\nIn a tab of its own, type {visible(url, limit=300)}"
        self.say(words, role="$warning")

    def _go_elsewhere(self, text: str) -> None:
        try:
            if is_url(text):
                web_place(text.rpartition(DELIMITER)[0] + DELIMITER)
            else:
                parse_place(text)
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")
        else:
            self.dismiss(text)

    def _go(self) -> None:
        try:
            self.dismiss(self.query_one(LocationField).location)
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")
