"""The choice of the table that a blob holds: by its first bytes, then by its name."""

import json
import struct

from storage_tui.previews.base import LimitError, PreviewError, Source
from storage_tui.previews.formats.arrow import Arrow
from storage_tui.previews.formats.delimited import Delimited
from storage_tui.previews.formats.parquet import Parquet
from storage_tui.previews.rows.arrow import ArrowRows
from storage_tui.previews.rows.base import Table
from storage_tui.previews.rows.lines import LineRows
from storage_tui.previews.rows.parquet import ParquetRows

JSON_NAMES = (".jsonl", ".ndjson")
NO_TABLE = "no table here: CSV, TSV, JSON Lines, Parquet and Arrow files have one"


async def open_table(source: Source) -> Table:
    """Return the table of a blob; raise PreviewError when it has none or is damaged, and the errors of the client."""
    source.begin()
    head = await source.head()
    name = source.blob.key.rsplit("/", 1)[-1].lower()
    if source.size_bytes is None:
        raise LimitError("it is packed; a table is read where its bytes are as they are")
    try:
        if Parquet().matches(head, name):
            return await ParquetRows.open(source)
        if Arrow().matches(head, name):
            return await ArrowRows.open(source)
        if name.endswith(JSON_NAMES) or _is_json(head):
            return await LineRows.json_lines(source)
        if Delimited().matches(head, name):
            return await LineRows.delimited(source)
    except (ValueError, IndexError, TypeError, AttributeError, KeyError, struct.error) as exc:
        raise PreviewError("it is damaged, and its rows cannot be found") from exc
    raise LimitError(NO_TABLE)


def _is_json(head: bytes) -> bool:
    """Return whether the first two lines are objects."""
    lines = head.split(b"\n", 2)[:2]
    if len(lines) < 2:
        return False
    try:
        return all(isinstance(json.loads(line), dict) for line in lines)
    except (ValueError, RecursionError):
        return False
