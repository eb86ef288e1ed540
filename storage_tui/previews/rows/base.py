"""The promises of a table: columns with types, rows by position, in blocks that are read one at a time."""

import json
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from storage_tui.previews.base import MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.tables.query import Node

REQUESTS = 1000  # of one block: the decoder asks for no more ranges
SPARE_BYTES = 4 * MIB  # beside the bytes of a block, for pages of ranges that reach over its ends
ASK_BYTES = 256 * MIB  # a scan that would read more asks first
MOST_COLUMNS = 10_000  # whose kinds fit a job
NAME_CHARS = 1000  # of a column: a job names those in view
CELL_CHARS = 200  # of a cell in the table; a cell is opened whole
COUNTED = {"do": "cells", "picked": [], "columns": [], "chars": 0, "counts": True}
"""The job that only counts the rows of a block, by which the block becomes known."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type in words, and how its values compare (a kind of `decoding.tables.query`)."""

    name: str
    type: str
    kind: str
    is_nested: bool = False


def bounded(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns, those of a name that others have with a number behind the name: `depth (2)`.

    Raises LimitError when there are none, or a job could not name them.
    """
    if not columns:
        raise LimitError("it has no columns")
    if len(columns) > MOST_COLUMNS:
        raise LimitError(f"it has {len(columns):,} columns, and a table shows {MOST_COLUMNS:,}")
    longest = max((len(column.name) for column in columns), default=0)
    if longest > NAME_CHARS:
        raise LimitError(f"the name of a column has {longest:,} characters")
    seen: dict[str, int] = {}
    found = []
    for column in columns:
        count = seen[column.name] = seen.get(column.name, 0) + 1
        found.append(column if count == 1 else replace(column, name=f"{column.name} ({count})"))
    return tuple(found)


class Table(Protocol):
    """A table of any size. `run` sends the rows of one block to the decoder; everything else is known without it."""

    source: Source
    """The bytes of the table: `requests` and `bytes_read` are what was read of it so far."""
    kind: str
    """The name of the format for people."""
    columns: tuple[Column, ...]
    part: str
    """The name of the table, where the blob holds several; "" for the only one."""
    parts: tuple[str, ...]
    """The names of all tables of the blob; none for the only one."""
    stride: int
    """How many blocks one job may look at, as `blocks` of the job says: 1 where a block is large."""

    @property
    def rows(self) -> int | None:
        """The number of rows; None until the end has been seen."""

    @property
    def rows_known(self) -> int:
        """The number of rows in the blocks that are known."""

    @property
    def blocks_known(self) -> int:
        """The number of blocks that are known: running the first unknown one makes it known, up to the last row."""

    def block_of(self, row: int) -> int:
        """Return the number of the block with a known row."""

    def first_of(self, block: int) -> int:
        """Return the number of the first row of a known block."""

    def rows_of(self, block: int) -> int:
        """Return the number of rows of a known block."""

    def cost(self, block: int, columns: Sequence[int]) -> int:
        """Return about how many bytes a block is, of these columns."""

    def cost_of_all(self, columns: Sequence[int], query: Node | None) -> int:
        """Return about how many bytes are read for these columns of all rows, as far as a query leaves blocks out."""

    def may_match(self, block: int, query: Node) -> bool:
        """Return false only when no row of a block can match, as its statistics say."""

    async def run(self, block: int, columns: Sequence[int], job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job of `decoding.tables.operations` with a block; raise PreviewError, or an error of the client.

        A job about several `blocks` looks at those from this one on, and at as many of them as it has time for: the
        answer has an entry in `blocks` for each. Blocks that were not known are known then.
        """


class Allowance:
    """The budget of one source for the blocks that are being read: a scan and the cells in view go on side by side."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._sizes: list[int] = []

    @contextmanager
    def block(self, size_bytes: int) -> Iterator[None]:
        """Let one block of about so many bytes be read, and take no byte from the others."""
        self._sizes.append(size_bytes)
        count = len(self._sizes)
        self._source.begin()
        self._source.allow(Budget(count * REQUESTS, sum(self._sizes) + count * SPARE_BYTES))
        try:
            yield
        finally:
            self._sizes.remove(size_bytes)


async def read_cells(
    table: Table, rows: Sequence[int], columns: Sequence[int]
) -> tuple[dict[tuple[int, int], str | None], dict[int, str]]:
    """Return the text of cells by row and column, and the reasons of columns that are not read.

    The rows are known, and in order. Each block is read once.
    """
    found: dict[tuple[int, int], str | None] = {}
    left_out: dict[int, str] = {}
    at = 0
    while at < len(rows):
        block = table.block_of(rows[at])
        first = table.first_of(block)
        stop = at
        while stop < len(rows) and rows[stop] < first + table.rows_of(block):
            stop += 1
        picked = [row - first for row in rows[at:stop]]
        job = {"do": "cells", "picked": picked, "columns": list(columns), "chars": CELL_CHARS}
        told, payload = await table.run(block, columns, job)
        cells = json.loads(payload)
        if not cells:
            raise PreviewError("a part of the table has fewer rows than it says")
        for row, texts in zip(rows[at:stop], cells, strict=False):
            found |= {(row, column): text for column, text in zip(columns, texts, strict=True)}
        left_out |= {int(column): reason for column, reason in told["left_out"].items()}
        at = stop
    return found, left_out


async def read_cell(table: Table, row: int, column: int) -> Any:
    """Return the value of one cell, whole: a text, or lists, dictionaries, numbers, truths and None."""
    block = table.block_of(row)
    job = {
        "do": "cell", "row": row - table.first_of(block), "column": column,
        "is_nested": table.columns[column].is_nested,
    }  # fmt: skip
    _, payload = await table.run(block, [column], job)
    try:
        return json.loads(payload)
    except RecursionError as exc:
        raise PreviewError("its value is nested too deep") from exc


async def over_rows(
    table: Table, column: int, question: dict[str, Any], *, among: Sequence[int] | None, most_rows: int
) -> AsyncIterator[tuple[int, dict[str, Any], bytes]]:
    """Ask a question about a column of all rows, or of those of `among`; yield the first row of a job and its answer.

    A job has at most `most_rows` rows of a block, or some small blocks. A job whose answer is too long is halved.
    Raises PreviewError, LimitError where one row is too long, and the errors of the client.
    """
    block = 0
    while block < table.blocks_known or (among is None and table.rows is None):
        waiting, done = _parts(table, block, among, most_rows), 1
        while waiting:
            part = waiting.pop()
            told, payload = await table.run(block, [column], question | part)
            if told.get("is_long"):
                waiting += _halves(part)
                continue
            done = len(told.get("blocks", ())) or 1
            yield table.first_of(block), told, payload
        block += done


def _parts(table: Table, block: int, among: Sequence[int] | None, most_rows: int) -> list[dict[str, Any]]:
    """Return what the jobs about a block, and about those after it, say of their rows; the first job is the last."""
    if block >= table.blocks_known:
        return [{"blocks": table.stride}]
    count, first = min(table.stride, table.blocks_known - block), table.first_of(block)
    if among is None:
        if table.stride > 1:
            return [{"blocks": count}]
        return [{"low": low, "high": low + most_rows} for low in reversed(range(0, table.rows_of(block), most_rows))]
    start = bisect_left(among, first)
    if start == bisect_left(among, table.first_of(block + 1)):
        return []
    while count > 1 and bisect_left(among, table.first_of(block + count)) - start > most_rows:
        count //= 2
    stop = bisect_left(among, table.first_of(block + count))
    return [
        {"blocks": count, "picked": [row - first for row in among[at : min(stop, at + most_rows)]]}
        for at in reversed(range(start, stop, most_rows))
    ]


def _halves(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the second and the first half of a part, of several blocks only the first half of them."""
    if part.get("blocks", 1) > 1:
        return [part | {"blocks": part["blocks"] // 2}]
    if len(picked := part.get("picked", ())) > 1:
        middle = len(picked) // 2
        return [part | {"picked": picked[middle:]}, part | {"picked": picked[:middle]}]
    low, high = part.get("low", 0), part.get("high", 0)
    if high - low < 2:
        raise LimitError("the values of a few rows are more than are put in order")
    middle = (low + high) // 2
    return [{"low": middle, "high": high}, {"low": low, "high": middle}]
