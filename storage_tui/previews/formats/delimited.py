"""CSV, TSV and similar tables, with the type of every column."""

import asyncio
import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.formats.plain import KINDS, Encoding, find_encoding
from storage_tui.previews.table.grid import grid_lines

TABLE_ROWS = 200  # a few screens; the types come from the same rows
SNIFF_ROWS = 8
CSV, TSV = "CSV", "TSV"
DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
NAMES = (".csv", ".tsv", ".tab")

_TYPES = (
    ("integer", re.compile(r"[-+]?\d{1,18}")),
    ("number", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(nan|inf|NaN|Inf|NA)")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d)?")),
    ("yes/no", re.compile(r"true|false|True|False|TRUE|FALSE|yes|no")),
)


class Delimited:
    """A table: its head, if the first row is one, the types and the first rows."""

    kind = "table"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the rows have one length: two columns are enough with a telling name, else three."""
        if name.endswith(tuple(KINDS)):
            return False
        return find_dialect(head, name.endswith(NAMES)) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview of the rows that the first read holds."""
        dialect = find_dialect(head, is_named=True)
        if dialect is None:
            raise PreviewError("its rows have no common delimiter")
        return await asyncio.to_thread(describe, head, dialect, source.size_bytes)


def find_dialect(head: bytes, is_named: bool) -> str | None:
    """Return the delimiter; None when the text is no table."""
    encoding = find_encoding(head)
    if encoding is None:
        return None
    text = head[encoding.bom_bytes : 16384].decode(encoding.codec, "replace")
    best, columns = None, 1 if is_named else 2
    for delimiter in DELIMITERS:
        rows = _rows(text, delimiter, SNIFF_ROWS)[: None if len(head) < 16384 else -1]
        lengths = {len(row) for row in rows if row}
        enough = len(rows) >= (1 if is_named else 3)
        if enough and len(lengths) == 1 and (found := lengths.pop()) > columns:
            best, columns = delimiter, found
    if best is None and is_named and text.strip() and "\n" in text:
        best = "," if "\t" not in text.partition("\n")[0] else "\t"
    return best


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a table, without its head, and the facts about the columns that they show."""

    delimiter: str
    encoding: Encoding
    heads: list[str]
    types: list[str]
    rows: list[list[str]]
    has_head: bool

    @property
    def kind(self) -> str:
        """The name of the format for people."""
        return TSV if self.delimiter == "\t" else CSV

    @property
    def right(self) -> frozenset[int]:
        """The columns of numbers."""
        return frozenset(at for at, kind in enumerate(self.types) if kind in ("integer", "number"))


def read_table(text: str, delimiter: str, encoding: Encoding) -> Table:
    """Return the table that begins with this text of whole rows; raise PreviewError without any row."""
    rows = [row for row in _rows(text, delimiter) if row]
    if not rows:
        raise PreviewError("no whole row in the part that was read")
    has_head = _is_head(rows)
    heads = rows.pop(0) if has_head else [f"column {number + 1}" for number in range(len(rows[0]))]
    seen = rows[:TABLE_ROWS]
    types = [column_type([row[at] for row in seen if at < len(row)]) for at in range(len(heads))]
    return Table(delimiter, encoding, heads, types, rows, has_head)


def whole_rows(head: bytes, encoding: Encoding, *, is_whole: bool) -> str:
    """Return the text up to the last end of a line, or all of it when these bytes are the whole table."""
    text = head[encoding.bom_bytes :].decode(encoding.codec, "replace")
    return text if is_whole else text[: text.rfind("\n") + 1] or text


def describe(head: bytes, delimiter: str, size_bytes: int | None) -> Preview:
    """Return the preview of the first bytes of a table."""
    encoding = find_encoding(head) or Encoding("utf-8")
    is_whole = size_bytes is not None and len(head) >= size_bytes
    text = whole_rows(head, encoding, is_whole=is_whole)
    table = read_table(text, delimiter, encoding)
    count = len(table.rows)
    told = f"{count:,}" if is_whole else f"{count:,}+"
    if size_bytes is not None and not is_whole:
        share = len(text.encode(encoding.codec, "replace")) / size_bytes
        count = round(int(count / max(share, 1e-9)), -2)
        told = f"about {count:,}"
    facts = (
        ("rows", told),
        ("columns", f"{len(table.heads):,}, separated by {DELIMITERS[delimiter]}"),
    )
    shown = table.rows[:TABLE_ROWS]
    note = f"the first {len(shown):,} rows" if count > len(shown) else ""
    lines = grid_lines(table.heads, shown, under=table.types, right=table.right)
    return Preview(table.kind, facts=facts, lines=tuple(lines), note=note)


def column_type(values: Sequence[str]) -> str:
    """Return the type that all non-empty values share."""
    known = [value.strip() for value in values if value.strip()]
    if not known:
        return "empty"
    return next((name for name, form in _TYPES if all(form.fullmatch(value) for value in known)), "text")


def _is_head(rows: list[list[str]]) -> bool:
    """Return whether the first row names columns: it has no number, date or time, and a row follows."""
    types = [column_type([cell]) for cell in rows[0]]
    if any(kind in ("integer", "number", "date", "time") for kind in types):
        return False
    return len(rows) > 1


def _rows(text: str, delimiter: str, limit: int | None = None) -> list[list[str]]:
    """Return the first rows, or all rows."""
    reader = csv.reader(io.StringIO(text.replace("\x00", " ")), delimiter=delimiter)
    rows: list[list[str]] = []
    with suppress(csv.Error):  # a field is longer than the module's limit of 131,072 characters
        rows.extend(islice(reader, limit))
    return rows
