"""The sheets of a workbook of Office Open XML (ECMA-376, part 1, section 18): its texts, its dates, its first rows."""

import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from storage_tui.previews.decoding.sheets.sheet_xml import Attributes, EnoughError, read_events

MOST_COLUMNS = 64
MOST_SHEETS = 1_000
MOST_TEXTS = 200_000
CELL_CHARS = 200
DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))  # 18.8.30, numFmt
TIME_FORMATS = frozenset((18, 19, 20, 21, 45, 46, 47))
EPOCH, EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
LEAP_BUG_DAYS = 60  # before the 29 February 1900, which never was, days count from one later
UNKNOWN = "…"  # a text past those that were read

_QUIET = re.compile(
    r'"[^"]*"|\\.|_.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE
)  # of a format: what is no letter of a date
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


@dataclass(frozen=True, slots=True)
class Piece:
    """The first bytes of a member, and whether they are all."""

    raw: bytes
    is_whole: bool


def read_book(book: Piece, links: Piece, styles: Piece) -> dict[str, Any]:
    """Return `sheets` of name, member and state, the `dates` of the cell styles, and `is_1904`."""
    targets: dict[str, str] = {}
    sheets: list[list[str]] = []
    told: dict[str, Any] = {"is_1904": False}

    def on_link(name: str, attributes: Attributes) -> None:
        if name == "Relationship" and len(targets) < MOST_SHEETS:
            targets[attributes.get("Id", "")] = attributes.get("Target", "")[:CELL_CHARS]

    def on_book(name: str, attributes: Attributes) -> None:
        if name == "workbookPr":
            told["is_1904"] = attributes.get("date1904") in ("1", "true")
        elif name == "sheet" and len(sheets) < MOST_SHEETS:
            target = targets.get(attributes.get("id", ""), "")
            member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            sheets.append([attributes.get("name", "")[:CELL_CHARS], member, attributes.get("state", "visible")[:20]])

    _read(links, on_link)
    _read(book, on_book)
    return told | {"sheets": sheets, "dates": _date_styles(styles)}


def _date_styles(styles: Piece) -> list[str]:
    """Return a word for each style of a cell: `date`, `time`, or nothing for a number."""
    custom: dict[str, str] = {}
    found: list[str] = []
    is_inside = False

    def on_style(name: str, attributes: Attributes) -> None:
        nonlocal is_inside
        if name == "numFmt":
            custom[attributes.get("numFmtId", "")] = _kind_of(attributes.get("formatCode", ""))
        elif name in ("cellXfs", "cellStyleXfs", "dxfs"):
            is_inside = name == "cellXfs"
        elif name == "xf" and is_inside and len(found) < MOST_TEXTS:
            number = attributes.get("numFmtId", "0")
            known = int(number) if number.isdecimal() and len(number) < 9 else 0
            word = "time" if known in TIME_FORMATS else "date" if known in DATE_FORMATS else ""
            found.append(custom.get(number, word))

    if styles.raw:
        _read(styles, on_style)
    return found


def _kind_of(code: str) -> str:
    """Return what a format of numbers shows: `date`, `time`, or nothing."""
    letters = set(_QUIET.sub("", code.split(";")[0]).lower())
    if "general" in code.lower():
        return ""
    return (
        "date"
        if letters & set("yd") or (letters & set("m") and not letters & set("hs"))
        else ("time" if letters & set("hs") else "")
    )


@dataclass
class _Texts:
    """The shared texts of a workbook, in their order (18.4, sst)."""

    found: list[str] = field(default_factory=list)
    _current: list[str] | None = None
    _is_text: bool = False
    _is_reading: int = 0

    def start(self, name: str, _: Attributes) -> None:
        if name == "si":
            self._current = []
        elif name == "rPh":  # how a text is read aloud
            self._is_reading += 1
        self._is_text = name == "t" and not self._is_reading

    def end(self, name: str) -> None:
        self._is_text = False
        if name == "rPh":
            self._is_reading -= 1
        if name == "si" and self._current is not None:
            self.found.append("".join(self._current)[:CELL_CHARS])
            self._current = None
            if len(self.found) >= MOST_TEXTS:
                raise EnoughError

    def text(self, text: str) -> None:
        if self._is_text and self._current is not None:
            self._current.append(text[:CELL_CHARS])


def read_rows(sheet: Piece, texts: Piece, *, dates: list[str], is_1904: bool, most_rows: int) -> dict[str, Any]:
    """Return `rows` of a number and cells, the `dimension` that the sheet claims, and `is_cut`."""
    shared = _Texts()
    if texts.raw:
        read_events(texts.raw, is_whole=texts.is_whole, start=shared.start, end=shared.end, text=shared.text)
    reader = _Rows(shared.found, dates, is_1904, most_rows)
    read_events(sheet.raw, is_whole=sheet.is_whole, start=reader.start, end=reader.end, text=reader.text)
    rows = [[str(number), *_filled(cells)] for number, cells in reader.rows]
    return {"rows": rows, "dimension": reader.dimension, "is_cut": reader.is_cut or not sheet.is_whole}


@dataclass
class _Rows:
    """The rows of a sheet (18.3.1)."""

    texts: list[str]
    dates: list[str]
    is_1904: bool
    most_rows: int
    rows: list[tuple[int, dict[int, str]]] = field(default_factory=list)
    dimension: str = ""
    is_cut: bool = False
    _cell: dict[str, str] = field(default_factory=dict)
    _column: int = 0
    _value: list[str] = field(default_factory=list)
    _is_value: bool = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "dimension":
            self.dimension = attributes.get("ref", "")[:40]
        elif name == "row":
            if len(self.rows) >= self.most_rows:
                self.is_cut = True
                raise EnoughError
            told = attributes.get("r", "")
            number = int(told) if told.isdecimal() and len(told) < 9 else (self.rows[-1][0] if self.rows else 0) + 1
            self.rows.append((number, {}))
            self._column = 0
        elif name == "c":
            self._cell, self._value = attributes, []
            place = _PLACE.fullmatch(attributes.get("r", ""))
            self._column = column_number(place[1]) if place else self._column + 1
        self._is_value = name in ("v", "t")

    def end(self, name: str) -> None:
        self._is_value = False
        if name == "c" and self.rows and self._column <= MOST_COLUMNS:
            shown = self._shown("".join(self._value))
            if shown:
                self.rows[-1][1][self._column] = shown

    def text(self, text: str) -> None:
        if self._is_value and len(self._value) < CELL_CHARS:
            self._value.append(text[:CELL_CHARS])

    def _shown(self, value: str) -> str:
        kind = self._cell.get("t", "n")
        if kind == "s":
            at = int(value) if value.isdecimal() and len(value) < 9 else -1
            return self.texts[at] if 0 <= at < len(self.texts) else UNKNOWN if value else ""
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        if kind != "n" or not value:
            return value[:CELL_CHARS]
        style = self._cell.get("s", "0")
        at = int(style) if style.isdecimal() and len(style) < 9 else 0
        return number_text(value, self.dates[at] if at < len(self.dates) else "", is_1904=self.is_1904)


def number_text(value: str, kind: str, *, is_1904: bool) -> str:
    """Return a number as text: a date or a time where its style says so (18.17.4.1)."""
    try:
        number = float(value)
    except ValueError:
        return value[:CELL_CHARS]
    if not math.isfinite(number) or not kind:
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    days = number + 1 if 0 < number < LEAP_BUG_DAYS and not is_1904 and number >= 1 else number
    try:
        moment = (EPOCH_1904 if is_1904 else EPOCH) + timedelta(seconds=round(days * 86_400))
    except OverflowError:
        return repr(number)
    if kind == "time" and 0 <= number < 1:
        return f"{moment:%H:%M:%S}"
    return (
        f"{moment:%Y-%m-%d}"
        if (moment.hour, moment.minute, moment.second) == (0, 0, 0)
        else f"{moment:%Y-%m-%d %H:%M:%S}"
    )


def column_number(letters: str) -> int:
    """Return the number of a column from 1: `A`, `Z`, `AA`."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _filled(cells: dict[int, str]) -> list[str]:
    return [cells.get(at, "") for at in range(1, max(cells, default=0) + 1)]


def _read(piece: Piece, start: Any) -> None:
    read_events(piece.raw, is_whole=piece.is_whole, start=start, end=lambda _: None, text=lambda _: None)
