"""Records of one size as rows for the table viewer: NumPy arrays, and the attributes of a Shapefile."""

import contextlib
import json
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.tables import operations
from storage_tui.previews.decoding.tables.arrow_values import float_text
from storage_tui.previews.formats.npy import ArrayHeader, read_header
from storage_tui.previews.table.dtypes import Dtype
from storage_tui.previews.vector.shapefile import AttributesHead, Field, read_attributes_head

DELETED = b"*"  # the first byte of a row that dBASE has deleted and not yet taken out
CELL_CHARS = 32 * 1024  # of one cell that is opened whole

Read = Callable[[bytes], Any]


class RecordBatch:
    """Records one after the other. A column has a name, and one function of the bytes of a record for its value and one
    for its text; a plain number also has its struct format and its place."""

    def __init__(self, content: bytes, record_bytes: int, columns: Sequence["RecordColumn"]) -> None:
        self.count = len(content) // record_bytes
        self._content = content
        self._size = record_bytes
        self._columns = columns

    def values(self, column: int) -> list[Any]:
        """Return the values of a column."""
        found = self._columns[column]
        if found.code is not None:
            after = self._size - found.at - struct.calcsize(found.code)
            form = f"{found.code[0]}{found.at}x{found.code[1]}{after}x"
            return [value for (value,) in struct.iter_unpack(form, self._content[: self.count * self._size])]
        return [found.value(self.record(row)) for row in range(self.count)]

    def texts(self, column: int, rows: Sequence[int]) -> list[str | None]:
        """Return the values in these rows as text; raise ValueError for a type that is not read."""
        return [self._columns[column].text(self.record(row)) for row in rows]

    def record(self, row: int) -> bytes:
        """Return the bytes of one record."""
        return self._content[row * self._size : (row + 1) * self._size]


class RecordColumn:
    """How a column is read from a record: `value` compares, `text` is shown; None is a missing value of both."""

    def __init__(self, at: int, value: Read, text: Read, *, code: str | None = None) -> None:
        self.at, self.value, self.text, self.code = at, value, text, code


def read_records(job: dict[str, Any], content: bytes) -> Told:
    """Do what a job asks with a block of records. The content is the head of the blob, of `head_bytes`, then the block.

    `form` is `npy` or `dbf`. `encoding` is the text of the `.cpg` beside a `.dbf`. With `do` = `cell` the answer is the
    value in the row `row` of the column `column`, whole, as JSON.
    """
    head, block = content[: job["head_bytes"]], content[job["head_bytes"] :]
    if job["form"] == "npy":
        header = read_header(head)
        batch = RecordBatch(block, record_bytes(header), array_columns(header))
    else:
        attributes = read_attributes_head(head, job["encoding"])
        if attributes is None:
            raise ValueError("it is no table of attributes")
        batch = RecordBatch(block, attributes.row_bytes, attribute_columns(attributes))
    if job["do"] == "cell":
        (text,) = batch.texts(job["column"], [job["row"]])
        return {}, json.dumps(None if text is None else text[:CELL_CHARS]).encode()
    return operations.run(job, [batch])


def record_bytes(header: ArrayHeader) -> int:
    """Return the bytes of one row of an array: a record, or the values along its last side."""
    has_columns = len(header.shape) > 1 and not header.kind.fields
    return header.kind.size_bytes * (header.shape[-1] if has_columns else 1)


def array_columns(header: ArrayHeader) -> list[RecordColumn]:
    """Return the columns of an array: the fields of its records, or the values along its last side."""
    kind = header.kind
    if kind.fields:
        return [_array_column(at, field) for _, at, field in kind.fields]
    return [_array_column(at * kind.size_bytes, kind) for at in range(record_bytes(header) // max(1, kind.size_bytes))]


def _array_column(at: int, kind: Dtype) -> RecordColumn:
    stop = at + kind.size_bytes

    def value(raw: bytes) -> Any:
        if kind.read is None:
            raise ValueError(f"{kind.words} is not read here")
        found = kind.read(raw[at:stop])
        return None if found == "NaT" else found

    def text(raw: bytes) -> str | None:
        found = value(raw)
        if kind.code is not None and kind.code[1] in "ef":
            return float_text(struct.pack(f"<{kind.code[1]}", found), kind.code[1])
        return None if found is None else str(found)

    return RecordColumn(at, value, text, code=kind.code)


def attribute_columns(head: AttributesHead) -> list[RecordColumn]:
    """Return the columns of a `.dbf`. All values of a deleted row are missing."""
    return [_attribute_column(field, head.codec) for field in head.fields]


def _attribute_column(field: Field, codec: str) -> RecordColumn:
    stop = field.at + field.size_bytes

    def text(raw: bytes) -> str | None:
        if raw[:1] == DELETED:
            return None
        piece = raw[field.at : stop]
        if field.kind in BINARY:
            return str(_binary(field.kind, piece))
        words = piece.decode(codec, "replace").strip("\0 ")
        if field.kind == "D":
            return f"{words[:4]}-{words[4:6]}-{words[6:]}" if len(words) == 8 and words.isdigit() else None
        if field.kind == "L":
            return {"T": "True", "Y": "True", "F": "False", "N": "False"}.get(words.upper())
        if field.kind in "NF":
            return None if set(words) <= {"*", " "} else words
        return words or None

    def value(raw: bytes) -> Any:
        if field.kind in BINARY:
            return None if raw[:1] == DELETED else _binary(field.kind, raw[field.at : stop])
        words = text(raw)
        if words is None or field.kind not in "NFL":
            return words
        if field.kind == "L":
            return words == "True"
        with contextlib.suppress(ValueError):
            return int(words)
        with contextlib.suppress(ValueError):
            number = float(words)
            return number if math.isfinite(number) else None
        return None

    return RecordColumn(field.at, value, text)


BINARY = {"I": ("<i", 1), "+": ("<i", 1), "B": ("<d", 1), "O": ("<d", 1), "Y": ("<q", 10_000)}
"""The letters of fields that are no text: struct format and divisor (Visual FoxPro, dBASE 7)."""


def _binary(kind: str, piece: bytes) -> Any:
    code, divisor = BINARY[kind]
    (number,) = struct.unpack(code, piece)
    return number if divisor == 1 else number / divisor


def array_rows(header: ArrayHeader) -> int:
    """Return the number of rows of an array."""
    has_columns = len(header.shape) > 1 and not header.kind.fields
    return math.prod(header.shape[:-1] if has_columns else header.shape)
