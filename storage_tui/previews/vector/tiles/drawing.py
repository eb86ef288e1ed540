"""One tile in a preview: a picture, or shapes on the map."""

import struct
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import Cells, Preview, PreviewError, View, rows_left
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.kml import read_polygons
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.vector.layer import LEAST_ROWS, Layer, draw_layer
from storage_tui.previews.vector.tiles.choosing import Tile

PICTURES = ("PNG", "JPEG", "WEBP")
MAGICS = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
MOST_PIXELS = 300_000  # where the terminal draws pixels
MOST_LAYERS = 12  # named in the facts


async def draw_tile(
    kind: str, layer: Layer, tile: Tile, packed: bytes, view: View, *, more: Sequence[tuple[str, str]],
    note: str, cells: Cells | None, below: Sequence[Text],
) -> Preview:  # fmt: skip
    """Return the preview of a file of tiles with one tile drawn; what `draw_layer` shows where the tile is damaged.

    A tile is a picture by its first bytes, and else a vector tile, which may be packed by gzip.
    """
    named = f"{tile[0]}/{tile[1]}/{tile[2]}, {size_text(len(packed))}"
    try:
        if not packed.startswith(MAGICS):
            told, raw = await DECODER.decode({"job": "vector tile", "tile": tile}, packed)
            counts = [f"{visible(name, limit=30)} {count:,}" for name, count in told["layers"][:MOST_LAYERS]]
            _add(layer, told, raw)
            facts = [*more, ("tile", named), ("tile layers", ", ".join(counts) or "none")]
            note = " · ".join(filter(None, (note, "more shapes than are drawn" if told["is_cut"] else "")))
            return draw_layer(kind, layer, view, more=facts, note=note, cells=cells, below=below)
        facts = [*layer.facts(), *more, ("tile", named)]
        rows = max(LEAST_ROWS, rows_left(view, facts) - min(len(below), view.height // 3))
        columns, height = room(view, rows, MOST_PIXELS)
        job = {"job": "picture", "formats": list(PICTURES), "columns": columns, "rows": height,
               "quadrants": view.quadrants}  # fmt: skip
        told, rgb = await DECODER.decode(job, packed)
    except PreviewError as exc:
        note = " · ".join(filter(None, (note, f"the tile {named} is not drawn: {visible(str(exc), limit=80)}")))
        return draw_layer(kind, layer, view, more=more, note=note, cells=cells, below=below)
    lines, pixels = await drawn(rgb, told["width"], told["height"], view, rows)
    lines = (*lines, *([Text(""), *below] if below else []))
    return Preview(kind, tuple(facts), lines, note=note, cells=cells, is_drawing=True, pixels=pixels)


def _add(layer: Layer, told: dict[str, Any], raw: bytes) -> None:
    numbers = struct.unpack(f"<{len(raw) // 8}d", raw)
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    for polygon in read_polygons(told["shapes"], points, layer.shapes):
        layer.shapes.add_polygon(polygon)
