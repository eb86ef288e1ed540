"""The promises of a table: columns with types, rows by position, in blocks that are read one at a time."""

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    """Return the columns; raise LimitError when there are none, or a job could not name them."""
    if not columns:
        raise LimitError("it has no columns")
    if len(columns) > MOST_COLUMNS:
        raise LimitError(f"it has {len(columns):,} columns, and a table shows {MOST_COLUMNS:,}")
    longest = max((len(column.name) for column in columns), default=0)
    if longest > NAME_CHARS:
        raise LimitError(f"the name of a column has {longest:,} characters")
    return tuple(columns)


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
        """Do a job of `decoding.tables.operations` with a block; raise PreviewError, or an error of the client."""


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


def parts_of(
    table: Table, among: Sequence[int] | None, most_rows: int, *, from_block: int = 0
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the parts of all rows, or of those of `among`, in order: block, its first row, what a job says of the part.

    A part has at most `most_rows` rows. Blocks that become known meanwhile follow.
    """
    block = from_block
    while block < table.blocks_known or (among is None and table.rows is None):
        if block >= table.blocks_known:
            yield block, table.rows_known, {}  # a page of lines, which is small
            block += 1
            continue
        first, count = table.first_of(block), table.rows_of(block)
        if among is None:
            for low in range(0, count, most_rows):
                yield block, first, {"low": low, "high": low + most_rows}
        else:
            start, stop = bisect_left(among, first), bisect_left(among, first + count)
            for at in range(start, stop, most_rows):
                yield block, first, {"picked": [row - first for row in among[at : min(stop, at + most_rows)]]}
        block += 1
