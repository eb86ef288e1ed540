"""Orders of many rows: runs and their merge against Python's sort, and pages of lines against their rows one by one."""

import io
import json
import random
from array import array
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from storage_tui.previews.decoding.tables import operations
from storage_tui.previews.decoding.tables.lines import TextBatch, read_lines
from storage_tui.previews.decoding.tables.query import NUMBER, TEXT, parse
from storage_tui.previews.rows.base import read_cell, read_cells
from storage_tui.previews.rows.measuring import Measures, measure
from storage_tui.previews.rows.opening import open_table
from storage_tui.previews.rows.ordering import Ordering, PackedTexts, order
from storage_tui.previews.rows.scanning import Matches, scan
from storage_tui.previews.table.dialect import Dialect
from storage_tui.previews.table.rows import plain_rows, split_rows
from storage_tui.previews.text.encoding import Encoding
from tests.previews.ranges import Ranges

CHANCE = random.Random(19)
KEYS: dict[str, list[Any]] = {
    "few": [CHANCE.randrange(4) for _ in range(9000)],
    "equal": [7] * 5000,
    "numbers": [CHANCE.choice((None, CHANCE.random(), float("nan"), CHANCE.randrange(-9, 9))) for _ in range(9000)],
    "large": [CHANCE.choice((2**63 + CHANCE.randrange(99), 2**64 - 1)) for _ in range(3000)],
    "texts": [CHANCE.choice((None, "", "é" * CHANCE.randrange(80), f"{CHANCE.random():.3}")) for _ in range(9000)],
    "nul": [CHANCE.choice(("a\0b", "a", "\0", "a\ud800")) for _ in range(2000)],
}


class _Rows:
    def __init__(self, values: list[Any]) -> None:
        self.count = len(values)
        self._values = values

    def values(self, column: int) -> list[Any]:
        return self._values

    def texts(self, column: int, rows: Any) -> list[Any]:
        return [self._values[row] for row in rows]


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("name", KEYS)
def test_runs_are_merged_as_python_sorts(name: str, is_descending: bool) -> None:
    values = KEYS[name]
    kind = TEXT if name in ("texts", "nul") else NUMBER
    found, parts = Ordering(), 4
    size = len(values) // parts
    for first in range(0, len(values), size):
        own = values[first : first + size]
        batches = [_Rows(own[at : at + 100]) for at in range(0, size, 100)]
        found.add(first, *operations.run({"do": "order", "column": 0, "kind": kind, "run_rows": 700}, batches))
    found.merge(is_descending=is_descending, together=900)
    known = [at for at, value in enumerate(values) if value is not None and value == value]
    key = (lambda at: values[at][:64]) if kind == TEXT else values.__getitem__
    expected = sorted(known, key=key)
    rest = [at for at in range(len(values)) if at not in set(known)]
    assert list(found.rows) == (expected[::-1] if is_descending else expected) + rest
    assert found.done == len(values) and found.rows.itemsize == 4


def test_rows_behind_four_billion_keep_their_numbers() -> None:
    found, first = Ordering(), 5_000_000_000
    found.add(first, *operations.run({"do": "order", "column": 0, "kind": NUMBER}, [_Rows([3, 1, None])]))
    found.merge(is_descending=False)
    assert list(found.rows) == [first + 1, first, first + 2]


def test_packed_texts_are_the_texts() -> None:
    texts = sorted(f"{CHANCE.random()}é" for _ in range(3000))
    packed = PackedTexts(texts)
    assert list(packed) == texts and packed[1020:1030] == texts[1020:1030] and packed[5:5] == []


PLAIN = Dialect(",")
DIALECTS = (PLAIN, Dialect(";", quote=""), Dialect("\t", comment="#"), Dialect(",", quote="'"))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("is_last", [False, True])
def test_a_page_is_split_at_once_as_row_by_row(dialect: Dialect, is_last: bool) -> None:
    pieces = (
        "a",
        "1",
        ",",
        ";",
        "\t",
        '"',
        '""',
        "'",
        "\n",
        "\r\n",
        "\r",
        "#",
        " ",
        "\x1a",
        "\0",
        "é",
        "\n\n",
        ',"x\ny",',
    )
    chance, plain = random.Random(dialect.delimiter), 0
    for _ in range(1500):
        lines = "".join(chance.choices(pieces, k=chance.randrange(1, 25))) if chance.random() < 0.7 else ""
        page = (lines + f'1{dialect.delimiter}2\n"a{dialect.delimiter}b"\n').encode()[: chance.randrange(4, 90)]
        at_once = plain_rows(page, dialect, Encoding("utf-8"), is_last=is_last)
        if at_once is None:
            continue
        plain += 1
        rows, stop = at_once
        slow = split_rows(page[:stop], 0, dialect, Encoding("utf-8"), is_last=is_last)
        expected = [cells for cells, _, _ in slow if cells]
        assert rows == expected, page
    assert plain > 500


async def test_spans_of_lines_have_the_blocks_of_single_reads() -> None:
    text = b"id,note\n" + b"".join(b'%d,"a ""b"", %s"\n' % (at, b"x" * (at % 40)) for at in range(80_000))
    one, other = [await open_table(Ranges.of(text).source("a.csv")) for _ in range(2)]
    while one.rows is None:
        await one.run(one.blocks_known, (), {"do": "match", "query": ["null", 0], "kinds": {0: "number"}})
    found = Ordering()
    async for _ in order(other, 0, found, is_descending=True):
        pass
    assert other.blocks_known == one.blocks_known > 8
    assert [other.first_of(at) for at in range(one.blocks_known)] == [
        one.first_of(at) for at in range(one.blocks_known)
    ]
    assert list(found.rows) == list(range(79_999, -1, -1))
    few = Ordering()
    async for _ in order(other, 0, few, is_descending=True, among=array("Q", range(5, 80_000, 7000))):
        pass
    assert list(few.rows) == list(range(5, 80_000, 7000))[::-1]
    matches = Matches()
    async for _ in scan(one, ["<", 0, "3"], matches):
        pass
    assert list(matches.rows) == [0, 1, 2] and matches.scanned == 80_000


async def test_the_parts_of_a_row_group_count_each_row_once() -> None:
    stored = io.BytesIO()
    count = 450_000  # three parts of a measure, whose bounds lie inside of batches
    pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.array(range(count), "int32")}), stored)
    table = await open_table(Ranges.of(stored.getvalue()).source("a.parquet"))
    found = Measures()
    async for _ in measure(table, 0, found):
        pass
    assert (found.rows, found.known, found.least, found.greatest) == (count, count, 0, count - 1)
    assert found.total == count * (count - 1) // 2


def test_numbers_and_truths_are_read_in_any_spelling() -> None:
    rows = [["1.5", "ja"], ["1", "no"], ["1,5", "OUI"], ["", "-"], ["x", "yes"], ["1 000", "false"]]
    batch = TextBatch(rows, [NUMBER, "yes/no"])
    assert batch.values(0) == [1.5, 1, 1.5, None, None, 1000]
    assert batch.values(1) == [True, False, True, None, True, False]


def test_lines_of_json_are_values() -> None:
    content = b'{"a": 1.50, "b": [1]}\n  {"a": "2", "b": null} \n[1]\nnot\n\n{"a": true} x\n{"b": "t"}'
    job = {"form": "json", "names": ["a", "b"], "column_kinds": [NUMBER, "other"], "is_last": True, "is_known": True,
           "sizes": [1 << 18]}  # fmt: skip
    told, payload = read_lines(job | {"do": "cells", "picked": [0, 1, 2, 3, 4, 5], "columns": [0, 1], "chars": 99,
                                      "counts": True}, content)  # fmt: skip
    assert told["rows"] == 6
    assert json.loads(payload) == [
        ["1.5", "[1]"], ["2", None], ["[1]", None], ["not", None], ['{"a": true} x', None], [None, "t"],
    ]  # fmt: skip
    told, payload = read_lines(job | {"do": "order", "column": 0, "kind": NUMBER}, content)
    assert told["runs"][0]["known"] == 2


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
async def test_rows_longer_than_a_block_stay_one_row(name: str) -> None:
    large, small = "x, y" * 250_000, [f"short {at}" for at in range(20_000)]
    notes = [*small[:3], large, *small[3:], large, "last"]
    if name == "a.csv":
        content = "id,note\n" + "".join(f'{at},"{note}"\n' for at, note in enumerate(notes))
    else:
        content = "".join(json.dumps({"id": at, "note": note}) + "\n" for at, note in enumerate(notes))
    table = await open_table(Ranges.of(content.encode()).source(name))
    found = Ordering()
    async for _ in order(table, 0, found, is_descending=True):
        pass
    assert table.rows == len(notes) and list(found.rows) == list(range(len(notes)))[::-1]
    cells, _ = await read_cells(table, [0, 3, 4, len(notes) - 2, len(notes) - 1], [0, 1])
    assert cells[3, 1] == large[:200] and cells[4, 1] == "short 3" and cells[len(notes) - 1, 1] == "last"
    assert str(await read_cell(table, 3, 1))[:9] == large[:9]
    matches = Matches()
    async for _ in scan(table, ["=", 1, "last"], matches):
        pass
    assert list(matches.rows) == [len(notes) - 1]


@pytest.mark.parametrize("form", ["parquet", "feather"])
async def test_columns_of_one_name_are_two_columns(form: str) -> None:
    output = io.BytesIO()
    arrays = [pyarrow.array([1, 2, 3]), pyarrow.array(["b", "c", "a"]), pyarrow.array([9, 7, 8])]
    table = pyarrow.Table.from_arrays(arrays, names=["a", "n", "a"])
    if form == "parquet":
        pyarrow.parquet.write_table(table, output)
    else:
        with pyarrow.ipc.new_file(output, table.schema) as writer:
            writer.write_table(table)
    shown = await open_table(Ranges.of(output.getvalue()).source(f"a.{form}"))
    assert [column.name for column in shown.columns] == ["a", "n", "a (2)"]
    cells, _ = await read_cells(shown, [0, 1, 2], [2, 0, 1])
    assert [[cells[row, at] for at in (2, 0, 1)] for row in range(3)] == [
        ["9", "1", "b"],
        ["7", "2", "c"],
        ["8", "3", "a"],
    ]
    found = Ordering()
    async for _ in order(shown, 2, found, is_descending=False):
        pass
    assert list(found.rows) == [1, 2, 0]
    matches = Matches()
    async for _ in scan(
        shown, parse("`a (2)` < 9 and a > 2", [(each.name, each.kind) for each in shown.columns]), matches
    ):
        pass
    assert list(matches.rows) == [2]


def test_texts_of_a_query_have_line_ends_and_patterns_keep_their_backslashes() -> None:
    columns = [("n", TEXT)]
    value = 'a "b"\n\tc\\d\u0001'
    assert parse(f"n = {json.dumps(value)}", columns) == ["=", 0, value]
    assert parse(r'n ~ "^\d+\.\w\b"', columns) == ["find", 0, r"^\d+\.\w\b"]
