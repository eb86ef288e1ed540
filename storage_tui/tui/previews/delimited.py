"""CSV, TSV and their kin as a table, with the type of every column."""

import asyncio
import csv
import io
import re
from collections.abc import Sequence

from storage_tui.tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View
from storage_tui.tui.previews.grid import grid_lines
from storage_tui.tui.previews.plain import KINDS, find_encoding

TABLE_ROWS = 200  # a few screens; types are told from the same rows
FULL_ROWS = 5000  # on the whole screen; x shows the text of any part
SNIFF_ROWS = 8
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
    """A head if the first row is one, the types, the first rows."""

    kind = "table"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Rows of one length: two columns are enough for a name that says so, three without one."""
        if name.endswith(tuple(KINDS)):
            return False
        return find_dialect(head, name.endswith(NAMES)) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """The first rows of what is read already."""
        dialect = find_dialect(head, is_named=True)
        if dialect is None:
            raise PreviewError("its rows have no common delimiter")
        if not view.is_full:
            return await asyncio.to_thread(describe, head, dialect, source.size_bytes)
        more = await source.read(len(head), len(head) + source.bytes_left)
        return await asyncio.to_thread(describe, head + more, dialect, source.size_bytes, FULL_ROWS)


def find_dialect(head: bytes, is_named: bool) -> str | None:
    """The delimiter; None when these are no rows."""
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


def describe(head: bytes, delimiter: str, size_bytes: int | None, limit: int = TABLE_ROWS) -> Preview:
    """The preview of the first bytes of a table."""
    encoding = find_encoding(head)
    codec, skip = (encoding.codec, encoding.bom_bytes) if encoding else ("utf-8", 0)
    is_whole = size_bytes is not None and len(head) >= size_bytes
    text = head[skip:].decode(codec, "replace")
    if not is_whole:
        text = text[: text.rfind("\n") + 1] or text
    rows = [row for row in _rows(text, delimiter, limit + 1) if row]
    if not rows:
        raise PreviewError("no whole row in the part that was read")
    heads, body = (rows[0], rows[1:]) if _is_head(rows) else ([f"column {i + 1}" for i in range(len(rows[0]))], rows)
    types = [column_type([row[i] for row in body if i < len(row)]) for i in range(len(heads))]
    right = frozenset(i for i, kind in enumerate(types) if kind in ("integer", "number"))
    lines = text.count("\n") + (not text.endswith("\n"))
    count = lines - (heads is rows[0])
    told = f"{count:,}" if is_whole else f"{count:,}+"
    if size_bytes is not None and not is_whole:
        share = len(text.encode(codec, "replace")) / size_bytes
        count = round(int(count / max(share, 1e-9)), -2)
        told = f"about {count:,}"
    facts = (
        ("rows", told),
        ("columns", f"{len(heads):,}, separated by {DELIMITERS[delimiter]}"),
    )
    shown = body[:limit]
    note = f"the first {len(shown):,} rows" if count > len(shown) else ""
    kind = "TSV" if delimiter == "\t" else "CSV"
    return Preview(kind, facts=facts, lines=tuple(grid_lines(heads, shown, under=types, right=right)), note=note)


def column_type(values: Sequence[str]) -> str:
    """What all values that are not empty are."""
    known = [value.strip() for value in values if value.strip()]
    if not known:
        return "empty"
    return next((name for name, form in _TYPES if all(form.fullmatch(value) for value in known)), "text")


def _is_head(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: text above at least one column of numbers or dates, or just no number."""
    types = [column_type([cell]) for cell in rows[0]]
    if any(kind in ("integer", "number", "date", "time") for kind in types):
        return False
    return len(rows) > 1


def _rows(text: str, delimiter: str, limit: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text.replace("\x00", " ")), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) >= limit:
                break
    except csv.Error:  # a field past the module's limit of 131,072 characters
        return rows
    return rows
