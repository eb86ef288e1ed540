"""Tables in the viewer: every row once, in columns that stay, at any place of a blob of any size."""

import csv
import gzip
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage_tui.previews.base import MIB
from storage_tui.tui.viewer.documents.pages import KEPT_ROWS, Window
from storage_tui.tui.viewer.documents.table import TableDocument
from storage_tui.tui.viewer.opening import open_document
from tests.previews.ranges import Ranges, show

LINE = b"%012d,some text,%6.2f\n"
LINE_BYTES = len(LINE % (1, 1.0))


async def opened(ranges: Ranges, name: str = "a.csv", *, knows_size: bool = True) -> tuple[TableDocument, Window]:
    """The blob as the viewer shows it at first."""
    source = ranges.source(name, knows_size=knows_size)
    document, _ = await open_document(source, width=80, height=24, truecolor=True, mode="auto")
    assert isinstance(document, TableDocument)
    return document, document.window


def written(rows: list[list[str]]) -> str:
    output = io.StringIO()
    csv.writer(output).writerows(rows)
    return output.getvalue()


cells = st.text("abcäß漢 ,;\"'\n", max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=40),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
async def test_every_row_is_shown_once_whatever_its_cells_hold(rows: list[list[str]], codec: str) -> None:
    content = written([["first", "second", "third"], *rows]).encode(codec)
    document, window = await opened(Ranges.of(content))
    assert document.heads[0].plain.split() == ["first", "second", "third"]
    assert len(window.rows) == len(rows) and window.has_start and window.has_end
    assert [row.start for row in window.rows[1:]] == [row.stop for row in window.rows[:-1]]
    for row, shown in zip(rows, window.rows, strict=True):
        read = content[shown.start : shown.stop].decode(codec.removesuffix("-sig").replace("utf-16", "utf-16-le"))
        assert next(csv.reader(io.StringIO(read, newline=""))) == row


async def test_scrolling_down_and_up_through_pages_shows_every_row_once() -> None:
    rows = [[f"{number:06}", "two\nlines" if number % 3 else 'a "word"', "x" * (number % 50)] for number in range(9000)]
    content = written([["number", "text", "third"], *rows]).encode()
    _, window = await opened(Ranges.of(content))
    seen = [row.text.plain.lstrip()[:6] for row in window.rows]
    while not window.has_end:
        moved = len(window.rows)
        moved += await window.grow_down()
        seen += [row.text.plain.lstrip()[:6] for row in window.rows[moved:]]
    assert seen == [row[0] for row in rows]
    await window.go_end()
    up = [row.text.plain.lstrip()[:6] for row in window.rows]
    while not window.has_start:
        before = await window.grow_up()
        up[:0] = [row.text.plain.lstrip()[:6] for row in window.rows[:before]]
    assert up == seen


async def test_a_jump_into_a_row_of_several_lines_shows_that_row() -> None:
    rows = [[f"{number:06}", "a\nb\nc", "end"] for number in range(20_000)]
    content = written([["number", "text", "third"], *rows]).encode()
    _, window = await opened(Ranges.of(content))
    for offset in range(200_000, 200_020, 3):
        index = await window.go(offset)
        row = window.rows[index]
        assert row.start <= offset < row.stop and row.text.plain.lstrip().startswith(content[row.start :][:6].decode())


async def test_ten_gigabytes_are_paged_with_little_memory_and_few_bytes() -> None:
    def part(start: int, stop: int) -> bytes:
        first = start // LINE_BYTES
        count = (stop - start) // LINE_BYTES + 2
        lines = b"".join(LINE % (number, 3.25) for number in range(first, first + count))
        return lines[start - first * LINE_BYTES :][: stop - start]

    ranges = Ranges(LINE_BYTES * 300_000_000, part)
    document, window = await opened(ranges)
    assert document.source.bytes_read <= MIB
    index = await window.go(ranges.size_bytes // 2)
    assert window.rows[index].text.plain.split()[0] == "000150000000"
    for _ in range(12):
        await window.grow_down()
        await window.grow_up()
    assert len(window.rows) <= KEPT_ROWS
    await window.go_end()
    assert window.rows[-1].text.plain.lstrip().startswith("000299999999")
    assert document.source.bytes_read < 4 * MIB and document.extent.endswith("000 rows, 3 columns")


@pytest.mark.parametrize(
    "content",
    [
        b'a,b,c\n1,"never closed,3\n' + b"4,5,6\n" * 4000,
        b"a,b,c\n" + b'1,5" pipe,3\n' * 4000,
        b"a,b,c\n" + b"1,2\n3\n,,,,,,,\n" * 3000,
        b"a,b,c\n" + b"x" * 200_000 + b",y,z\n" + b"1,2,3\n" * 100,
        b"a,b,c\n1,2,3\n\n\n4,5,6",
        b"a,b,c\r\n" + b"1,2,3\r\n" * 5000,
    ],
)
async def test_rows_that_keep_no_rule_are_all_there_too(content: bytes) -> None:
    _, window = await opened(Ranges.of(content))
    stop, lines = window.rows[0].start, 0
    assert content[:stop] in (b"", b"a,b,c\n", b"a,b,c\r\n")
    while True:
        for row in window.rows:
            if row.start >= stop:
                assert row.start == stop, "no byte is left out"
                stop, lines = row.stop, lines + 1
        if window.has_end:
            break
        await window.grow_down()
    assert stop == len(content) and lines >= content.replace(b"\n\n", b"\n").replace(b"\n\n", b"\n").count(b"\n") - 1
    await window.go_end()
    assert window.rows[-1].stop == len(content)


async def test_the_first_part_of_a_packed_table_is_paged_too() -> None:
    content = b"a,b,c\n" + b"".join(b"%d,two,3.5\n" % number for number in range(50_000))
    document, window = await opened(Ranges.of(gzip.compress(content)), "a.csv.gz")
    assert document.heads
    await window.go_end()
    assert window.rows[-1].text.plain.split()[0] == "49999"


async def test_a_row_of_several_lines_is_counted_once() -> None:
    shown = await show(written([["a", "b"], *[["1", "two\nlines"]] * 30]).encode(), "a.csv")
    assert dict(shown.facts)["rows"] == "30"


async def test_a_column_stands_still_and_what_is_longer_is_cut() -> None:
    content = b"a,b,c\n" + b"1,two,3\n" * 9000 + b"123456789012345678901234567890123456,two,3\n" * 9000
    document, window = await opened(Ranges.of(content))
    place = document.heads[0].plain.index("b")
    await window.go_end()
    assert window.rows[-1].text.plain[:place].rstrip().endswith("…")
    assert window.rows[-1].text.plain[place:].startswith("two")
