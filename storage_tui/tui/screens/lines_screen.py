"""The base of the full-screen lists: a title, lines, the keys."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from storage_tui.tui.commands import Context, in_context
from storage_tui.tui.screens.command_screen import CommandScreen
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.lines import footer_content
from storage_tui.tui.widgets.text_lines import Line, TextLines


class LinesScreen(CommandScreen[None]):
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

    def action_line_down(self) -> None:
        """Next line."""
        self.view.move(1)

    def action_line_up(self) -> None:
        """Line before."""
        self.view.move(-1)

    def action_line_half_down(self) -> None:
        """Half a page down."""
        self.view.page(0.5)

    def action_line_half_up(self) -> None:
        """Half a page up."""
        self.view.page(-0.5)

    def action_line_first(self) -> None:
        """First line."""
        self.view.go(0)

    def action_line_last(self) -> None:
        """Last line."""
        self.view.go(self.view.line_count() - 1)

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)
