"""A few words, one of which is chosen: left and right change the choice, up and down in a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from storage_tui.tui.widgets.line_view import cut_middle

ValueT = TypeVar("ValueT", bound=str)


class Choice(Widget, Generic[ValueT], can_focus=True):
    """A choice of one word. The chosen word has brackets, so the choice is clear without colours."""

    @dataclass
    class Submitted(Message):
        """Enter was pressed on the choice."""

        value: str

    @dataclass
    class Changed(Message):
        """Another word was chosen."""

        value: str

    def __init__(self, options: Sequence[tuple[ValueT, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._options = list(options)
        self._at = 0

    @property
    def value(self) -> ValueT:
        """The value of the chosen word."""
        return self._options[self._at][0]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the height: one row, or one a word when they do not fit beside each other."""
        return 1 if self._fits(width) else len(self._options)

    def _fits(self, width: int) -> bool:
        return sum(len(label) + 3 for _, label in self._options) <= width

    def render(self) -> Content:
        """Return the words with the chosen one in brackets."""
        shade = "bold $accent" if self.has_focus else "bold"
        width = self.size.width
        is_row = self._fits(width)
        pieces = []
        for number, (_, label) in enumerate(self._options):
            shown = label if is_row else cut_middle(label, max(1, width - 2))  # one row each, never two
            is_chosen = number == self._at
            pieces.append(Content.styled(f"[{shown}]" if is_chosen else f" {shown} ", shade if is_chosen else ""))
        return Content(" " if is_row else "\n").join(pieces)

    def on_key(self, event: events.Key) -> None:
        """Change the choice, or submit it."""
        step = {"left": -1, "h": -1, "right": 1, "l": 1, "space": 1}.get(event.key)
        if not self._fits(self.size.width):  # in a column: up and down too, and past the ends to other fields
            step = {"up": -1 if self._at else None, "down": 1 if self._at + 1 < len(self._options) else None}.get(
                event.key, step
            )
        if step is not None:
            event.stop()
            self._at = (self._at + step) % len(self._options)
            self.refresh()
            self.post_message(self.Changed(self.value))
        elif event.key == "enter":
            event.stop()
            self.post_message(self.Submitted(self.value))

    def on_focus(self) -> None:
        """Repaint, to show that the keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Repaint, to show that the keys go elsewhere."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Choose the next word."""
        self._at = (self._at + 1) % len(self._options)
        self.refresh()
        self.post_message(self.Changed(self.value))
