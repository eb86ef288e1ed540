"""Lines by position: CSV, TSV and JSON Lines. A block is a page of bytes, and its first row is known by reading on.

The places of the blocks are remembered, so going back costs one read, and going on reads on from the last one.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from storage_tui.previews.base import KIB, MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tables.query import NUMBER, OTHER, TEXT, TIME, TRUTH, Node
from storage_tui.previews.formats.delimited import read_head
from storage_tui.previews.rows.base import COUNTED, Allowance, Column, bounded
from storage_tui.previews.rows.blocks import Blocks
from storage_tui.previews.table.table import Table as TextTable
from storage_tui.previews.text.encoding import find_encoding

BLOCK_BYTES = 256 * KIB  # a few thousand rows: one request at 10 Mbit/s in 0.2 s, and 40,000 blocks of 10 GiB
STRIDE = 8  # blocks of one job that looks at all rows: two seconds at 10 Mbit/s, and few starts of a child
MOST_ROW_BYTES = 8 * MIB  # of one row, which is one block; a longer one is cut
MOST_BLOCKS = 1_000_000  # 256 GiB; the places of so many take 16 MB
OPEN_BUDGET = Budget(requests=4, size_bytes=2 * MIB)
NAMES_BYTES = 128 * KIB  # of the names of columns of JSON Lines, all of which a job has
SNIFF_LINES = 200  # of JSON, for the names and kinds of the columns

_KINDS = {"integer": NUMBER, "number": NUMBER, "date": TIME, "time": TIME, "yes/no": TRUTH}


class LineRows(Blocks):
    """The rows of a text of lines."""

    stride = STRIDE

    def __init__(
        self, source: Source, kind: str, columns: Sequence[Column], *, job: dict[str, Any], first: int
    ) -> None:
        """`job` is what the decoder needs to read a block; `first` is the offset of the first row."""
        super().__init__(is_whole=first >= (source.size_bytes or 0))
        self.source = source
        self._allowance = Allowance(source)
        self.kind = kind
        self.columns = bounded(columns)
        self._job = job | {"job": "lines", "column_kinds": [column.kind for column in columns]}
        self._size = source.size_bytes or 0
        self._starts = [first]  # of the known blocks, and the end of the last

    @classmethod
    async def delimited(cls, source: Source) -> "LineRows":
        """Return the rows of CSV or a similar table; raise PreviewError."""
        source.allow(OPEN_BUDGET)
        table, _ = await read_head(source, await source.head())
        job = {"form": "delimited", "dialect": asdict(table.dialect), "encoding": asdict(table.encoding)}
        return await cls(source, table.kind, _columns(table), job=job, first=table.first)._opened()

    @classmethod
    async def json_lines(cls, source: Source) -> "LineRows":
        """Return the rows of JSON Lines; raise PreviewError."""
        source.allow(OPEN_BUDGET)
        head = await source.head()
        encoding = find_encoding(head)
        if encoding is None or encoding.codec != "utf-8":
            raise LimitError("JSON Lines are read in UTF-8")
        columns = await asyncio.to_thread(_json_columns, head[encoding.bom_bytes :])
        job = {"form": "json", "names": [column.name for column in columns]}
        return await cls(source, "JSON Lines", columns, job=job, first=encoding.bom_bytes)._opened()

    async def _opened(self) -> "LineRows":
        if self._size > self._starts[0]:
            await self.run(0, (), COUNTED)
        return self

    def cost(self, block: int, columns: Sequence[int]) -> int:
        """Return the bytes of a block: lines are read whole."""
        return min(BLOCK_BYTES, self._size)

    def cost_of_all(self, columns: Sequence[int], query: Node | None) -> int:
        """Return the bytes of the blob: each row is read."""
        return self._size

    def may_match(self, block: int, query: Node) -> bool:
        """Return true: lines have no statistics."""
        return True

    async def run(self, block: int, columns: Sequence[int], job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job with some blocks; blocks that were not known become known."""
        if block >= MOST_BLOCKS:
            raise LimitError("it has more rows than are counted here")
        count, start = job.get("blocks", 1), self._starts[block]
        ends = self._starts[block + 1 : block + 1 + count]
        if ends:
            sizes = [end - begin for begin, end in zip(self._starts[block:], ends, strict=False)]
            return await self._decode(start, ends[-1], job | {"is_known": True, "sizes": sizes})
        size_bytes = count * BLOCK_BYTES
        while True:
            stop = min(self._size, start + size_bytes)
            told, payload = await self._decode(start, stop, job | {"is_known": False, "sizes": [BLOCK_BYTES]})
            if not told["is_cut"] or size_bytes >= MOST_ROW_BYTES:
                break
            size_bytes = min(MOST_ROW_BYTES, 4 * size_bytes)
        for rows, used in told["blocks"]:
            self._starts.append(start + used)
            self._add(rows, is_last=start + used >= self._size)
        return told, payload

    async def _decode(self, start: int, stop: int, job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job with some bytes; raise PreviewError, or an error of the client."""
        with self._allowance.block(stop - start):
            page = await self.source.read(start, stop)
        if len(page) < stop - start:
            raise PreviewError("it ends before its size says")
        return await DECODER.decode(self._job | job | {"is_last": stop >= self._size}, page)


def _columns(table: TextTable) -> list[Column]:
    found = []
    for at, kind in enumerate(table.types):
        name = next((head[at] for head in table.heads if at < len(head) and head[at].strip()), f"column {at + 1}")
        found.append(Column(name.strip(), kind, _KINDS.get(kind, TEXT)))
    return found


def _json_columns(head: bytes) -> list[Column]:
    """Return the columns of the first lines; raise PreviewError when none of them is an object."""
    kinds: dict[str, set[str]] = {}
    room = NAMES_BYTES
    for line in head.splitlines(keepends=True)[:SNIFF_LINES]:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(found, dict):
            continue
        for name, value in found.items():
            if name not in kinds:
                room -= len(json.dumps(name))
                if room < 0:
                    continue  # columns that a job could not name
            kinds.setdefault(name, set()).add(_json_kind(value))
    if not kinds:
        raise PreviewError("its lines are no objects")
    return [_json_column(name, found - {""}) for name, found in kinds.items()]


def _json_kind(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else "list" if isinstance(value, list) else "object"


def _json_column(name: str, kinds: set[str]) -> Column:
    word = next(iter(kinds)) if len(kinds) == 1 else "empty" if not kinds else "mixed"
    if word in ("list", "object"):
        return Column(name, word, OTHER, is_nested=True)
    return Column(name, word, word if word in (TRUTH, NUMBER) else TEXT)
