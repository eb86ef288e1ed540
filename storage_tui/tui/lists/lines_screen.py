"""The base of the read-only full-screen lists: a title, lines, words to search for, the keys."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.client.patterns.words import Filter
from storage_tui.contract.visible import visible
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.text_lines import Line, TextLines


class LinesScreen(CommandScreen[None]):
    """Shows lines and moves a cursor over them; `/` leaves the lines with the typed words; Esc or q goes back."""

    CSS_PATH = "lines_screen.tcss"
    AUTO_FOCUS = "TextLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, *, indent: int, hint: str = "") -> None:
        """`indent` is the number of cells before the rest of a wrapped line; `hint` stands in the empty search line."""
        super().__init__()
        self.title_bar = Bar(id="title")
        self.view = TextLines(indent=indent, id="lines")
        self._search = FilterLine(hint=hint, id="prompt")
        self._all_lines: list[Line] = []

    def compose(self) -> ComposeResult:
        """Yield title, lines and keys."""
        yield self.title_bar
        yield self.view
        yield self._search
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the cursor over its lines."""
        return (self, Cursor(self.view))

    def show(self, title: Content, lines: list[Line]) -> None:
        """Show title and lines."""
        self.title_bar.say(title)
        self._all_lines = lines
        self._show_found()

    def arranged(self, lines: list[Line]) -> list[Line]:
        """Return the lines as they stand on this screen: one below the other."""
        return lines

    def action_search_lines(self) -> None:
        """Type words to search for."""
        self._search.open()

    @on(FilterLine.Typed)
    def _show_found(self) -> None:
        words = self._search.text if self._search.is_mounted else ""
        if not words.strip():
            self.view.set_lines(self.arranged(self._all_lines))
            return
        found = _matching(self._all_lines, Filter(words))
        none: list[Line] = [[(f'No line has "{visible(words)}". Esc shows all.', "dim")]]
        self.view.set_lines(self.arranged(found) if found else none)

    @on(FilterLine.Left)
    def _leave_search(self) -> None:
        self.set_focus(self.view)
        self._search.release()

    def action_close(self) -> None:
        """Show all lines again after a search; else go back to the screen below."""
        if self._search.has_class("-open"):
            self._search.clear()
            self._search.close()
            self.set_focus(self.view)
        else:
            self.dismiss(None)


def _matching(lines: list[Line], wanted: Filter) -> list[Line]:
    """Return the lines with the words, each below the heading of its group."""
    found: list[Line] = []
    heading: Line | None = None
    for line in lines:
        if line and line[0][1] == "head":
            heading = line
        elif wanted.matches("".join(text for text, _ in line)):
            if heading is not None:
                found += [[("", "")], heading] if found else [heading]
                heading = None
            found.append(line)
    return found
