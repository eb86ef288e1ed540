"""The palette: find a command by a few letters and run it."""

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input

from storage_tui.client.patterns.words import Filter
from storage_tui.tui.commands import Command, Context, in_context, key_label
from storage_tui.tui.dialogs.dialog import Dialog, field
from storage_tui.tui.widgets.text_lines import Line, TextLines

TITLE_CELLS = 26


class PaletteScreen(Dialog[Command]):
    """Asks for a command."""

    TITLE_TEXT = "Commands"
    HINT = "Type to find, ↑ ↓ choose, Enter runs, Esc leaves"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._where = context
        self._commands = in_context(context)
        self._found = list(self._commands)

    def compose_body(self) -> ComposeResult:
        """Yield the field and the commands that match."""
        yield field("", id="words")
        yield TextLines(self._lines(), id="found")

    def on_mount(self) -> None:
        """Give the keys to the field."""
        self.query_one(Input).focus()

    def _lines(self) -> list[Line]:
        return [
            [
                (f"{row.title:<{TITLE_CELLS}} ", ""),
                (" ".join(map(key_label, row.keys_of(self._where))).ljust(12), "key"),
                (row.help, "dim"),
            ]
            for row in self._found
        ] or [[("No such command", "dim")]]

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        words = event.value.lower().split()
        plain = Filter(" ".join(words))
        self._found = [row for row in self._commands if plain.matches(f"{row.title} {row.help}")]
        if not self._found:
            fuzzy = Filter(" ".join(f"~{word}" for word in words))
            self._found = [row for row in self._commands if fuzzy.matches(row.title)]
        view = self.query_one(TextLines)
        view.set_lines(self._lines())
        view.go(0)

    @on(Input.Submitted)
    @on(TextLines.Chosen)
    def _submit(self) -> None:
        view = self.query_one(TextLines)
        if self._found:
            self.dismiss(self._found[min(view.current, len(self._found) - 1)])

    def on_key(self, event: events.Key) -> None:
        """Move in the list on up and down while the user types."""
        step = {"down": 1, "up": -1, "ctrl+n": 1, "ctrl+p": -1, "pagedown": 8, "pageup": -8}.get(event.key)
        if step is not None:
            event.stop()
            event.prevent_default()  # the base would change the field
            self.query_one(TextLines).move_line(step)
