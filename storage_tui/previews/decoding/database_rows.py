"""The rows of one table of an SQLite file, block by block in the order of its row ids, through the blob's ranges.

The database is opened as `databases` opens it: a file that never changes, a schema that is not trusted.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from storage_tui.previews.decoding import databases
from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.decoding.tables import operations
from storage_tui.previews.decoding.tables.columns import Batch
from storage_tui.previews.decoding.tables.query import NUMBER, OTHER, TEXT, TIME

ROW_IDS = ("rowid", "_rowid_", "oid")  # a column of a table may have one of these names, and hides it
BLOCK_BYTES = 4 * 1024 * 1024  # of the values of a block
MOST_TABLES = 500
SPAN_SECONDS = 0.5  # of work on several blocks; a child has four
CELL_CHARS = 32 * 1024  # of one cell that is opened whole
TABLES = (
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "AND name NOT LIKE 'rtree\\_%' ESCAPE '\\' AND name NOT LIKE 'gpkg\\_%' ESCAPE '\\' "
    "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY type, rowid LIMIT ?"
)
CONTENTS = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"


class ValueBatch:
    """Rows of values of any kind. `places` are the positions of the job's columns in a row."""

    def __init__(self, rows: Sequence[Sequence[Any]], places: dict[int, int], kinds: dict[int, str]) -> None:
        self.count = len(rows)
        self._rows, self._places, self._kinds = rows, places, kinds

    def values(self, column: int) -> list[Any]:
        """Return the values of a column; one that is not of the kind of the column is missing."""
        at, kind = self._places[column], self._kinds[column]
        if kind == NUMBER:
            return [row[at] if isinstance(row[at], int | float) else None for row in self._rows]
        return [text_of(row[at]) for row in self._rows]

    def texts(self, column: int, rows: Sequence[int]) -> list[str | None]:
        """Return the values in these rows as text."""
        at = self._places[column]
        return [text_of(self._rows[row][at]) for row in rows]


def text_of(value: Any) -> str | None:
    """Return a value as text: bytes by their number; None for a missing value."""
    if value is None or isinstance(value, str):
        return value
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Return the tables and the columns of one of them (`do` = `describe`), or do what a job asks with a block of rows.

    `table` is the name of the table, "" for the first one. A described table has `parts`, the names of all tables;
    `columns`, pairs of name and declared type; and `row_id`, the name of its row id, "" without one.
    The first block begins after the row id `after`, or without row ids at the row `offset`, and `most` has the largest
    number of rows of each block; `names` are the columns by number, `column_kinds` their kinds. The answer has in
    `blocks` the number of rows and the last row id of each block that was read, in SPAN_SECONDS at most, and whether
    the last one `is_last`.
    """
    apsw = sys.modules["apsw"]
    connection, vfs = sys.modules[databases.MODULE].connect(file)
    try:
        databases.harden(apsw, connection)
        return _describe(connection, job["table"]) if job["do"] == "describe" else _block(connection, file, job)
    except (apsw.Error, OSError) as exc:
        raise ValueError(file.refused or databases.reason_of(exc)) from exc
    finally:
        connection.close(True)
        vfs.unregister()


def _describe(connection: Any, wanted: str) -> Told:
    parts = [str(name) for (name,) in connection.execute(TABLES, (MOST_TABLES,))]
    every = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if "gpkg_contents" in every:  # the layers first, and without the tables that serve them
        layers = [str(name) for (name,) in connection.execute(CONTENTS)]
        parts = [name for name in layers if name in parts] or parts
    if not parts:
        raise ValueError("it has no tables")
    table = wanted or parts[0]
    if table not in every:
        raise ValueError("it has no such table")
    columns = [
        [str(name), str(kind)]
        for _, name, kind, _, _, _, hidden in connection.execute(f"PRAGMA table_xinfo({quoted(table)})")
        if hidden != 1
    ]
    row_id = _row_id(connection, table, {name.lower() for name, _ in columns})
    return {"rows": 0}, json.dumps({"parts": parts, "part": table, "columns": columns, "row_id": row_id}).encode()


def _row_id(connection: Any, table: str, names: set[str]) -> str:
    kinds = [kind for name, kind in connection.execute("SELECT name, type FROM sqlite_schema") if name == table]
    if kinds != ["table"]:
        return ""
    for word in ROW_IDS:
        if word not in names:
            try:
                connection.execute(f"SELECT {word} FROM {quoted(table)} LIMIT 0")
            except sys.modules["apsw"].SQLError:
                return ""  # a table without row ids
            return word
    return ""


def _block(connection: Any, file: RangedFile, job: dict[str, Any]) -> Told:
    columns = {int(column): name for column, name in job["names"].items()}
    places = {column: at for at, column in enumerate(columns, 1)}
    kinds = {int(column): kind for column, kind in job["column_kinds"].items()}
    blocks: list[list[Any]] = []
    is_last = False

    def batches() -> Iterator[Batch]:
        nonlocal is_last
        after, offset, until = job["after"], job["offset"], time.process_time() + SPAN_SECONDS
        for most in job["most"]:
            try:
                rows, is_cut = _read_rows(connection, job, columns, after, offset, most)
            except (sys.modules["apsw"].Error, OSError):
                if not blocks:
                    raise
                return  # the next job meets the same error
            after, offset = rows[-1][0] if rows else after, offset + len(rows)
            is_last = len(rows) < most and not is_cut
            blocks.append([len(rows), after])
            yield ValueBatch(rows, places, kinds)
            if is_last or time.process_time() > until:
                return

    if job["do"] == "cell":
        rows, _ = _read_rows(connection, job, columns, job["after"], job["offset"], job["most"][0])
        if job["row"] >= len(rows):
            raise ValueError("there is no such row")
        return {"rows": len(rows)}, _whole(rows[job["row"]][places[job["column"]]])
    told, payload = operations.run(job, batches())
    return told | {"blocks": blocks, "is_last": is_last, "rows": sum(count for count, _ in blocks)}, payload


def _read_rows(
    connection: Any, job: dict[str, Any], columns: dict[int, str], after: int | None, offset: int, most: int
) -> tuple[list[tuple[Any, ...]], bool]:
    """Return the rows of one block, each with its row id first, and whether their bytes or an error cut them short."""
    row_id, table = job["row_id"], quoted(job["table"])
    wanted = ", ".join([row_id or "NULL", *map(quoted, columns.values())])
    if row_id:
        where = "" if after is None else f"WHERE {row_id} > {int(after)}"
        statement = f"SELECT {wanted} FROM {table} {where} ORDER BY {row_id} LIMIT {int(most)}"
    else:
        statement = f"SELECT {wanted} FROM {table} LIMIT {int(most)} OFFSET {int(offset)}"
    rows: list[tuple[Any, ...]] = []
    size = 0
    try:
        for row in connection.execute(statement):
            rows.append(row)
            size += sum(len(value) for value in row if isinstance(value, str | bytes))
            if size > BLOCK_BYTES:
                return rows, True
    except (sys.modules["apsw"].Error, OSError):
        if not rows or not job["can_be_short"]:
            raise
        return rows, True
    return rows, False


def _whole(value: Any) -> bytes:
    if isinstance(value, bytes):
        value = f"{len(value):,} bytes: {value[: CELL_CHARS // 2].hex()}"
    return json.dumps(value[:CELL_CHARS] if isinstance(value, str) else value).encode()


def quoted(name: str) -> str:
    """Return a name of SQL in quotes."""
    return '"' + name.replace('"', '""') + '"'


def kind_of(declared: str) -> str:
    """Return how the values of a column of this type compare (SQLite, Datatypes, 3.1: affinity)."""
    words = declared.upper()
    if "DATE" in words or "TIME" in words:
        return TIME
    if any(part in words for part in ("CHAR", "CLOB", "TEXT")):
        return TEXT
    if any(part in words for part in ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "BOOL")):
        return NUMBER
    return OTHER
