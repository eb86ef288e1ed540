"""The lines found inside contents, on the screen: the name of a blob, then its lines with their numbers."""

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.tui.contents.hits import Hit, Hits
from storage_tui.tui.widgets.line_view import LineView, cut_start

NUMBER_CELLS = 7
TAB_CELLS = 4


class HitLines(LineView):
    """Draws Hits. The text before a match is cut when the match would not fit."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"keys--folder", "keys--match"}

    def __init__(self, spell: Callable[[Location], str], *, id: str | None = None) -> None:
        self._spell = spell
        super().__init__(id=id)
        self.hits = Hits()
        self.state = ""

    def line_count(self) -> int:
        """Return the number of names and lines."""
        return len(self.hits.lines)

    @property
    def current(self) -> Hit | None:
        """The line under the cursor."""
        lines = self.hits.lines
        return lines[self.cursor] if self.cursor < len(lines) else None

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the text of a list without lines."""
        return self.draw_words(self.state, y, width)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return the name of a blob, or a line of its contents."""
        hit = self.hits.lines[index]
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        if hit.match is None:
            name = self._spell(Location(hit.blob.storage_type, hit.blob.key))
            return [bar, Segment(cut_start(name, width - 2), self.component("keys--folder"))]
        match = hit.match
        number = Segment(f"{match.number:>{NUMBER_CELLS},} ", self.component("line--dim"))
        before, found, after = (
            visible(part.expandtabs(TAB_CELLS))
            for part in (match.text[: match.start], match.text[match.start : match.stop], match.text[match.stop :])
        )
        room = max(8, width - NUMBER_CELLS - 2)
        if cell_len(before) + cell_len(found) > room:
            before = cut_start(before.lstrip(), max(room // 4, room - cell_len(found) - 8))
        return [bar, number, Segment(before), Segment(found, self.component("keys--match")), Segment(after)]
