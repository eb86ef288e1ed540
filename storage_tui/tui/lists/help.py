"""All keys from the command table, those of the current screen first."""

from collections.abc import Sequence

from textual.content import Content

from storage_tui.tui.commands import Context, in_context, key_label
from storage_tui.tui.lists.lines_screen import LinesScreen
from storage_tui.tui.look.two_columns import Block, blocks_of, in_two_columns
from storage_tui.tui.widgets.text_lines import Line

PLACES: dict[Context, str] = {
    "browser": "In the main list",
    "local": "On the local side",
    "flat": "In clean-up and search",
    "contents": "In the search inside contents",
    "usage": "In usage",
    "viewer": "In the viewer",
    "transfers": "In transfers",
    "lines": "In lists such as this one",
    "trash": "In the trash",
    "map": "On a map",
    "table": "In a table",
    "raster": "In the raster viewer",
    "sync": "In a comparison with a local folder",
}
KEY_CELLS = 14
MARGIN = 2  # cells of the view beside its lines
INDENT, NARROW_INDENT = KEY_CELLS + 2, 2
COLUMNS_FROM = 40  # cells: from this width on keys and words stand in columns
TWO_FROM = 100  # cells: from this width on there are two columns of commands
SEARCH_HINT = "searches the keys: words such as copy, zoom, ctrl"


class HelpScreen(LinesScreen):
    """The commands by group, then those of the other screens."""

    def __init__(self, context: Context) -> None:
        super().__init__(indent=INDENT, hint=SEARCH_HINT)
        self._where = context

    def on_resize(self) -> None:
        """Show the keys in columns, or in lines on a narrow screen."""
        self.view.indent = INDENT if self._has_columns else NARROW_INDENT
        self.set_class(self._is_wide, "-search-line")
        self.show(self._title(), self._lines())

    def _title(self) -> Content:
        return Content.assemble((" Help", "bold $accent"), (f"  {PLACES[self._where]}", "$text-muted"))

    @property
    def _has_columns(self) -> bool:
        return self.size.width >= COLUMNS_FROM

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= TWO_FROM

    def arranged(self, lines: list[Line]) -> list[Line]:
        """Return the commands of this screen in two columns, and below them those of the others; in one if narrow."""
        blocks = blocks_of(lines)
        if not self._is_wide or len(blocks) < 2:
            return lines
        width, rows = self.size.width - MARGIN, list[Line]()
        here, others = list[Block](), list[Block]()
        for block in blocks:
            (others if block[0][0][0] in PLACES.values() else here).append(block)
        for section in filter(None, (here, others)):
            rows += [[("", "")], [("─" * width, "dim")]] if rows else []
            rows += in_two_columns(section, width=width, indent=INDENT)
        return rows

    def _row(self, keys: Sequence[str], title: str, words: str) -> Line:
        shown = f"  {'  '.join(keys):<{KEY_CELLS - 1}} " if self._has_columns else f"{' '.join(keys)} "
        if words.removeprefix("a ").lower() == title.lower():
            return [(shown, "key"), (title, "")]
        if words.lower().startswith((f"{title.lower()} ", f"{title.lower()};")):  # the title is said once
            return [(shown, "key"), (title, "head"), (words[len(title) :], "")]
        return [(shown, "key"), (f"{title}: ", "head"), (words, "")]

    def _lines(self) -> list[Line]:
        """Return the commands of this screen by group, then the commands of the other screens that differ."""
        lines: list[Line] = []
        listed: set[tuple[str, tuple[str, ...]]] = set()
        for context in sorted(PLACES, key=lambda name: name != self._where):
            heading = ""
            for row in in_context(context):
                keys = row.keys_of(context)
                if (row.id, keys) in listed:
                    continue
                listed.add((row.id, keys))
                title = row.group if context == self._where else PLACES[context]
                if title != heading:
                    lines += [[("", "")], [(title, "head")]] if lines else [[(title, "head")]]
                    heading = title
                lines.append(self._row([key_label(key) for key in keys], row.title.removesuffix("…"), row.help))
        lines += [
            [("", "")],
            [("Filter", "head")],
            self._row(["word word"], "Words", "names that have all words; a capital makes it exact"),
            self._row(["*.tif"], "Pattern", "names that match the pattern"),
            self._row(["~mps"], "Letters", "names that have these letters in this order"),
        ]
        return lines
