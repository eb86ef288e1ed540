"""All keys, those of the screen one comes from first, from the command table."""

from collections.abc import Sequence

from textual.content import Content

from storage_tui.tui.commands import BROWSER, Context, all_commands, key_label
from storage_tui.tui.screens.lines_screen import LinesScreen
from storage_tui.tui.widgets.text_lines import Line

PLACES = {
    "flat": "In clean-up and search",
    "tree": "In usage",
    "viewer": "In the viewer",
    "transfers": "In transfers",
    "lines": "In lists such as this one",
}
KEY_CELLS = 14
COLUMNS_FROM = 40  # cells of width at which keys and words stand in columns


class HelpScreen(LinesScreen):
    """The commands by group, then those of the other screens."""

    INDENT = KEY_CELLS + 2

    def __init__(self, contexts: Sequence[Context] = BROWSER) -> None:
        super().__init__()
        self._contexts = contexts

    def title_content(self) -> Content:
        """The title."""
        return Content.styled(" Help", "bold $accent")

    def on_resize(self) -> None:
        """In columns, or where it is narrow in lines."""
        super().on_resize()
        self.view.indent = self.INDENT if self._has_columns else 2
        self.fill()

    @property
    def _has_columns(self) -> bool:
        return self.size.width >= COLUMNS_FROM

    def _row(self, keys: Sequence[str], words: str) -> Line:
        if self._has_columns:
            return [(f"  {'  '.join(keys):<{KEY_CELLS}}", "key"), (words, "")]
        return [(f"{' '.join(keys)} ", "key"), (words, "")]

    def lines(self) -> list[Line]:
        """One line a command."""
        lines: list[Line] = []
        heading = ""
        here = [row for row in all_commands() if row.context in self._contexts]
        for row in (*here, *(row for row in all_commands() if row.context not in self._contexts)):
            title = PLACES.get(row.context) or row.group
            if title != heading:
                lines += [[("", "")], [(title, "head")]] if lines else [[(title, "head")]]
                heading = title
            lines.append(self._row([key_label(key) for key in row.keys], row.help))
        lines += [
            [("", "")],
            [("Filter", "head")],
            self._row(["word word"], "names that have all words; a capital makes it exact"),
            self._row(["*.tif"], "names that match the pattern"),
            self._row(["~mps"], "names that have these letters in this order"),
        ]
        return lines
