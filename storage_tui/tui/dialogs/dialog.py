"""The base of the dialogs: a titled box, a hint, Esc to leave."""

from typing import TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from storage_tui.tui.background import end_workers
from storage_tui.tui.widgets.text_lines import TextLines

ResultT = TypeVar("ResultT")


class Dialog(ModalScreen[ResultT | None]):
    """A dialog that takes values and returns one by `dismiss`, or None by Esc."""

    CSS_PATH = "dialog.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (14, "-low"), (22, "-middle"), (30, "-tall")]
    TITLE_TEXT = ""
    HINT = "Enter continues, Esc leaves"
    IS_QUESTION = False  # whether the user must have seen the dialog before a key answers it

    def compose(self) -> ComposeResult:
        """Yield title, body and hint."""
        with Vertical(id="box"):
            yield Static(Content.styled(self.TITLE_TEXT, "bold"), id="title")
            yield from self.compose_body()
            yield Static(Content.styled(self.HINT, "$text-muted"), id="hint")

    def compose_body(self) -> ComposeResult:
        """Yield the widgets between title and hint."""
        return ()

    def say(self, text: str, *, id: str = "note", role: str = "$text-muted") -> None:
        """Put a line of text into the Static with this id."""
        self.query_one(f"#{id}", Static).update(Content.styled(text, role))

    async def _message_loop_exit(self) -> None:
        end_workers(self)
        await super()._message_loop_exit()

    def on_key(self, event: events.Key) -> None:
        """Leave on Esc; go from field to field on up and down."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key in ("down", "up") and not isinstance(self.focused, TextLines):
            event.stop()
            self.focus_next() if event.key == "down" else self.focus_previous()


def field(value: str, *, id: str, placeholder: str = "") -> Input:
    """Return a one-row text field."""
    text = Input(value, placeholder=placeholder, compact=True, select_on_focus=False, id=id)
    text.cursor_blink = False  # each blink is bytes over SSH
    return text


def label(text: str) -> Widget:
    """Return the name of a field."""
    return Static(Content.styled(text, "$text-muted"), classes="label")
