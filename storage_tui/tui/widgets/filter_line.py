"""The line at the bottom in which the filter is typed."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from storage_tui.tui.widgets.bar import Bar


class FilterLine(Horizontal):
    """A field that is there only while one types; its text stays when it closes."""

    @dataclass
    class Typed(Message):
        """The text is another one."""

        text: str

    @dataclass
    class Left(Message):
        """Enter was pressed, or the line was cleared: the keys go back to the list."""

    def __init__(self, sign: str = " /", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._sign = sign

    def compose(self) -> ComposeResult:
        """What is typed here, and the field."""
        yield Bar(id="prompt-label")
        field = Input("", compact=True, select_on_focus=False, id="filter")
        field.cursor_blink = False  # each blink is bytes over SSH
        yield field

    def on_mount(self) -> None:
        """Say what is typed here."""
        bar = self.query_one(Bar)
        bar.styles.width = len(self._sign)
        bar.say(Content.styled(self._sign, "bold $accent"))

    @property
    def is_typing(self) -> bool:
        """Whether the field has the keys."""
        return self._field.has_focus

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    def open(self) -> None:
        """Take the keys."""
        self.add_class("-open")
        self.screen.set_focus(self._field)  # at once, so that what is typed meanwhile goes there

    def close(self) -> bool:
        """Hide; False when it was hidden already."""
        was_open = self.has_class("-open")
        self.remove_class("-open")
        if was_open and self.is_typing:
            self.post_message(self.Left())
        return was_open

    def clear(self, *, quietly: bool = False) -> None:
        """Empty the field; `quietly` tells nobody."""
        if quietly:
            with self._field.prevent(Input.Changed):
                self._field.value = ""
        else:
            self._field.value = ""

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left())
