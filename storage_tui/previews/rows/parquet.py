"""Parquet by position: a block is a row group, of which only the columns asked for are read (Apache Parquet)."""

import asyncio
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from storage_tui.previews.base import MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tables.moments import date_text, timestamp_text
from storage_tui.previews.decoding.tables.query import (
    DECIMAL,
    NUMBER,
    OTHER,
    TEXT,
    TIME,
    TRUTH,
    Node,
    columns_of,
    may_match,
)
from storage_tui.previews.formats.parquet import PHYSICAL, type_of
from storage_tui.previews.rows.base import Allowance, Column, bounded
from storage_tui.previews.rows.blocks import Blocks
from storage_tui.previews.rows.held import HeldPages
from storage_tui.previews.table.first_rows import read_footer, require_tables
from storage_tui.previews.table.parquet_rows import (
    FILE_PATH,
    MAGIC,
    Field,
    Group,
    column_hints,
    list_fields,
    make_footer,
    subtree,
)
from storage_tui.previews.table.thrift import Compact

OPEN_BUDGET = Budget(
    requests=4, size_bytes=32 * MIB
)  # a footer names every chunk: 10,000 groups of 30 columns in 30 MB
GROUPS_KEPT = 64  # whose places are held in lists; a group of 1,000 columns takes a megabyte
CHUNK_BYTES, STATISTICS, NULLS, MAX, MIN = 7, 12, 3, 5, 6  # of the metadata of a column, and in them
TIMESTAMP, PER_SECOND = 8, {1: 1000, 2: 1_000_000, 3: 1_000_000_000}  # of a logical type, and of its units
BATCH_ROWS = 1024  # for a few rows; a scan takes larger ones

_TIMES = frozenset(("date", "time", "time ms", "time µs", "timestamp", "timestamp ms", "timestamp µs", "int96"))
_TEXTS = frozenset(("string", "enum", "json", "uuid"))
_FORMS = {"int32": "<i", "int64": "<q", "float": "<f", "double": "<d"}


class ParquetRows(Blocks):
    """The rows of a Parquet file."""

    kind = "Parquet"

    def __init__(self, source: Source, footer: dict[int, Any]) -> None:
        self.source = source
        self._allowance = Allowance(source)
        self._held = HeldPages(source.size_bytes or 0)
        self._footer = footer
        self._groups = [group for group in footer.get(4, []) if group.get(3, 0) > 0]
        super().__init__(int(group[3]) for group in self._groups)
        if any(chunk.get(FILE_PATH) for group in self._groups[:1] for chunk in group.get(1, [])):
            raise LimitError("its rows are in other files, and this one lists them")
        self._size = source.size_bytes or 0
        self._fields = lru_cache(GROUPS_KEPT)(self._list_fields)
        self._hints = column_hints(footer)
        self._elements: list[list[dict[int, Any]]] = []
        self._leaves: list[tuple[int, int]] = []  # the chunks of each column, as places in a row group
        listed = self._list_columns()
        self._names = [column.name for column in listed]  # as the file has them: several may have one name
        self.columns = bounded(listed)
        self._kinds = {at: column.kind for at, column in enumerate(self.columns)}

    @classmethod
    async def open(cls, source: Source) -> "ParquetRows":
        """Read the footer; raise PreviewError."""
        require_tables()
        source.allow(OPEN_BUDGET)
        footer, _ = await read_footer(source, await source.head(), MAGIC)
        return await asyncio.to_thread(lambda: cls(source, Compact(footer).struct()))

    def cost(self, block: int, columns: Sequence[int]) -> int:
        """Return the bytes of these columns in a row group."""
        chunks = self._groups[block].get(1, [])
        own = [chunk for column in columns for chunk in chunks[slice(*self._leaves[column])]]
        sizes = [chunk.get(3, {}).get(CHUNK_BYTES, 0) for chunk in own]
        return min(self._size, sum(size for size in sizes if isinstance(size, int) and size > 0))

    def cost_of_all(self, columns: Sequence[int], query: Node | None) -> int:
        """Return the bytes of these columns in the row groups that may match."""
        blocks = range(self.blocks_known)
        return sum(self.cost(at, columns) for at in blocks if query is None or self.may_match(at, query))

    def may_match(self, block: int, query: Node) -> bool:
        """Return false only when no row of the group can match, as its statistics say."""
        known = {column: self.bounds(block, column) for column in columns_of(query)}
        return may_match(query, self._kinds, known.__getitem__)

    async def run(self, block: int, columns: Sequence[int], job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job with a row group: only the pages of these columns up to the last row of the job are read."""
        every = self._fields(block)
        fields = tuple(every[column] for column in columns)
        job = job | {
            "job": "block", "form": "parquet", "pieces": [[0, self._size]], "hints": self._hints,
            "names": {column: self._names[column] for column in columns},
        }  # fmt: skip
        if job["do"] in ("cells", "cell"):
            job["batch"] = BATCH_ROWS
        tail = make_footer([Group(fields, self.rows_of(block), ())])
        with self._allowance.block(self.cost(block, columns)):
            return await DECODER.decode(job, tail, source=self.source, held=self._held)

    def bounds(self, block: int, column: int) -> tuple[Any, Any, int | None]:
        """Return the least and the greatest value and the number of missing ones; None for what is not known.

        A number of -1 says that all values are missing. Statistics that contradict themselves are not known.
        """
        chunks = self._groups[block].get(1, [])[slice(*self._leaves[column])]
        told = chunks[0].get(3, {}).get(STATISTICS) if len(chunks) == 1 else None
        if not isinstance(told, dict) or self.columns[column].is_nested:
            return None, None, None
        missing = told.get(NULLS) if isinstance(told.get(NULLS), int) else None
        if missing is not None and not 0 <= missing <= self.rows_of(block):
            return None, None, None
        if missing == self.rows_of(block):
            return None, None, -1
        least, greatest = self._bound(column, told.get(MIN)), self._bound(column, told.get(MAX))
        if least is None or greatest is None or not least <= greatest:
            return None, None, missing
        return least, greatest, missing

    def _bound(self, column: int, raw: Any) -> Any:
        """Return one bound of the statistics as a value of the column; None where it has no order here."""
        if not isinstance(raw, bytes):
            return None
        told, element = self.columns[column], self._elements[column][0]
        physical = PHYSICAL[element[1]] if 0 <= element.get(1, -1) < len(PHYSICAL) else ""
        if told.kind == TEXT and physical == "binary" and told.type in ("string", "enum", "json"):
            try:
                return raw.decode()
            except UnicodeDecodeError:
                return None
        if physical == "boolean" and told.kind == TRUTH and len(raw) == 1:
            return raw != b"\0"
        form = _FORMS.get(physical, "")
        if told.type.startswith("uint"):
            form = form.upper()
        if not form or len(raw) != struct.calcsize(form):
            return None
        (value,) = struct.unpack(form, raw)
        if told.kind == NUMBER:
            return value
        return self._time_bound(told, element, value)

    def _time_bound(self, column: Column, element: dict[int, Any], value: int) -> str | None:
        """Return a date or a timestamp as the table writes it; None for the forms that are not written in order."""
        if column.kind != TIME or column.name in self._hints:
            return None
        if column.type == "date":
            return date_text(value)
        logical = element.get(10)
        told = logical.get(TIMESTAMP) if isinstance(logical, dict) else None
        unit = told.get(2) if isinstance(told, dict) and not told.get(1) else None  # not in UTC, whose text has an end
        per_second = PER_SECOND.get(next((key for key in unit if key), 0)) if isinstance(unit, dict) else None
        if per_second is None:
            return None
        text = timestamp_text(value, per_second, None)
        return text if text[:1].isdigit() and len(text.partition("-")[0]) == 4 else None

    def _list_fields(self, block: int) -> list[Field]:
        """Return the fields of a row group; raise PreviewError when they are not those of the first one."""
        every = list_fields(self._footer, self._groups[block], self._size)
        found = [field for field in every if not field.is_encrypted]
        if [field.name for field in found] != self._names:
            raise PreviewError("a row group has other columns than the first one")
        return found

    def _list_columns(self) -> list[Column]:
        schema = self._footer.get(2, [])
        found: list[Column] = []
        encrypted = {field.name for field in self._encrypted()}
        at, leaf = 1, 0
        while at < len(schema):
            stop, leaves = subtree(schema, at)
            element, name = schema[at], schema[at].get(4, b"").decode("utf-8", "replace")
            if name not in encrypted:
                is_nested = stop > at + 1 or element.get(3) == 2
                kind = _nested_word(element) if is_nested else type_of(element)
                found.append(Column(name, kind, OTHER if is_nested else _kind(kind, element), is_nested))
                self._elements.append(schema[at:stop])
                self._leaves.append((leaf, leaf + leaves))
            at, leaf = stop, leaf + leaves
        if not found:
            raise PreviewError("it has no columns that can be read")
        return found

    def _encrypted(self) -> list[Field]:
        if not self._groups:
            return []
        fields = list_fields(self._footer, self._groups[0], self._size)
        return [field for field in fields if field.is_encrypted]


def _kind(word: str, element: dict[int, Any]) -> str:
    if word in _TIMES:
        return TIME
    if word == "decimal":
        return DECIMAL
    if word == "boolean":
        return TRUTH
    if word in _TEXTS:
        return TEXT
    is_number = element.get(1) in (1, 2, 4, 5) and word not in ("null", "interval")
    return NUMBER if is_number or word == "float16" else OTHER


def _nested_word(element: dict[int, Any]) -> str:
    word = type_of(element)
    return word if word in ("list", "map") else "list" if element.get(3) == 2 else "struct"
