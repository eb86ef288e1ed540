"""PMTiles: bounds, zooms, kinds and counts of the header, the metadata, and one tile (PMTiles, version 3)."""

import asyncio
import json
import struct
from typing import Any

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, MIB, THUMBNAIL_BUDGET, Cells, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.table.grid import grid_lines
from storage_tui.previews.vector.layer import Layer, draw_layer, known_bounds
from storage_tui.previews.vector.reference import WGS84
from storage_tui.previews.vector.tiles.choosing import Tile, candidates
from storage_tui.previews.vector.tiles.directory import find, number_of
from storage_tui.previews.vector.tiles.drawing import draw_tile

MAGIC = b"PMTiles"
VERSION = 3
HEADER_BYTES = 127
MOST_METADATA = 128 * KIB  # packed
MOST_UNPACKED = 4 * MIB
MOST_TILE = 512 * KIB
DRAWN = (1, 2, 3, 4)  # vector tiles, PNG, JPEG, WebP
COMPRESSIONS = ("unknown", "none", "gzip", "brotli", "zstd")
TILES = ("unknown", "vector tiles (MVT)", "PNG", "JPEG", "WebP", "AVIF", "MapLibre tiles (MLT)")
PLACE = 10_000_000  # degrees are stored as whole numbers of 1e-7
SHOWN = ("name", "description", "attribution", "version", "type", "format", "generator")
HEADS = ("layer", "zooms", "fields")

_HEADER = struct.Struct("<7sB11Q6B4iB2i")


class PMTiles:
    """PMTiles of version 3: the header, the metadata, and the tile that shows most of the bounds."""

    kind = "PMTiles"
    budget = THUMBNAIL_BUDGET  # the header; directory, leaf and tile lie apart: a read each

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one more read, of the metadata, where the first does not hold them, and the tile."""
        if head[7:8] != bytes([VERSION]):
            raise LimitError(f"version {int.from_bytes(head[7:8], 'little')} is not read here")
        if len(head) < HEADER_BYTES:
            raise PreviewError("its header is cut")
        fields = _HEADER.unpack_from(head)
        at, size = fields[4], fields[5]
        metadata: dict[str, Any] = {}
        note = ""
        if size > MOST_METADATA:
            note = f"its metadata of {size_text(size)} are more than a preview reads"
        elif size:
            packed = await source.read(at, at + size)
            metadata, note = await asyncio.to_thread(_metadata, packed, size, fields[14])
        try:
            tile, packed = await _tile(source, fields)
        except PreviewError as exc:
            note = " · ".join(filter(None, (note, f"no tile is drawn: {exc}")))
            tile, packed = (0, 0, 0), b""
        layer, facts, cells, below = await asyncio.to_thread(_describe, fields, metadata)
        if not packed:
            return draw_layer(self.kind, layer, view, more=facts, note=note, cells=cells, below=below)
        return await draw_tile(self.kind, layer, tile, packed, view, more=facts, note=note, cells=cells, below=below)


async def _tile(source: Source, fields: tuple[Any, ...]) -> tuple[Tile, bytes]:
    """Return the tile that shows most of the bounds, as it is packed; raise PreviewError where it is not read."""
    root, leaves, tiles, low, high = (fields[2], fields[3]), fields[6], fields[8], fields[17], fields[18]
    packings = [COMPRESSIONS[code] if code < len(COMPRESSIONS) else f"compression {code}" for code in fields[14:16]]
    if fields[16] not in DRAWN:
        raise LimitError("its tiles are of a kind that is not read here")
    for packing in packings:
        if packing not in ("none", "gzip"):
            raise LimitError(f"{packing} is not unpacked here")
    bounds = known_bounds([number / PLACE for number in fields[19:23]])
    wanted = list(candidates(bounds, low, high))
    found = await find(source, root, leaves, packings[0], [number_of(tile) for tile in wanted])
    if found is None:
        raise LimitError("there is no tile around its bounds")
    at, entry = found
    if entry.size_bytes > MOST_TILE:
        raise LimitError(f"the tile is {size_text(entry.size_bytes)}")
    packed = await source.read(tiles + entry.offset, tiles + entry.offset + entry.size_bytes)
    if len(packed) < entry.size_bytes or not packed:
        raise PreviewError("the tile is cut")
    return wanted[at], packed


def _metadata(packed: bytes, size: int, code: int) -> tuple[dict[str, Any], str]:
    """Return the metadata, or the reason why there are none."""
    if len(packed) < size:
        return {}, "its metadata are cut"
    method = COMPRESSIONS[code] if code < len(COMPRESSIONS) else f"compression {code}"
    if method not in ("none", "gzip", "zstd"):
        return {}, f"its metadata are packed by {method}, which is not unpacked here"
    try:
        raw = packed if method == "none" else unpack(method, packed, is_whole=True).content
        told = json.loads(raw) if len(raw) <= MOST_UNPACKED else None
    except (PreviewError, ValueError, RecursionError):
        return {}, "its metadata are no JSON"
    return (told, "") if isinstance(told, dict) else ({}, "its metadata are no JSON object")


def _describe(
    fields: tuple[Any, ...], metadata: dict[str, Any]
) -> tuple[Layer, list[tuple[str, str]], Cells | None, list[Text]]:
    addressed, entries, contents = fields[10], fields[11], fields[12]
    is_clustered, tile_code, kind, low, high = fields[13], fields[15], fields[16], fields[17], fields[18]
    bounds = known_bounds([number / PLACE for number in fields[19:23]])
    zoom, centre = fields[23], [number / PLACE for number in fields[24:26]]
    layer = Layer(reference=WGS84, bounds=bounds)
    packed = COMPRESSIONS[tile_code] if tile_code < len(COMPRESSIONS) else f"compression {tile_code}"
    facts = [
        ("tiles", TILES[kind] if kind < len(TILES) else f"kind {kind}"),
        ("zooms", f"{low} to {high}"),
        ("count", f"{addressed:,} tiles, {contents:,} different, {entries:,} entries" if addressed else "not stated"),
        ("packed", f"tiles by {packed}" if packed != "none" else "no"),
        ("order", "clustered" if is_clustered else "not clustered"),
        ("centre", f"{centre[1]:g}, {centre[0]:g} at zoom {zoom}"),
    ]
    facts += [
        (label, visible(" ".join(str(metadata[label]).split()), limit=120)) for label in SHOWN if metadata.get(label)
    ]
    layers = (
        [row for row in metadata.get("vector_layers") or () if isinstance(row, dict)]
        if isinstance(metadata.get("vector_layers"), list)
        else []
    )
    rows = [_row(row) for row in layers]
    lines = grid_lines(HEADS, rows) if rows else []
    return layer, facts, Cells(HEADS, tuple(rows)) if rows else None, lines


def _row(row: dict[str, Any]) -> tuple[str, str, str]:
    fields = row.get("fields")
    named = ", ".join(f"{name} {kind}" for name, kind in fields.items()) if isinstance(fields, dict) else ""
    zooms = f"{row['minzoom']} to {row['maxzoom']}" if "minzoom" in row and "maxzoom" in row else ""
    return str(row.get("id", "")), zooms, named
