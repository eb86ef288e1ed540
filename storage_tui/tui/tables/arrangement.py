"""The columns as they are shown: their order, their widths, what is hidden or frozen, and the column of the cursor."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from storage_tui.contract.counts import plural
from storage_tui.previews.decoding.tables.query import DECIMAL, NUMBER
from storage_tui.previews.rows.base import Column

MOST_CELLS = 32  # of a column that nobody made wider: the columns after it matter as much
LEAST_CELLS = 3
STEP = 8  # cells that a column becomes wider by
WIDEST = 400
GAP = 2
PART_CELLS = 4  # a column at the edge with less room is left out


@dataclass(frozen=True, slots=True)
class Placed:
    """A column in view: its number, its first cell, and its width there."""

    column: int
    x: int
    width: int


@dataclass
class Arrangement:
    """The order of the columns, and a cursor in it. Frozen columns stand first and stay in view."""

    columns: Sequence[Column] = ()
    order: list[int] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    frozen: set[int] = field(default_factory=set)
    at: int = 0
    """The place of the cursor among the columns that are shown."""
    left: int = 0
    """How many columns that are not frozen are moved out of view at the left."""
    _widths: dict[int, int] = field(default_factory=dict)
    _typed: dict[int, int] = field(default_factory=dict)

    def begin(self, columns: Sequence[Column]) -> None:
        """Show all columns of a table in their order."""
        self.columns, self.order = columns, list(range(len(columns)))
        for at, column in enumerate(columns):
            self._widths[at] = min(MOST_CELLS, max(LEAST_CELLS, cell_len(column.name), cell_len(column.type)))

    @property
    def shown(self) -> list[int]:
        """The columns that are not hidden: frozen ones first."""
        seen = [column for column in self.order if column not in self.hidden]
        return [column for column in seen if column in self.frozen] + [
            column for column in seen if column not in self.frozen
        ]

    @property
    def current(self) -> int:
        """The number of the column under the cursor."""
        shown = self.shown
        return shown[min(self.at, len(shown) - 1)]

    @property
    def frozen_count(self) -> int:
        """How many of the shown columns are frozen."""
        return sum(column not in self.hidden for column in self.frozen)

    def width(self, column: int) -> int:
        """Return the cells of a column."""
        return self._typed.get(column, self._widths.get(column, LEAST_CELLS))

    def is_right(self, column: int) -> bool:
        """Return whether the values of a column stand at its right edge."""
        return self.columns[column].kind in (NUMBER, DECIMAL)

    def fit(self, column: int, texts: Iterable[str]) -> None:
        """Make a column as wide as some of its values, unless somebody chose its width; never narrower."""
        longest = max((cell_len(text[:MOST_CELLS]) for text in texts), default=0)
        self._widths[column] = max(self._widths[column], min(MOST_CELLS, longest))

    def place(self, room: int) -> tuple[list[Placed], int]:
        """Return the columns that have room, and the number of those cut off at the right."""
        shown, x = self.shown, 0
        found: list[Placed] = []
        waiting = [*shown[: self.frozen_count], *shown[self.frozen_count + self.left :]]
        for number, column in enumerate(waiting):
            width = min(self.width(column), room - x)
            if width < min(PART_CELLS, self.width(column)) and found:
                return found, len(waiting) - number
            found.append(Placed(column, x, max(1, width)))
            x += width + GAP
        return found, 0

    def reveal(self, room: int) -> None:
        """Move the columns so that the cursor's column is in view, whole where there is room."""
        frozen = self.frozen_count
        self.at = max(0, min(self.at, len(self.shown) - 1))
        self.left = max(0, min(self.left, len(self.shown) - frozen - 1))
        if self.at < frozen:
            return
        self.left = min(self.left, self.at - frozen)
        while self.left < self.at - frozen and not self._is_whole(room):
            self.left += 1

    def _is_whole(self, room: int) -> bool:
        placed, _ = self.place(room)
        current = self.current
        return any(each.column == current and each.width == self.width(current) for each in placed)

    # Changes

    def move_cursor(self, delta: int) -> None:
        """Move the cursor among the shown columns."""
        self.at = max(0, min(self.at + delta, len(self.shown) - 1))

    def widen(self, cells: int) -> None:
        """Make the column under the cursor wider, or narrower for a negative number."""
        column = self.current
        self._typed[column] = max(LEAST_CELLS, min(WIDEST, self.width(column) + cells))

    def hide(self) -> bool:
        """Hide the column under the cursor; return false for the last one."""
        if len(self.shown) < 2:
            return False
        self.hidden.add(self.current)
        self.at = min(self.at, len(self.shown) - 1)
        return True

    def show_all(self) -> int:
        """Show the hidden columns again; return how many they were."""
        current, count = self.current, len(self.hidden)
        self.hidden.clear()
        self.at = self.shown.index(current)
        return count

    def freeze(self) -> bool:
        """Freeze the column under the cursor, or let it go; return whether it is frozen."""
        column = self.current
        self.frozen ^= {column}
        self.at = self.shown.index(column)
        return column in self.frozen

    def shift(self, delta: int) -> None:
        """Move the column under the cursor among the shown ones of its part: frozen or not."""
        shown = self.shown
        other = self.at + delta
        if 0 <= other < len(shown) and (shown[other] in self.frozen) == (self.current in self.frozen):
            first, second = self.order.index(shown[self.at]), self.order.index(shown[other])
            self.order[first], self.order[second] = self.order[second], self.order[first]
            self.at = other


class ArrangementCommands:
    """The keys that arrange the columns. `changed` is called after each change, `say` shows what was done."""

    def __init__(self, arrangement: Arrangement, *, changed: Callable[[], None], say: Callable[..., None]) -> None:
        self._columns = arrangement
        self._changed = changed
        self._say = say

    def _do(self, act: Callable[[Arrangement], None]) -> None:
        if self._columns.columns:
            act(self._columns)
            self._changed()

    def action_column_left(self) -> None:
        """Move the cursor to the column at the left."""
        self._do(lambda columns: columns.move_cursor(-1))

    def action_column_right(self) -> None:
        """Move the cursor to the column at the right."""
        self._do(lambda columns: columns.move_cursor(1))

    def action_column_first(self) -> None:
        """Move the cursor to the first column."""
        self._do(lambda columns: columns.move_cursor(-len(columns.columns)))

    def action_column_last(self) -> None:
        """Move the cursor to the last column."""
        self._do(lambda columns: columns.move_cursor(len(columns.columns)))

    def action_column_wider(self) -> None:
        """Make the column wider."""
        self._do(lambda columns: columns.widen(STEP))

    def action_column_narrower(self) -> None:
        """Make the column narrower."""
        self._do(lambda columns: columns.widen(-STEP))

    def action_column_move_left(self) -> None:
        """Move the column to the left."""
        self._do(lambda columns: columns.shift(-1))

    def action_column_move_right(self) -> None:
        """Move the column to the right."""
        self._do(lambda columns: columns.shift(1))

    def action_column_hide(self) -> None:
        """Hide the column."""
        if self._columns.columns and not self._columns.hide():
            self._say("the last column stays", "$warning")
        self._changed()

    def action_columns_show(self) -> None:
        """Show the hidden columns again."""
        if self._columns.columns:
            count = self._columns.show_all()
            self._say(f"{plural(count, 'column')} shown again" if count else "no column is hidden")
            self._changed()

    def action_column_freeze(self) -> None:
        """Freeze the column at the left, or let it go."""
        if self._columns.columns:
            self._say("the column stays in view" if self._columns.freeze() else "the column moves with the others")
            self._changed()
