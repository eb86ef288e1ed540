"""The first rows of a Parquet or Arrow file as text, by arro3, which the extra `preview` installs.

Only a few ranges of the file are known. A reader that asks for another byte fails, and the job fails with it.
"""

import importlib
import io
from typing import Any

from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.tables.arrow_values import CELL_CHARS, binary_values, column_texts
from storage_tui.previews.decoding.tables.native_shapes import ENCODINGS, shapes_of

MOST_COLUMNS = 64
SPREAD = "its first rows are spread over more bytes than a preview reads"
VALUES_BYTES = 2 * 1024 * 1024  # of the values that come back whole
MOST_LEFT_OUT = 8  # columns that are not read, named with the reason


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
        self.is_short = False

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
        self.is_short = True
        raise OSError(SPREAD)

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer and return the number of bytes, as `io.RawIOBase.readinto` does."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return `heads`, `rows` of text and `left_out`, or `missing`, for a job with `kind`, `size`, `spans` and `rows`.

    `values` of the job names a column of bytes, whose values come back whole, one after the other, with their `sizes`;
    a column with an `encoding` of `native_shapes` comes back in well-known binary.
    `left_out` are columns that are not read, with the reason. `hints` of the job are those of `column_texts`.
    """
    try:
        arrow = importlib.import_module("arro3.io")
    except ImportError:
        return {"missing": True}, b""
    file = Ranges(job["size"], job["spans"], content)
    try:
        return _read_rows(_open(arrow, job, file), job)
    except BaseException as exc:
        if file.is_short:
            raise ValueError(SPREAD) from exc
        if isinstance(exc, Exception):
            raise ValueError(str(exc).rpartition("error: ")[2] or type(exc).__name__) from exc
        if type(exc).__name__ == "PanicException":  # of a library in Rust, and no Exception
            raise ValueError(f"the library that reads it failed: {exc}") from exc
        raise


def _shapes(batch: Any, count: int, name: str, encoding: str) -> list[bytes]:
    if encoding not in ENCODINGS:
        return binary_values(batch, count, name)
    return [shape for shape in shapes_of(batch, name, encoding)[:count] if shape is not None]


def _open(arrow: Any, job: dict[str, Any], file: Ranges) -> Any:
    if job["kind"] == "parquet":
        return arrow.read_parquet(file, batch_size=job["rows"])
    return arrow.read_ipc(file) if job["kind"] == "arrow" else arrow.read_ipc_stream(file)


def _read_rows(reader: Any, job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return the first rows, as many as the job wants and the known ranges hold, and the values that it wants."""
    values: list[bytes] = []
    left = VALUES_BYTES
    names = reader.schema.names[:MOST_COLUMNS]
    table: list[list[str]] = [[] for _ in names]
    left_out: dict[int, str] = {}
    count = 0
    while count < job["rows"]:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            break
        except Exception:  # the next batch lies past the ranges that are known
            if not count:
                raise
            break
        taken = min(batch.num_rows, job["rows"] - count)
        count += taken
        for value in _shapes(batch, taken, job.get("values", ""), job.get("encoding", "").lower()):
            if len(value) <= left:
                values.append(value)
                left -= len(value)
        for at, found in enumerate(column_texts(batch, taken, len(names), job.get("hints", {}))):
            if isinstance(found, str):
                left_out[at] = found
            else:
                table[at] += found
    shown = [at for at in range(len(names)) if at not in left_out]
    rows = frames.fitting_rows(zip(*(table[at] for at in shown), strict=True), CELL_CHARS)
    told = {
        "heads": [names[at][:CELL_CHARS] for at in shown],
        "rows": rows,
        "left_out": [[names[at][:CELL_CHARS], reason[:CELL_CHARS]] for at, reason in left_out.items()][:MOST_LEFT_OUT],
        "sizes": [len(value) for value in values],
    }
    return told, b"".join(values)
