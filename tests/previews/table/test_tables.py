"""The first rows of Parquet and Arrow of every shape against what pyarrow reads."""

import asyncio
import io
import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from storage_tui.previews import Preview, preview
from storage_tui.previews.decoding.tables.moments import date_text, timestamp_text
from storage_tui.previews.table.first_rows import Rows
from storage_tui.previews.table.thrift import RAW, Compact, number_field, text_field
from tests import wanted
from tests.effort import count
from tests.previews.ranges import Ranges, plain, show
from tests.world.environment import world_python

arrow_io = wanted.module("arro3.io")
core = wanted.module("arro3.core")
numpy = wanted.module("numpy")
WRITER = Path(__file__).with_name("tables_by_pyarrow.py")
FIRST = ["id at list", "1 1970-01-01 00:00:00 [1970-01-01 00:00:00, 10000-01-…", "2 10000-01-01 00:00:00 []"]


async def write(*arguments: object) -> None:
    """Let pyarrow write the files."""
    command = [str(world_python()), str(WRITER), *map(str, arguments)]
    made = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]


@pytest.mark.parametrize("seed", range(count(1, 1, 8)))
async def test_the_first_rows_of_any_table_are_those_of_pyarrow(seed: int, tmp_path: Path) -> None:
    await write(tmp_path, seed, count(60, 150, 400))
    expected = json.loads((tmp_path / "expected.json").read_text())
    differ = []
    for name, (heads, rows, how) in expected.items():
        shown = await preview(Ranges.of((tmp_path / name).read_bytes()).source(name))
        lines = [line.plain for line in Rows(heads, rows, []).lines] if rows else []
        found = [line.plain for line in shown.lines[: len(lines)]]
        if found != lines or shown.is_damaged or (rows and shown.note):
            at = next((at for at, pair in enumerate(zip(lines, found, strict=False)) if pair[0] != pair[1]), -1)
            differ.append((name, shown.note, lines[at : at + 1], found[at : at + 1], how))
    assert len(expected) > count(50, 130, 350)
    assert not differ, f"{len(differ)} of {len(expected)}: {differ[:5]}"


def table(shown: Preview) -> list[str]:
    """The lines above the columns."""
    lines = [" ".join(line.plain.split()) for line in shown.lines]
    return lines[: lines.index("")] if "" in lines else []


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files with a danger of their own."""
    folder = tmp_path_factory.mktemp("special")
    asyncio.run(write(folder))
    return folder


async def test_tables_with_a_danger_of_their_own_are_right_or_say_why_not(special: Path) -> None:
    async def see(name: str, *, is_full: bool = False) -> Preview:
        shown = await preview(Ranges.of((special / name).read_bytes()).source(name), is_full=is_full)
        assert shown.kind in ("Parquet", "Arrow", "Arrow stream") and not shown.is_damaged
        return shown

    for name in ("int96.parquet", "part.parquet", "empty_groups.parquet", "empty_batches.arrow", "empty_batches.arrows",
                 "old.arrows", "many_batches.arrow"):  # fmt: skip
        shown = await see(name)
        assert table(shown)[:3] == FIRST, (name, shown.note)
    assert len(table(await see("empty_groups.parquet"))) == 7
    assert len(table(await see("many_batches.arrow"))) == 31
    for name in ("grown.arrow", "grown.arrows"):
        assert table(await see(name)) == ["word", "a", "b", "c", "a"]
    for name in ("groups_of_one.parquet", "small_pages.parquet"):
        shown = await see(name)
        assert len(table(shown)) == 31 and table(shown)[30] == "29 word 29", name
    assert len(table(await see("small_pages.parquet", is_full=True))) == 1001
    for name in ("no_rows.parquet", "no_columns.parquet", "no_batch.arrows"):
        assert "no rows" not in (await see(name)).note
    assert "rows: 0" in plain(await see("no_rows.parquet"))
    assert "columns: 0" in plain(await see("no_columns.parquet"))
    for name, told in (
        ("_metadata", "no rows: they are in other files"),
        ("encrypted_all.parquet", "no rows: its columns are encrypted"),
        ("large_batch.arrow", "no rows: the first batch ends at 3.2 MB, more than a preview reads"),
        ("large_batch.arrows", "no rows: the first batch ends at 3.2 MB, more than a preview reads"),
        ("cut.arrows", "no rows: it is cut before the end of its first batch"),
        ("encrypted_column.parquet", "encrypted: id"),
    ):
        assert told in (await see(name)).note, name
    assert table(await see("encrypted_column.parquet"))[0] == "at list"
    assert "encrypted: its footer too" in plain(await see("encrypted_footer.parquet"))


@pytest.mark.parametrize("rows", [999, 1000, 1001])
@pytest.mark.parametrize("write_rows", [arrow_io.write_parquet, arrow_io.write_ipc, arrow_io.write_ipc_stream])
async def test_a_table_that_fits_the_screen_is_not_called_the_first_rows(rows: int, write_rows: Any) -> None:
    output = io.BytesIO()
    write_rows(core.Table.from_arrays([core.Array.from_numpy(numpy.arange(rows))], names=["id"]), output)
    shown = await preview(Ranges.of(output.getvalue()).source(), is_full=True)
    assert shown.note == ("the first 1,000 rows" if rows > 1000 else "")
    assert len(table(shown)) == min(rows, 1000) + 1


def test_dates_of_any_year_are_written_by_the_calendar() -> None:
    from datetime import date, timedelta

    first = date(1970, 1, 1)
    for days in range(-719_162, 2_932_896, 97):
        assert date_text(days) == (first + timedelta(days)).isoformat()
    assert [date_text(-719_528), date_text(-719_529), date_text(2_932_897)] == [
        "0000-01-01",
        "-0001-12-31",
        "10000-01-01",
    ]
    assert timestamp_text(-1, 10**9, None) == "1969-12-31 23:59:59.999999999"


async def test_intervals_of_parquet_keep_their_months(special: Path) -> None:
    content = (special / "twelve_bytes.parquet").read_bytes()
    at = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = content[at:-8]
    plain_element = Compact(footer).struct()[2][1][RAW]
    interval = number_field(1, 7) + number_field(1, 12) + number_field(1, 1) + text_field(1, b"v")
    footer = footer.replace(plain_element, interval + number_field(2, 21) + b"\0")
    shown = await show(content[:at] + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    assert "interval" in plain(shown)
    assert table(shown) == ["v", "14 months 3 days 00:00:01.500000", "00:00:00"]


def big_endian() -> bytes:
    """A stream with the schema of a machine with big-endian numbers, and no column (Message.fbs, Schema.fbs)."""
    builder = bytearray(struct.pack("<I", 16))  # the root lies after its table of fields
    builder += struct.pack("<6H", 10, 12, 0, 4, 8, 0)  # of the message: no version, the kind of its header, its header
    builder += struct.pack("<iB3xI", 12, 1, 12)  # the header lies 12 bytes after its own field
    builder += struct.pack("<4H", 6, 8, 4, 0)  # of the schema: the order of bytes
    builder += struct.pack("<iHxx", 8, 1)
    return b"\xff\xff\xff\xff" + struct.pack("<i", len(builder)) + bytes(builder)


async def test_big_endian_numbers_are_told_and_not_read() -> None:
    shown = await show(big_endian())
    assert shown.kind == "Arrow stream" and "numbers: big-endian" in plain(shown)
    assert "no rows: big-endian numbers are not read here" in shown.note
