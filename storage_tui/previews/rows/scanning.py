"""The rows for which a query is true, block by block: what was found so far is always at hand."""

import asyncio
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from storage_tui.previews.base import LimitError
from storage_tui.previews.decoding.tables.query import Node, columns_of
from storage_tui.previews.rows.base import Table

MOST_MATCHES = 10_000_000  # rows held, in 80 MB


@dataclass
class Matches:
    """The rows that a scan has found, in order, and how far the scan came."""

    rows: "array[int]" = field(default_factory=lambda: array("Q"))
    scanned: int = 0
    """Rows of the blocks that were read."""
    skipped: int = 0
    """Rows of the blocks that the statistics ruled out without a read."""
    is_done: bool = False


async def scan(table: Table, query: Node, found: Matches) -> AsyncIterator[None]:
    """Add the matching rows to `found`, and yield after each block that was read.

    Raises PreviewError, QueryError's words included, and the errors of the client; what was found stays.
    """
    columns = columns_of(query)
    kinds = {column: table.columns[column].kind for column in columns}
    job = {"do": "match", "query": query, "kinds": kinds}
    block, count = 0, 1  # the first block alone: what it has is shown at once
    while block < table.blocks_known or table.rows is None:
        if block < table.blocks_known and not table.may_match(block, query):
            found.skipped += table.rows_of(block)
            block += 1
            await asyncio.sleep(0)  # thousands of groups may follow one another without a read
            continue
        told, payload = await table.run(block, columns, job | {"blocks": count})
        first = table.first_of(block)
        rows = array("I")
        rows.frombytes(payload)
        if len(found.rows) + len(rows) > MOST_MATCHES:
            raise LimitError(f"more than {MOST_MATCHES:,} rows match, and no more are held")
        found.rows.extend(first + row for row in rows)
        found.scanned += told["rows"]
        block, count = block + (len(told.get("blocks", ())) or 1), table.stride
        yield
    found.is_done = True
