"""The rows of a dataset of HDF5 by position: a block is some rows, aligned to the chunks of the dataset."""

import json
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from storage_tui.previews.base import MIB, Budget, LimitError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tables.query import Node
from storage_tui.previews.rows.base import Allowance, Column, bounded
from storage_tui.previews.rows.blocks import Blocks
from storage_tui.previews.rows.held import HeldPages

MOST_BLOCKS = 4_000_000
MOST_BLOCK_BYTES = 64 * MIB  # of one job, as values
SPARE_BYTES = 2 * MIB  # of the index of the chunks
OPEN_BUDGET = Budget(requests=200, size_bytes=8 * MIB)


class DatasetRows(Blocks):
    """The rows of one dataset."""

    kind = "HDF5"

    def __init__(self, source: Source, told: dict[str, Any], held: HeldPages) -> None:
        """`told` is what the decoder says of the dataset."""
        whole, rest = divmod(told["rows"], told["each"])
        if whole > MOST_BLOCKS:
            raise LimitError(f"it has {told['rows']:,} rows, and they are more than are counted here")
        if told["each"] * told["width"] > MOST_BLOCK_BYTES:
            raise LimitError("a chunk of it is larger than is read at once here")
        super().__init__([*repeat(told["each"], whole), *([rest] if rest else [])])
        self.source = source
        self.part: str = told["part"]
        self.parts = tuple(told["parts"])
        self.columns = bounded([Column(*column) for column in told["columns"]])
        self._width: int = told["width"]
        self._allowance = Allowance(source)
        self._held = held

    @classmethod
    async def open(cls, source: Source, part: str) -> "DatasetRows":
        """Read what a dataset is, "" for the first that is a table; raise PreviewError."""
        source.allow(OPEN_BUDGET)
        held = HeldPages(source.size_bytes or 0)
        job = {"job": "dataset_rows", "do": "describe", "dataset": part}
        _, payload = await DECODER.decode(job, b"", source=source, held=held)
        return cls(source, json.loads(payload), held)

    def cost(self, block: int, columns: Sequence[int]) -> int:
        """Return about how many bytes a block is: its values, before they are packed."""
        return min(self.rows_of(block) * self._width + SPARE_BYTES, self.source.size_bytes or 0)

    def cost_of_all(self, columns: Sequence[int], query: Node | None) -> int:
        """Return about how many bytes the dataset is."""
        return min(self.rows_known * self._width, self.source.size_bytes or 0)

    def may_match(self, block: int, query: Node) -> bool:
        """Return true: a dataset has no statistics."""
        return True

    async def run(self, block: int, columns: Sequence[int], job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job with a block."""
        first = self.first_of(block)
        job = job | {
            "job": "dataset_rows", "dataset": self.part, "first": first, "stop": first + self.rows_of(block),
            "columns_read": list(columns), "column_kinds": {column: self.columns[column].kind for column in columns},
        }  # fmt: skip
        with self._allowance.block(self.cost(block, columns)):
            return await DECODER.decode(job, b"", source=self.source, held=self._held)
