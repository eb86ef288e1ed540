"""Esri ASCII grids (.asc): size, bounds, cell and nodata above the text (ArcGIS, Esri ASCII raster format)."""

import re

from storage_tui.previews.base import HEADER_BUDGET, KIB, Preview, PreviewError, Source, View
from storage_tui.previews.heads.described import NUMBER, bounds_text, described

_START = re.compile(rb"\s*ncols\s+\d+\s+nrows\s+\d+\s", re.IGNORECASE)
_PAIR = re.compile(rf"\s*([a-z_]+)\s+({NUMBER}|nan)(?=\s)", re.IGNORECASE)
MOST_PAIRS = 12


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
        return await described(self.kind, facts, source, head, view)
