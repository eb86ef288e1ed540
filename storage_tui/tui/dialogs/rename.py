"""The questions of a rename: the new name of one row, and the list of many before they are renamed."""

from collections.abc import Awaitable, Callable, Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.dialogs.dialog import Dialog, field
from storage_tui.tui.moves.name_list import Renaming
from storage_tui.tui.moves.targets import renamed_key
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.text_lines import Line, TextLines

LINES_SHOWN = 1000  # more than anybody reads; the title has the full count

Taken = Callable[[str], Awaitable[bool]]
"""Whether a blob, or anything in a folder, has this key or prefix."""


class RenameScreen(Dialog[tuple[str, bool]]):
    """Asks for the name; the answer is the new key, and whether a blob that has this key is replaced."""

    HINT = "Enter renames, Esc leaves; a/b moves it into the folder a/"

    def __init__(self, row: Row, is_taken: Taken) -> None:
        super().__init__()
        self._row = row
        self._is_taken = is_taken
        self._asked = ""
        what = "folder" if isinstance(row, Folder) else "blob"
        self.TITLE_TEXT = f"Rename the {what} {visible(self._leaf, limit=50)}"

    @property
    def _leaf(self) -> str:
        return self._row.key[len(parent_prefix(self._row.key)) :].removesuffix("/") or self._row.key

    def compose_body(self) -> ComposeResult:
        """Yield the name and a note."""
        yield field(self._leaf, id="name")
        yield Static("", id="note")

    def on_mount(self) -> None:
        """Put the cursor before the suffix."""
        name = self._leaf
        stem, dot, _ = name.rpartition(".")
        self.query_one(Input).cursor_position = len(stem) if dot and stem and isinstance(self._row, Blob) else len(name)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._asked = ""
        self.workers.cancel_group(self, "look")
        self.say("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._look(event.value)

    @work(exclusive=True, group="look")
    async def _look(self, name: str) -> None:
        try:
            key = renamed_key(self._row, name)
            if key == self._row.key:
                self.dismiss(None)
                return
            is_taken = await self._is_taken(key)
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")
            return
        except EXPECTED as exc:
            self.say(visible(explain(exc)), role="$error")
            return
        if is_taken and self._asked != key:
            self._asked = key
            self.say(self._question(), role="$warning")
            return
        self.dismiss((key, is_taken))

    def _question(self) -> str:
        if isinstance(self._row, Folder):
            return "There is a folder of this name: Enter again puts the blobs into it, and replaces none"
        return "There is a blob of this name: Enter again replaces it"


class RenameManyScreen(Dialog[bool]):
    """Asks whether to rename these rows."""

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves all names as they are"

    def __init__(self, renamings: Sequence[Renaming]) -> None:
        super().__init__()
        self._renamings = renamings
        self.TITLE_TEXT = f"Rename {plural(len(renamings), 'row')}?"

    def compose_body(self) -> ComposeResult:
        """Yield each old and new name, and the answer."""
        yield Static(Content("A name that a blob outside of this list has is not taken; that row keeps its old name."))
        yield TextLines([_line(one) for one in self._renamings[:LINES_SHOWN]], indent=4, id="names")
        yield Choice([("yes", "Rename them"), ("no", "No")], id="answer")

    def on_mount(self) -> None:
        """Give the keys to the answer."""
        self.query_one(Choice).focus()

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(event.value == "yes")


def _line(one: Renaming) -> Line:
    folder = parent_prefix(one.row.key)
    new = one.key.removeprefix(folder)
    return [(visible(one.row.key[len(folder) :]), ""), ("  →  ", "dim"), (visible(new), "key")]
