"""Blocks of rows for the table viewer: a row group of Parquet, a batch of Arrow, some bytes of lines.

A job says how its block is read, and what is done with the rows (`operations`). Parquet and Arrow are read through
arro3 from the ranges it asks for, so a block costs only the columns of the job.
"""

import contextlib
import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.decoding.tables import operations
from storage_tui.previews.decoding.tables.columns import ArrowBatch, Batch, TextBatch
from storage_tui.previews.decoding.tables.query import NUMBER, TRUTH
from storage_tui.previews.table.dialect import Dialect
from storage_tui.previews.table.rows import split_rows
from storage_tui.previews.table.values import is_missing
from storage_tui.previews.text.encoding import Encoding

BATCH_ROWS = 16_384
CELL_BYTES = 256 * 1024  # of one cell that is opened whole
_GROUPS = re.compile(r"(?<=\d)[ \xa0\u2009\u202f'\u2019](?=\d{3})")


def prepare() -> None:
    """Import what reads Parquet and Arrow, before the child that may open no file."""
    importlib.import_module("arro3.io")
    importlib.import_module("arro3.core")


class Spliced(io.RawIOBase):
    """The pieces of a file one after the other, each given by its offset and its size, then the bytes of `tail`."""

    def __init__(self, file: RangedFile, pieces: list[list[int]], tail: bytes) -> None:
        super().__init__()
        self._file = file
        self._tail = tail
        self._pieces = pieces
        self._size = sum(size for _, size in pieces) + len(tail)
        self._at = 0

    def readable(self) -> bool:
        """Return true: the file can be read."""
        return True

    def seekable(self) -> bool:
        """Return true: the file can be searched by position."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and return it, as `io.IOBase.seek` does."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, up to the end of a piece, and return the number of bytes."""
        view = memoryview(buffer).cast("B")
        begin = 0
        for start, size in self._pieces:
            if self._at < begin + size:
                skip = self._at - begin
                self._file.seek(start + skip)
                count = self._file.readinto(view[: size - skip])
                self._at += count
                return count
            begin += size
        piece = self._tail[self._at - begin : self._at - begin + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def read_block(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Do what a job asks with a block of Parquet or Arrow: `pieces` of the file, and `content` after them.

    `form` is `parquet`, `arrow` or `stream`; `names` are the columns by number, `hints` those of `arrow_values`.
    With `do` = `cell` the answer is the value in the row `row` of the column `column`, whole, as JSON.
    """
    arrow = importlib.import_module("arro3.io")
    with plain_errors():
        spliced = Spliced(file, job["pieces"], content)
        if job["form"] == "parquet":
            reader = arrow.read_parquet(spliced, batch_size=job.get("batch", BATCH_ROWS))
        else:
            reader = (arrow.read_ipc if job["form"] == "arrow" else arrow.read_ipc_stream)(spliced)
        if job["do"] == "cell":
            return _cell(job, reader)
        return operations.run(job, _batches(job, reader))


def read_lines(job: dict[str, Any], content: bytes) -> Told:
    """Do what a job asks with the rows in some bytes of lines, which begin with a row.

    `form` is `delimited`, with `dialect` and `encoding`, or `json`, with `names` of columns. The answer has the
    `stop` of the last whole row in the bytes. `kinds` are the kinds of the columns.
    """
    rows, stop = _delimited(job, content) if job["form"] == "delimited" else _json_lines(job, content)
    if job["do"] == "cell":
        cell = rows[job["row"]][job["column"]] if job["column"] < len(rows[job["row"]]) else None
        return {"stop": stop}, _bounded(json.dumps(_opened(cell)))
    kinds = job["column_kinds"]
    batch = TextBatch(rows, [_value_reader(kind, is_json=job["form"] == "json") for kind in kinds])
    told, payload = operations.run(job, [batch])
    return told | {"stop": stop, "rows": len(rows)}, payload


def _delimited(job: dict[str, Any], content: bytes) -> tuple[list[list[Any]], int]:
    rows, stop = [], 0
    dialect, encoding = Dialect(**job["dialect"]), Encoding(**job["encoding"])
    for cells, _, after in split_rows(content, 0, dialect, encoding, is_last=job["is_last"]):
        stop = after
        if cells:
            rows.append(cells)
    return rows, stop


def _json_lines(job: dict[str, Any], content: bytes) -> tuple[list[list[Any]], int]:
    """Return the values of the columns in each line, and where the last whole line ends."""
    names, rows, stop = job["names"], [], 0
    for line in content.splitlines(keepends=True):
        if not line.endswith((b"\n", b"\r")) and not job["is_last"] and stop:
            break
        stop += len(line)
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            rows.append([_json_text(found[name]) if name in found else None for name in names])
        else:
            rows.append([line.decode("utf-8", "replace").strip(), *[None] * (len(names) - 1)])
    return rows, stop


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _value_reader(kind: str, *, is_json: bool) -> Callable[[Any], Any]:
    """Return the function that makes a value of a cell of text."""
    if kind == NUMBER:
        return _json_number if is_json else _number
    if kind == TRUTH:
        return lambda cell: None if cell is None or is_missing(cell) else cell.strip().lower() in ("true", "yes", "1")
    if is_json:
        return lambda cell: cell
    return lambda cell: None if cell is None or not cell.strip() else cell.strip()


def _json_number(cell: str | None) -> int | float | None:
    return None if cell is None else _number(cell)


def _number(cell: str | None) -> int | float | None:
    """Return the number in a cell, written as in any of the countries; None where there is none."""
    if cell is None:
        return None
    text = cell.strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        text = _GROUPS.sub("", text.rstrip("% "))
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    else:
        text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None


def _batches(job: dict[str, Any], reader: Any) -> Iterator[Batch]:
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        yield ArrowBatch(batch, _names(job), job.get("hints", {}))


def _cell(job: dict[str, Any], reader: Any) -> Told:
    first = 0
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            raise ValueError("there is no such row") from None
        if job["row"] < first + batch.num_rows:
            break
        first += batch.num_rows
    names = _names(job)
    row, name = job["row"] - first, names[job["column"]]
    shown = ArrowBatch(batch, names, job.get("hints", {}))
    (text,) = shown.texts(job["column"], [row])
    if text is None or not job["is_nested"]:
        return {}, _bounded(json.dumps(_opened(text)))
    value = batch.column(name)[row].as_py()
    return {}, _bounded(json.dumps(value, default=str, ensure_ascii=False))


def _names(job: dict[str, Any]) -> dict[int, str]:
    return {int(column): name for column, name in job["names"].items()}


def _opened(cell: Any) -> Any:
    """Return what a cell of text holds: the object or list where the text is one, else the text."""
    if isinstance(cell, str) and cell.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(cell)
    return cell


def _bounded(text: str) -> bytes:
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) > CELL_BYTES:
        return json.dumps(text[: CELL_BYTES // 8] + " …").encode("utf-8", "backslashreplace")
    return raw


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Raise ValueError in plain words for the errors of the library."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as exc:
        raise ValueError(str(exc).rpartition("error: ")[2] or type(exc).__name__) from exc
    except BaseException as exc:
        if type(exc).__name__ == "PanicException":  # of a library in Rust, and no Exception
            raise ValueError(f"the library that reads it failed: {exc}") from exc
        raise
