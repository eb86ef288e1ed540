"""The line at the bottom for typing the filter."""

from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from storage_tui.tui.widgets.bar import Bar


class FilterField(Input):
    """The field of the filter.

    Keys that arrive together with Enter, as over a slow link, wait for `release`: they are for the rows, once the rows
    are those that match the text.
    """

    def __init__(self, hint: str = "") -> None:
        super().__init__("", placeholder=hint, compact=True, select_on_focus=False, id="filter")
        self.cursor_blink = False  # each blink is bytes over SSH
        self.is_held = False
        self._held: list[events.Key] = []

    async def on_event(self, event: events.Event) -> None:
        """Take keys up to Enter; keep the keys after it for the rows."""
        if isinstance(event, events.Key) and self.is_held:
            self.hold(event)
            return
        self.is_held = isinstance(event, events.Key) and event.key == "enter"
        await super().on_event(event)

    def hold(self, event: events.Key) -> None:
        """Keep a key for the rows."""
        self._held.append(events.Key(event.key, event.character))
        event.stop()

    def release(self) -> None:
        """Send the kept keys to the widget that has the focus now."""
        held, self._held, self.is_held = self._held, [], False
        for event in held:
            (self.screen.focused or self.screen).post_message(event)


class FilterLine(Horizontal):
    """A line that is open only while the user types; its text stays when it closes."""

    @dataclass
    class Typed(Message):
        """The text has changed."""

        text: str

    @dataclass
    class Left(Message):
        """Enter was pressed, or the line was cleared: the keys go back to the list.

        The object that moves the keys calls `release`.
        """

    def __init__(
        self, sign: str = " /", *, hint: str = "", id: str | None = None, classes: str | None = None
    ) -> None:  # fmt: skip
        """`sign` stands before the field, and `hint` in the field while the field is empty."""
        super().__init__(id=id, classes=classes)
        self._sign = sign
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Yield the label and the field."""
        yield Bar(id="prompt-label")
        yield FilterField(self._hint)

    def on_mount(self) -> None:
        """Set the label."""
        bar = self.query_one(Bar)
        bar.styles.width = len(self._sign)
        bar.say(Content.styled(self._sign, "bold $accent"))

    @property
    def is_typing(self) -> bool:
        """Whether the field has the keys."""
        return self._field.has_focus

    @property
    def text(self) -> str:
        """The typed text."""
        return self._field.value

    @property
    def _field(self) -> FilterField:
        return self.query_one(FilterField)

    def open(self) -> None:
        """Show the line and give it the keys."""
        self.add_class("-open")
        self.screen.set_focus(self._field)  # at once, so that typing goes to the field meanwhile

    def close(self) -> bool:
        """Hide the line; return false when it was hidden already."""
        was_open = self.has_class("-open")
        self.remove_class("-open")
        if was_open and self.is_typing:
            self.post_message(self.Left())
        return was_open

    def release(self) -> None:
        """Send the keys that came right after Enter to the rows, which have the focus now."""
        self._field.release()

    def clear(self, *, quietly: bool = False) -> None:
        """Empty the field; with `quietly` nobody is notified."""
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
