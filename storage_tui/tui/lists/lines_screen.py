"""The base of the read-only full-screen lists: a title, lines, the keys."""

from textual.app import ComposeResult
from textual.content import Content

from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.text_lines import Line, TextLines


class LinesScreen(CommandScreen[None]):
    """Shows lines and moves a cursor over them; Esc or q goes back."""

    CSS_PATH = "lines_screen.tcss"
    AUTO_FOCUS = "TextLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, *, indent: int) -> None:
        """`indent` is the number of cells before the rest of a wrapped line."""
        super().__init__()
        self.title_bar = Bar(id="title")
        self.view = TextLines(indent=indent, id="lines")

    def compose(self) -> ComposeResult:
        """Yield title, lines and keys."""
        yield self.title_bar
        yield self.view
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the cursor over its lines."""
        return (self, Cursor(self.view))

    def show(self, title: Content, lines: list[Line]) -> None:
        """Show title and lines."""
        self.title_bar.say(title)
        self.view.set_lines(lines)

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)
