"""The dialect of a table of text: what separates its cells, quotes them, and begins its comments.

Each candidate splits the first lines. The best one gives rows of one length, with cells that hold values and no other
separator: `1,5;2,5` are two numbers between semicolons, not three cells between commas.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from storage_tui.previews.table.values import TYPED, column_type

if TYPE_CHECKING:
    import _csv

SNIFF_ROWS = 120  # enough for the rare row; splitting these by all candidates takes 20 ms
SNIFF_CHARS = 48 * 1024  # of very long rows
LEAST_SHARE = 0.5  # of the rows that have the common length, in a table whose name says that it is one
EVEN_SHARE = 0.3  # of the best score: a separator that gives all rows one length is as good, if its cells are not dirty
ROW_LINES = 50  # of a row whose cells hold line ends; a quote that stays open for longer counts as a plain character

NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", ":": "colons", "^": "carets", "~": "tildes",
         "\x01": "the control character 1", "\x1f": "unit separators", "¦": "broken bars", "||": "double bars",
         "::": "double colons", " ": "blanks", "  ": "two blanks or more"}  # fmt: skip
STRONG = (",", ";", "\t", "|")
RARE = ("::", "\x01", "\x1f", "^", "~", "¦", ":")
BLANKS = ("  ", " ")
BLANK = " \r\n\x1a"  # characters of a line without cells
COMMENTS = ("#", "%", "//", "!")

_SEP = re.compile(r"\ufeff?\"?sep=(.)\"?\s*$", re.IGNORECASE)
_PLAIN = "\x1f"  # stands for a separator of several characters, and is in no text
_NUMBER = re.compile("[-+]?[\\d.,'\u2019 \xa0\u2009\u202f]*\\d ?%?")
_CLOCK = re.compile(r"(?<!\d)\d\d?:\d\d(?!\d)")
_QUOTED_LINE = re.compile(r'^"(?:[^"\n]|"")*"\r?$', re.MULTILINE)
_RULE = re.compile(r"[-=+|:\s]+$")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the lines of a table become cells.

    `delimiter` may be several characters; a blank stands for a run of blanks. `quote` and `escape` are empty where
    nothing quotes or escapes. `comment` begins lines that are no rows. `sep_lines` is 1 when the first line is `sep=;`.
    """

    delimiter: str
    quote: str = '"'
    escape: str = ""
    skips_blanks: bool = False
    comment: str = ""
    sep_lines: int = 0

    @property
    def name(self) -> str:
        """The separator for people: `semicolons`."""
        return NAMES.get(self.delimiter, f"{self.delimiter!a}")

    def is_skipped(self, line: str) -> bool:
        """Return whether a line is no row: blank, or a comment."""
        return not line.strip(BLANK) or bool(self.comment and line.startswith(self.comment))

    def split(self, lines: Sequence[str], at: int = 0) -> tuple[list[str], int]:
        """Return the cells of the row that begins at a line, and the number of its lines.

        When a quote is still open at the last line, return the cells of the first line, and 0.
        """
        first = self._prepared(lines[at])
        if not self.escape and (not self.quote or self.quote not in first):
            cells = first.rstrip("\r\n").split(self._single)  # as the csv module does, in a tenth of the time
            return ([cell.lstrip(" ") for cell in cells] if self.skips_blanks else cells), 1
        reader = self._reader(map(self._prepared, lines[at : at + ROW_LINES]), strict=True)
        try:
            return next(reader), reader.line_num
        except csv.Error:  # a quote that never closes, or a quote inside a cell
            is_open = at + reader.line_num >= len(lines) and reader.line_num < ROW_LINES
        return self._one(first), 0 if is_open else 1

    @property
    def is_plain(self) -> bool:
        """Whether a line without quotes is split at one character, and nothing else."""
        return not self.escape and not self.skips_blanks and self._single == self.delimiter

    def split_quoted(self, text: str) -> list[list[str]] | None:
        """Return the rows of a text; None where `split` may take quotes as plain characters."""
        reader = self._reader(io.StringIO(text, newline="\n"), strict=True)
        rows, used = [], 0
        try:
            for row in reader:
                rows.append(row)
                line = reader.line_num
                if line - used > ROW_LINES:
                    return None
                used = line
        except csv.Error:
            return None
        return rows

    def strict_lines(self, lines: Sequence[str], at: int = 0) -> int:
        """Return the number of lines of the row that begins at a line; 0 when its quotes are not as they should be."""
        reader = self._reader(map(self._prepared, lines[at : at + ROW_LINES]), strict=True)
        try:
            next(reader)
        except csv.Error:
            return 0
        return reader.line_num

    def _one(self, line: str) -> list[str]:
        try:
            return next(self._reader([line.rstrip("\r\n")], strict=False))
        except csv.Error:  # a cell that is longer than the csv module accepts, or a carriage return inside the line
            return line.rstrip("\r\n").split(self._single)

    def _reader(self, lines: Iterable[str], *, strict: bool) -> "_csv.Reader":
        return csv.reader(
            lines, delimiter=self._single, strict=strict, skipinitialspace=self.skips_blanks,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE, quotechar=self.quote or None,
            escapechar=self.escape or None, doublequote=not self.escape,
        )  # fmt: skip

    @property
    def _single(self) -> str:
        return self.delimiter if len(self.delimiter) == 1 and self.delimiter != " " else _PLAIN

    def _prepared(self, line: str) -> str:
        """Return a line with a separator of one character."""
        if self.delimiter in BLANKS:
            return _run_of(len(self.delimiter)).sub(_PLAIN, line.strip())
        return line.replace(self.delimiter, _PLAIN) if len(self.delimiter) > 1 else line


def find_dialect(lines: Sequence[str], *, is_named: bool, is_tabbed: bool = False) -> Dialect | None:
    """Return the dialect of the first lines of a text; None when they are no table.

    `is_named` is true when the name of the blob says that it is a table: one column is enough then, and rows may have
    different lengths. `is_tabbed` is true when the name says that tabs separate the cells.
    """
    sep = _SEP.match(lines[0]) if lines else None
    begin = Dialect(sep[1] if sep else ",", sep_lines=1 if sep else 0)
    rest = list(_first(lines[begin.sep_lines :]))
    begin = replace(begin, comment=_find_comment(rest))
    rows = [line for line in rest if not begin.is_skipped(line)]
    if not rows or (sep is None and any(_RULE.match(row.strip()) and len(row.strip()) > 4 for row in rows[:8])):
        return None  # a rule of dashes: a table that was drawn by characters
    if sep is not None:
        return max(_forms(begin, rows), key=lambda form: _score(form, rows)[0])
    if not is_named:
        return _find_strict(begin, rows)
    rare = RARE if not all(_CLOCK.search(row) for row in rows[1:]) else RARE[:-1]  # times have colons, too
    for group in ((*STRONG, "||"), rare, BLANKS):
        delimiters = [each for each in group if len(each) == 1 or any(each in row for row in rows)]
        scored = [
            (*_score(form, rows), form) for each in delimiters for form in _forms(replace(begin, delimiter=each), rows)
        ]
        best = max(scored, key=lambda found: found[:2])
        even = max((found for found in scored if _is_even(found[2], rows)), key=lambda found: found[:2], default=best)
        best = even if even[0] >= EVEN_SHARE * best[0] else best
        is_sure = group is not BLANKS or (_is_even(best[2], rows) and _is_typed(best[2], rows))
        if best[0] > 0 and best[1] >= LEAST_SHARE and is_sure:
            return best[2]
        if group[0] == "," and (loose := _find_loose(begin, rows)) is not None:
            return loose
    if sum("  " in row.strip() for row in rows) > len(rows) / 2 and not is_tabbed:
        return None  # columns of a fixed width with blank cells: the lines as they are show these best
    usual = "\t" if is_tabbed else ","
    return replace(begin, delimiter=usual if not any(usual in row for row in rows) else _PLAIN)  # one column


def _first(lines: Sequence[str]) -> Iterator[str]:
    chars = 0
    for line in lines[:SNIFF_ROWS]:
        yield line
        chars += len(line)
        if chars > SNIFF_CHARS:
            return


def _find_comment(lines: Sequence[str]) -> str:
    """Return the mark of the comments above a table; empty without comments, or where all lines have the mark."""
    top = next((line for line in lines if line.strip()), "")
    mark = next((mark for mark in COMMENTS if top.startswith(mark)), "")
    is_all = all(line.startswith(mark) for line in lines if line.strip())
    return mark if mark and not is_all else ""


def _forms(base: Dialect, rows: Sequence[str]) -> list[Dialect]:
    """Return the ways of quoting that the lines can have with one separator."""
    text = "".join(rows)
    each = re.escape(base.delimiter)
    forms = [base]
    if base.delimiter in BLANKS:
        return [replace(base, quote="")]
    is_spaced = base.delimiter in ",;" and _is_spaced(base.delimiter, text)
    escaped = replace(base, escape="\\")
    if '\\"' in text and not _is_strict(base, rows) and _is_strict(escaped, rows) and _is_even(escaped, rows):
        return [escaped]
    if '"' in text and not is_spaced and _is_even(base, rows):
        return forms
    if is_spaced or re.search(rf"{each} +\"", text):
        forms = [replace(base, skips_blanks=True)]
        if '"' in text and _is_even(forms[0], rows):
            return forms
    if '\\"' in text:
        forms.append(replace(forms[0], escape="\\"))
    if '"' in text and not (_QUOTED_LINE.search(text) and _is_strict(base, rows)):
        forms.append(replace(forms[0], quote=""))
    elif re.search(rf"(?:^|{each})'[^'\n]*'(?:{each}|\s*$)", text, re.MULTILINE):
        forms.append(replace(forms[0], quote="'"))
    return forms


def _is_strict(form: Dialect, rows: Sequence[str]) -> bool:
    """Return whether each quote that begins a cell has its end where the cell ends."""
    at = 0
    while at < len(rows):
        used = form.strict_lines(rows, at)
        if not used:
            return False
        at += used
    return True


def _is_even(form: Dialect, rows: Sequence[str]) -> bool:
    """Return whether all rows have one number of cells, more than one: the usual quoting needs no other try."""
    lengths = set(map(len, split_all(form, rows)))
    return len(lengths) == 1 and lengths != {1}


def _is_spaced(delimiter: str, text: str) -> bool:
    """Return whether a blank follows each separator."""
    return delimiter in text and not re.search(rf"{re.escape(delimiter)}(?![ \r\n])", text)


def _score(form: Dialect, rows: Sequence[str]) -> tuple[float, float]:
    """Return how well a dialect fits: 0 for no separator at all; and the share of the rows of the common length."""
    table = split_all(form, rows)
    above = 0
    while len(table) - above > 2 and len(table[above]) == 1:  # lines above the table
        above += 1
    table = table[above:]
    counts = Counter(map(len, table))
    width = max(counts, key=lambda length: (counts[length], length))
    if width < 2:
        return 0.0, 0.0
    even = [row for row in table if len(row) == width]
    cells = [cell.strip() for row in even for cell in row]
    dirty = [cell for cell in cells if _is_dirty(cell, form)]
    text = "".join(rows) if dirty and form.quote else ""
    clean = 1 - sum(_quoted(cell, form) not in text for cell in dirty) / len(cells)
    typed = sum(column_type([row[at] for row in even[1:] or even], 0.8) not in ("text", "empty") for at in range(width))
    share = len(even) / len(table)
    if above and not typed and share < 1:
        return 0.0, 0.0  # prose below its title
    quoting = 1.0 if form.quote == '"' and not form.escape else 0.98 if form.escape or form.quote else 0.97
    return share * clean**2 * (0.5 + 0.5 * (1 - 1 / width)) * (1 + typed / width) * quoting, share


def _is_dirty(cell: str, form: Dialect) -> bool:
    """Return whether a cell looks as if it was cut at the wrong places: it has another separator, or half a quote."""
    if any(mark in cell for mark in ";\t|" if mark != form.delimiter):
        return True
    if form.delimiter != "," and "," in cell and not _NUMBER.fullmatch(cell) and re.search(r",(?! )", cell):
        return True
    if form.quote and cell.count(form.quote) % 2:
        return True
    return not form.quote and cell[:1] in "\"'" and cell[:1] != "" and cell[-1:] == cell[:1] and len(cell) > 1


def _is_typed(form: Dialect, rows: Sequence[str]) -> bool:
    """Return whether a column below the first row has numbers, dates or times."""
    table = split_all(form, rows)[1:]
    width = min(map(len, table), default=0)
    return any(column_type([row[at] for row in table], 0.8) in TYPED for at in range(width))


def _quoted(cell: str, form: Dialect) -> str:
    """Return a cell in quotes, as the text would have it: a cell in quotes may hold anything."""
    return (
        f"{form.quote}{cell.replace(form.quote, (form.escape or form.quote) + form.quote)}{form.quote}"
        if form.quote
        else "\0"
    )


def _find_loose(begin: Dialect, rows: Sequence[str]) -> Dialect | None:
    """Return the separator of a table whose rows have many lengths: one that its head has, and half of the rows."""
    found = [(sum(each in row for row in rows), each) for each in STRONG if each in rows[0]]
    count, delimiter = max(found, default=(0, ""))
    return replace(begin, delimiter=delimiter) if count >= max(2, LEAST_SHARE * len(rows)) else None


def _find_strict(begin: Dialect, rows: Sequence[str]) -> Dialect | None:
    """Return the dialect of a text whose name says nothing: three rows, all of one length of three cells or more."""
    best: tuple[float, Dialect] | None = None
    for delimiter in STRONG:
        for form in _forms(replace(begin, delimiter=delimiter), rows):
            lengths = set(map(len, split_all(form, rows)))
            if len(rows) < 3 or len(lengths) != 1 or lengths.pop() < 3:
                continue
            score, _ = _score(form, rows)
            is_prose = form.skips_blanks and not _is_typed(form, rows)
            if not is_prose and (best is None or score > best[0]):
                best = (score, form)
    return None if best is None else best[1]


def split_all(form: Dialect, lines: Sequence[str]) -> list[list[str]]:
    """Return the rows of some lines, none of which is blank or a comment."""
    rows, at = [], 0
    while at < len(lines):
        cells, used = form.split(lines, at)
        rows.append(cells)
        at += used or 1
    return rows


@lru_cache(maxsize=2)
def _run_of(blanks: int) -> re.Pattern[str]:
    return re.compile(r"[ \t]+" if blanks == 1 else r" {2,}|\t")
