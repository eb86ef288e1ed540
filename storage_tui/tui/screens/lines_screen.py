"""The base of the full-screen lists: a title, lines, the keys."""

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
    INDENT = 2

    def compose(self) -> ComposeResult:
        """Title, lines, keys."""
        yield Bar(id="title")
        yield TextLines(indent=self.INDENT, id="lines")
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """The screen, then the cursor over its lines."""
        return (self, Cursor(self.view))

    @property
    def view(self) -> TextLines:
        """The lines."""
        return self.query_one(TextLines)

    def on_mount(self) -> None:
        """Fill in; Textual runs this beside the `on_mount` of a subclass."""
        self.fill()

    def fill(self) -> None:
        """Show title and lines as they are now."""
        self.query_one("#title", Bar).say(self.title_content())
        self.view.set_lines(self.lines())

    def title_content(self) -> Content:
        """What the first row says."""
        raise NotImplementedError

    def lines(self) -> list[Line]:
        """What stands below."""
        raise NotImplementedError

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)
