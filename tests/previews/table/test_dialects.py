"""Tables of text in the dialects of the world, the same in the preview and in the viewer."""

import csv
import io
import random
from collections.abc import Sequence

import pytest

from storage_tui.contract.visible import visible
from storage_tui.previews import preview
from storage_tui.previews.base import KIB
from storage_tui.previews.table.table import read_table
from storage_tui.previews.table.values import column_type
from storage_tui.tui.viewer.documents.table import TableDocument
from storage_tui.tui.viewer.opening import open_document
from tests import effort
from tests.previews.ranges import Ranges, show
from tests.previews.table.dialects import DIALECTS, NO_TABLES, Case

EVERY = pytest.mark.parametrize("name", DIALECTS)


def shown_cells(cells: Sequence[str]) -> list[str]:
    return [visible(cell) for cell in cells]


@EVERY
def test_columns_and_rows_of_a_dialect_are_right(name: str) -> None:
    case = DIALECTS[name]
    table = read_table(case.content, case.name, is_whole=True)
    first = table.rows[0][0][: table.columns] if table.rows else []
    assert (table.heads[0], len(table.rows)) == (case.heads, case.rows)
    assert [cell[:31] for cell in shown_cells(first)] == [cell[:31] for cell in case.first]


@EVERY
async def test_preview_and_viewer_show_the_same_table(name: str) -> None:
    case = DIALECTS[name]
    shown = await show(case.content, case.name, width=200)
    facts = dict(shown.facts)
    assert shown.kind in ("CSV", "TSV") and not shown.is_damaged
    assert (
        facts["rows"] == f"{case.rows:,}"
        and facts["columns"].partition(",")[0] == f"{len(case.heads):,}".partition(",")[0]
    )
    document = await opened(case)
    assert len(document.rows) == case.rows
    heads = len(document.heads)
    drawn = [*(head.plain for head in document.heads), *(row.text.plain for row in document.rows)]
    for here, there in zip(drawn, shown.lines[: heads + len(document.rows)], strict=False):
        words, others = here.split(), there.plain.split()
        assert words[: len(others)] == others[: len(words)]
    assert all(row.stop == after.start for row, after in zip(document.rows, document.rows[1:], strict=False))


async def opened(case: Case) -> TableDocument:
    source = Ranges.of(case.content).source(case.name)
    document, _ = await open_document(source, width=200, height=40, truecolor=True, mode="auto")
    assert isinstance(document, TableDocument)
    return document


@pytest.mark.parametrize("name", NO_TABLES)
async def test_text_that_is_no_table_is_shown_as_text(name: str) -> None:
    key, content = NO_TABLES[name]
    assert (await show(content, key)).kind not in ("CSV", "TSV")


def test_a_hundred_dialects_are_tried() -> None:
    assert len(DIALECTS) >= 60


@pytest.mark.parametrize("seed", range(effort.count(20, 200, 2000)))
def test_what_python_writes_is_read_back(seed: int) -> None:
    """Rows of three columns with any text in their cells, by the csv module."""
    draw = random.Random(seed)
    rows = [["".join(draw.choices("abcäß漢 ,;\"'\n", k=draw.randrange(12))) for _ in range(3)] for _ in range(8)]
    output = io.StringIO()
    csv.writer(output).writerows([["first", "second", "third"], *rows])
    table = read_table(output.getvalue().encode(), "a.csv", is_whole=True)
    assert table.heads == [["first", "second", "third"]]
    assert [cells for cells, _, _ in table.rows] == rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
async def test_a_dialect_is_paged_to_its_end_and_back(delimiter: str, line: str) -> None:
    rows = ["# a remark", delimiter.join(("id", "value", "text")), ""]
    rows += [delimiter.join((str(number), f"{number / 7:.3f}", f"word {number % 9}")) for number in range(9000)]
    content = line.join([*rows, ""]).encode()
    source = Ranges.of(content).source("a.csv")
    document, _ = await open_document(source, width=100, height=30, truecolor=True, mode="auto")
    assert isinstance(document, TableDocument)
    window, seen = document.window, [row.text.plain.split()[0] for row in document.rows]
    while not window.has_end:
        at = len(window.rows)
        moved = await window.grow_down()
        at += moved
        seen += [row.text.plain.split()[0] for row in window.rows[at:]]
    assert seen == [str(number) for number in range(9000)]
    await window.go_end()
    assert window.rows[-1].text.plain.split()[0] == "8999" and window.rows[-1].stop == len(content)
    at = await window.go(len(content) // 2)
    assert window.rows[at].start <= len(content) // 2 < window.rows[at].stop


@pytest.mark.parametrize("codec", ["cp932", "gb18030", "cp1251", "utf-16-le"])
async def test_a_table_in_another_encoding_is_paged(codec: str) -> None:
    word = {"cp932": "表示ソ能", "gb18030": "中国的首都", "cp1251": "Москва", "utf-16-le": "東京ä"}[codec]
    content = f"id,{word}\n".encode(codec) + b"".join(f"{number},{word}\n".encode(codec) for number in range(12_000))
    source = Ranges.of(content).source("a.csv")
    document, _ = await open_document(source, width=100, height=30, truecolor=True, mode="auto")
    assert isinstance(document, TableDocument) and document.heads[0].plain.split() == ["id", word]
    await document.go(None)
    assert document.rows[-1].text.plain.split() == ["11999", word]
    await document.go(len(content) // 2)
    assert all(row.text.plain.split()[1] == word for row in document.rows)


async def test_a_first_row_past_the_first_read_is_read_and_past_the_budget_is_said() -> None:
    heads = ",".join(f"column_{number}" for number in range(15_000))
    content = f"{heads}\n{','.join('1' * 15_000)}\n".encode() * 2
    assert len(heads) > 128 * KIB
    shown = await preview(Ranges.of(content).source("a.csv"))
    assert dict(shown.facts)["columns"].startswith("15,000")
    far = ",".join(f"column_{number}" for number in range(60_000)).encode()
    facts = dict((await preview(Ranges.of(far + b"\n" + far).source("a.csv"))).facts)
    assert facts["columns"].startswith("at least ") and facts["rows"].startswith("not known")


async def test_lines_above_a_table_and_its_encoding_are_named() -> None:
    facts = dict((await show("# station, Köln\na;b\n1;2\n".encode("cp1252"), "a.csv")).facts)
    assert facts["above"] == "1 line: # station, Köln" and facts["encoding"] == "read as cp1252, guessed"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2"], "integer"), (["007", "12"], "code"), (["1,5", "2"], "number"), (["1.234,5", "12"], "number"),
        (["1 234,5"], "number"), (["1e5", "-3"], "number"), (["12 %", "3%"], "number"), (["31.12.2024"], "date"),
        (["12024-01-01"], "date"), (["2024-01-01T00:00:00.123456789Z"], "time"), (["12:30"], "time"),
        (["ja", "nein"], "yes/no"), (["NA", "-", ""], "empty"), (["1", "NA", "2"], "integer"), (["1", "x"], "text"),
        (["123456789012345678901"], "code"),
    ],
)  # fmt: skip
def test_the_type_of_a_column_is_told_by_its_values(values: list[str], kind: str) -> None:
    table = read_table("\n".join(["name;other", *(f"{value};x" for value in values)]).encode(), "a.csv", is_whole=True)
    assert table.types[0] == kind


async def test_the_separators_of_units_are_no_double_bars() -> None:
    facts = dict((await show(b"a\x1fb\n1\x1f2\n3\x1f4\n", "a.csv")).facts)
    assert facts["columns"] == "2, separated by unit separators"


async def test_a_head_before_a_row_that_is_cut_keeps_its_last_column() -> None:
    shown = await preview(Ranges.of(b"a,b\n" + b"x" * 200_000 + b",1\n").source("a.csv"))
    assert dict(shown.facts)["columns"] == "2, separated by commas" and "not known" not in dict(shown.facts)["rows"]


@pytest.mark.parametrize("blank", [" ", "\xa0", "\u2009", "\u202f"])
def test_blanks_between_thousands_are_of_numbers(blank: str) -> None:
    assert column_type([f"1{blank}234,5", f"12{blank}345"]) == "number"


@pytest.mark.parametrize(
    "rows",
    [
        [f"{number},n{number},{number / 7:.3f}" for number in range(100_000)],
        [f"{number},{'x' * (1 if number < 3000 else 200)}" for number in range(20_000)],
        [f'{number},"line {number}\nmore, of it"' for number in range(20_000)],
        [f"{number},{'x' * (200 if number < 300 else 1)}" for number in range(90_000)],
    ],
    ids=["growing", "short first", "two lines", "long first"],
)
async def test_the_rows_of_a_large_table_are_estimated_by_those_in_its_middle(rows: list[str]) -> None:
    ranges = Ranges.of("\n".join(["a,b", *rows, ""]).encode())
    told = dict((await preview(ranges.source("a.csv"))).facts)["rows"]
    assert told.startswith("about ") and len(ranges.asked) == 2
    assert 0.8 < int(told.removeprefix("about ").replace(",", "")) / len(rows) < 1.25, told
