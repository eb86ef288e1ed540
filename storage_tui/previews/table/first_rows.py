"""Shared by Parquet and Arrow: the footer at the end, and the first rows.

The decoding process decodes the rows, with the extra `preview`.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from itertools import accumulate, pairwise

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, Cells, LimitError, Preview, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.table.grid import grid_lines

ROWS = 30  # a screen
FULL_ROWS = 1000  # on the whole screen, if one answer of the decoder holds so many
TAIL_BYTES = 64 * KIB  # of the first read at the end; most footers are shorter
LENGTH_BYTES = 4  # the length of the footer, between the footer and the magic at the end
MISSING = "pip install 'storage-tui[preview]' shows the first rows"
NAMED_COLUMNS = 3  # of those that are left out; a note is one line
_NUMBER = frozenset("0123456789.-+einfa")


async def read_footer(source: Source, head: bytes, magic: bytes) -> tuple[bytes, bytes]:
    """Return the footer, and the last bytes of the blob that contain it; raise PreviewError for an invalid footer."""
    size = source.size_bytes or len(head)
    after = LENGTH_BYTES + len(magic)
    tail = await source.tail(max(after, min(size, TAIL_BYTES)))
    if tail[-len(magic) :] != magic:
        raise PreviewError("its end is missing: the file is cut, or something follows it")
    length = int.from_bytes(tail[-after : -len(magic)], "little")
    if length + after > size:
        raise PreviewError(f"its footer claims {length:,} bytes")
    if length + after > len(tail):
        if length + after > source.bytes_left:
            raise LimitError(f"its footer of {size_text(length)} is more than a preview reads")
        tail = await source.tail(length + after)
    return tail[-after - length : -after], tail


async def with_rows(shown: Preview, rows: Awaitable[tuple["Rows | None", str]]) -> Preview:
    """Return the preview with its first rows above it and their note, or with the reason why there are none."""
    try:
        table, note = await rows
    except PreviewError as exc:
        return replace(shown, note=f"no rows: {visible(str(exc), limit=100)}")
    except (TypeError, AttributeError, ValueError):  # a footer with values of unexpected types
        return replace(shown, note="no rows: the footer is damaged")
    if table is None:
        return replace(shown, note=note)
    return replace(shown, lines=(*table.lines, Text(""), *shown.lines), note=note, cells=table.cells)


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
        raise LimitError(MISSING)


@dataclass(frozen=True, slots=True)
class Rows:
    """The first rows of a table as text, and the columns that are not read, each with the reason.

    `values` are those of one column of bytes, where they were asked for.
    """

    heads: list[str]
    rows: list[list[str]]
    left_out: list[tuple[str, str]]
    values: list[bytes] = field(default_factory=list)

    @property
    def lines(self) -> list[Text]:
        """The head and the rows."""
        columns = [[row[at] for row in self.rows] for at in range(len(self.heads))]
        right = frozenset(at for at, column in enumerate(columns) if any(column) and set("".join(column)) <= _NUMBER)
        return grid_lines(self.heads, self.rows, right=right)

    @property
    def cells(self) -> Cells:
        """The names and the values, not escaped."""
        return Cells(tuple(self.heads), tuple(map(tuple, self.rows)))

    @property
    def note(self) -> str:
        """The columns that are left out, in words; empty without any."""
        return " · ".join(f"{name} is not read: {reason}" for name, reason in self.left_out[:NAMED_COLUMNS])


async def first_rows(
    kind: str,
    size_bytes: int,
    parts: Sequence[tuple[int, bytes]],
    rows: int,
    hints: Mapping[str, str] | None = None,
    values: str = "",
    encoding: str = "",
) -> Rows:
    """Return at most `rows` rows of a file known by some parts; raise PreviewError when they cannot be read.

    `kind` is `parquet`, `arrow` or `stream`. `values` names a column of bytes whose values are wanted whole,
    or of shapes in a native `encoding` of GeoParquet. `hints` are those of `decoding.arrow_values.column_texts`.
    """
    require_tables()
    job = {
        "job": "table", "kind": kind, "size": size_bytes, "rows": rows, "hints": dict(hints or {}), "values": values,
        "encoding": encoding, "spans": [[start, len(data)] for start, data in parts],
    }  # fmt: skip
    told, raw = await DECODER.decode(job, b"".join(data for _, data in parts))
    if told.get("missing"):
        raise LimitError(MISSING)
    ends = list(accumulate(told.get("sizes", []), initial=0))
    found = [raw[start:stop] for start, stop in pairwise(ends)]
    return Rows(
        told["heads"], told["rows"], [(visible(name), visible(reason)) for name, reason in told["left_out"]], found
    )
