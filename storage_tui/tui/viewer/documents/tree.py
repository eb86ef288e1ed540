"""A tree as a document: lines with levels, as in JSON, each of which folds and unfolds."""

from collections.abc import AsyncIterator, Mapping, Sequence

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.previews.base import KIB
from storage_tui.tui.viewer.documents.document import Frame, Opening, Progress, Row
from storage_tui.tui.viewer.documents.fixed import FixedDocument, next_row
from storage_tui.tui.viewer.documents.search import line_pattern

SHOWN_CHARS = 4 * KIB  # of a folded line, which is cut at the edge of the view anyway
HINT_LINES, HINT_CHARS = 4, 60  # of the folded lines, so that the user knows which line to unfold
MAX_LEVEL = 64  # deeper levels fold and unfold with this level


class TreeDocument(FixedDocument):
    """Lines that fold."""

    can_wrap = True

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._lines = opening.shown.lines
        self.folds = Folds(self._lines, opening.shown.depths)
        self._changed(0)

    @staticmethod
    def elsewhere() -> Mapping[str, str]:
        """Return the messages for folding by levels, which other documents lack."""
        return dict.fromkeys(("view-fold-more", "view-fold-less"), "only JSON folds")

    @staticmethod
    def matches(opening: Opening) -> bool:
        """Return whether the lines of the preview have levels."""
        return any(opening.shown.depths)

    def fold(self, row: int) -> int:
        """Fold or unfold at a row; return the number of the row afterwards."""
        return self._changed(self.folds.toggle(row - self.facts))

    def fold_level(self, delta: int, row: int) -> int:
        """Show one level more or less; return the number of the row afterwards."""
        return self._changed(self.folds.change_level(delta, row - self.facts))

    def commands(self, frame: Frame) -> object:
        """Return the commands that fold and unfold."""
        return TreeCommands(self, frame)

    async def find(self, words: str, row: int, *, is_forward: bool) -> AsyncIterator[Progress]:
        """Search all lines; unfold whatever hides the match."""
        lines, at = [line.plain for line in self._lines], self.folds.line_of(row - self.facts)
        found = next_row(line_pattern(words), lines, at, is_forward=is_forward)
        if found is not None:
            yield Progress(0, self._changed(self.folds.reveal(found)))

    def _changed(self, at: int) -> int:
        self.rows[self.facts :] = self.folds.rows()
        return at + self.facts


class TreeCommands:
    """The commands of a tree."""

    def __init__(self, tree: TreeDocument, frame: Frame) -> None:
        self._tree = tree
        self._frame = frame

    def action_view_open(self) -> None:
        """Fold or unfold the row under the cursor."""
        self._frame.show(self._tree.fold(self._frame.row))

    def action_view_fold_more(self) -> None:
        """Show one level less."""
        self._fold_level(-1)

    def action_view_fold_less(self) -> None:
        """Show one level more."""
        self._fold_level(1)

    def _fold_level(self, delta: int) -> None:
        self._frame.show(self._tree.fold_level(delta, self._frame.row))
        self._frame.say(f"{plural(self._tree.folds.level, 'level')} open")


class Folds:
    """Lines with their levels, some of them folded to `{ … 12 lines }`."""

    def __init__(self, lines: Sequence[Text], depths: Sequence[int]) -> None:
        self.folded: set[int] = set()
        self.level = MAX_LEVEL
        self._lines = lines
        self._depths = depths
        self._ends = _find_ends(depths)
        self._shown: list[int] = []

    def rows(self) -> list[Row]:
        """Return the visible rows."""
        rows, self._shown = [], []
        at = 0
        while at < len(self._lines):
            self._shown.append(at)
            stop = self._ends[at]
            if at in self.folded and stop > at + 1:
                rows.append(Row(self._folded(at, stop)))
                at = stop + 1 if self._is_closer(stop) else stop
            else:
                rows.append(Row(self._lines[at]))
                at += 1
        return rows

    def toggle(self, index: int) -> int:
        """Fold or unfold the row at `index`, or fold the row around it. Return the index of the folded row."""
        if not 0 <= index < len(self._shown):
            return index
        line = self._shown[index]
        if self._ends[line] <= line + 1:
            line = self._parent(line)
        if line < 0:
            return index
        self.folded ^= {line}
        return self._index_of(line)

    def change_level(self, delta: int, index: int) -> int:
        """Unfold one level more or less, and fold all deeper levels. Return the index of the row afterwards."""
        line = self._shown[index] if 0 <= index < len(self._shown) else 0
        deepest = max((depth for at, depth in enumerate(self._depths) if self._ends[at] > at + 1), default=0) + 1
        self.level = max(0, min(min(self.level, deepest) + delta, deepest))
        self.folded = {
            at
            for at, depth in enumerate(self._depths)
            if self._ends[at] > at + 1 and min(depth, MAX_LEVEL) >= self.level
        }
        return self._index_of(line)

    def reveal(self, text_line: int) -> int:
        """Unfold whatever hides a line; return the index of its row."""
        at = text_line
        while at >= 0:
            at = self._parent(at)
            self.folded.discard(at)
        return self._index_of(text_line)

    def line_of(self, index: int) -> int:
        """Return the number of the line that a row shows."""
        return self._shown[index] if 0 <= index < len(self._shown) else 0

    def _index_of(self, line: int) -> int:
        self.rows()
        return next((at for at in range(len(self._shown) - 1, -1, -1) if self._shown[at] <= line), 0)

    def _parent(self, line: int) -> int:
        depth = self._depths[line]
        at = line - 1
        while at >= 0 and not (self._depths[at] < depth and self._ends[at] > line):
            at -= 1
        if at < 0 and line and self._is_closer(line):  # a closing bracket belongs to its opening bracket
            at = next((start for start in range(line - 1, -1, -1) if self._ends[start] == line), -1)
        return at

    def _is_closer(self, line: int) -> bool:
        return line < len(self._lines) and self._lines[line].plain.lstrip()[:1] in ("]", "}")

    def _folded(self, at: int, stop: int) -> Text:
        hidden = stop - at - 1
        shown = self._lines[at].copy()
        shown.truncate(SHOWN_CHARS)
        inside = " ".join(line.plain.strip() for line in self._lines[at + 1 : min(stop, at + 1 + HINT_LINES)])
        hint = inside if len(inside) <= HINT_CHARS else inside[:HINT_CHARS].rstrip()
        shown.append(f" {hint} … {hidden:,} line{'s' if hidden != 1 else ''} ", style="dim")
        if self._is_closer(stop):
            shown.append(self._lines[stop].plain.strip())
        return shown


def _find_ends(depths: Sequence[int]) -> list[int]:
    """Return for each line the number of the next line that is not deeper."""
    ends = [len(depths)] * len(depths)
    open_lines: list[int] = []
    for at, depth in enumerate(depths):
        while open_lines and depths[open_lines[-1]] >= depth:
            ends[open_lines.pop()] = at
        open_lines.append(at)
    return ends
