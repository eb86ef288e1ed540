"""The profiles of the settings file, one server each: choose the next one."""

from collections.abc import Mapping

from textual import events, on
from textual.app import ComposeResult

from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.text_lines import Line, TextLines

NAME_CELLS = 16
NONE_YET = """No profile yet. A table of the settings file makes one:

[profiles.lab]
url = "https://lab.example/storage/v1"
token_file = "~/.lab-token"
"""


class ProfilesScreen(Dialog[str]):
    """Asks for a profile; the answer is its name, empty for no profile."""

    TITLE_TEXT = "Profiles"
    HINT = "↑ ↓ Enter choose, Esc leaves"

    def __init__(self, profiles: Mapping[str, str], current: str) -> None:
        super().__init__()
        self._names = ["", *profiles]
        self._profiles = profiles
        self._current = current

    def compose_body(self) -> ComposeResult:
        """Yield no profile, then each profile; the current one is marked and under the cursor."""
        if not self._profiles:
            yield TextLines([[(line, "dim")] for line in NONE_YET.splitlines()], id="profiles")
            return
        view = TextLines([self._line(name) for name in self._names], indent=4, id="profiles")
        view.cursor = self._names.index(self._current) if self._current in self._names else 0
        yield view

    def _line(self, name: str) -> Line:
        is_current = name == self._current
        what = self._profiles.get(name, "the settings without a profile")
        return [
            ("● " if is_current else "  ", "good"),
            (f"{visible(name, limit=NAME_CELLS) or 'none':<{NAME_CELLS}} ", "key"),
            (visible(what), "dim"),
        ]

    def on_key(self, event: events.Key) -> None:
        """Choose by arrows and Enter."""
        if event.key in ("down", "up", "j", "k"):
            event.stop()
            event.prevent_default()
            self.query_one(TextLines).move_line(1 if event.key in ("down", "j") else -1)
        elif event.key == "enter":
            event.stop()
            self._choose()

    @on(TextLines.Chosen)
    def _choose(self) -> None:
        self.dismiss(self._names[self.query_one(TextLines).current] if self._profiles else None)
