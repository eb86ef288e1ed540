"""Two blobs beside each other: a unified diff of texts, facts of rasters and tables, the first difference of others."""

from collections.abc import Iterable

from textual import work
from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.comparing.compare import MOST_BYTES, Comparison, compare
from storage_tui.previews.comparing.walk import Side
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.lists.lines_screen import LinesScreen
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.widgets.text_lines import Line

LABEL_CELLS = 14  # and a space
TAB_CELLS = 8
ROLES = {"-": "bad", "+": "good", "@": "dim"}  # the first character of a line of a diff, and how the line is drawn
CHOICE = "mark two blobs, or mark one and move the cursor to the other"


def two_blobs(marks: Iterable[Row], current: Row | None) -> tuple[Blob, Blob] | None:
    """Return the two blobs to compare: the two marked ones, or the marked one and the one under the cursor. Return None
    when the choice is not clear."""
    rows = list(marks)
    if len(rows) == 1 and current is not None and current != rows[0]:
        rows.append(current)
    if len(rows) != 2:
        return None
    left, right = rows
    return (left, right) if isinstance(left, Blob) and isinstance(right, Blob) else None


class CompareScreen(LinesScreen):
    """Compares two blobs and shows the result. Esc leaves, also while the bytes are read."""

    CSS_PATH = "../lists/lines_screen.tcss"

    def __init__(self, desk: Desk, left: Blob, right: Blob) -> None:
        super().__init__(indent=LABEL_CELLS + 1)
        self._desk = desk
        self._blobs = (left, right)

    def on_mount(self) -> None:
        """Show the names, and begin to read."""
        self._show([("reading", "dim")])
        self._compare()

    @work(exclusive=True)
    async def _compare(self) -> None:
        storage = self._desk.storage
        try:
            sides = []
            for row in self._blobs:
                blob = await storage.stat(row.key, row.storage_type)
                sides.append(Side(storage, blob, self._desk.spell(Location(row.storage_type, row.key))))
            found = await compare(*sides, told=self._tell)
        except EXPECTED as exc:
            self._show([(f"cannot compare: {visible(explain(exc))}", "bad")])
            return
        self._show([(found.verdict, "good" if found.is_same else "head")], _lines(found))

    def _tell(self, compared: int) -> None:
        size = min((row.size_bytes or 0 for row in self._blobs), default=0)
        self._show([(f"{size_text(compared)} of {size_text(min(size, MOST_BYTES))} compared, all equal", "dim")])

    def _show(self, verdict: Line, lines: Iterable[Line] = ()) -> None:
        left, right = (self._desk.spell(Location(row.storage_type, row.key)) for row in self._blobs)
        names: list[Line] = [[(f"{'left':<{LABEL_CELLS}} ", "dim"), (left, "")],
                             [(f"{'right':<{LABEL_CELLS}} ", "dim"), (right, "")]]  # fmt: skip
        self.show(Content.styled(" Compare", "bold $accent"), [*names, verdict, [], *lines])


def _lines(found: Comparison) -> list[Line]:
    lines: list[Line] = []
    for pair in found.facts:
        label = f"{visible(pair.label):<{LABEL_CELLS}} "
        if pair.is_equal:
            lines.append([(label, "dim"), (pair.left, "")])
        else:
            lines.append([(label, "warn"), (pair.left or "-", "bad"), ("  |  ", "dim"), (pair.right or "-", "good")])
    if found.facts and (found.lines or found.places):
        lines.append([])
    lines += [
        [(visible(line.removesuffix("\r").expandtabs(TAB_CELLS)), ROLES.get(line[:1], ""))] for line in found.lines
    ]
    lines += [[(visible(line), "")] for line in found.places]
    if found.note:
        lines += [[], [(found.note, "dim")]]
    return lines
