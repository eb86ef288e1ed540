"""Rows of tables: pyarrow, fastavro, openpyxl, sqlite3 and csv write and state."""

import csv
import json
import sqlite3
import warnings
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import pyarrow
import pyarrow.feather
import pyarrow.ipc
import pyarrow.orc
import pyarrow.parquet
from odf import opendocument
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType

from storage_tui.previews.base import MIB
from tests.previews.facts.row import Row, Stated, known, of_bytes
from tests.previews.heads import made
from tests.previews.heads.samples import AVRO, document, records, workbook
from tests.previews.samples import SAMPLES
from tests.previews.stores import kept_tables

NAMES = ["id", "site", "ndvi", "ok"]
VALUES = {
    "id": pyarrow.array(range(40), pyarrow.int32()),
    "site": [f"S{at % 4}" for at in range(40)],
    "ndvi": [None if at == 2 else at / 40 for at in range(40)],
    "ok": [at % 3 == 0 for at in range(40)],
}
TABLE = pyarrow.table(VALUES)


def text_of(value: object) -> str:
    """A value of a table as previews show it."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def rows_of(table: Any) -> list[list[str]]:
    """The first rows of a table of pyarrow."""
    return [[text_of(row[name]) for name in table.column_names] for row in table.slice(0, 20).to_pylist()]


def parquet(folder: Path) -> Path:
    """Two row groups by pyarrow."""
    pyarrow.parquet.write_table(TABLE, folder / "a.parquet", row_group_size=20, compression="snappy")
    return folder / "a.parquet"


def of_parquet(path: Path) -> Stated:
    """Rows, groups, columns, compression."""
    told = pyarrow.parquet.ParquetFile(path)
    facts = {
        "rows": f"{told.metadata.num_rows} in {told.metadata.num_row_groups} row groups",
        "columns": str(told.metadata.num_columns),
        "compression": told.metadata.row_group(0).column(0).compression.lower(),
        "written by": told.metadata.created_by,
    }
    return Stated(facts, columns=told.schema_arrow.names, rows=rows_of(told.read()))


def arrow(folder: Path, *, is_stream: bool = False) -> Path:
    """Two batches by pyarrow."""
    write = pyarrow.ipc.new_stream if is_stream else pyarrow.ipc.new_file
    with write(folder / "a.arrow", TABLE.schema) as file:
        file.write_table(TABLE, max_chunksize=20)
    return folder / "a.arrow"


def of_arrow(path: Path) -> Stated:
    """Batches, columns, rows."""
    with pyarrow.ipc.open_file(path) as file:
        return Stated(
            {"batches": str(file.num_record_batches), "columns": str(len(file.schema))},
            columns=file.schema.names,
            rows=rows_of(file.read_all()),
        )


def of_arrow_stream(path: Path) -> Stated:
    """Columns and rows."""
    with pyarrow.ipc.open_stream(path) as file:
        return Stated({"columns": str(len(file.schema))}, columns=file.schema.names, rows=rows_of(file.read_all()))


FEATHER = TABLE.append_column("day", pyarrow.array(range(40), pyarrow.date32())).append_column(
    "class", pyarrow.array([None if at == 3 else "ab"[at % 2] for at in range(40)]).dictionary_encode()
).append_column("at", pyarrow.array([at * 1_500_000 for at in range(40)], pyarrow.timestamp("us")))  # fmt: skip


def feather(folder: Path) -> Path:
    """Version 1 by pyarrow, which gives it up."""
    with warnings.catch_warnings(category=DeprecationWarning, action="ignore"):
        pyarrow.feather.write_feather(FEATHER, str(folder / "a.feather"), version=1)
    return folder / "a.feather"


def of_feather(path: Path) -> Stated:
    """Rows and columns."""
    found = pyarrow.feather.read_table(path)
    rows = [[*row[:-1], str(moment)] for row, moment in zip(rows_of(found), found["at"].to_pylist(), strict=False)]
    facts = {"rows": str(found.num_rows), "columns": str(found.num_columns)}
    return Stated(facts, columns=found.column_names, rows=rows)


def orc(compression: str) -> Callable[[Path], Path]:
    """Return what writes an ORC by pyarrow."""

    def make(folder: Path) -> Path:
        pyarrow.orc.write_table(TABLE, folder / "a.orc", compression=compression)
        return folder / "a.orc"

    return make


def of_orc(path: Path) -> Stated:
    """Rows, stripes, columns."""
    told = pyarrow.orc.ORCFile(path)
    facts = {
        "rows": f"{told.nrows} in {told.nstripes} stripe",
        "columns": str(len(told.schema)),
        "compression": told.compression.lower().replace("uncompressed", "none"),
    }
    return Stated(facts, lines=["id      int", "site    string", "ndvi    double", "ok      boolean"])


def of_fastavro(path: Path) -> Stated:
    """Codec, schema, first block."""
    with path.open("rb") as file:
        reader = fastavro.block_reader(file)
        schema = json.loads(reader.metadata["avro.schema"])
        facts = {
            "codec": reader.codec,
            "record": schema["name"],
            "fields": str(len(schema["fields"])),
            "first block": f"{next(reader).num_records} records",
            "origin": reader.metadata["origin"],
        }
    assert schema["fields"][1]["name"] == AVRO["fields"][1]["name"]
    with path.open("rb") as file:
        rows = [[text_of(one["id"]), text_of(one["sown"])] for one in fastavro.reader(file)]
    return Stated(facts, rows=rows, lines=["id      long", "sown    date or null"])


def of_openpyxl(path: Path) -> Stated:
    """Sheets, and the first rows of the one that is shown."""
    book = openpyxl.load_workbook(path)
    names = [f"{sheet.title}{' (hidden)' if sheet.sheet_state == 'hidden' else ''}" for sheet in book]
    sheet = next(one for one in book if one.sheet_state == "visible")
    facts = {"sheets": f"{len(names)}: {', '.join(names)}", "shown": f"{sheet.title}, {sheet.dimensions}"}
    first = [sheet.cell(2, column).value for column in range(1, 6)]
    assert first == ["S0", datetime(2026, 3, 1), 0, 0, True]
    return Stated(facts, lines=["S0    2026-03-01"])


def database(folder: Path) -> Path:
    """Two tables and an index by sqlite3."""
    connection = sqlite3.connect(folder / "a.db")
    connection.execute("create table scenes (id text primary key, cloud real)")
    connection.execute("create table tiles (x integer, y integer)")
    connection.executemany("insert into scenes values (?, ?)", ((f"S{at}", at / 9) for at in range(9)))
    connection.commit()
    connection.close()
    return folder / "a.db"


def sheet(folder: Path) -> Path:
    """A table of all types of cells by odfpy."""
    document, table = OpenDocumentSpreadsheet(), Table(name="Plots")
    for row in SHEET:
        line = TableRow()
        for value in row:
            cell = TableCell(**_typed(value))
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.spreadsheet.addElement(Table(name="Notes"))
    document.save(str(folder / "a.ods"))
    return folder / "a.ods"


SHEET: list[list[Any]] = [["id", "site", "when", "ok", "share"], [1, "Süd", date(2026, 3, 1), True, 0.25],
         [2, "Nord", date(2026, 3, 2), False, 0.5]]  # fmt: skip


def _typed(value: object) -> dict[str, str]:
    if isinstance(value, bool):
        return {"valuetype": "boolean", "booleanvalue": str(value).lower()}
    if isinstance(value, int | float):
        return {"valuetype": "percentage" if isinstance(value, float) else "float", "value": str(value)}
    return {"valuetype": "date", "datevalue": str(value)} if isinstance(value, date) else {"valuetype": "string"}


def of_odfpy(path: Path) -> Stated:
    """Tables, and the cells of the first one."""
    tables = opendocument.load(path).spreadsheet.getElementsByType(Table)
    names = [table.getAttribute("name") for table in tables]
    rows = [
        [str(number), *map(str, row.childNodes)] for number, row in enumerate(tables[0].getElementsByType(TableRow), 1)
    ]
    return Stated(
        {"sheets": f"{len(names)}: {', '.join(names)}", "shown": names[0]}, columns=["row", *"ABCDE"], rows=rows
    )


def iceberg(folder: Path) -> Path:
    """A table in parts by pyiceberg: two appends, and a delete that writes three files again."""
    place = folder / "x.iceberg"
    place.mkdir()
    catalog = SqlCatalog("c", uri="sqlite:///:memory:", warehouse=f"file://{folder}")
    catalog.create_namespace("n")
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "site", StringType()))
    parts = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "site"))
    table = catalog.create_table("n.t", schema, partition_spec=parts, location=f"file://{place}")
    rows = pyarrow.table({"id": pyarrow.array(range(10), pyarrow.int64()), "site": [f"S{at % 3}" for at in range(10)]})
    for _ in range(2):
        table.append(rows)
    table.delete("id = 3")
    TABLES[place] = catalog.load_table("n.t")
    return place


TABLES: dict[Path, Any] = {}
"""The tables that were made, as their library holds them."""


def of_pyiceberg(path: Path) -> Stated:
    """Files, rows, manifests, snapshots."""
    table = TABLES[path]
    found = sorted(
        (file["file_path"].rpartition("/")[2], file["record_count"]) for file in table.inspect.files().to_pylist()
    )
    facts = {
        "files": str(len(found)),
        "rows": str(table.scan().to_arrow().num_rows),
        "manifests": str(table.inspect.manifests().num_rows),
        "snapshots": str(len(table.snapshots())),
        "parted by": "site",
    }
    return Stated(facts, columns=("file", "parts", "rows", "size"), lines=[f"site=S{at}" for at in range(3)])


def of_sqlite(path: Path) -> Stated:
    """Pages, encoding, tables."""
    connection = sqlite3.connect(path)

    def one(statement: str) -> Any:
        return connection.execute(statement).fetchone()[0]

    facts = {
        "pages": f"{one('pragma page_count')} of {one('pragma page_size'):,} bytes",
        "encoding": one("pragma encoding"),
        "tables": str(one("select count(*) from sqlite_schema where type = 'table'")),
    }
    lines = [name for (name,) in connection.execute("select name from sqlite_schema")]
    connection.close()
    return Stated(facts, lines=lines)


def text_table(delimiter: str) -> Callable[[Path], Path]:
    """Return what writes a table of text by csv."""

    def make(folder: Path) -> Path:
        with (folder / "a.txt").open("w", newline="") as file:
            write = csv.writer(file, delimiter=delimiter)
            write.writerow(NAMES)
            write.writerows(rows_of(TABLE))
        return folder / "a.txt"

    return make


def of_csv(path: Path) -> Stated:
    """The rows as csv reads them."""
    with path.open(newline="") as file:
        dialect = csv.Sniffer().sniff(file.read())
        file.seek(0)
        columns, *rows = csv.reader(file, dialect)
    word = {",": "commas", "\t": "tabs"}[dialect.delimiter]
    return Stated(
        {"rows": str(len(rows)), "columns": f"{len(columns)}, separated by {word}"}, columns=columns, rows=rows
    )


def of_json(path: Path) -> Stated:
    """The number of records."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return Stated({"records": str(len(found))}, lines=[json.dumps(found[0])])


def folder_of(name: str, packed: str) -> Callable[[Path], Path]:
    """Return what writes the metadata of a table that is a folder."""

    def make(folder: Path) -> Path:
        for file, content in kept_tables.files(packed).items():
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder / name

    return make


DELTA = {"version": "2", "name": "plots", "operation": "DELETE", "protocol": "reader 1, writer 2", "columns": "3",
         "parted by": "site", "files": "4, 3.3 kB", "rows": "26"}  # fmt: skip
"""What deltalake states of the table."""
ICEBERG = {"version": "2", "columns": "2", "snapshots": "2", "operation": "append", "files": "2", "rows": "20"}
"""What pyiceberg states of the table."""
FOLDER = {"requests": 16, "size_bytes": MIB, "why": "two lists, and each commit of a log is a blob"}
ZIPPED = {"requests": 7, "size_bytes": MIB, "why": "members lie anywhere in a zip"}
ROWS = (
    Row("Parquet", "pyarrow", parquet, of_parquet),
    Row("Arrow", "pyarrow", arrow, of_arrow),
    Row("Arrow stream", "pyarrow", lambda folder: arrow(folder, is_stream=True), of_arrow_stream),
    Row("Feather 1", "pyarrow", feather, of_feather),
    *(Row("ORC", "pyarrow", orc(method), of_orc) for method in ("zlib", "zstd", "uncompressed")),
    Row("Avro", "fastavro", of_bytes("a.avro", records), of_fastavro),
    Row("xlsx", "openpyxl", of_bytes("a.xlsx", workbook), of_openpyxl, **ZIPPED),
    Row("ods", "the standard", of_bytes("a.ods", document), known({"sheets": "2: Plots, Notes", "shown": "Plots"})),
    Row("ods", "odfpy", sheet, of_odfpy, requests=3, size_bytes=MIB // 2, why="members lie anywhere in a zip"),
    Row("Iceberg table", "pyiceberg", iceberg, of_pyiceberg, **FOLDER),
    Row(
        "Delta table",
        "deltalake 1.6",
        folder_of("y.delta", kept_tables.CHECKPOINT),
        known({"version": "8", "checkpoint": "of version 6", "files": "13, 11.1 kB", "rows": "56"}),
        **FOLDER,
    ),
    Row("SQLite", "sqlite3", database, of_sqlite, requests=12, size_bytes=MIB, why="pages of the schema lie anywhere"),
    Row("CSV", "csv", text_table(","), of_csv),
    Row("TSV", "csv", text_table("\t"), of_csv),
    Row("JSON Lines", "json", of_bytes("a.jsonl", SAMPLES["JSON Lines"][0]), of_json),
    Row(
        "Zarr",
        "the specification",
        of_bytes(".zarray", lambda: made.ZARR_2),
        known({"shape": "365 × 180", "chunks": "30 × 90"}),
    ),
    Row(
        "Iceberg table",
        "the specification",
        of_bytes("v1.metadata.json", lambda: made.ICEBERG),
        known({"columns": "1: id long", "rows": "1200"}),
    ),
    Row(
        "Delta log",
        "the specification",
        of_bytes("00000000000000000000.json", lambda: made.DELTA),
        known({"operation": "WRITE"}),
    ),
    Row(
        "Delta table",
        "deltalake 1.6",
        folder_of("x.delta", kept_tables.DELTA),
        known(DELTA, lines=["site    string  optional"]),
        **FOLDER,
    ),
    Row(
        "Iceberg table",
        "pyiceberg 0.12",
        folder_of("x.iceberg", kept_tables.ICEBERG),
        known(ICEBERG, lines=["id      long    optional"]),
        **FOLDER,
    ),
)
