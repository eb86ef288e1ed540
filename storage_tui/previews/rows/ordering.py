"""The order of the rows by one column: runs in order come from the decoder, and are merged in bounded memory."""

import asyncio
import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, overload

from storage_tui.previews.base import LimitError
from storage_tui.previews.decoding.tables.operations import KEY_END
from storage_tui.previews.decoding.tables.query import NUMBER
from storage_tui.previews.rows.base import Table, over_rows

MOST_ROWS = 5_000_000  # put in order: 12 bytes each while they are merged, and texts as long as they are
TOO_MANY = f"more than {MOST_ROWS:,} rows are not put in order; a query leaves fewer"
RUN_ROWS = 400_000  # of one job: numbers put in order in half a second, also where a machine is busy
TEXT_ROWS = 200_000  # of one job, for all other values; where they are long, the job is halved
PICKED_ROWS = 30_000  # of one job that names its rows
MERGED_ROWS = 32_000  # merged at once: only these are objects of Python
PIECE_KEYS = 1024  # texts in one piece of memory
LARGEST_SMALL = 1 << 32  # a row number that does not fit four bytes


class PackedTexts(Sequence[str]):
    """Texts in order, packed together: each costs its bytes, and not an object."""

    def __init__(self, texts: Sequence[str]) -> None:
        """No text has KEY_END in it."""
        self._count = len(texts)
        self._pieces = [
            KEY_END.join(texts[at : at + PIECE_KEYS]).encode("utf-8", "surrogatepass")
            for at in range(0, len(texts), PIECE_KEYS)
        ]
        self._opened: tuple[int, list[str]] = (-1, [])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, int):
            return self._piece(at // PIECE_KEYS)[at % PIECE_KEYS]
        start, stop, _ = at.indices(self._count)
        first = start // PIECE_KEYS
        texts = list(chain.from_iterable(map(self._piece, range(first, (stop - 1) // PIECE_KEYS + 1))))
        return texts[start - first * PIECE_KEYS : stop - first * PIECE_KEYS]

    def _piece(self, number: int) -> list[str]:
        if self._opened[0] != number:
            self._opened = number, self._pieces[number].decode("utf-8", "surrogatepass").split(KEY_END)
        return self._opened[1]


@dataclass(frozen=True, slots=True)
class Run:
    """Rows in the order of their keys. The rows count from `first`."""

    keys: Any
    rows: "array[int]"
    first: int


@dataclass
class Ordering:
    """The runs so far, and at the end the rows in order: missing values and NaN last."""

    rows: "array[int]" = field(default_factory=lambda: array("I"))
    done: int = 0
    """Rows whose keys were read."""
    _runs: list[Run] = field(default_factory=list)
    _rest: list[Run] = field(default_factory=list)

    def add(self, first: int, told: dict[str, Any], payload: bytes) -> None:
        """Keep the runs of one answer of the decoder, whose rows count from `first`."""
        at = 0
        for run in told["runs"]:
            known, rest = array("I"), array("I")
            stop = at + known.itemsize * run["known"]
            known.frombytes(payload[at:stop])
            rest.frombytes(payload[stop : stop + rest.itemsize * run["rest"]])
            stop += rest.itemsize * run["rest"]
            at = stop + run["bytes"]
            if known:
                self._runs.append(Run(_keys_of(run["form"], payload[stop:at]), known, first))
            if rest:
                self._rest.append(Run((), rest, first))
            self.done += run["known"] + run["rest"]

    def merge(self, *, is_descending: bool, together: int = MERGED_ROWS) -> None:
        """Put all rows in order, about `together` of them at once.

        Equal values stay in the order of the rows, or are reversed with them.
        """
        last = max((run.first + max(run.rows) for run in chain(self._runs, self._rest)), default=0)
        self.rows = array("I" if last < LARGEST_SMALL else "Q")
        for rows in _merged(self._runs, together):
            self.rows.extend(rows)
        self._runs.clear()
        if is_descending:
            self.rows.reverse()
        self.rows.extend(sorted(run.first + row for run in self._rest for row in run.rows))
        self._rest.clear()


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
    question = {"do": "order", "kind": kind, "column": column}
    most = PICKED_ROWS if among is not None else RUN_ROWS if kind == NUMBER else TEXT_ROWS
    async for first, told, payload in over_rows(table, column, question, among=among, most_rows=most):
        found.add(first, told, payload)
        if found.done > MOST_ROWS:
            raise LimitError(TOO_MANY)
        yield
    await asyncio.to_thread(found.merge, is_descending=is_descending)


def _keys_of(form: str, raw: bytes) -> Any:
    """Return the keys of a run as a sequence that is in order."""
    if form == "json":
        return json.loads(raw)
    if form == "text":
        return PackedTexts(raw.decode("utf-8", "surrogatepass").split(KEY_END))
    keys: array[Any] = array(form)
    keys.frombytes(raw)
    return keys


def _merged(runs: Sequence[Run], together: int) -> Iterator[list[int]]:
    """Yield the rows of all runs in order, about `together` at once.

    The keys between two bounds are cut out of each run and put in order together, which is quick as they are runs.
    """
    places = [0] * len(runs)
    for bound in _bounds(runs, together):
        for cut in (bisect_left, bisect_right):  # all keys that equal the bound are parts of their own
            stops = [cut(run.keys, bound, at) for run, at in zip(runs, places, strict=True)]
            yield _together(runs, places, stops, is_equal=cut is bisect_right)
            places = stops
    yield _together(runs, places, [len(run.keys) for run in runs], is_equal=False)


def _bounds(runs: Sequence[Run], together: int) -> list[Any]:
    """Return keys between which there are about `together` rows."""
    total = sum(len(run.keys) for run in runs)
    step = max(1, together // max(1, len(runs)))
    sample = sorted(run.keys[at] for run in runs for at in range(step // 2, len(run.keys), step))
    every = max(1, round(together / step))
    found = sample[every - 1 :: every] if total > together else []
    return [key for before, key in pairwise([None, *found]) if key != before]


def _together(runs: Sequence[Run], starts: Sequence[int], stops: Sequence[int], *, is_equal: bool) -> list[int]:
    """Return the rows of these parts of the runs in the order of their keys."""
    parts = [(run, start, stop) for run, start, stop in zip(runs, starts, stops, strict=True) if start < stop]
    rows = [run.first + row for run, start, stop in parts for row in run.rows[start:stop]]
    if is_equal or len(parts) < 2:
        return rows
    keys = list(chain.from_iterable(run.keys[start:stop] for run, start, stop in parts))
    return [rows[at] for at in sorted(range(len(rows)), key=keys.__getitem__)]
