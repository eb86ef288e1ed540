"""A query over one table: read by ranges while it runs in its process, and answered as a table of its own."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.tables.query import NUMBER, OTHER, TEXT, TIME, TRUTH
from storage_tui.previews.formats.compressed import Held
from storage_tui.previews.querying.query import File, Query, distinct
from storage_tui.previews.querying.statement import names_in
from storage_tui.previews.rows.base import COUNTED, Column, Table
from storage_tui.previews.rows.lines import LineRows
from storage_tui.previews.rows.parquet import ParquetRows

MOST_ROWS = 100_000  # of an answer, and
MOST_BYTES = 16 * MIB  # of it: it is held in memory
NAME_CHARS = 60
SPARE_BYTES = 16 * MIB  # beside the columns of a statement: footers, and the rows that tell the dialect of a CSV
LOOK_S = 0.2  # between two looks at how much was read
ENDINGS = {"Parquet": (".parquet",), "JSON Lines": (".jsonl", ".ndjson", ".json"), "": (".csv", ".tsv")}
ONLY = "SQL reads CSV, JSON Lines and Parquet here"

_COUNT = re.compile(r"(?i)\bcount\s*\(\s*\*\s*\)")
_WORDS = re.compile(r'"((?:[^"]|"")*)"|(\w+)')
_KINDS = {"BOOLEAN": TRUTH, "VARCHAR": TEXT, "UUID": TEXT, "BLOB": TEXT, "DATE": TIME, "TIME": TIME}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of an answer, as a table that is held in memory; `is_whole` when the answer has no more of them."""

    statement: str
    table: Table
    is_whole: bool
    bytes_read: int


def name_of(table: Table) -> str:
    """Return the name of a table in statements, which ends as its format does; raise LimitError for other formats."""
    if not isinstance(table, LineRows | ParquetRows):
        raise LimitError(f"{ONLY}, and this is {table.kind}")
    endings = ENDINGS.get(table.kind, ENDINGS[""])
    name = table.source.blob.key.rpartition("/")[2]
    if not name.isprintable() or not name or len(name) > NAME_CHARS:
        return f"table{endings[0]}"
    return name if name.lower().endswith(endings) else name + endings[0]


class TableQuery:
    """One statement over a table. `cost_bytes` is about how much it reads at most."""

    def __init__(self, statement: str, table: Table, *, free_bytes: int) -> None:
        """Up to `free_bytes` are read even where the statement seems to need less. Raises PreviewError for a
        statement that names anything but the table."""
        name = name_of(table)
        for named in names_in(statement):
            if named.name != name:
                raise PreviewError(f"only '{name}' is read here; storage-tui sql reads several blobs")
        self.statement = statement
        self.cost_bytes = table.cost_of_all(_columns_in(statement, table.columns), None)
        self._table = table
        self._source = table.source.again()
        self._reading: Future[bytes] | None = None
        self._loop = asyncio.get_running_loop()
        size = table.source.size_bytes or 0
        most = max(free_bytes, self.cost_bytes * 5 // 4) + SPARE_BYTES
        self._query = Query(statement, [File(name, size)], {name: [0]}, read=self._read, most_bytes=most)
        self._lines: list[bytes] = []
        self._size = 0
        self._is_whole = True

    @property
    def words(self) -> str:
        """How far the query is, for people."""
        return f"{len(self._lines):,} rows, {size_text(self._query.bytes_read)} read"

    async def run(self) -> AsyncIterator[None]:
        """Run the query, and yield from time to time. The query ends with the iterator.

        Raises PreviewError with one line for a statement that DuckDB refuses, LimitError without DuckDB, BudgetError
        for one that reads more than was thought, and the errors of the client.
        """
        work = asyncio.create_task(asyncio.to_thread(self._collect))
        try:
            while not work.done():
                yield
                await asyncio.wait((work,), timeout=LOOK_S)
            await work
        finally:
            self._query.end()
            if self._reading is not None:
                self._reading.cancel()

    async def answer(self) -> Answer:
        """Return the answer, once the query has run. Raises LimitError for an answer without columns."""
        names = distinct([name for name, _ in self._query.columns])
        columns = [
            Column(name, kind.lower(), (found := _kind(kind)), is_nested=found == OTHER)
            for name, (_, kind) in zip(names, self._query.columns, strict=True)
        ]
        raw = b"".join(self._lines)
        blob = self._table.source.blob
        source = Source(Held(raw, is_complete=True), type(blob)(blob.key, blob.storage_type, len(raw)), is_alone=True)
        job = {"form": "json", "names": [str(at) for at in range(len(columns))]}
        found_rows = LineRows(source, "SQL", columns, job=job, first=0)
        while found_rows.rows is None:
            await found_rows.run(found_rows.blocks_known, (), COUNTED)
        return Answer(self.statement, found_rows, self._is_whole, self._query.bytes_read)

    def _collect(self) -> None:
        """Take the rows of the answer, in a thread."""
        for piece in self._query.rows():
            for row in piece:
                self._take(row)
                if not self._is_whole:
                    return

    def _take(self, row: Sequence[Any]) -> None:
        line = json.dumps(dict(enumerate(row)), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        self._size += len(line)
        if len(self._lines) >= MOST_ROWS or self._size > MOST_BYTES:
            self._is_whole = False
        else:
            self._lines.append(line)

    def _read(self, number: int, start: int, stop: int) -> bytes:
        """Return a range of the table, which the event loop reads; this thread waits for it."""
        self._reading = asyncio.run_coroutine_threadsafe(self._fetch(start, stop), self._loop)
        try:
            return self._reading.result()
        except CancelledError as exc:
            raise LimitError("the query was stopped") from exc

    async def _fetch(self, start: int, stop: int) -> bytes:
        self._source.begin()
        self._source.allow(Budget(requests=1, size_bytes=stop - start))
        return await self._source.read(start, stop)


def _columns_in(statement: str, columns: Sequence[Column]) -> list[int]:
    """Return the columns that a statement may read: those it names, all for a `*`."""
    plain = _COUNT.sub("", statement)
    words = {(quoted.replace('""', '"') or word).lower() for quoted, word in _WORDS.findall(plain)}
    return [at for at, column in enumerate(columns) if "*" in plain or column.name.lower() in words]


def _kind(kind: str) -> str:
    """Return how the values of a type of DuckDB compare."""
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "JSON")):
        return OTHER
    if kind.removeprefix("U").startswith(_NUMBERS):
        return NUMBER
    return TIME if kind.startswith("TIMESTAMP") else _KINDS.get(kind, TEXT)
