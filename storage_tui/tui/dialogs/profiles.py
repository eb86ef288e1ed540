"""The profiles of the settings file, one server each: choose the next one, or add one."""

from collections.abc import Mapping

from textual import events, on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.visible import visible
from storage_tui.tui.desk import AddProfile
from storage_tui.tui.dialogs.dialog import Dialog, field, label
from storage_tui.tui.widgets.text_lines import Line, TextLines

NAME_CELLS = 16
ADD = "a"
NONE_YET = """No profile yet. a adds one here; so does a table of the settings file:

[profiles.lab]
url = "https://lab.example/storage/v1"
token_file = "~/.lab-token"
"""


class ProfilesScreen(Dialog[str]):
    """Asks for a profile; the answer is its name, empty for no profile, and ADD_PROFILE for a new one."""

    TITLE_TEXT = "Profiles"
    HINT = "↑ ↓ Enter choose, a adds a profile, Esc leaves"
    ADD_PROFILE = "\0"  # no profile has this name

    def __init__(self, profiles: Mapping[str, str], current: str, *, may_add: bool = False) -> None:
        super().__init__()
        self._names = ["", *profiles]
        self._profiles = profiles
        self._current = current
        self._may_add = may_add

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
        elif event.key == ADD and self._may_add:
            event.stop()
            self.dismiss(self.ADD_PROFILE)

    @on(TextLines.Chosen)
    def _choose(self) -> None:
        self.dismiss(self._names[self.query_one(TextLines).current] if self._profiles else None)


class NewProfileScreen(Dialog[str]):
    """Asks for a name, an address and the file of a token, and adds the profile; the answer is its name."""

    TITLE_TEXT = "New profile"
    HINT = "↑ ↓ fields, Enter adds, Esc leaves"

    def __init__(self, add: AddProfile) -> None:
        super().__init__()
        self._add = add

    def compose_body(self) -> ComposeResult:
        """Yield the fields."""
        yield label("name")
        yield field("", id="name", placeholder="lab")
        yield label("address")
        yield field("", id="url", placeholder="https://lab.example/storage/v1")
        yield label("file of the token, if the server wants one")
        yield field("", id="token_file", placeholder="~/.lab-token")
        yield Static("", id="note")

    @on(Input.Submitted)
    def _submit(self) -> None:
        fields = ("name", "url", "token_file")
        name, url, token_file = (self.query_one(f"#{text}", Input).value.strip() for text in fields)
        if not name or not url:
            self.say("A profile has a name and an address.", role="$warning")
            return
        self._write(name, {"url": url, **({"token_file": token_file} if token_file else {})})

    @work(exclusive=True, thread=True)
    def _write(self, name: str, values: dict[str, str]) -> None:
        try:
            self._add(name, values)
        except Exception as exc:  # of the settings: one line, and a defect is shown too
            self.app.call_from_thread(self.say, visible(str(exc)), role="$error")
        else:
            self.app.call_from_thread(self.dismiss, name)
