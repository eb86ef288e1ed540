"""Several regions on one map, each in its own colour, from the first part of each blob."""

import asyncio

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.formats.geojson import GeoJson, read_shapes
from storage_tui.previews.formats.wkb import WellKnownBinary, read_wkb
from storage_tui.previews.formats.wkt import WellKnownText, read_wkt
from storage_tui.previews.pick import DAMAGE
from storage_tui.previews.text.encoding import decode_head
from storage_tui.previews.vector.map import draw_layers
from storage_tui.previews.vector.shapes import Shapes, area_text

MOST = 24  # blobs on one map: people cannot tell more colours apart
COLOURS = ("bright_cyan", "bright_yellow", "bright_magenta", "bright_green", "bright_red", "bright_blue")


async def read_region(source: Source) -> Shapes:
    """Return the shapes of one blob; raise PreviewError when it has none."""
    source.begin()
    head = await source.head()
    raw = head + await source.read(len(head), len(head) + source.bytes_left)
    try:
        if WellKnownBinary().matches(head, source.blob.key.lower()):
            return await asyncio.to_thread(lambda: read_wkb(raw).shapes)
        if WellKnownText().matches(head, ""):
            return await asyncio.to_thread(lambda: read_wkt(decode_head(raw)[0]).shapes)
        if GeoJson().matches(head, ""):
            return await asyncio.to_thread(lambda: read_shapes(decode_head(raw)[0]).shapes)
    except DAMAGE as exc:
        raise PreviewError("is damaged") from exc
    raise PreviewError("holds no shapes")


def draw_regions(regions: list[tuple[str, Shapes | str]], view: View) -> Preview:
    """Return the map of named regions with its legend; an unreadable region has a reason in place of shapes."""
    legend: list[Text] = []
    layers: list[tuple[Shapes, str]] = []
    for name, shapes in regions:
        if isinstance(shapes, str):
            legend.append(Text.assemble(("× ", "red"), f"{visible(name, limit=60)}  {visible(shapes, limit=80)}"))
            continue
        colour = COLOURS[len(layers) % len(COLOURS)]
        layers.append((shapes, colour))
        area = (
            f"  {area_text(abs(shapes.area_m2))}" if shapes.rings and shapes.is_geographic and shapes.has_area else ""
        )
        legend.append(Text.assemble(("■ ", colour), visible(name, limit=60), (area, "dim")))
    rows = max(rows_left(view, ()) - len(legend) - 1, view.height // 2)
    lines = draw_layers(layers, view.width, rows) if layers else []
    return Preview("map", lines=(*lines, Text(""), *legend), is_drawing=True)
