"""Shared by Parquet and Arrow: the footer at the end, and the first rows.

The decoding process decodes the rows, with the extra `preview`.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from importlib.util import find_spec

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, Preview, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.table.grid import grid_lines

ROWS = 30  # a screen
FULL_ROWS = 1000  # on the whole screen, if one answer of the decoder holds so many
TAIL_BYTES = 64 * KIB  # of the first read at the end; most footers are shorter
LENGTH_BYTES = 4  # the length of the footer, between the footer and the magic at the end
MISSING = "pip install 'storage-tui[preview]' shows the first rows"
_NUMBER = frozenset("0123456789.-+einfa")


async def read_footer(source: Source, head: bytes, magic: bytes) -> tuple[bytes, bytes]:
    """Return the footer, and the last bytes of the blob that contain it; raise PreviewError for an invalid footer."""
    size = source.size_bytes or len(head)
    after = LENGTH_BYTES + len(magic)
    tail = await source.tail(max(after, min(size, TAIL_BYTES)))
    if tail[-len(magic) :] != magic:
        raise PreviewError("its end is missing: the file is cut")
    length = int.from_bytes(tail[-after : -len(magic)], "little")
    if length + after > size:
        raise PreviewError(f"its footer claims {length:,} bytes")
    if length + after > len(tail):
        if length + after > source.bytes_left:
            raise PreviewError(f"its footer of {size_text(length)} is more than a preview reads")
        tail = await source.tail(length + after)
    return tail[-after - length : -after], tail


async def with_rows(shown: Preview, rows: Awaitable[tuple[list[Text], str]]) -> Preview:
    """Return the preview with its first rows above it and their note, or with the reason why there are none."""
    try:
        lines, note = await rows
    except PreviewError as exc:
        return replace(shown, note=f"no rows: {visible(str(exc), limit=100)}")
    except (TypeError, AttributeError, ValueError):  # a footer with values of unexpected types
        return replace(shown, note="no rows: the footer is damaged")
    return replace(shown, lines=(*lines, Text(""), *shown.lines), note=note)


def first_note(shown: int, *, is_all: bool) -> str:
    """Return the note about the rows on the whole screen; empty when no more rows follow."""
    return "" if is_all else f"the first {shown:,} rows"


def require_tables() -> None:
    """Raise PreviewError when the extra is not installed; load nothing of it here."""
    try:
        is_there = find_spec("arro3.io") is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise PreviewError(MISSING)


async def first_rows(kind: str, size_bytes: int, parts: Sequence[tuple[int, bytes]], rows: int) -> list[Text]:
    """Return the head and at most `rows` rows of a file known by some parts; raise PreviewError without rows."""
    require_tables()
    job = {
        "job": "table", "kind": kind, "size": size_bytes, "rows": rows,
        "spans": [[start, len(data)] for start, data in parts],
    }  # fmt: skip
    told, _ = await DECODER.decode(job, b"".join(data for _, data in parts))
    if told.get("missing"):
        raise PreviewError(MISSING)
    found = told["rows"]
    columns = [[row[at] for row in found] for at in range(len(told["heads"]))]
    right = frozenset(at for at, column in enumerate(columns) if any(column) and set("".join(column)) <= _NUMBER)
    return grid_lines(told["heads"], found, right=right)
