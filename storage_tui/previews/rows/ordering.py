"""The order of the rows by one column: runs in order come from the decoder, and are merged in bounded memory."""

import asyncio
import heapq
import json
from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage_tui.previews.base import LimitError
from storage_tui.previews.rows.base import Table, parts_of

MOST_ROWS = 5_000_000  # put in order: 16 bytes each while they are merged, and texts as long as they are
RUN_ROWS = 30_000  # of one job: keys of 64 characters fit its answer, and the numbers of rows its question


@dataclass
class Ordering:
    """The runs so far, and at the end the rows in order: missing values and NaN last."""

    rows: "array[int]" = field(default_factory=lambda: array("Q"))
    done: int = 0
    """Rows whose keys were read."""
    _runs: "list[tuple[Sequence[Any], array[int]]]" = field(default_factory=list)
    _rest: "array[int]" = field(default_factory=lambda: array("Q"))

    def add(self, keys: list[Any], rows: "array[int]", rest: "array[int]") -> None:
        """Keep one run."""
        self._runs.append((_packed(keys), rows))
        self._rest.extend(rest)

    def merge(self, *, is_descending: bool) -> None:
        """Put all rows in order; equal values stay in the order of the rows, or are reversed with them."""
        runs = [zip(keys, rows, strict=True) for keys, rows in self._runs]
        self.rows = array("Q", (row for _, row in heapq.merge(*runs)))
        self._runs.clear()
        if is_descending:
            self.rows.reverse()
        self.rows.extend(sorted(self._rest))


async def order(
    table: Table, column: int, found: Ordering, *, is_descending: bool, among: Sequence[int] | None = None
) -> AsyncIterator[None]:
    """Put all rows in order, or those of `among`, by one column; yield after each part that was read.

    Raises PreviewError, LimitError for more than MOST_ROWS, and the errors of the client.
    """
    kind = table.columns[column].kind
    for block, first, part in parts_of(table, among, RUN_ROWS):
        _, payload = await table.run(block, [column], {"do": "order", "column": column, "kind": kind} | part)
        keys, rows, rest = json.loads(payload)
        found.done += len(rows) + len(rest)
        if found.done > MOST_ROWS:
            raise LimitError(f"more than {MOST_ROWS:,} rows are not put in order; a query leaves fewer")
        found.add(keys, array("Q", (first + at for at in rows)), array("Q", (first + at for at in rest)))
        yield
    await asyncio.to_thread(found.merge, is_descending=is_descending)


def _packed(keys: list[Any]) -> Sequence[Any]:
    """Return keys of one kind in eight bytes each, where they are numbers that fit."""
    try:
        if all(type(key) is int for key in keys):
            return array("q", keys)
        if all(type(key) is float for key in keys):
            return array("d", keys)
    except OverflowError:
        pass
    return keys
