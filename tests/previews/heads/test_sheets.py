"""Spreadsheets: cells equal those of openpyxl; bombs of entities and zips end in a line."""

import io
import re
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest

from storage_tui.previews import preview
from storage_tui.previews.decoding.sheets.xlsx import Piece, read_book, read_rows
from tests.previews.heads.damage import judged
from tests.previews.heads.samples import ODS_XML, document, workbook, zipped
from tests.previews.ranges import Ranges, plain

LAUGHS = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lollollol">' + "".join(
    f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(9)
)
FILE = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">'


def members(content: bytes) -> dict[str, bytes]:
    """The members of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def text_of(value: object) -> str:
    """A value of openpyxl as a preview shows it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def shared(content: bytes) -> bytes:
    """The workbook with its texts in a table of their own, as Excel writes it, each in two pieces."""
    texts: list[str] = []

    def number(match: re.Match[bytes]) -> bytes:
        texts.append(match[1].decode())
        return b't="s"><v>%d</v>' % (len(texts) - 1)

    parts = members(content)
    for name in [name for name in parts if name.startswith("xl/worksheets/")]:
        parts[name] = re.sub(rb't="inlineStr"><is><t>(.*?)</t></is>', number, parts[name])
    pieces = [f"<t>{text[:1]}</t></r><r><t>{text[1:]}</t></r><rPh sb='0' eb='1'><t>aloud</t></rPh>" for text in texts]
    table = "".join(f"<si><r>{piece}</si>" for piece in pieces)
    head = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    types = parts["[Content_Types].xml"].replace(b"</Types>", override)
    return zipped(parts | {"xl/sharedStrings.xml": f"<sst {head}>{table}</sst>".encode(), "[Content_Types].xml": types})


@pytest.mark.parametrize("content", [workbook(), shared(workbook())], ids=["inline", "shared"])
def test_the_cells_are_those_of_openpyxl(content: bytes) -> None:
    parts = members(content)
    whole = [Piece(parts[name], True) for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml")]
    told = read_book(*whole)
    assert [(name, state) for name, _, state in told["sheets"]] == [
        ("hidden", "hidden"), ("Plots", "visible"), ("Empty", "visible"),
    ]  # fmt: skip
    sheet, texts = Piece(parts[told["sheets"][1][1]], True), Piece(parts.get("xl/sharedStrings.xml", b""), True)
    rows = read_rows(sheet, texts, dates=told["dates"], is_1904=told["is_1904"], most_rows=1000)
    expected = openpyxl.load_workbook(io.BytesIO(content))["Plots"]
    assert rows["dimension"] == expected.dimensions
    found = {(int(number), at): cell for number, *cells in rows["rows"] for at, cell in enumerate(cells, 1) if cell}
    assert found == {
        (cell.row, cell.column): text_of(cell.value) for row in expected for cell in row if cell.value is not None
    }


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (date(1900, 1, 5), "yyyy-mm-dd", "1900-01-05"), (time(6, 30), "h:mm", "06:30:00"),
        (datetime(2026, 5, 4, 3, 2, 1), '"am" d. mmm yy', "2026-05-04 03:02:01"), (0.5, '0.0 "days"', "0.5"),
        (7, "[Red]0", "7"), (7, "General", "7"), (1e300, "yyyy", "1e+300"), (2**40, "0", str(2**40)),
    ],
)  # fmt: skip
def test_a_number_is_a_date_where_its_format_says_so(value: object, form: str, shown: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = value
    book.active["A1"].number_format = form
    output = io.BytesIO()
    book.save(output)
    parts = members(output.getvalue())
    told = read_book(*(Piece(parts[name], True) for name in
                       ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml")))  # fmt: skip
    sheet = Piece(parts["xl/worksheets/sheet1.xml"], True)
    rows = read_rows(sheet, Piece(b"", True), dates=told["dates"], is_1904=False, most_rows=10)
    assert rows["rows"] == [["1", shown]]


async def test_a_large_workbook_is_shown_by_its_first_rows() -> None:
    ranges = Ranges.of(workbook(rows=12_000))
    assert ranges.size_bytes > 256 * 1024
    shown = await preview(ranges.source(), width=100, height=30)
    assert (shown.kind, len(shown.lines)) == ("xlsx", 201)
    assert dict(shown.facts)["sheets"] == "3: hidden (hidden), Plots, Empty"
    assert shown.note.startswith("the first 200 rows")
    assert sum(stop - start for start, stop in ranges.asked) <= 1024 * 1024


async def test_a_spreadsheet_of_opendocument_is_shown_without_its_repeats() -> None:
    shown = await preview(Ranges.of(document()).source(), width=100, height=30)
    assert dict(shown.facts) == {"sheets": "2: Plots, Notes", "shown": "Plots"}
    assert [line.plain.split() for line in shown.lines] == [
        ["A", "B", "C", "D"], ["1", "site", "1,25"], ["5", "2026-03-01"], ["6", "2026-03-01"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (f"{LAUGHS}]><l>&i;</l>".encode(), "its XML has a document type, which is not read"),
        (f"{FILE}]><l>&a;</l>".encode(), "its XML has a document type, which is not read"),
        (b"<a>" * 5000, "its XML is nested deeper than a spreadsheet is"),
        (b"\xff\xfe\x00nothing", "its XML is not understood"),
        (b"<a>&#0;</a>", "its XML is not understood"),
    ],
)
async def test_an_xml_that_is_not_read_leaves_the_members(raw: bytes, reason: str) -> None:
    for content in (document(raw), zipped(members(workbook()) | {"xl/workbook.xml": raw})):
        shown = await judged(content)
        assert (shown.kind, shown.is_damaged) == ("zip", False)
        assert next(value for label, value in shown.facts if label.startswith("not shown as")) == reason


async def test_bombs_of_zips_and_of_repeats_cost_what_a_preview_costs() -> None:
    row = '<table:table-row table:number-rows-repeated="99999999"><table:table-cell table:number-columns-repeated='
    bomb = ODS_XML.replace("<table:table-row>", f'{row}"99999999"><text:p>{"x" * 500}</text:p></table:table-cell>', 1)
    for content in (
        document(bomb.encode()),
        document(ODS_XML.encode() + b" " * 40_000_000),
        zipped(members(shared(workbook())) | {"xl/sharedStrings.xml": b"<sst>" + b"<si><t>x</t></si>" * 2_000_000}),
        zipped(members(workbook()) | {"xl/worksheets/sheet2.xml": b"<worksheet>" + b"<row><c>" * 30}),
        zipped(members(workbook()) | {"xl/_rels/workbook.xml.rels": b"<Relationships/>"}),
    ):
        shown = await judged(content)
        assert not shown.is_damaged
        assert len(plain(shown)) < 200_000
