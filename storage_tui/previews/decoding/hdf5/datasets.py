"""The rows of one dataset of an HDF5 file as a table: records, or the values along the last of two sides.

External files and the sources of virtual datasets stay closed, as for `objects`: the child can open no file.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.hdf5.objects import UNREADABLE
from storage_tui.previews.decoding.hdf5.types import type_text
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.decoding.tables import operations
from storage_tui.previews.decoding.tables.query import NUMBER, OTHER, TEXT, TRUTH

MOST_VISITED = 2000  # objects that are looked at for the list of tables
MOST_TABLES = 500
MOST_COLUMNS = 10_000
BLOCK_BYTES = 1024 * 1024  # of the values of a block
MOST_VALUES = 8  # of a field that is an array
CELL_CHARS = 32 * 1024


class ArrayBatch:
    """Rows of an array of numpy: `names` are the fields of records by column; without names a column is a position."""

    def __init__(self, rows: Any, names: dict[int, str] | None, kinds: dict[int, str]) -> None:
        self.count = len(rows)
        self._rows, self._names, self._kinds = rows, names, kinds

    def values(self, column: int) -> list[Any]:
        """Return the values of a column."""
        values = self._column(column).tolist()
        return values if self._kinds[column] in (NUMBER, TRUTH) else [_text(value) for value in values]

    def texts(self, column: int, rows: Sequence[int]) -> list[str | None]:
        """Return the values in these rows as text."""
        values = self._column(column)
        return [_shortest(values[row]) for row in rows]

    def _column(self, column: int) -> Any:
        if self._names is not None:
            return self._rows[self._names[column]]
        return self._rows if self._rows.ndim == 1 else self._rows[:, column]


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Do what a job asks with a block of rows; for `do` = `describe` return the tables and the columns of one of them.

    `dataset` is the path of a dataset, "" for the first one. A described one has `parts`; `columns`, triples of name,
    type and kind; `rows`, the number of rows; and `each`, the number of rows of a block. A block is the rows from
    `first` to `stop`; `columns_read` are the numbers of its columns, `column_kinds` their kinds.
    """
    h5py = sys.modules.get("h5py")
    if h5py is None:
        raise ValueError("pip install 'storage-tui[preview]' reads it")
    try:
        with h5py.File(file, "r") as opened:
            return _describe(h5py, opened, job["dataset"]) if job["do"] == "describe" else _block(h5py, opened, job)
    except UNREADABLE as exc:
        raise ValueError(file.refused or str(exc)[:200] or type(exc).__name__) from exc


def _describe(h5py: Any, opened: Any, wanted: str) -> Told:
    parts = _tables(h5py, opened)
    if not parts:
        raise ValueError("it has no dataset of one or two sides")
    part = wanted or parts[0]
    dataset = opened[part]
    kind = dataset.id.get_type()
    if dataset.dtype.names:
        columns = [
            [name, type_text(h5py.h5t, kind.get_member_type(at)), _kind(dataset.dtype[name])]
            for at, name in enumerate(dataset.dtype.names)
        ]
    else:
        words, sort = type_text(h5py.h5t, kind), _kind(dataset.dtype)
        count = dataset.shape[1] if len(dataset.shape) > 1 else 1
        names = ["value"] if len(dataset.shape) == 1 else map(str, range(min(count, MOST_COLUMNS + 1)))
        columns = [[name, words, sort] for name in names]
    width = dataset.dtype.itemsize * (1 if dataset.dtype.names else len(columns))
    each = max(1, BLOCK_BYTES // max(1, width))
    if dataset.chunks:
        each = max(dataset.chunks[0], each // dataset.chunks[0] * dataset.chunks[0])  # a chunk is read once a job
    told = {"parts": parts, "part": part, "columns": columns, "rows": dataset.shape[0], "each": each, "width": width}
    return {"rows": 0}, json.dumps(told).encode()


def _tables(h5py: Any, opened: Any) -> list[str]:
    """Return the paths of the datasets that are tables: records first, then the rest, in the order of their names."""
    records: list[str] = []
    others: list[str] = []
    visited = [0]

    def visit(path: str, member: Any) -> bool | None:
        visited[0] += 1
        if isinstance(member, h5py.Dataset) and member.shape is not None and not member.is_virtual:
            if member.dtype.names and len(member.shape) == 1:
                records.append(path)
            elif not member.dtype.names and 1 <= len(member.shape) <= 2:
                others.append(path)
        return True if visited[0] >= MOST_VISITED else None

    opened.visititems(visit)
    return (records + others)[:MOST_TABLES]


def _block(h5py: Any, opened: Any, job: dict[str, Any]) -> Told:
    dataset = opened[job["dataset"]]
    rows = dataset[job["first"] : job["stop"]]
    names = None
    if dataset.dtype.names:
        names = {column: dataset.dtype.names[column] for column in job["columns_read"]}
    if job["do"] == "cell":
        column, row = job["column"], job["row"]
        value = rows[row][names[column]] if names is not None else rows[row] if rows.ndim == 1 else rows[row, column]
        return {"rows": len(rows)}, json.dumps(_whole(value), default=str).encode()
    kinds = {int(column): kind for column, kind in job["column_kinds"].items()}
    return operations.run(job, [ArrayBatch(rows, names, kinds)])


def _kind(dtype: Any) -> str:
    if dtype.shape:
        return OTHER
    return {"i": NUMBER, "u": NUMBER, "f": NUMBER, "b": TRUTH, "S": TEXT, "U": TEXT, "O": TEXT}.get(dtype.kind, OTHER)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.rstrip(b"\0").decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        shown = ", ".join(str(_text(each)) for each in value[:MOST_VALUES])
        return f"[{shown}{', …' if len(value) > MOST_VALUES else ''}]"
    return str(value)


def _shortest(value: Any) -> str | None:
    """Return one value of numpy as text; a number by the shortest text that reads as the same number of its size."""
    if isinstance(value, bytes | str):
        return _text(value)
    if getattr(value, "ndim", 0):
        return _text(value.tolist())
    return str(value).removesuffix(".0") if hasattr(value, "dtype") else _text(value)


def _whole(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.rstrip(b"\0").decode("utf-8", "replace")[:CELL_CHARS]
    value = value.tolist() if hasattr(value, "tolist") else value
    return value[:CELL_CHARS] if isinstance(value, str | list) else value
