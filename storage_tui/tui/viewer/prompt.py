"""The line in which the viewer asks for words, an offset or a file."""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from storage_tui.tui.dialogs.dialog import field
from storage_tui.tui.widgets.bar import Bar

Submit = Callable[[str], object]


class Prompt(Horizontal):
    """A label and a field. While the prompt is open, its screen has the class `-asking`."""

    def __init__(self, *, back_to: Widget) -> None:
        """`back_to` is the widget that gets the keys when the prompt is closed."""
        super().__init__(id="prompt")
        self._back_to = back_to
        self._submit: Submit | None = None
        self._label = Bar(id="prompt-label")
        self._words = field("", id="words")

    def compose(self) -> ComposeResult:
        """Yield label and field."""
        yield self._label
        yield self._words

    def ask(self, label: str, submit: Submit, value: str = "") -> None:
        """Open the prompt; Enter closes it and passes the typed text to `submit`."""
        self._submit = submit
        self._label.say(Content.styled(f" {label}", "bold $accent"))
        self._label.styles.width = len(label) + 2
        self._words.value = value
        self._words.cursor_position = len(value)
        self.screen.add_class("-asking")
        self.screen.set_focus(self._words)  # at once, so that typing goes to the field meanwhile

    def stop(self) -> bool:
        """Close the prompt; return false when it was not open."""
        was_open = self.screen.has_class("-asking")
        self.screen.remove_class("-asking")
        self.screen.set_focus(self._back_to)  # at once: what was asked may ask again
        return was_open

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.stop()
        if self._submit is not None:
            self._submit(event.value)
