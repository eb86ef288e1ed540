"""The tables of an OpenDocument spreadsheet (ODF 1.3, part 3, section 9): names, and the first rows of the first."""

from dataclasses import dataclass, field
from typing import Any

from storage_tui.previews.decoding.sheets.sheet_xml import Attributes, read_events
from storage_tui.previews.decoding.sheets.xlsx import CELL_CHARS, MOST_COLUMNS, MOST_SHEETS, Piece

VALUES = ("date-value", "time-value", "boolean-value", "string-value", "value")


def read_tables(content: Piece, *, most_rows: int) -> dict[str, Any]:
    """Return `sheets` of name and state, `rows` of a number and cells of the first, and `is_cut`."""
    reader = _Tables(most_rows)
    read_events(content.raw, is_whole=content.is_whole, start=reader.start, end=reader.end, text=reader.text)
    while reader.rows and not any(reader.rows[-1][1]):
        reader.rows.pop()
    return {
        "sheets": [[name, "", "visible"] for name in reader.names],
        "rows": [[str(number), *cells] for number, cells in reader.rows],
        "dimension": "",
        "is_cut": reader.is_cut or not content.is_whole,
    }


@dataclass
class _Tables:
    """The names of the tables, and the rows of the first."""

    most_rows: int
    names: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    is_cut: bool = False
    _depth: int = 0
    _number: int = 0
    _repeated: int = 1
    _cells: list[str] = field(default_factory=list)
    _cell: Attributes | None = None
    _text: list[str] = field(default_factory=list)
    _inside: int = 0
    _note: int = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "table":
            self._depth += 1
            if self._depth == 1 and len(self.names) < MOST_SHEETS:
                self.names.append(attributes.get("name", "")[:CELL_CHARS])
                self._number = 0
        elif name == "table-row":
            self._cells, self._repeated = [], _count(attributes.get("number-rows-repeated"))
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._text = attributes, []
        elif name == "annotation":
            self._note += 1
        elif name == "p" and not self._note:
            self._inside += 1
            if self._text:
                self._text.append(" ")

    def end(self, name: str) -> None:
        if name == "table":
            self._depth -= 1
        elif name == "annotation":
            self._note -= 1
        elif name == "p" and not self._note:
            self._inside -= 1
        elif name in ("table-cell", "covered-table-cell") and self._cell is not None:
            count = min(_count(self._cell.get("number-columns-repeated")), MOST_COLUMNS - len(self._cells))
            value = next((self._cell[key] for key in VALUES if key in self._cell), "")
            self._cells += [("".join(self._text) or value)[:CELL_CHARS]] * max(0, count)
            self._cell = None
        elif name == "table-row" and len(self.names) == 1:
            self._end_row()

    def text(self, text: str) -> None:
        if self._inside and len(self._text) < CELL_CHARS:
            self._text.append(text[:CELL_CHARS])

    def _end_row(self) -> None:
        while self._cells and not self._cells[-1]:
            self._cells.pop()
        count = self._repeated if self._cells else 0
        for at in range(min(count, self.most_rows - len(self.rows))):
            self.rows.append((self._number + at + 1, self._cells))
        self.is_cut = self.is_cut or (count > 0 and len(self.rows) >= self.most_rows)
        self._number += self._repeated


def _count(told: str | None) -> int:
    return max(1, int(told)) if told is not None and told.isdecimal() and len(told) < 9 else 1
