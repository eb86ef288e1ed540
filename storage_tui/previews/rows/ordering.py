"""The order of the rows by one column: runs in order come from the decoder, and are merged in bounded memory."""

import asyncio
import heapq
import json
from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage_tui.previews.base import LimitError
from storage_tui.previews.decoding.tables.query import NUMBER
from storage_tui.previews.rows.base import Table, parts_of

MOST_ROWS = 5_000_000  # put in order: 16 bytes each while they are merged, and texts as long as they are
TOO_MANY = f"more than {MOST_ROWS:,} rows are not put in order; a query leaves fewer"
RUN_ROWS = 100_000  # of one job: numbers that fit its answer, put in order in a fifth of a second
TEXT_ROWS = 40_000  # of one job, for all other values; where they are long, the job is halved
PICKED_ROWS = 30_000  # of one job that names its rows


@dataclass
class Ordering:
    """The runs so far, and at the end the rows in order: missing values and NaN last."""

    rows: "array[int]" = field(default_factory=lambda: array("Q"))
    done: int = 0
    """Rows whose keys were read."""
    _runs: "list[tuple[Sequence[Any], array[int]]]" = field(default_factory=list)
    _rest: "array[int]" = field(default_factory=lambda: array("Q"))

    def add(self, first: int, told: dict[str, Any], payload: bytes) -> None:
        """Keep one run, as the decoder sends it; its rows count from `first`."""
        numbers, split = array("I"), 4 * (told["known"] + told["rest"])
        numbers.frombytes(payload[:split])
        rows = array("Q", (first + row for row in numbers))
        keys: Any = array(told["form"]) if told["form"] in ("q", "d") else json.loads(payload[split:])
        if isinstance(keys, array):
            keys.frombytes(payload[split:])
        self._runs.append((keys, rows[: told["known"]]))
        self._rest.extend(rows[told["known"] :])

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
    count = len(among) if among is not None else table.rows
    if count is not None and count > MOST_ROWS:
        raise LimitError(TOO_MANY)
    question = {"do": "order", "column": column, "kind": kind}
    most = PICKED_ROWS if among is not None else RUN_ROWS if kind == NUMBER else TEXT_ROWS
    for block, first, part in parts_of(table, among, most):
        waiting = [part]
        while waiting:
            part = waiting.pop()
            told, payload = await table.run(block, [column], question | part)
            if told.get("is_long"):
                waiting += _halves(part)
                continue
            found.done += told["known"] + told["rest"]
            if found.done > MOST_ROWS:
                raise LimitError(TOO_MANY)
            found.add(first, told, payload)
            yield
    await asyncio.to_thread(found.merge, is_descending=is_descending)


def _halves(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the second and the first half of a part; raise LimitError for one that has no halves."""
    if "picked" in part and len(part["picked"]) > 1:
        middle = len(part["picked"]) // 2
        return [{"picked": part["picked"][middle:]}, {"picked": part["picked"][:middle]}]
    low, high = part.get("low", 0), part.get("high", 0)
    if high - low < 2:
        raise LimitError("the values of a few rows are more than are put in order")
    middle = (low + high) // 2
    return [{"low": middle, "high": high}, {"low": low, "high": middle}]
