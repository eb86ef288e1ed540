"""PMTiles: bounds, zooms, kinds and counts of the header, the metadata, and one tile (PMTiles, version 3)."""

import asyncio
from typing import Any

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import THUMBNAIL_BUDGET, Cells, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.table.grid import grid_lines
from storage_tui.previews.vector.layer import Layer, draw_layer
from storage_tui.previews.vector.reference import WGS84
from storage_tui.previews.vector.tiles.archive import MOST_METADATA, PmtilesArchive, read_metadata, vector_layers
from storage_tui.previews.vector.tiles.choosing import Tile, candidates
from storage_tui.previews.vector.tiles.drawing import draw_tile
from storage_tui.previews.vector.tiles.header import MAGIC, Header, read_header

SHOWN = ("name", "description", "attribution", "version", "type", "format", "generator")
HEADS = ("layer", "zooms", "fields")


class PMTiles:
    """PMTiles of version 3: the header, the metadata, and the tile that shows most of the bounds."""

    kind = "PMTiles"
    budget = THUMBNAIL_BUDGET  # the header; directory, leaf and tile lie apart: a read each

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one more read, of the metadata, where the first does not hold them, and the tile."""
        header = read_header(head)
        at, size = header.metadata
        metadata: dict[str, Any] = {}
        note = ""
        if size > MOST_METADATA:
            note = f"its metadata of {size_text(size)} are more than a preview reads"
        elif size:
            metadata, note = await asyncio.to_thread(
                read_metadata, await source.read(at, at + size), size, header.inner
            )
        try:
            tile, packed = await _tile(source, header)
        except PreviewError as exc:
            note = " · ".join(filter(None, (note, f"no tile is drawn: {exc}")))
            tile, packed = (0, 0, 0), b""
        layer, facts, cells, below = await asyncio.to_thread(_describe, header, metadata)
        if not packed:
            return draw_layer(self.kind, layer, view, more=facts, note=note, cells=cells, below=below)
        return await draw_tile(self.kind, layer, tile, packed, view, more=facts, note=note, cells=cells, below=below)


async def _tile(source: Source, header: Header) -> tuple[Tile, bytes]:
    """Return the tile that shows most of the bounds, as it is packed; raise PreviewError where it is not read."""
    archive = PmtilesArchive(source, header, ())
    for tile in candidates(header.bounds, header.low, header.high):
        found = await archive.fetch([tile])
        if tile in found:
            return tile, found[tile]
    raise LimitError("there is no tile around its bounds")


def _describe(
    header: Header, metadata: dict[str, Any]
) -> tuple[Layer, list[tuple[str, str]], Cells | None, list[Text]]:
    layer = Layer(reference=WGS84, bounds=header.bounds)
    longitude, latitude = header.centre
    count = f"{header.addressed:,} tiles, {header.contents:,} different, {header.entries:,} entries"
    facts = [
        ("tiles", header.kind_name),
        ("zooms", f"{header.low} to {header.high}"),
        ("count", count if header.addressed else "not stated"),
        ("packed", f"tiles by {header.packing}" if header.packing != "none" else "no"),
        ("order", "clustered" if header.is_clustered else "not clustered"),
        ("centre", f"{latitude:g}, {longitude:g} at zoom {header.zoom}"),
    ]
    facts += [
        (label, visible(" ".join(str(metadata[label]).split()), limit=120)) for label in SHOWN if metadata.get(label)
    ]
    rows = [_row(row) for row in vector_layers(metadata)]
    lines = grid_lines(HEADS, rows) if rows else []
    return layer, facts, Cells(HEADS, tuple(rows)) if rows else None, lines


def _row(row: dict[str, Any]) -> tuple[str, str, str]:
    fields = row.get("fields")
    named = ", ".join(f"{name} {kind}" for name, kind in fields.items()) if isinstance(fields, dict) else ""
    zooms = f"{row['minzoom']} to {row['maxzoom']}" if "minzoom" in row and "maxzoom" in row else ""
    return str(row.get("id", "")), zooms, named
