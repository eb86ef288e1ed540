"""The cells that were read, and the reading of those that come into view."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from textual.worker import Worker

from storage_tui.previews.rows.base import COUNTED, Table, read_cells
from storage_tui.tui.viewer.status import FAILURES

MOST_CELLS = 200_000  # held; at most 200 characters each
AHEAD_SCREENS = 3  # read at once: the rows in view, and those after and before them
CELLS = "cells"  # the group of the worker


class Cells:
    """The cells of a table in the order in which its rows are shown.

    `order` are the numbers of the rows in that order; None for all rows as they are. `read` starts work that reads.
    """

    def __init__(
        self, *, run: Callable[..., Worker[Any]], changed: Callable[[], None], failed: Callable[..., None]
    ) -> None:
        self.table: Table | None = None
        self.order: Sequence[int] | None = None
        self.left_out: dict[int, str] = {}
        self._run = run
        self._changed = changed
        self._failed = failed
        self._held: dict[tuple[int, int], str | None] = {}
        self._worker: Worker[Any] | None = None
        self._wanted: tuple[set[int], set[int]] = (set(), set())
        self._refused: tuple[set[int], set[int]] = (set(), set())

    @property
    def count(self) -> int:
        """The number of rows that can be gone to now."""
        if self.order is not None:
            return len(self.order)
        return self.table.rows_known if self.table is not None else 0

    @property
    def highest(self) -> int:
        """The highest number of a row that may be drawn."""
        return self.table.rows_known if self.table is not None else 0

    def row_at(self, index: int) -> int:
        """Return the number of the row at a place."""
        return index if self.order is None else self.order[index]

    def has(self, row: int, column: int) -> bool:
        """Return whether a cell was read."""
        return (row, column) in self._held

    def get(self, row: int, column: int) -> str | None:
        """Return the text of a cell that was read; None for a missing value."""
        return self._held[row, column]

    def texts(self, column: int, rows: Sequence[int]) -> list[str]:
        """Return the texts of a column in these rows, as far as they were read."""
        return [text for row in rows if (text := self._held.get((row, column))) is not None]

    def want(self, first: int, stop: int, columns: Sequence[int]) -> None:
        """Read what is missing of the cells in view, and of some rows around them. The newest call wins."""
        table = self.table
        if table is None:
            return
        height = max(1, stop - first)
        in_view = {self.row_at(at) for at in range(max(0, first), min(stop, self.count))}
        is_at_end = self.order is None and table.rows is None and stop + AHEAD_SCREENS * height >= self.count
        missing = any((row, column) not in self._held for row in in_view for column in columns)
        if not missing and not is_at_end:
            return
        if self._worker is not None and not self._worker.is_finished:
            rows, held = self._wanted
            if in_view <= rows and held.issuperset(columns):
                return  # is being read now
        rows, refused = self._refused
        if missing and in_view <= rows and refused.issuperset(columns) and not is_at_end:
            return  # failed before; another view tries again
        low, high = max(0, first - height), min(self.count, stop + AHEAD_SCREENS * height)
        if self.order is not None:  # rows of many blocks: those out of view would cost as much again
            low, high = max(0, first), min(self.count, stop)
        near = [self.row_at(at) for at in range(low, high)]
        self._wanted = (set(near), set(columns))
        self._worker = self._run(
            partial(self._read, table, sorted(self._wanted[0]), list(columns), is_at_end=is_at_end),
            group=CELLS, exclusive=True,
        )  # fmt: skip

    async def _read(self, table: Table, rows: list[int], columns: list[int], *, is_at_end: bool) -> None:
        await asyncio.sleep(0)  # keys that pile up come first: a newer call ends this one
        try:
            if is_at_end:
                await table.run(table.blocks_known, (), COUNTED)
            wanted = [row for row in rows if any((row, column) not in self._held for column in columns)]
            lacking = [column for column in columns if any((row, column) not in self._held for row in wanted)]
            if wanted and lacking:
                found, left_out = await read_cells(table, wanted, lacking)
                if len(self._held) + len(found) > MOST_CELLS:
                    self._held.clear()
                self._held |= found
                self.left_out |= left_out
            self._refused = (set(), set())
        except FAILURES as exc:
            self._refused = (set(rows), set(columns))
            self._failed(exc)
            return
        self._changed()
