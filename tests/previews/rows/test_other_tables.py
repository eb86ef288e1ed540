"""Rows by position of SQLite, HDF5, npy and Shapefiles, against sqlite3, h5py, numpy and pyogrio."""

import io
import json
import random
import sqlite3
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy
import pyogrio
import pytest

from storage_tui.contract.models import Blob
from storage_tui.previews.base import LimitError, PreviewError, Source
from storage_tui.previews.decoding.tables.query import parse
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.rows.base import Table, read_cell, read_cells
from storage_tui.previews.rows.measuring import Measures, measure
from storage_tui.previews.rows.opening import open_table
from storage_tui.previews.rows.ordering import Ordering, order
from storage_tui.previews.rows.scanning import Matches, scan
from tests.previews.ranges import Ranges


def point(x: float, y: float) -> bytes:
    return struct.pack("<BI2d", 1, 1, x, y)


async def opened(content: bytes, name: str, part: str = "") -> tuple[Table, Ranges]:
    ranges = Ranges.of(content)
    return await open_table(ranges.source(name), part), ranges


async def matching(table: Table, text: str) -> list[int]:
    found = Matches()
    async for _ in scan(table, parse(text, [(column.name, column.kind) for column in table.columns]), found):
        pass
    return list(found.rows)


async def ordered(table: Table, column: int, *, is_descending: bool = False) -> list[int]:
    found = Ordering()
    async for _ in order(table, column, found, is_descending=is_descending):
        pass
    return list(found.rows)


async def cells_of(table: Table, rows: list[int]) -> list[list[str | None]]:
    found, left_out = await read_cells(table, rows, range(len(table.columns)))
    assert not left_out
    return [[found[row, column] for column in range(len(table.columns))] for row in rows]


def database(tmp_path: Path, statements: str, rows: list[tuple[Any, ...]] = [], into: str = "") -> bytes:  # noqa: B006
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(statements)
        if rows:
            connection.executemany(f"INSERT INTO {into} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.close()
    return path.read_bytes()


def measured_rows(count: int) -> list[tuple[Any, ...]]:
    numbers = random.Random(7)
    return [
        (3 * at, f"site {at % 17}", numbers.random() if at % 9 else None, f"2024-01-{1 + at % 28:02d}", b"x" * (at % 5))
        for at in range(count)
    ]


async def test_rows_of_sqlite_are_those_of_sqlite(tmp_path: Path) -> None:
    rows = measured_rows(9000)
    content = database(
        tmp_path, 'CREATE TABLE "od""d" (id INTEGER PRIMARY KEY, site TEXT, ndvi REAL, day DATE, shape BLOB);'
        "CREATE TABLE other (a);", rows, '"od""d"',
    )  # fmt: skip
    table, _ = await opened(content, "a.db")
    assert (table.part, table.parts) == ('od"d', ('od"d', "other"))
    assert [(column.name, column.kind) for column in table.columns] == [
        ("id", "number"), ("site", "text"), ("ndvi", "number"), ("day", "time"), ("shape", "other"),
    ]  # fmt: skip
    low = [at for at, row in enumerate(rows) if row[2] is not None and row[2] < 0.1]
    expected = [at for at in low if rows[at][1] == "site 3"]
    assert await matching(table, 'ndvi < .1 and site = "site 3"') == expected
    assert table.rows == 9000
    picked = [0, 1999, 2000, 4567, 8999]
    for row, cells in zip(picked, await cells_of(table, picked), strict=True):
        number, site, ndvi, day, shape = rows[row]
        assert cells == [str(number), site, None if ndvi is None else str(ndvi), day, f"{len(shape)} bytes"]
    key = [(rows[row][2] is None, rows[row][2] or 0.0, row) for row in range(9000)]
    assert await ordered(table, 2) == [row for _, _, row in sorted(key)]
    found = Measures()
    async for _ in measure(table, 2, found):
        pass
    known = [row[2] for row in rows if row[2] is not None]
    assert (found.known, found.missing, found.least, found.greatest) == (len(known), 1000, min(known), max(known))
    assert await read_cell(table, 4, 4) == "4 bytes: 78787878"
    assert await read_cell(table, 8998, 1) == rows[8998][1]


async def test_tables_without_row_ids_and_views_are_read(tmp_path: Path) -> None:
    content = database(
        tmp_path, "CREATE TABLE pairs (k TEXT PRIMARY KEY, v INT) WITHOUT ROWID;"
        "CREATE VIEW few AS SELECT v, k FROM pairs;",
        [(f"{at:05d}", at * at) for at in range(4500)], "pairs",
    )  # fmt: skip
    table, _ = await opened(content, "a.sqlite")
    assert await matching(table, "v >= 4410000") == list(range(2100, 4500))
    assert await cells_of(table, [0, 4499]) == [["00000", "0"], ["04499", str(4499 * 4499)]]
    view, _ = await opened(content, "a.sqlite", "few")
    assert await cells_of(view, [0, 3]) == [["0", "00000"], ["9", "00003"]]


async def test_a_hidden_row_id_and_values_of_other_types(tmp_path: Path) -> None:
    content = database(
        tmp_path, "CREATE TABLE t (rowid TEXT, n INT); INSERT INTO t VALUES ('b', 'no number'), ('a', 5);"
    )
    table, _ = await opened(content, "t.db")
    assert await cells_of(table, [0, 1]) == [["b", "no number"], ["a", "5"]]
    assert await matching(table, "n > 1") == [1]


async def test_the_layers_of_a_geopackage_come_first(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    names = numpy.array([f"p{at}" for at in range(300)], dtype=object)
    shapes = numpy.array([point(at / 10, 0) for at in range(300)], dtype=object)
    pyogrio.raw.write(path, shapes, [names, numpy.arange(300)], ["name", "n"], geometry_type="Point", crs="EPSG:4326",
                      driver="GPKG", layer="points")  # fmt: skip
    table, ranges = await opened(path.read_bytes(), "a.gpkg")
    assert (table.part, table.parts) == ("points", ("points",))
    assert [column.name for column in table.columns] == ["fid", "geom", "name", "n"]
    assert (await cells_of(table, [250]))[0][2:] == ["p250", "250"]
    assert len(ranges.asked) <= 6


@pytest.mark.parametrize("order_of_bytes", ["<", ">"])
async def test_rows_of_arrays_are_those_of_numpy(order_of_bytes: str) -> None:
    numbers = numpy.random.default_rng(3)
    array = numbers.normal(size=(60_000, 5)).astype(f"{order_of_bytes}f4")
    array[100, 2] = numpy.nan
    output = io.BytesIO()
    numpy.save(output, array)
    table, ranges = await opened(output.getvalue(), "a.npy")
    assert (table.rows, len(table.columns)) == (60_000, 5)
    before = sum(stop - start for start, stop in ranges.asked)
    shown = await cells_of(table, [59_999])
    assert [numpy.float32(cell) for cell in shown[0]] == array[59_999].tolist()
    after = sum(stop - start for start, stop in ranges.asked)
    assert after - before < 600_000  # one block, not the 1.2 MB of all
    assert await matching(table, "`2` > 2.5") == numpy.flatnonzero(array[:, 2] > 2.5).tolist()
    least = await ordered(table, 2)
    assert least[:10] == numpy.argsort(array[:, 2], kind="stable")[:10].tolist()
    assert least[-1] == 100


async def test_records_of_numpy_have_their_fields_as_columns() -> None:
    kind = [("id", "<i8"), ("name", "<U6"), ("when", "<M8[s]"), ("box", "<f4", (4,)), ("ok", "?"), ("z", "<c16")]
    array = numpy.zeros(4000, dtype=kind)
    array["id"] = numpy.arange(4000) * 7
    array["name"] = [f"n{at % 10}" for at in range(4000)]
    array["when"] = numpy.datetime64("2024-02-28T23:59:59") + numpy.arange(4000)
    array["when"][5] = numpy.datetime64("NaT")
    array["box"][:, 1] = 0.5
    array["ok"] = numpy.arange(4000) % 3 == 0
    output = io.BytesIO()
    numpy.save(output, array)
    table, _ = await opened(output.getvalue(), "r.npy")
    assert [column.name for column in table.columns] == ["id", "name", "when", "box", "ok", "z"]
    assert await matching(table, 'name = "n3" and ok = true and id < 700') == [at for at in range(100) if at % 30 == 3]
    assert await matching(table, "when is null") == [5]
    assert (await cells_of(table, [1]))[0] == ["7", "n1", "2024-02-29T00:00:00", "[0, 0.5, 0, 0]", "False", "0j"]


async def test_arrays_without_a_table_are_named() -> None:
    for array, words in (
        (numpy.float64(3), "one value"),
        (numpy.asfortranarray(numpy.ones((3, 4))), "column by column"),
        (numpy.array([{}], dtype=object), "pickled"),
    ):
        output = io.BytesIO()
        numpy.save(output, array)
        with pytest.raises(LimitError, match=words):
            await opened(output.getvalue(), "a.npy")


async def test_rows_of_a_shapefile_are_those_of_gdal(tmp_path: Path) -> None:
    count = 3000
    shapes = numpy.array([point(at, at) for at in range(count)], dtype=object)
    names = numpy.array([f"Straße {at}" for at in range(count)], dtype=object)
    areas = numpy.round(numpy.random.default_rng(1).random(count) * 1000, 3)
    ids = numpy.arange(count, dtype="int32")
    pyogrio.raw.write(tmp_path / "s.shp", shapes, [ids, names, areas], ["id", "name", "area"], geometry_type="Point",
                      crs="EPSG:4326", encoding="UTF-8")  # fmt: skip
    for name in ("s.shp", "s.dbf"):
        table = await open_table(Source(LocalFiles(), Blob(str(tmp_path / name), "data")))
        assert table.rows == count
        assert [(column.name, column.kind) for column in table.columns][1:] == [("name", "text"), ("area", "number")]
        assert (await cells_of(table, [2999]))[0][1] == "Straße 2999"
        assert await matching(table, "area > 900") == numpy.flatnonzero(areas > 900).tolist()
    (tmp_path / "s.dbf").unlink()
    with pytest.raises(LimitError, match=r"a \.dbf of the same name"):
        await open_table(Source(LocalFiles(), Blob(str(tmp_path / "s.shp"), "data")))


def hdf5(tmp_path: Path) -> bytes:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        kind = numpy.dtype([("id", "<i4"), ("name", "S8"), ("value", "<f4"), ("pair", "<f8", (2,))])
        records = numpy.zeros(25_000, dtype=kind)
        records["id"] = numpy.arange(25_000)
        records["name"] = [f"n{at % 7}".encode() for at in range(25_000)]
        records["value"] = numpy.random.default_rng(2).random(25_000)
        file.create_dataset("group/records", data=records, chunks=(1000,), compression="gzip")
        file["grid"] = numpy.arange(60).reshape(20, 3)
        file["words"] = ["a", "b", "cé"]
        file["cube"] = numpy.zeros((2, 2, 2))
        file["scalar"] = 1.0
        file["soft"] = h5py.SoftLink("/grid")
        file["outside"] = h5py.ExternalLink("/etc/passwd", "/x")
    return (tmp_path / "a.h5").read_bytes()


async def test_rows_of_hdf5_are_those_of_h5py(tmp_path: Path) -> None:
    content = hdf5(tmp_path)
    with h5py.File(io.BytesIO(content)) as file:
        records, grid = file["group/records"][:], file["grid"][:]
    table, _ = await opened(content, "a.h5")
    assert (table.rows, table.part, table.parts) == (25_000, "group/records", ("group/records", "grid", "words"))
    assert [(column.name, column.kind) for column in table.columns] == [
        ("id", "number"), ("name", "text"), ("value", "number"), ("pair", "other"),
    ]  # fmt: skip
    expected = numpy.flatnonzero((records["value"] < 0.01) & (records["name"] == b"n3")).tolist()
    assert await matching(table, 'value < .01 and name = "n3"') == expected
    (cells,) = await cells_of(table, [24_999])
    assert cells == ["24999", "n2", str(records["value"][24_999]), "[0.0, 0.0]"]
    assert await ordered(table, 2) == numpy.argsort(records["value"], kind="stable").tolist()
    assert await read_cell(table, 3, 3) == [0.0, 0.0]
    part, _ = await opened(content, "a.h5", "grid")
    assert await cells_of(part, [19]) == [[str(value) for value in grid[19]]]
    words, _ = await opened(content, "a.h5", "words")
    assert await cells_of(words, [0, 2]) == [["a"], ["cé"]]


async def test_damage_ends_with_one_line(tmp_path: Path) -> None:
    """A cut or flipped file ends with a reason, or shows what is whole; nothing else is raised."""
    numbers = random.Random(11)
    output = io.BytesIO()
    numpy.save(output, numpy.arange(3000).reshape(1000, 3))
    dbf = (
        struct.pack("<4BIHH20x", 3, 124, 1, 1, 1 << 31, 65, 11)
        + b"a".ljust(11, b"\0")
        + b"N"
        + bytes(4)
        + bytes([10])
        + bytes(15)
        + b"\r"
        + b" " * 500
    )
    samples = {
        "a.db": database(tmp_path, "CREATE TABLE t (a INT, b TEXT);", [(at, "x" * 40) for at in range(3000)], "t"),
        "a.h5": hdf5(tmp_path), "a.npy": output.getvalue(), "a.dbf": dbf,
    }  # fmt: skip
    for name, content in samples.items():
        variants = [content[: int(len(content) * share)] for share in (0.02, 0.3, 0.7)]
        for _ in range(5):
            flipped = bytearray(content)
            for _ in range(4):
                flipped[numbers.randrange(min(len(flipped), 3000))] ^= 1 << numbers.randrange(8)
            variants.append(bytes(flipped))
        for variant in variants:
            try:
                table, _ = await opened(variant, name)
                if table.rows_known:
                    await read_cells(table, [table.rows_known - 1], range(min(3, len(table.columns))))
            except PreviewError as exc:
                assert str(exc) and "\n" not in str(exc), name


async def test_a_hostile_schema_runs_nothing(tmp_path: Path) -> None:
    content = database(
        tmp_path, "CREATE TABLE t (a); INSERT INTO t VALUES (1); "
        "CREATE VIEW slow AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
        "SELECT max(x) AS x FROM c;",
    )  # fmt: skip
    table, _ = await opened(content, "t.db")
    assert json.dumps(await cells_of(table, [0])) == '[["1"]]'
    with pytest.raises(PreviewError, match="takes too long"):
        await opened(content, "t.db", "slow")
