"""Esri ASCII grids (.asc): facts of the header and a picture; text on the whole screen (ArcGIS, Esri ASCII raster)."""

import asyncio
import re

from storage_tui.previews.base import HEAD_BYTES, HEADER_BUDGET, KIB, Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.heads.described import NUMBER, bounds_text, described
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.raster.field import painted, sampled

_START = re.compile(rb"\s*ncols\s+\d+\s+nrows\s+\d+\s", re.IGNORECASE)
_PAIR = re.compile(rf"\s*([a-z_]+)\s+({NUMBER}|nan)(?=\s)", re.IGNORECASE)
MOST_PAIRS = 12
MOST_PIXELS = 100_000  # where the terminal draws pixels


class EsriGrid:
    """A grid of numbers as text."""

    kind = "Esri grid"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the text begins with the numbers of columns and rows."""
        return _START.match(head[:KIB]) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the header above the text."""
        text = head[: 4 * KIB].decode("latin-1")
        pairs: dict[str, float] = {}
        at = 0
        while len(pairs) < MOST_PAIRS and (match := _PAIR.match(text, at)):
            pairs[match[1].lower()] = float(match[2])
            at = match.end()
        columns, rows = pairs["ncols"], pairs["nrows"]
        facts = [("cells", f"{columns:,.0f} × {rows:,.0f}")]
        across = pairs.get("cellsize", pairs.get("dx", 0.0))
        down = pairs.get("cellsize", pairs.get("dy", 0.0))
        if not across or not down:
            raise PreviewError("its header names no size of a cell")
        facts.append(("cell", f"{across:.10g}" if across == down else f"{across:.10g} × {down:.10g}"))
        west = pairs.get("xllcorner", pairs.get("xllcenter", 0.0) - across / 2)
        south = pairs.get("yllcorner", pairs.get("yllcenter", 0.0) - down / 2)
        facts.append(("bounds", bounds_text(west, south, west + columns * across, south + rows * down)))
        if "nodata_value" in pairs:
            facts.append(("nodata", f"{pairs['nodata_value']:.10g}"))
        if view.is_full:
            return await described(self.kind, facts, source, head, view)
        missing = (pairs["nodata_value"],) if "nodata_value" in pairs else ()
        return await _drawn(facts, head, at, view, int(columns), int(rows), missing) or await described(
            self.kind, facts, source, head, view
        )


async def _drawn(
    facts: list[tuple[str, str]], head: bytes, at: int, view: View, columns: int, rows: int, missing: tuple[float, ...]
) -> Preview | None:
    """Return the picture of the rows that the first bytes hold; None without a whole row of numbers."""
    words = head[at:].split()[:-1] if len(head) >= HEAD_BYTES else head[at:].split()
    count = min(rows, len(words) // max(1, columns))
    if not count or not columns:
        return None
    space = rows_left(view, [*facts, ("drawn", "")])
    xs, ys = sampled(columns, count, room(view, space, MOST_PIXELS))
    try:
        values = [[float(words[y * columns + x]) for x in xs] for y in ys]
    except ValueError:
        return None
    field = await asyncio.to_thread(painted, values, missing)
    if field is None:
        return None
    read = f"the first {count:,} rows" if count < rows else "all"
    told = (*facts, ("drawn", f"{read}, {field.least:.6g} to {field.most:.6g}"))
    lines, pixels = await drawn(field.rgb, field.width, field.height, view, space)
    return Preview(EsriGrid.kind, facts=told, lines=lines, pixels=pixels, is_drawing=True)
