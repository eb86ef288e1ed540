"""Rows of lines for the table viewer: CSV and its dialects, and JSON Lines, block by block."""

import csv
import json
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.tables import operations
from storage_tui.previews.decoding.tables.blocks import bounded_json, opened_cell
from storage_tui.previews.decoding.tables.columns import Batch
from storage_tui.previews.decoding.tables.query import NUMBER, TRUTH
from storage_tui.previews.table.dialect import Dialect
from storage_tui.previews.table.rows import plain_rows, split_rows
from storage_tui.previews.table.values import is_missing
from storage_tui.previews.text.encoding import Encoding

SPAN_SECONDS = 0.5  # of work on several blocks; a child has four, and the last block begins before this time
CELL_CHARS = 16 * 1024 * 1024  # of a cell in quotes: the csv module takes an eighth of a million without this
TRUE = frozenset(("true", "yes", "ja", "oui", "1"))
_GROUPS = re.compile(r"(?<=\d)[ \xa0\u2009\u202f'\u2019](?=\d{3})")


class TextBatch:
    """Rows of text: each cell is read as the kind of its column; a cell that is not of the kind is missing there."""

    def __init__(self, rows: Sequence[Sequence[str]], kinds: Sequence[str]) -> None:
        self.count = len(rows)
        self._rows = rows
        self._kinds = kinds

    def values(self, column: int) -> list[Any]:
        """Return the values of a column."""
        kind, cells = self._kinds[column], self.texts(column, range(self.count))
        if kind == NUMBER:
            return _numbers(cells)
        if kind == TRUTH:
            return [None if cell is None else _truth(cell) for cell in cells]
        return [None if cell is None else cell.strip() or None for cell in cells]

    def texts(self, column: int, rows: Sequence[int]) -> list[str | None]:
        """Return the cells in these rows; None past the end of a short row."""
        own = self._rows if rows == range(self.count) else [self._rows[at] for at in rows]
        try:
            return [row[column] for row in own]
        except IndexError:
            return [row[column] if column < len(row) else None for row in own]


class JsonBatch:
    """Lines of JSON: an object has values by name, and any other line is a text in the first column."""

    def __init__(self, rows: Sequence[dict[str, Any] | str], names: Sequence[str], kinds: Sequence[str]) -> None:
        self.count = len(rows)
        self._rows = rows
        self._names = names
        self._kinds = kinds

    def values(self, column: int) -> list[Any]:
        """Return the values of a column."""
        kind, cells = self._kinds[column], self._cells(column, self._rows)
        if kind == NUMBER:
            return [cell if type(cell) in (int, float) else _number(_json_text(cell)) for cell in cells]
        if kind == TRUTH:
            return [cell if isinstance(cell, bool) else _truth(_json_text(cell) or "") for cell in cells]
        return [cell if isinstance(cell, str) else _json_text(cell) for cell in cells]

    def texts(self, column: int, rows: Sequence[int]) -> list[str | None]:
        """Return the values in these rows as text; what is no text as JSON."""
        return [_json_text(cell) for cell in self._cells(column, [self._rows[at] for at in rows])]

    def _cells(self, column: int, rows: Sequence[dict[str, Any] | str]) -> list[Any]:
        name = self._names[column]
        return [row.get(name) if isinstance(row, dict) else None if column else row for row in rows]


def read_lines(job: dict[str, Any], content: bytes) -> Told:
    """Do what a job asks with the rows in some bytes of lines, which begin with a row.

    `form` is `delimited`, with `dialect` and `encoding`, or `json`, with `names` of columns. `column_kinds` are the
    kinds of the columns. The bytes are taken in blocks of the bytes in `sizes`, the last of which counts for all that
    follow, for SPAN_SECONDS at most: `blocks` of the answer has the rows of each, and the place of its end. A row that
    is longer is a block of its own. The last block is left out where the bytes cut it short: they are neither the last
    of the blob (`is_last`) nor blocks that are known (`is_known`). `is_cut` says that they cut the first row.
    """
    csv.field_size_limit(CELL_CHARS)
    split = _delimited if job["form"] == "delimited" else _json_lines
    if job["do"] == "cell":
        batch, _ = split(job, content, is_last=job["is_last"])
        (cell,) = batch.texts(job["column"], [job["row"]])
        return {}, bounded_json(json.dumps(opened_cell(cell)))
    blocks: list[list[int]] = []
    is_cut, is_whole = False, job["is_last"] or job["is_known"]

    def batches() -> Iterator[Batch]:
        nonlocal is_cut
        at, until = 0, time.process_time() + SPAN_SECONDS
        while at < len(content):
            most = job["sizes"][min(len(blocks), len(job["sizes"]) - 1)]
            while True:
                piece, is_end = content[at : at + most], at + most >= len(content)
                if blocks and (time.process_time() > until or (is_end and not is_whole)):
                    return
                batch, stop = split(job, piece, is_last=is_end and job["is_last"])
                is_cut = batch.count == 1 and stop == len(piece) and not piece.endswith((b"\n", b"\r"))
                if not is_cut or is_end or job["is_known"]:
                    break
                most *= 4
            is_cut = is_cut and not is_whole
            at += stop if 0 < stop <= len(piece) else len(piece)
            blocks.append([batch.count, at])
            yield batch

    told, payload = operations.run(job, batches())
    return told | {"blocks": blocks, "is_cut": is_cut, "rows": sum(rows for rows, _ in blocks)}, payload


def _delimited(job: dict[str, Any], content: bytes, *, is_last: bool) -> tuple[Batch, int]:
    dialect, encoding = Dialect(**job["dialect"]), Encoding(**job["encoding"])
    found = plain_rows(content, dialect, encoding, is_last=is_last)
    if found is None:
        rows, stop = [], 0
        for cells, _, after in split_rows(content, 0, dialect, encoding, is_last=is_last):
            stop = after
            if cells:
                rows.append(cells)
        found = rows, stop
    return TextBatch(found[0], job["column_kinds"]), found[1]


def _json_lines(job: dict[str, Any], content: bytes, *, is_last: bool) -> tuple[Batch, int]:
    """Return the lines, and where the last whole line ends."""
    rows: list[dict[str, Any] | str] = []
    stop, scan = 0, json.JSONDecoder().raw_decode
    for line in content.splitlines(keepends=True):
        if not line.endswith((b"\n", b"\r")) and not is_last and stop:
            break
        stop += len(line)
        text = line.decode("utf-8", "replace").strip()
        if not text:
            continue
        try:
            found, end = scan(text)
        except (ValueError, RecursionError):
            found, end = None, 0
        rows.append(found if type(found) is dict and end == len(text) else text)
    return JsonBatch(rows, job["names"], job["column_kinds"]), stop


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _truth(cell: str) -> bool | None:
    return None if is_missing(cell) else cell.strip().lower() in TRUE


def _numbers(cells: Sequence[str | None]) -> list[int | float | None]:
    """Return the numbers in cells. Where all are written alike, one call reads them all."""
    try:
        if all("." in cell for cell in cells):  # type: ignore[operator]
            return list(map(float, cells))  # type: ignore[arg-type]
        return list(map(int, cells))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return list(map(_number, cells))


def _number(cell: str | None) -> int | float | None:
    """Return the number in a cell, written as in any of the countries; None where there is none."""
    if cell is None:
        return None
    text = cell.strip()
    for read in (int, float) if "." not in text else (float,):
        try:
            return read(text)
        except ValueError:
            continue
    text = _GROUPS.sub("", text.rstrip("% "))
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    else:
        text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None
