"""Rows of Parquet and Arrow with the extra `preview`, and the one line that names it where it is not installed."""

import io
import subprocess
import sys
from typing import Any

import pytest

from storage_tui.previews import preview
from tests import wanted
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import zstandard

arrow_io = wanted.module("arro3.io")
core = wanted.module("arro3.core")
numpy = wanted.module("numpy")

WITHOUT = """
import asyncio, sys
sys.modules["arro3.io"] = None
from tests import wanted
from tests.previews.ranges import plain, show
content = sys.stdin.buffer.read()
print(plain(asyncio.run(show(content))))
"""


def table(rows: int = 500) -> object:
    """Three columns."""
    arrays = [
        core.Array.from_numpy(numpy.arange(rows, dtype="i8")),
        core.Array.from_numpy(numpy.linspace(0, 1, rows)),
        core.Array([f"site-{row}\x1b" for row in range(rows)], core.DataType.utf8()),
    ]
    return core.Table.from_arrays(arrays, names=["id", "share", "site"])


def parquet(rows: int = 500, **options: object) -> bytes:
    """A file by arro3."""
    output = io.BytesIO()
    arrow_io.write_parquet(table(rows), output, **options)
    return output.getvalue()


@pytest.mark.parametrize("compression", ["uncompressed", "snappy", "gzip(6)", "zstd(3)", "lz4_raw"])
async def test_first_rows_are_shown_above_the_columns(compression: str) -> None:
    ranges = Ranges.of(parquet(compression=compression))
    shown = await preview(ranges.source(), width=100, height=30)
    assert shown.kind == "Parquet" and not shown.note
    assert "site-7\\x1b" in plain(shown)
    assert "share" in plain(shown) and "double" in plain(shown)
    assert len(ranges.asked) <= 4


async def test_a_large_file_reads_the_first_row_group_alone() -> None:
    content = parquet(300_000, max_row_group_size=2000)
    ranges = Ranges.of(content)
    shown = await preview(ranges.source(), width=100, height=30)
    assert "site-7\\x1b" in plain(shown)
    assert sum(stop - start for start, stop in ranges.asked) <= 1024 * 1024 < len(content)


async def test_of_a_huge_row_group_the_columns_that_a_few_reads_reach_are_shown() -> None:
    content = parquet(300_000, compression="uncompressed", dictionary_enabled=False, data_page_row_count_limit=2000)
    ranges = Ranges.of(content)
    shown = await preview(ranges.source(), width=100, height=30)
    assert "site-7\\x1b" in plain(shown) and "e-06" in plain(shown)
    assert sum(stop - start for start, stop in ranges.asked) <= 1024 * 1024 < len(content) / 8
    assert len(ranges.asked) <= 4


async def test_columns_whose_first_page_is_too_large_are_counted() -> None:
    content = parquet(300_000, compression="uncompressed", dictionary_enabled=False, data_page_size_limit=1 << 30,
                      data_page_row_count_limit=1 << 30)  # fmt: skip
    ranges = Ranges.of(content)
    shown = await preview(ranges.source())
    assert "larger than a preview reads" in shown.note
    assert sum(stop - start for start, stop in ranges.asked) <= 1024 * 1024


async def test_many_columns_of_long_foreign_text_are_shown_as_far_as_an_answer_goes() -> None:
    arrays = [core.Array(["漢" * 80] * 200, core.DataType.utf8()) for _ in range(64)]
    output = io.BytesIO()
    arrow_io.write_parquet(core.Table.from_arrays(arrays, names=[f"c{at}" for at in range(64)]), output)
    shown = await show(output.getvalue())
    assert not shown.note and "漢漢" in plain(shown)


@pytest.mark.parametrize("write", [arrow_io.write_parquet, arrow_io.write_ipc])
async def test_on_the_whole_screen_there_are_a_thousand_rows(write: Any) -> None:
    output = io.BytesIO()
    write(table(1500), output)
    shown = await preview(Ranges.of(output.getvalue()).source(), is_full=True)
    assert "site-999\\x1b" in plain(shown) and "site-1000" not in plain(shown)
    assert shown.note == "the first 1,000 rows"


@pytest.mark.parametrize("step", [7, 31, 97])
async def test_damaged_rows_are_one_line(step: int) -> None:
    content = bytearray(parquet(500))
    for at in range(40, len(content) // 2, step):
        content[at] ^= 0xFF
    shown = await show(bytes(content))
    assert shown.kind == "Parquet"
    assert shown.facts


def test_without_the_extra_the_header_is_shown_and_a_line_names_it() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT], input=parquet(), capture_output=True, check=True)
    text = run.stdout.decode()
    assert "rows: 500 in 1 row group" in text
    assert "pip install 'storage-tui[preview]'" in text


def test_without_the_extra_a_line_names_it_for_zstd() -> None:
    code = WITHOUT.replace('sys.modules["arro3.io"]', 'sys.modules["backports.zstd"] = sys.modules["compression.zstd"]')
    content = zstandard(b"hello\n" * 100)
    run = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=True)
    assert "pip install 'storage-tui[preview]' unpacks zstd" in run.stdout.decode()


async def test_an_arrow_file_shows_columns_and_rows() -> None:
    output = io.BytesIO()
    arrow_io.write_ipc(table(2000), output)
    ranges = Ranges.of(output.getvalue())
    shown = await preview(ranges.source(), width=100, height=30)
    text = plain(shown)
    assert shown.kind == "Arrow" and not shown.note
    assert "int64" in text and "float64" in text and "site-7\\x1b" in text
    assert len(ranges.asked) <= 3
