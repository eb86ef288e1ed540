"""The jobs of the decoding process for spreadsheets: a workbook, or the rows of one sheet, from given members."""

from typing import Any

from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.sheets.ods import read_tables
from storage_tui.previews.decoding.sheets.sheet_xml import RefusedError
from storage_tui.previews.decoding.sheets.xlsx import CELL_CHARS, Piece, read_book, read_rows


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return what a job asks for. `want` is `book`, `rows` or `tables`; `parts` are sizes of the members in `content`.

    What is not read is told as `refused`, which says nothing against the file.
    """
    pieces, at = [], 0
    for size, is_whole in job["parts"]:
        pieces.append(Piece(content[at : at + size], is_whole))
        at += size
    try:
        told = _told(job, pieces)
    except RefusedError as exc:
        return {"refused": str(exc)}, b""
    if "rows" in told:
        count = len(told["rows"])
        told["rows"] = frames.fitting_rows(told["rows"], CELL_CHARS)
        told["is_cut"] = told["is_cut"] or len(told["rows"]) < count
    return told, b""


def _told(job: dict[str, Any], pieces: list[Piece]) -> dict[str, Any]:
    if job["want"] == "book":
        return read_book(*pieces)
    if job["want"] == "tables":
        return read_tables(*pieces, most_rows=job["rows"])
    return read_rows(*pieces, dates=job["dates"], is_1904=job["is_1904"], most_rows=job["rows"])
