"""Blocks of rows for the table viewer: a row group of Parquet, a batch of Arrow.

A job says how its block is read, and what is done with the rows (`operations`). Parquet and Arrow are read through
arro3 from the ranges it asks for, so a block costs only the columns of the job.
"""

import contextlib
import importlib
import io
import json
from collections.abc import Iterator
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.decoding.tables import operations
from storage_tui.previews.decoding.tables.columns import ArrowBatch, Batch

BATCH_ROWS = 16_384
CELL_BYTES = 256 * 1024  # of one cell that is opened whole


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


def _batches(job: dict[str, Any], reader: Any) -> Iterator[Batch]:
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        yield ArrowBatch(batch, _names(job), job.get("hints", {}), is_picked=job["form"] == "parquet")


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
    row = job["row"] - first
    is_picked = job["form"] == "parquet"
    shown = ArrowBatch(batch, names, job.get("hints", {}), is_picked=is_picked)
    (text,) = shown.texts(job["column"], [row])
    if text is None or not job["is_nested"]:
        return {}, bounded_json(json.dumps(opened_cell(text)))
    value = batch.column(0 if is_picked else job["column"])[row].as_py()
    return {}, bounded_json(json.dumps(value, default=str, ensure_ascii=False))


def _names(job: dict[str, Any]) -> dict[int, str]:
    return {int(column): name for column, name in job["names"].items()}


def opened_cell(cell: Any) -> Any:
    """Return what a cell of text holds: the object or list where the text is one, else the text."""
    if isinstance(cell, str) and cell.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(cell)
    return cell


def bounded_json(text: str) -> bytes:
    """Return a text of JSON as bytes, cut where a cell is larger than CELL_BYTES."""
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) > CELL_BYTES:
        text = json.loads(text) if text.startswith('"') else text
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
