"""The first rows of a Parquet or Arrow file as text, by arro3, which the extra `preview` installs.

Only a few ranges of the file are known. A reader that asks for another byte fails, and the job fails with it.
"""

import importlib
import io
import json
from collections.abc import Iterable
from typing import Any

from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.moments import is_moment, moment_text

CELL_CHARS = 64  # of a value; the table cuts values at half of this
MOST_COLUMNS = 64
OUT_OF_RANGE = "a value with a date past the year 9999"
ANSWER_BYTES = frames.MAX_JSON_BYTES * 3 // 4  # for the rows; the names of the columns take at most the rest


class Ranges(io.RawIOBase):
    """A file with only some ranges known."""

    def __init__(self, size: int, spans: list[list[int]], content: bytes) -> None:
        self._size = size
        self._spans = []
        at = 0
        for start, length in spans:
            self._spans.append((start, content[at : at + length]))
            at += length
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

    def read(self, size: int = -1) -> bytes:
        """Return the bytes at the position; raise OSError where they are not known."""
        stop = self._size if size < 0 else min(self._size, self._at + size)
        if stop <= self._at:
            return b""
        for start, data in self._spans:
            if start <= self._at < start + len(data):
                piece = data[self._at - start : stop - start]
                self._at += len(piece)
                return piece
        raise OSError("its first rows are spread over more bytes than a preview reads")

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer and return the number of bytes, as `io.RawIOBase.readinto` does."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return `heads` and `rows` of text, or `missing`, for a job with `kind`, `size`, `spans` and `rows`."""
    try:
        arrow, arrow_core = importlib.import_module("arro3.io"), importlib.import_module("arro3.core")
    except ImportError:
        return {"missing": True}, b""
    file = Ranges(job["size"], job["spans"], content)
    reader = arrow.read_parquet(file, batch_size=job["rows"]) if job["kind"] == "parquet" else arrow.read_ipc(file)
    batch = reader.read_next_batch()
    count = min(batch.num_rows, job["rows"])
    names = batch.schema.names[:MOST_COLUMNS]
    columns = [_texts(arrow_core, batch.column(at).slice(0, count)) for at in range(len(names))]
    rows = _fitting(list(row) for row in zip(*columns, strict=True))
    return {"heads": [name[:CELL_CHARS] for name in names], "rows": rows}, b""


def _fitting(rows: Iterable[list[str]]) -> list[list[str]]:
    """Return as many rows as fit the answer."""
    found, left = [], ANSWER_BYTES
    for row in rows:
        left -= len(json.dumps(row)) + 2
        if left < 0:
            break
        found.append(row)
    return found


def _texts(arrow_core: Any, column: Any) -> list[str]:
    """Return the values of a column."""
    if not is_moment(column.type):
        return [_value_text(value) for value in column]
    numbers = column.cast(arrow_core.DataType.int64()).to_pylist()
    return ["" if number is None else moment_text(number, column.type) for number in numbers]


def _value_text(value: Any) -> str:
    try:
        return _text(value.as_py())
    except (ValueError, OverflowError):  # a date inside a list or a struct, past the years that Python knows
        return OUT_OF_RANGE


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return str(value)[:CELL_CHARS]
