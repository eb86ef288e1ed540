"""The question for the name of a new blob; a name with slashes makes the folders too."""

from collections.abc import Awaitable, Callable

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location, check_key, check_name
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.dialogs.dialog import Dialog, field, label
from storage_tui.tui.state.messages import explain
from storage_tui.tui.widgets.bar_content import rule_text

Exists = Callable[[str], Awaitable[bool]]
"""Whether there is a blob with this key."""


class NewBlobScreen(Dialog[str]):
    """Asks for a name below `folder`; the answer is a key that no blob has. `name` is that of a folder in a
    place."""

    HINT = "Enter opens the editor, Esc leaves"

    def __init__(self, folder: Location, exists: Exists, place: OpenPlace | None, *, name: str = "") -> None:
        """`name` is the folder as the open place calls it, where its storage type is no name of it."""
        super().__init__()
        self._folder = folder
        self._exists = exists
        rule = "" if name else f" ({rule_text(folder.storage_type, place)})"
        self.TITLE_TEXT = f"New blob in {name or place_text(folder)}{rule}"

    def compose_body(self) -> ComposeResult:
        """Yield the name and a note."""
        yield label("Name; a/b.txt makes the folder a/ too")
        yield field("", id="name", placeholder="notes.txt")
        yield Static("", id="note")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.workers.cancel_group(self, "look")
        self.say(visible(f"{self._folder}{event.value}", limit=200) if event.value else "")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._look(event.value)

    @work(exclusive=True, group="look")
    async def _look(self, name: str) -> None:
        try:
            if not name.strip():
                self.say("type a name", role="$error")
                return
            if name.endswith(DELIMITER):
                self.say("a folder is made by the blobs in it: add the name of a blob", role="$error")
                return
            key = check_name(self._folder.key + check_key(name))
            if await self._exists(key):
                self.say(f"{visible(name, limit=60)} exists already; e in the list edits it", role="$error")
                return
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")
            return
        except EXPECTED as exc:
            self.say(visible(explain(exc)), role="$error")
            return
        self.dismiss(key)
