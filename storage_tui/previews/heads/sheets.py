"""Spreadsheets in facts and rows, by the decoding process."""

from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.base import Cells, LimitError, Preview, View
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.heads.zip_members import Content
from storage_tui.previews.table.grid import grid_lines

PANE_ROWS, FULL_ROWS = 200, 5_000
SHOWN_SHEETS = 20


async def ask(want: str, contents: list[Content], **job: Any) -> dict[str, Any]:
    """Return what the decoding process tells of some members; raise LimitError for what it does not read."""
    parts = [[len(content.raw), content.is_whole] for content in contents]
    told, _ = await DECODER.decode(
        {"job": "sheets", "want": want, "parts": parts} | job, b"".join(content.raw for content in contents)
    )
    if "refused" in told:
        raise LimitError(str(told["refused"]))
    return told


def rows_wanted(view: View) -> int:
    """Return the number of rows that a view shows."""
    return FULL_ROWS if view.is_full else PANE_ROWS


def sheet_preview(kind: str, sheets: list[list[str]], shown: str, told: dict[str, Any], *, is_all: bool) -> Preview:
    """Return the preview of a spreadsheet with the rows of the sheet `shown`; `is_all` when every sheet is named."""
    names = [
        visible(name, limit=40) + (f" ({visible(state)})" if state != "visible" else "") for name, _, state in sheets
    ]
    more = f", … {len(names):,} in all" if len(names) > SHOWN_SHEETS else ""
    count = f"{len(names):,}" + ("" if is_all else "+")
    facts = [("sheets", f"{count}: {', '.join(names[:SHOWN_SHEETS])}{more}" if names else count)]
    if shown:
        dimension = f", {visible(told['dimension'])}" if told["dimension"] else ""
        facts.append(("shown", visible(shown, limit=40) + dimension))
    rows = told["rows"]
    columns = max(map(len, rows), default=1) - 1
    heads = ["", *(_letters(at) for at in range(1, columns + 1))]
    lines = grid_lines(heads, rows, right=frozenset((0,))) if rows else []
    note = f"the first {plural(len(rows), 'row')}" if told["is_cut"] else "" if rows else "its first sheet has no rows"
    whole = tuple(tuple(row) + ("",) * (columns + 1 - len(row)) for row in rows)
    cells = Cells(("row", *heads[1:]), whole) if rows else None
    return Preview(kind, facts=tuple(facts), lines=tuple(lines), note=note, cells=cells)


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
