"""The base of the full-screen lists: a title, lines, the keys."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from storage_tui.tui.commands import Context, in_context
from storage_tui.tui.screens.command_screen import CommandScreen
from storage_tui.tui.screens.line_moves import LineMoves
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.lines import footer_content
from storage_tui.tui.widgets.text_lines import Line, TextLines


class LinesScreen(LineMoves, CommandScreen[None]):
    """Shows lines and moves a cursor over them; Esc or q goes back."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = ("lines",)
    CSS_PATH = "lines_screen.tcss"
    AUTO_FOCUS = "TextLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]
    INDENT = 2

    def compose(self) -> ComposeResult:
        """Title, lines, keys."""
        yield Bar(id="title")
        yield TextLines(indent=self.INDENT, id="lines")
        yield Bar(id="footer")

    @property
    def view(self) -> TextLines:
        """The lines."""
        return self.query_one(TextLines)

    def on_mount(self) -> None:
        """Fill in; Textual runs this beside the `on_mount` of a subclass."""
        self.fill()

    def on_resize(self) -> None:
        """The keys that fit."""
        self.query_one("#footer", Bar).say(footer_content(in_context(*self.CONTEXTS), width=self.size.width))

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
