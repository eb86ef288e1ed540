"""The storage types at the side: count, bytes and rule of each, the open one marked."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from storage_tui.contract.models import Usage
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.state.formats import count_text, size_text
from storage_tui.tui.widgets.lines import rule_text


class Sidebar(Widget):
    """One block a storage type; a click chooses it."""

    @dataclass
    class TypeChosen(Message):
        """A storage type was clicked."""

        storage_type: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._current = "data"
        self._usages: dict[str, Usage | str] = {}

    def choose(self, storage_type: str) -> None:
        """Mark the open type."""
        if storage_type != self._current:
            self._current = storage_type
            self.refresh()

    def set_usage(self, storage_type: str, usage: Usage | str) -> None:
        """Show count and bytes of a type, or a word where they cannot be told."""
        if self._usages.get(storage_type) != usage:
            self._usages[storage_type] = usage
            self.refresh()

    @property
    def _block(self) -> int:
        """Rows a type takes: name; and count; and rule; and a blank one."""
        return max(1, min(4, self.size.height // len(STORAGE_TYPES)))

    def render(self) -> Content:
        """Name, count and bytes, rule."""
        lines: list[Content] = []
        for number, name in enumerate(STORAGE_TYPES, 1):
            is_current = name == self._current
            usage = self._usages.get(name)
            figures = (
                f"{count_text(usage.count)} · {size_text(usage.size_bytes)}" if isinstance(usage, Usage) else usage
            )
            block = [
                Content.assemble(
                    ("▌" if is_current else " ", "$accent"),
                    (f"{number} ", "$text-muted"),
                    (name, "bold $accent" if is_current else ""),
                ),
                Content(f"   {figures or '…'}"),
                Content.styled(f"   {rule_text(name)}", "$text-muted"),
                Content(""),
            ]
            if isinstance(usage, Usage) and not usage.count:
                block[1] = Content.styled("   empty", "$text-muted")
            lines += block[: self._block]
        width = self.size.width
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    def on_click(self, event: events.Click) -> None:
        """Choose the type under the pointer."""
        names = list(STORAGE_TYPES)
        number = event.y // self._block
        if number < len(names):
            self.post_message(self.TypeChosen(names[number]))
