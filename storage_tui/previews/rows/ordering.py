"""The order of the rows by one column: runs in order come from the decoder, and are merged in bounded memory."""

import asyncio
import heapq
import json
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from storage_tui.previews.base import LimitError
from storage_tui.previews.rows.base import Table

MOST_ROWS = 5_000_000  # put in order: 16 bytes each while they are merged, and texts as long as they are
RUN_ROWS = 50_000  # of one job: keys of 64 characters in 4 MiB


@dataclass
class Ordering:
    """The runs so far, and at the end the rows in order: missing values and NaN last."""

    rows: "array[int]" = field(default_factory=lambda: array("Q"))
    done: int = 0
    """Rows whose keys were read."""
    _runs: "list[tuple[Sequence[float | str], array[int]]]" = field(default_factory=list)
    _rest: "array[int]" = field(default_factory=lambda: array("Q"))

    async def add(self, keys: list[float | str], rows: "array[int]", rest: "array[int]") -> None:
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
    block = 0
    while block < table.blocks_known or table.rows is None:
        first = table.first_of(block) if block < table.blocks_known else table.rows_known
        picked: list[int] | None = None
        if among is not None and block < table.blocks_known:
            stop = first + table.rows_of(block)
            picked = [row - first for row in among[bisect_left(among, first) : bisect_left(among, stop)]]
        for job in _jobs(table, block, picked):
            told, payload = await table.run(block, [column], {"do": "order", "column": column, "kind": kind} | job)
            keys, rows, rest = json.loads(payload)
            found.done += len(rows) + len(rest)
            if found.done > MOST_ROWS:
                raise LimitError(f"more than {MOST_ROWS:,} rows are not put in order; a query leaves fewer")
            await found.add(keys, array("Q", (first + at for at in rows)), array("Q", (first + at for at in rest)))
            yield
        block += 1
    await asyncio.to_thread(found.merge, is_descending=is_descending)


def _jobs(table: Table, block: int, picked: list[int] | None) -> Iterator[dict[str, object]]:
    """Yield the parts of a block: each has at most RUN_ROWS rows."""
    if picked is not None:
        for at in range(0, len(picked), RUN_ROWS):
            yield {"picked": picked[at : at + RUN_ROWS]}
        return
    if block >= table.blocks_known:
        yield {}  # a page of lines, which is small
        return
    for low in range(0, table.rows_of(block), RUN_ROWS):
        yield {"low": low, "high": low + RUN_ROWS}


def _packed(keys: list[float | str]) -> Sequence[float | str]:
    """Return keys of one kind in eight bytes each, where they are numbers that fit."""
    try:
        if all(type(key) is int for key in keys):
            return array("q", keys)
        if all(type(key) is float for key in keys):
            return array("d", keys)
    except OverflowError:
        pass
    return keys


