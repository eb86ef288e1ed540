"""Rows by position, queries, orders and statistics, against pyarrow and Python's csv."""

import asyncio
import csv
import io
import json
import random
import statistics
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.parquet
import pytest

from storage_tui.previews.base import MIB, BudgetError, PreviewError, Source
from storage_tui.previews.decoding.tables.query import parse
from storage_tui.previews.rows.base import Allowance, Table, bounded, read_cell, read_cells
from storage_tui.previews.rows.measuring import Measures, measure
from storage_tui.previews.rows.opening import open_table
from storage_tui.previews.rows.ordering import Ordering, order
from storage_tui.previews.rows.scanning import Matches, scan
from tests.effort import some
from tests.previews.ranges import Ranges
from tests.world.environment import world_python

WRITER = Path(__file__).with_name("answers_by_pyarrow.py")
FILES = ("told.parquet", "silent.parquet", "batches.feather")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("answers")
    subprocess.run([str(world_python()), str(WRITER), str(folder), "19"], check=True)
    return folder, json.loads((folder / "answers.json").read_text())


async def opened(content: bytes, name: str) -> tuple[Table, Ranges]:
    ranges = Ranges.of(content)
    return await open_table(ranges.source(name)), ranges


def names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


async def matching(table: Table, text: str) -> Matches:
    found = Matches()
    async for _ in scan(table, parse(text, [(column.name, column.kind) for column in table.columns]), found):
        pass
    assert found.is_done
    return found


async def ordered(table: Table, name: str, **more: Any) -> list[int]:
    found = Ordering()
    async for _ in order(table, names(table).index(name), found, **{"is_descending": False} | more):
        pass
    return list(found.rows)


@pytest.mark.parametrize("name", FILES)
async def test_queries_find_the_rows_that_pyarrow_finds(answers: Any, name: str) -> None:
    folder, told = answers
    table, _ = await opened((folder / name).read_bytes(), name)
    queries = told["queries"][:: 1 if name == "told.parquet" else 4]
    for text, rows in some(queries, every=4):
        assert list((await matching(table, text)).rows) == rows, text


async def test_queries_of_lines_find_the_same_rows(answers: Any) -> None:
    folder, told = answers
    table, _ = await opened((folder / "lines.jsonl").read_bytes(), "lines.jsonl")
    for text, rows in told["plain"]:
        assert list((await matching(table, text)).rows) == rows, text
    assert table.rows == 1500


@pytest.mark.parametrize("name", FILES)
async def test_orders_are_those_of_python_with_null_and_nan_last(answers: Any, name: str) -> None:
    folder, told = answers
    table, _ = await opened((folder / name).read_bytes(), name)
    for column, rows in told["orders"].items():
        assert await ordered(table, column) == rows, column
    few = list((await matching(table, "up is not null and i > 20")).rows)
    assert await ordered(table, "s", among=few) == [row for row in told["orders"]["s"] if row in few]


@pytest.mark.parametrize("name", [*FILES, "lines.jsonl"])
async def test_cells_are_those_of_the_table(answers: Any, name: str) -> None:
    folder, told = answers
    table, _ = await opened((folder / name).read_bytes(), name)
    places = names(table)
    wanted = [(row, column, value) for row, column, value in told["cells"] if column in places]
    rows = sorted({row for row, _, _ in wanted})
    cells, left_out = await read_cells(table, rows, range(len(places)))
    assert not left_out
    for row, column, value in wanted:
        shown = cells[row, places.index(column)]
        if column in ("up", "i", "s"):
            assert shown == (None if value is None else str(value))
    for row, column, value in wanted[:10]:
        whole = await read_cell(table, row, places.index(column))
        assert whole == value if column in ("list", "deep") else str(whole) == str(value)


async def test_a_query_reads_only_the_row_groups_that_may_match(answers: Any) -> None:
    folder, _ = answers
    content = (folder / "told.parquet").read_bytes()
    table, _ = await opened(content, "told.parquet")
    up = int((await read_cells(table, [0], [0]))[0][0, 0] or 0)
    found = await matching(table, f"up >= {up + 450} and up < {up + 460}")
    assert list(found.rows) == list(range(450, 460))
    assert (found.scanned, found.skipped) == (400, 1100)
    assert not (await matching(table, f"up > {up + 5000}")).rows
    assert table.cost_of_all([0], parse(f"up > {up + 5000}", [("up", "number")])) == 0


async def test_a_jump_reads_the_columns_in_view_of_one_row_group(wide: bytes) -> None:
    table, ranges = await opened(wide, "wide.parquet")
    before = len(ranges.asked)
    cells, _ = await read_cells(table, [250_000], [1])
    assert cells[250_000, 1] == str(250_000 * 3)
    asked = ranges.asked[before:]
    block = table.block_of(250_000)
    assert sum(stop - start for start, stop in asked) <= table.cost(block, [1]) + 2 * 128 * 1024
    assert len(asked) <= 4


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("wide") / "wide.parquet"
    code = (
        "import pyarrow as pa, pyarrow.parquet as pq, sys;"
        "t = pa.table({f'c{k}': pa.array([at * (k + 2) for at in range(300_000)]) for k in range(4)});"
        "pq.write_table(t, sys.argv[1], row_group_size=50_000, compression='none', use_dictionary=False)"
    )
    subprocess.run([str(world_python()), "-c", code, str(path)], check=True)
    return path.read_bytes()


async def test_a_jump_to_row_fifty_million_reads_one_row_group(tmp_path: Path) -> None:
    path, rows, groups = tmp_path / "large.parquet", 1_000_000, 51
    numbers = pyarrow.array(numpy.arange(rows, dtype="i4") % 1000)
    with pyarrow.parquet.ParquetWriter(path, pyarrow.schema([("a", "int32"), ("b", "int32")])) as writer:
        for group in range(groups):
            own = numbers if group == 50 else pyarrow.array(numpy.full(rows, group, "i4"))
            writer.write_table(pyarrow.table({"a": own, "b": own}), row_group_size=rows)
    stored = pyarrow.parquet.ParquetFile(path).metadata
    own_bytes = stored.row_group(50).column(0).total_compressed_size
    ranges = Ranges.of(path.read_bytes())
    table = await open_table(ranges.source("large.parquet"))
    assert table.rows == groups * rows
    before, asked = table.source.bytes_read, len(ranges.asked)
    first = 50 * rows + 123
    cells, _ = await read_cells(table, range(first, first + 40), [0])
    assert [cells[row, 0] for row in range(first, first + 40)] == [str(at) for at in range(123, 163)]
    assert table.source.bytes_read - before <= own_bytes + 64 * 1024  # the last page of ranges reaches over its end
    assert len(ranges.asked) - asked <= 4


async def test_statistics_that_contradict_themselves_rule_nothing_out(answers: Any) -> None:
    folder, _ = answers
    content = (folder / "told.parquet").read_bytes()
    table, _ = await opened(content, "told.parquet")
    low = int((await read_cells(table, [0], [0]))[0][0, 0] or 0)
    least, greatest = (value.to_bytes(8, "little", signed=True) for value in (low, low + 399))
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = content[start:]
    assert least in footer and greatest in footer
    turned = footer.replace(least, b"<least->").replace(greatest, least).replace(b"<least->", greatest)
    lying, _ = await opened(content[:start] + turned, "a.parquet")
    found = await matching(lying, f"up <= {low + 3}")
    assert list(found.rows) == [0, 1, 2, 3]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_rows_of_csv_are_those_of_pythons_csv(delimiter: str) -> None:
    chance = random.Random(delimiter)
    rows = [
        [str(at), chance.choice(("plain", "a, b; c", 'with "quotes"', "two\nlines", "")), f"{chance.random():.4f}"]
        for at in range(25_000)
    ]  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([["id", "note", "value"], *rows])
    content = text.getvalue().encode()
    table, ranges = await opened(content, "a.csv")
    assert table.rows is None and len(ranges.asked) <= 3  # one page of many
    found = await matching(table, 'note ~ "two" and value < .5')
    assert list(found.rows) == [at for at, row in enumerate(rows) if row[1] == "two\nlines" and float(row[2]) < 0.5]
    assert table.rows == len(rows)
    picked = sorted(chance.sample(range(len(rows)), 30))
    cells, _ = await read_cells(table, picked, [0, 1, 2])
    assert all([cells[row, column] or "" for column in range(3)] == rows[row] for row in picked)
    values = [float(row[2]) for row in rows]
    assert await ordered(table, "value") == sorted(range(len(rows)), key=lambda at: (values[at], at))


async def test_the_statistics_of_a_column_are_those_of_its_values(answers: Any) -> None:
    folder, _ = answers
    for name in ("told.parquet", "lines.jsonl"):
        table, _ = await opened((folder / name).read_bytes(), name)
        found = Measures()
        async for _ in measure(table, names(table).index("i"), found):
            pass
        cells, _ = await read_cells(table, range(1500), [names(table).index("i")])
        values = [int(cell) for cell in cells.values() if cell is not None]
        assert (found.rows, found.known, found.missing) == (1500, len(values), 1500 - len(values))
        assert (found.least, found.greatest) == (min(values), max(values))
        assert found.total / found.known == pytest.approx(statistics.mean(values))
        assert found.counts == Counter(map(str, values)) and not found.is_many
        assert sum(count for _, _, count in found.histogram()) == len(values)


async def test_statistics_may_be_of_the_rows_that_match(answers: Any) -> None:
    folder, _ = answers
    table, _ = await opened((folder / "told.parquet").read_bytes(), "told.parquet")
    rows = (await matching(table, "i > 40")).rows
    found = Measures()
    async for _ in measure(table, names(table).index("i"), found, among=rows):
        pass
    assert found.rows == len(rows) and found.least > 40


async def test_damage_is_one_line_and_the_rest_is_read(answers: Any) -> None:
    folder, _ = answers
    content = bytearray((folder / "told.parquet").read_bytes())
    chance = random.Random(5)
    told = 0
    for _ in range(25):
        spoiled = bytearray(content)
        for _ in range(chance.choice((1, 20, 400))):
            spoiled[chance.randrange(4, len(spoiled) - 8)] = chance.randrange(256)
        try:
            table, _ = await opened(bytes(spoiled), "a.parquet")
            await read_cells(table, [0, 1300], range(len(table.columns)))
        except PreviewError as exc:
            told += 1
            assert str(exc) and "\n" not in str(exc) and "Traceback" not in str(exc)
        except IndexError:  # fewer rows than asked for
            assert (table.rows or 0) <= 1300
    assert told


async def test_lines_of_any_bytes_are_read_to_their_end() -> None:
    chance = random.Random(3)
    for name in ("a.csv", "a.jsonl"):
        row = b"%d,word\n" if name == "a.csv" else b'{"id": %d}\n'
        head = (b"id,note\n" if name == "a.csv" else b"") + b"".join(row % at for at in range(20_000))
        content = head + chance.randbytes(300_000).replace(b"\0", b"?") + b'\n"' + b"[" * 300_000
        table, _ = await opened(content, name)
        async with asyncio.timeout(60):
            await matching(table, "id > 1")
        assert table.rows is not None


async def test_a_scan_and_the_cells_in_view_do_not_take_each_others_budget() -> None:
    source = Ranges.of(bytes(40 * MIB)).source()
    allowance = Allowance(source)
    with allowance.block(20 * MIB):
        await source.read(0, 8 * MIB)
        with allowance.block(0):
            await source.read(39 * MIB, 40 * MIB)
        await source.read(8 * MIB, 20 * MIB)
        with pytest.raises(BudgetError):
            await source.read(20 * MIB, 39 * MIB)


async def test_heads_that_no_job_could_name_are_refused_in_a_line() -> None:
    wide = ",".join(f"c{at}" for at in range(12_000)).encode()
    with pytest.raises(PreviewError, match="12,000 columns"):
        await opened(wide + b"\n" + b"1," * 11_999 + b"1\n", "a.csv")
    line = json.dumps({"x" * 200_000: 1, "n" * 900: 2, "id": 3}).encode() + b"\n"
    with pytest.raises(PreviewError, match="2,000 characters"):
        await opened(b'{"' + b"y" * 2000 + b'": 1}\n', "a.jsonl")
    with pytest.raises(PreviewError, match="no objects"):
        await opened(line * 3, "a.jsonl")  # the first line is longer than what is looked at


def test_a_table_without_columns_is_refused() -> None:
    with pytest.raises(PreviewError, match="no columns"):
        bounded([])


async def test_a_row_group_that_lies_about_its_rows_says_so(wide: bytes) -> None:
    start = len(wide) - 8 - int.from_bytes(wide[-8:-4], "little")
    told = bytes((0xA0, 0x8D, 0x06))  # 50,000 in the compact protocol of Thrift
    assert told in wide[start:]
    table, _ = await opened(wide[:start] + wide[start:].replace(told, bytes((0xFE, 0xFF, 0x7F))), "a.parquet")
    assert (table.rows or 0) > 6_000_000
    with pytest.raises(PreviewError) as raised:
        await read_cells(table, [table.first_of(1) - 5], [0])
    assert "\n" not in str(raised.value)


async def test_a_blob_that_shrinks_while_it_is_read_says_so() -> None:
    content = b"id,note\n" + b"".join(b"%d,word\n" % at for at in range(100_000))
    ranges = Ranges.of(content)
    source: Source = ranges.source("a.csv")
    table = await open_table(source)
    ranges.part = lambda start, stop: content[start : min(stop, 600_000)]
    with pytest.raises(PreviewError, match="ends before"):
        await matching(table, "id > 1")
