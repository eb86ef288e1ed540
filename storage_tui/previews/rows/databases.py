"""The rows of a table of an SQLite file by position: a block is some rows after a row id, found by reading forward."""

import json
from collections.abc import Sequence
from typing import Any

from storage_tui.previews.base import MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.database_rows import kind_of
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tables.query import Node
from storage_tui.previews.rows.base import COUNTED, Allowance, Column, bounded
from storage_tui.previews.rows.blocks import Blocks
from storage_tui.previews.rows.held import HeldPages

BLOCK_ROWS = 2000
STRIDE = 50  # blocks of one job that looks at all rows
COST_BYTES = 4 * MIB  # of a block: its pages lie all over the file
MOST_BLOCKS = 1_000_000
OPEN_BUDGET = Budget(requests=200, size_bytes=4 * MIB)


class DatabaseRows(Blocks):
    """The rows of one table. Blocks become known from the start on, as the row ids may have gaps."""

    kind = "SQLite"
    stride = STRIDE

    def __init__(self, source: Source, told: dict[str, Any], held: HeldPages) -> None:
        """`told` is what the decoder says of the table."""
        super().__init__(is_whole=False)
        self.source = source
        self.part: str = told["part"]
        self.parts = tuple(told["parts"])
        self.columns = bounded([Column(name, kind or "any", kind_of(kind)) for name, kind in told["columns"]])
        self._row_id: str = told["row_id"]
        self._after: list[int | None] = [None]  # the last row id before each known block, and before the next
        self._allowance = Allowance(source)
        self._held = held

    @classmethod
    async def open(cls, source: Source, part: str) -> "DatabaseRows":
        """Read the schema, and the first rows of a table, "" for the first table; raise PreviewError."""
        source.allow(OPEN_BUDGET)
        held = HeldPages(source.size_bytes or 0)
        job = {"job": "database_rows", "do": "describe", "table": part}
        _, payload = await DECODER.decode(job, b"", source=source, held=held)
        table = cls(source, json.loads(payload), held)
        await table.run(0, (), COUNTED)
        return table

    def cost(self, block: int, columns: Sequence[int]) -> int:
        """Return about how many bytes a block is."""
        return min(COST_BYTES, self.source.size_bytes or 0)

    def cost_of_all(self, columns: Sequence[int], query: Node | None) -> int:
        """Return the bytes of the blob: it may be all this table."""
        return self.source.size_bytes or 0

    def may_match(self, block: int, query: Node) -> bool:
        """Return true: a table has no statistics."""
        return True

    async def run(self, block: int, columns: Sequence[int], job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job with some blocks; blocks that were not known become known."""
        if block >= MOST_BLOCKS:
            raise LimitError("it has more rows than are counted here")
        is_known, count = block < self.blocks_known, job.get("blocks", 1)
        most = [self.rows_of(at) for at in range(block, min(block + count, self.blocks_known))]
        job = job | {
            "job": "database_rows", "table": self.part, "row_id": self._row_id, "after": self._after[block],
            "offset": self.first_of(block), "most": most if is_known else [BLOCK_ROWS] * count,
            "can_be_short": not is_known, "names": {column: self.columns[column].name for column in columns},
            "column_kinds": {column: self.columns[column].kind for column in columns},
        }  # fmt: skip
        with self._allowance.block(min(count * COST_BYTES, self.source.size_bytes or 0)):
            told, payload = await DECODER.decode(job, b"", source=self.source, held=self._held)
        if block == self.blocks_known:
            if not told["rows"] and not told["is_last"]:
                raise PreviewError("its rows cannot be read")
            for at, (rows, last) in enumerate(told["blocks"], 1):
                self._after.append(last)
                self._add(rows, is_last=told["is_last"] and at == len(told["blocks"]))
        return told, payload
