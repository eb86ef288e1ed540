"""SRTM heights (.hgt): the place by the name, the grid by the size, and a picture of the middle (SRTM, 2.1)."""

import array
import asyncio
import re
import sys

from storage_tui.previews.base import HEADER_BUDGET, OtherFormatError, Preview, Source, View, rows_left
from storage_tui.previews.heads.described import bounds_text
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.raster.field import painted, sampled

SIDES = {1201 * 1201 * 2: (1201, 1201), 3601 * 3601 * 2: (3601, 3601), 1801 * 3601 * 2: (1801, 3601)}
"""By the size of a file: columns and rows; tiles of one arc second far in the north have half the columns."""
VOID = -32768
MOST_PIXELS = 100_000  # where the terminal draws pixels
_NAME = re.compile(r"([ns])(\d{2})([ew])(\d{3})\b.*\.hgt(?:\.gz|\.bz2|\.xz)?$")


class Hgt:
    """A tile of heights of one degree."""

    kind = "SRTM heights"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the name is of a tile; the bytes are numbers without a mark."""
        return _NAME.match(name) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the place, the grid and the first heights; raise OtherFormatError for another size."""
        size = source.size_bytes
        match = _NAME.match(source.blob.key.rsplit("/", 1)[-1].lower())
        if match is None or size not in SIDES:
            raise OtherFormatError("it has not the size of a tile")
        columns, rows = SIDES[size]
        south = int(match[2]) * (1 if match[1] == "n" else -1)
        west = int(match[4]) * (1 if match[3] == "e" else -1)
        heights = array.array("h", head[: len(head) // 2 * 2])
        if sys.byteorder == "little":
            heights.byteswap()
        known = [height for height in heights if height != VOID]
        facts = [("cells", f"{columns:,} × {rows:,}, {3600 // (rows - 1)} arc seconds"),
                 ("reference", "EPSG:4326, WGS 84"),
                 ("bounds", bounds_text(west, south, west + 1, south + 1))]  # fmt: skip
        read = f"of the {len(heights) // columns:,} rows in the north"
        if known:
            facts.append(("heights", f"{min(known):,} to {max(known):,} m, {read}"))
        if len(known) < len(heights):
            facts.append(("voids", f"{len(heights) - len(known):,}, {read}"))
        return await _drawn(self.kind, facts, source, view, (columns, rows))


async def _drawn(kind: str, facts: list[tuple[str, str]], source: Source, view: View, size: tuple[int, int]) -> Preview:
    """Return the preview with a picture of the rows in the middle, as many as the budget reaches."""
    columns, rows = size
    count = min(rows, source.bytes_left // (2 * columns))
    top = (rows - count) // 2
    raw = await source.read(2 * columns * top, 2 * columns * (top + count)) if count else b""
    count = len(raw) // (2 * columns)
    if not count:
        return Preview(kind, facts=tuple(facts))
    facts.append(("drawn", f"{count:,} rows in the middle" if count < rows else "all"))
    space = rows_left(view, facts)
    xs, ys = sampled(columns, count, room(view, space, MOST_PIXELS))
    values = [[int.from_bytes(raw[at : at + 2], "big", signed=True) for at in (2 * (y * columns + x) for x in xs)]
              for y in ys]  # fmt: skip
    field = await asyncio.to_thread(painted, values, (VOID,))
    if field is None:
        return Preview(kind, facts=tuple(facts), note="no height in the middle")
    lines, pixels = await drawn(field.rgb, field.width, field.height, view, space)
    return Preview(kind, facts=tuple(facts), lines=lines, pixels=pixels, is_drawing=True)
