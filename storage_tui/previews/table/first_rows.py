"""What Parquet and Arrow share: a footer at the end, and first rows decoded in the process apart by the extra
`preview`."""

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
FULL_ROWS = 1000  # on the whole screen, as far as one answer of the decoder has them
TAIL_BYTES = 64 * KIB  # of the first read at the end; most footers are shorter
LENGTH_BYTES = 4  # of the footer, between it and the magic at the end
MISSING = "pip install 'storage-tui[preview]' shows the first rows"
_NUMBER = frozenset("0123456789.-+einfa")


async def read_footer(source: Source, head: bytes, magic: bytes) -> tuple[bytes, bytes]:
    """The footer, and the last bytes of the blob that have it; raises PreviewError where it is none."""
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
    """The preview with its first rows above it and their note, or with the reason why there are none."""
    try:
        lines, note = await rows
    except PreviewError as exc:
        return replace(shown, note=f"no rows: {visible(str(exc), limit=100)}")
    except (TypeError, AttributeError, ValueError):  # a footer whose values are of other types than they should be
        return replace(shown, note="no rows: the footer is damaged")
    return replace(shown, lines=(*lines, Text(""), *shown.lines), note=note)


def first_note(shown: int, *, is_all: bool) -> str:
    """What is said of rows on the whole screen, where more of them follow."""
    return "" if is_all else f"the first {shown:,} rows"


def require_tables() -> None:
    """Raise PreviewError where the extra is not installed; nothing of it is loaded here."""
    try:
        is_there = find_spec("arro3.io") is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise PreviewError(MISSING)


async def first_rows(kind: str, size_bytes: int, parts: Sequence[tuple[int, bytes]], rows: int) -> list[Text]:
    """The head and so many rows at most of a file known by some parts; raises PreviewError where these tell none."""
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
