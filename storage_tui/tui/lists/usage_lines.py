"""The usage tree on the screen: a line a folder with bytes, bar, count, oldest and newest."""

from datetime import UTC, datetime

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.lists.usage_tree import Branch, UsageLevel, UsageSort
from storage_tui.tui.state.formats import age_text
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.widgets.line_view import LineView, cut_middle

BAR_CELLS = 12


class UsageLines(LineView):
    """The branches of a level. `≥` marks a branch that is not counted to its end."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"keys--folder", "keys--mark"}

    def __init__(self, marks: Marks, level: UsageLevel, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.level = level
        self.sort: UsageSort = "bytes"
        self.branches: list[Branch] = []
        self._size_bytes = 0
        self._longest = 0  # the value of the longest bar
        self._marks = marks

    def show(self, level: UsageLevel, *, at: str | None = None) -> None:
        """Show a level; the cursor goes to the prefix `at`, or stays on its branch."""
        current = self.branch
        is_same = level is self.level
        at = at if at is not None or not is_same else current.prefix if current is not None else None
        self.level = level
        self.branches = level.rows(self.sort)
        self._size_bytes = level.size_bytes
        self._longest = max(map(self._measure, self.branches), default=0)
        is_at_top = is_same and not self.cursor and current is not None and at == current.prefix
        if at is None or is_at_top:  # the top stays at the top while the order changes
            self.cursor = 0
        else:
            self.cursor = next((n for n, row in enumerate(self.branches) if row.prefix == at), self.cursor)
        self.lines_changed()

    @property
    def branch(self) -> Branch | None:
        """The branch under the cursor."""
        return self.branches[self.cursor] if self.cursor < len(self.branches) else None

    def line_count(self) -> int:
        """Return the number of branches."""
        return len(self.branches)

    @property
    def header_rows(self) -> int:
        """The number of header rows: one where there is room."""
        return 1 if self.size.height >= 6 else 0

    def draw_header(self, width: int) -> list[Segment]:
        """Return the titles, with an arrow at the sorted column."""
        mark = {name: "↓" if self.sort == name else "" for name in ("bytes", "count", "oldest", "name")}
        text = f"   {'bytes' + mark['bytes']:>10}"
        if width >= 50:
            text += f" {'':{BAR_CELLS}} {'blobs' + mark['count']:>11}"
        if width >= 70:
            text += f" {'oldest' + mark['oldest']:>7} {'newest':>7}"
        return [Segment(f"{text}  folder{mark['name']}", self.component("line--head"))]

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the text of an empty level."""
        words = self.level.error or ("Empty." if self.level.is_exact else "Counting… (Esc stops)")
        return self.draw_words(words, y, width)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return one branch."""
        branch, dim = self.branches[index], self.component("line--dim")
        is_marked = Folder(branch.prefix, self.level.storage_type) in self._marks and not branch.is_own
        bound = "" if self.level.is_exact else "≥ "
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        mark = Segment("● ", self.component("keys--mark")) if is_marked else Segment("  ")
        is_known = branch.count or self.level.is_exact
        segments = [bar, mark, Segment(f"{bound + size_text(branch.size_bytes) if is_known else '…':>10}")]
        if width >= 50:
            count = f"{bound}{branch.count:,}" if is_known else "…"
            segments += [Segment(" "), Segment(self._bar(branch), self.component("keys--folder"))]
            segments.append(Segment(f" {count:>11}"))
        if width >= 70:
            now = datetime.now(UTC)
            segments.append(Segment(f" {age_text(branch.oldest, now):>7} {age_text(branch.newest, now):>7}", dim))
        room = width - sum(cell_len(segment.text) for segment in segments) - 2
        cut = len(self.level.prefix)
        name = "(blobs directly here)" if branch.is_own else visible(branch.prefix[cut:])
        if branch.after:
            name = f"(blobs here, and all folders after {visible(branch.after[cut:])})"
        shade = dim if branch.is_own else self.component("keys--folder")
        return [*segments, Segment(f"  {cut_middle(name, max(1, room))}", shade)]

    def _bar(self, branch: Branch) -> str:
        """Return a bar as long as the share of the largest branch, in halves of a cell, rounded down.

        A bar of less than a half is a dot: a kilobyte beside a gigabyte has no length.
        """
        share = min(1.0, self._measure(branch) / self._longest) if self._longest else 0
        whole, half = divmod(int(share * BAR_CELLS * 2), 2)
        bar = "━" * whole + "╸" * half
        return (bar or ("·" if share > 0 else "")).ljust(BAR_CELLS)

    def _measure(self, branch: Branch) -> int:
        by_count = self.sort == "count" or not self._size_bytes
        return branch.count if by_count else branch.size_bytes
