"""The choice of the table that a blob holds: by its first bytes, then by its name."""

import json
import struct

from storage_tui.contract.errors import LocalFileError, NotFoundError
from storage_tui.previews.base import LimitError, PreviewError, Source
from storage_tui.previews.formats.arrow import Arrow
from storage_tui.previews.formats.delimited import Delimited
from storage_tui.previews.formats.hdf5 import Hdf5
from storage_tui.previews.formats.npy import MAGIC as NPY
from storage_tui.previews.formats.parquet import Parquet
from storage_tui.previews.formats.shapefile import Shapefile
from storage_tui.previews.formats.sqlite import MAGIC as SQLITE
from storage_tui.previews.rows.arrow import ArrowRows
from storage_tui.previews.rows.base import Table
from storage_tui.previews.rows.databases import DatabaseRows
from storage_tui.previews.rows.datasets import DatasetRows
from storage_tui.previews.rows.lines import LineRows
from storage_tui.previews.rows.parquet import ParquetRows
from storage_tui.previews.rows.records import RecordRows
from storage_tui.previews.siblings import Beside

JSON_NAMES = (".jsonl", ".ndjson")
NO_TABLE = "no table here: CSV, TSV, JSON Lines, Parquet, Arrow, SQLite, HDF5, npy and Shapefiles have one"
ENCODING_BYTES = 64  # of a `.cpg`


async def open_table(source: Source, part: str = "") -> Table:
    """Return the table of a blob. `part` names one of several tables, "" the first one.

    Raise PreviewError when it has none or is damaged, and the errors of the client.
    """
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
        if head.startswith(SQLITE):
            return await DatabaseRows.open(source, part)
        if Hdf5().matches(head, name):
            return await DatasetRows.open(source, part)
        if head.startswith(NPY):
            return await RecordRows.array(source)
        if Shapefile().matches(head, name) or name.endswith(".dbf"):
            return await _attributes(source, is_own=name.endswith(".dbf"))
        if name.endswith(JSON_NAMES) or _is_json(head):
            return await LineRows.json_lines(source)
        if Delimited().matches(head, name):
            return await LineRows.delimited(source)
    except (ValueError, IndexError, TypeError, AttributeError, KeyError, struct.error) as exc:
        raise PreviewError("it is damaged, and its rows cannot be found") from exc
    raise LimitError(NO_TABLE)


async def _attributes(source: Source, *, is_own: bool) -> Table:
    """Return the attributes of a Shapefile, or of a `.dbf` itself."""
    siblings = Beside(source)
    encoding = (await siblings.read(".cpg", ENCODING_BYTES) or b"").decode("ascii", "replace")
    table = source if is_own else siblings.source(".dbf")
    if table is None:
        raise LimitError("its attributes are in a .dbf of the same name, which is not there")
    if not is_own:
        table.begin()
        try:
            await table.head()
        except (NotFoundError, LocalFileError) as exc:
            raise LimitError("its attributes are in a .dbf of the same name, which is not there") from exc
    return await RecordRows.attributes(table, encoding)


def _is_json(head: bytes) -> bool:
    """Return whether the first two lines are objects."""
    lines = head.split(b"\n", 2)[:2]
    if len(lines) < 2:
        return False
    try:
        return all(isinstance(json.loads(line), dict) for line in lines)
    except (ValueError, RecursionError):
        return False
