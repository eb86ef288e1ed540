"""A table of text from its first bytes: what is above it, its heads, its columns with their types, its first rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from storage_tui.previews.base import LimitError, PreviewError
from storage_tui.previews.table.dialect import Dialect, find_dialect
from storage_tui.previews.table.rows import Cells, decoded_lines, split_rows
from storage_tui.previews.table.values import NUMBERS, TYPED, column_type, is_missing
from storage_tui.previews.text.encoding import Encoding, find_encoding

NAMES = (".csv", ".tsv", ".tab", ".psv", ".ssv", ".dsv")
TABBED = (".tsv", ".tab")
SNIFF_LINES = 1000  # that the dialect comes from, blank lines and remarks included
TYPED_ROWS = 200  # that the types of the columns come from
HEAD_ROWS = 4  # at most: names, groups of names, units, descriptions
ABOVE_ROWS = 50  # of titles and remarks above a table; exports have ten
MOSTLY = 0.8  # of the values of a column that tell its type, beside remarks such as `<0.1`
BRACKETS = ("[", "(", "<", "{")
YEARS = (1900, 2100)
STATIONS = ("TOA5", "TOACI1")  # begin the line about the station above the tables of Campbell Scientific's loggers


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a table without its heads, and what they show of the table.

    `heads` are the rows of names, at least one: `column 1` and so on where the table has none. `above` are the lines
    before the heads that are no rows. `first` is the offset of the first row. `rows` have the ranges of their bytes.
    """

    dialect: Dialect
    encoding: Encoding
    heads: list[list[str]]
    types: list[str]
    rows: list[Cells]
    has_head: bool
    above: list[str]
    first: int
    is_whole: bool
    is_cut: bool = False
    """Whether the first row is longer than the bytes that were read: the table has more columns than these."""

    @property
    def kind(self) -> str:
        """The name of the format for people."""
        return TSV if self.dialect.delimiter == "\t" else CSV

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self.types)

    @property
    def right(self) -> frozenset[int]:
        """The columns of numbers."""
        return frozenset(at for at, kind in enumerate(self.types) if kind in NUMBERS)


CSV, TSV = "CSV", "TSV"


def sniff(head: bytes, name: str, *, is_whole: bool) -> tuple[Encoding, Dialect] | None:
    """Return encoding and dialect of a table that begins with these bytes; None when they are no table."""
    encoding = find_encoding(head)
    if encoding is None:
        return None
    page = head[encoding.bom_bytes :]
    page = page[: len(page) // encoding.unit_bytes * encoding.unit_bytes]
    lines = [text for text, _ in islice(decoded_lines(page, encoding), SNIFF_LINES)]
    if not is_whole and len(lines) > 1 and not lines[-1].endswith(encoding.line_end):
        lines.pop()
    dialect = find_dialect(lines, is_named=name.endswith(NAMES), is_tabbed=name.endswith(TABBED))
    return None if dialect is None else (encoding, dialect)


def read_table(head: bytes, name: str, *, is_whole: bool) -> Table:
    """Return the table that begins with these bytes; raise PreviewError when they are none."""
    found = sniff(head, name, is_whole=is_whole)
    if found is None:
        raise LimitError("its rows have no common delimiter")
    encoding, dialect = found
    begin = encoding.bom_bytes
    page = head[begin:]
    above: list[str] = []
    for at, (text, stop) in enumerate(decoded_lines(page, encoding)):
        if at >= dialect.sep_lines and not dialect.is_skipped(text):
            break
        above += [text.strip()] if text.strip() else []
        begin = encoding.bom_bytes + stop
    rows = [row for row in split_rows(head[begin:], begin, dialect, encoding, is_last=is_whole) if row[0]]
    if not rows:
        raise PreviewError("no whole row in the part that was read")
    is_cut = len(rows) == 1 and not is_whole and rows[0][2] == len(head) and not head.endswith(encoding.newline)
    if is_cut:
        rows = [(rows[0][0][:-1] or rows[0][0], rows[0][1], rows[0][2])]
    return replace(_table(rows, dialect, encoding, above, is_whole), is_cut=is_cut)


def _table(rows: list[Cells], dialect: Dialect, encoding: Encoding, above: list[str], is_whole: bool) -> Table:
    width = _common_width([cells for cells, _, _ in rows])
    begin = _above(rows, width)
    above += [dialect.delimiter.join(cells).strip() for cells, _, _ in rows[:begin]]
    table = [cells for cells, _, _ in rows[begin:]]
    count = _head_rows(table, width)
    heads = [list(cells) for cells in table[:count]]
    if not heads and (named := _commented(above, dialect, width)):
        heads = [named]
        above.pop()
    body = rows[begin + count :]
    values = [cells for cells, _, _ in body[:TYPED_ROWS]]
    columns = max(width, max((len(_filled(head)) for head in heads), default=0))
    if columns > 1 and all(len(row) < columns or not row[columns - 1].strip() for row in (*heads, *values)):
        columns -= 1  # each row ends with a separator
    first = body[0][1] if body else rows[-1][2]
    if not heads:
        shown = [[f"column {number + 1}" for number in range(columns)]]
    else:
        shown = [_aligned(head, columns, values) for head in heads]
    types = [column_type([row[at] for row in values if at < len(row)]) for at in range(columns)]
    return Table(dialect, encoding, shown, types, body, bool(heads), above, first, is_whole)


def _common_width(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of cells that most rows have; of several numbers the largest."""
    counts = Counter(len(row) for row in rows[:TYPED_ROWS])
    return max(counts, key=lambda length: (counts[length], length))


def _above(rows: Sequence[Cells], width: int) -> int:
    """Return how many of the first rows are titles and remarks above the table: they are shorter, or fill one cell."""
    table = [cells for cells, _, _ in rows]
    if len(table) > 1 and table[0][0] in STATIONS:
        return 1
    for at, cells in enumerate(table[:ABOVE_ROWS]):
        if len(cells) >= width and not _is_title(cells, width):
            return at
        is_short_head = len(cells) == width - 1 > 1 and len(table) > at + 1 and len(table[at + 1]) == width
        if is_short_head and not _names(table[at + 1], _types(table[at + 2 : at + 2 + TYPED_ROWS], width)):
            return at
    return 0


def _is_title(cells: Sequence[str], width: int) -> bool:
    """Return whether a row has text in its first cell alone, as the title of a sheet that was exported."""
    return width > 2 and not any(cell.strip() for cell in cells[1:])


def _head_rows(table: Sequence[Sequence[str]], width: int) -> int:
    """Return how many of the first rows name the columns: the rows of text above columns of numbers or dates."""
    for count in range(min(HEAD_ROWS, len(table) - 1), 0, -1):
        types = _types(table[count : count + TYPED_ROWS], width)
        if all(_names(row, types) for row in table[:count]) and _belong(table[:count], types):
            return count
    types = _types(table[1:], width)
    first = [column_type([cell]) for cell in table[0]]
    if _are_steps(table, types) or _is_scale(table[0], types):
        return 1
    if any(kind in TYPED for kind in first):
        return 0
    if len(table) == 1 or _has_index(table):
        return 1
    if any(kind in TYPED for kind in types):
        return 0  # a row of data with missing values: a head would have a name above these columns
    is_again = any(
        cell.strip() and any(at < len(row) and row[at] == cell and list(row) != list(table[0]) for row in table[1:])
        for at, cell in enumerate(table[0])
    )
    return 0 if is_again else 1


def _has_index(table: Sequence[Sequence[str]]) -> bool:
    """Return whether a first column without a name numbers the rows, as pandas and R write."""
    numbers = [row[0].strip() if row else "" for row in table[1:TYPED_ROWS]]
    is_named = len(table[0]) > 1 and all(column_type([name]) == "text" for name in table[0][1:])
    return is_named and not table[0][0].strip() and all(numbers) and len(set(numbers)) == len(numbers)


def _is_scale(row: Sequence[str], types: Sequence[str]) -> bool:
    """Return whether a row has a word above values, and then rising numbers or times: depths, hours, wavelengths."""
    kinds = {column_type([cell]) for cell in row[1:]}
    if len(row) < 3 or types[0] not in TYPED or not row[0].strip().isidentifier() or is_missing(row[0]):
        return False
    if kinds <= {"date"} or kinds <= {"time"}:
        return all(before < after for before, after in pairwise(row[1:]))
    try:
        steps = [float(cell.strip().rstrip("% ").replace(",", ".")) for cell in row[1:]]
    except ValueError:
        return False
    return all(before < after for before, after in pairwise(steps))


def _types(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    return [column_type([row[at] for row in rows if at < len(row)], MOSTLY) for at in range(width)]


def _names(row: Sequence[str], types: Sequence[str]) -> bool:
    """Return whether a row has names or units above columns with these types: text, and no value of the type."""
    cells = [
        (cell.strip(), kind) for cell, kind in zip(row, types, strict=False) if kind in TYPED and not is_missing(cell)
    ]
    texts = [cell for cell, _ in cells if column_type([cell]) not in TYPED]
    others = [cell for cell, _ in cells if column_type([cell]) in TYPED]
    if any(column_type([cell]) == "yes/no" for cell in row):
        return False
    return bool(texts or (others and not row[0].strip())) and (not others or _in_steps(others))


def _belong(heads: Sequence[Sequence[str]], types: Sequence[str]) -> bool:
    """Return whether the rows after the first one are units or further names, and not rows of words.

    Units leave the columns of text free, or set all in brackets. Further names stand below groups with gaps.
    """
    has_gaps = any(not cell.strip() for cell in heads[0])
    for row in heads[1:]:
        beside = [cell.strip() for cell, kind in zip(row, types, strict=False) if kind not in TYPED]
        is_free = all(is_missing(cell) or cell[:1] in BRACKETS for cell in beside)
        if not is_free and not (has_gaps and all(cell.strip() for cell in row)):
            return False
    return True


def _are_steps(table: Sequence[Sequence[str]], types: Sequence[str]) -> bool:
    """Return whether the first row has years, numbers in steps, or dates as names of columns of other values."""
    if len(table) < 2 or not table[0]:
        return False
    first = [column_type([cell]) for cell in table[0][: len(types)]]
    places = [at for at, kind in enumerate(first) if kind in ("integer", "date")]
    kinds = {first[at] for at in places}
    if not places or 0 in places or set(first) - {*kinds, "text", "empty"} or len(kinds) > 1:
        return False
    below = [row[at].strip() for row in table[1:TYPED_ROWS] for at in places if at < len(row) and row[at].strip()]
    names = [table[0][at].strip() for at in places]
    if kinds == {"date"}:
        return len(set(names)) == len(names) and not any(column_type([value]) == "date" for value in below)
    if len(names) > 2 and names in ([str(number + first) for number in range(len(names))] for first in (0, 1)):
        rows = ([row[at].strip() for at in places if at < len(row)] for row in table[1:TYPED_ROWS])
        return not all(_are_consecutive(row) for row in rows)
    return _in_steps(names) and not all(_year(value) is not None for value in below)


def _are_consecutive(values: Sequence[str]) -> bool:
    numbers = [int(value) for value in values if column_type([value]) == "integer"]
    return len(numbers) == len(values) and all(after - before == 1 for before, after in pairwise(numbers))


def _in_steps(values: Sequence[str]) -> bool:
    """Return whether these are years in even steps, as names of columns are; the years of groups may repeat."""
    years = [_year(value) for value in dict.fromkeys(values)]
    known = [year for year in years if year is not None]
    steps = {after - before for before, after in pairwise(known)}
    return len(known) == len(years) > 0 and len(steps) <= 1 and 0 not in steps


def _year(value: str) -> int | None:
    text = value.strip()
    return int(text) if len(text) == 4 and text.isdecimal() and YEARS[0] <= int(text) <= YEARS[1] else None


def _commented(above: Sequence[str], dialect: Dialect, width: int) -> list[str]:
    """Return the names of the columns out of the last comment above a table; empty when it has another length."""
    if not dialect.comment or not above or not above[-1].startswith(dialect.comment):
        return []
    text = above[-1].removeprefix(dialect.comment)
    cells = dialect.split([text.strip() or text])[0]
    return [cells[0] or dialect.comment, *cells[1:]] if len(cells) == width > 1 else []


def _filled(head: Sequence[str]) -> Sequence[str]:
    """Return the names up to the last one that is not empty."""
    return head[: max((at + 1 for at, cell in enumerate(head) if cell.strip()), default=0)]


def _aligned(head: Sequence[str], columns: int, values: Sequence[Sequence[str]]) -> list[str]:
    """Return as many names as columns. One name too few: the first column has none, as in tables that R writes."""
    names = [*head[:columns]]
    if len(names) == columns - 1 and all(len(row) == columns and row[columns - 1].strip() for row in values[:1]):
        names.insert(0, "")
    return [*names, *[""] * (columns - len(names))]
