"""What a blob holds in a box: the features of its layers, or the window of a raster."""

import asyncio
import math
from dataclasses import replace

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.base import Cells, Preview, PreviewError, Source, read_note
from storage_tui.previews.decoding.painting.cells import CELL_BYTES, SIGNS, UPPER_HALF
from storage_tui.previews.decoding.painting.stretching import STRETCHES
from storage_tui.previews.projections import Bounds, projection_of_code
from storage_tui.previews.raster.halfblocks import cell_style
from storage_tui.previews.raster.opening import TIFFS, holds_raster, open_raster
from storage_tui.previews.raster.windows.scene import Scene
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View
from storage_tui.previews.table.grid import grid_lines
from storage_tui.previews.vector.atlas.dots import FIRST_LAYER, Dots, draw
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.reading import read_layer, read_layers
from storage_tui.previews.vector.atlas.view import MapView
from storage_tui.previews.vector.shapes import bounds_text

BLACK = b"\x00\x00\x00"
LEAST_PIXELS = 1
SLACK = 1e-6  # of a pixel: a box along the edges of pixels takes no others
MOST_COLUMNS = 24  # of the table below a map
MOST_ROWS = 1000
IN_DEGREES, IN_OWN = "in degrees", "in the coordinates of the file, which are not brought to degrees here"


async def show_box(
    source: Source, box: Bounds, *, width: int, height: int, truecolor: bool, bands: tuple[int, ...] = ()
) -> Preview:
    """Return the features in a box, or the window of a raster, in a view of `width` by `height` cells.

    The box is west, south, east, north in degrees; in the coordinates of the file where its reference system is not
    brought to degrees here. Raises PreviewError, and the errors of the client.
    """
    source.begin()
    if await holds_raster(source):
        shown = await _window(source, box, width, height, truecolor, bands)
    else:
        shown = await _features(source, box, width, height)
    return replace(shown, note=" · ".join(part for part in (shown.note, read_note(source)) if part))


async def _window(
    source: Source, box: Bounds, width: int, height: int, truecolor: bool, bands: tuple[int, ...]
) -> Preview:
    reader = await open_raster(source)
    scene = reader.scene
    if any(band > scene.bands for band in bands):
        raise PreviewError(f"the raster has {plural(scene.bands, 'band')}")
    (left, top, right, bottom), words = _pixels_of(scene, box)
    main = scene.main
    view = View(main.width, main.height, max(1, width), max(1, height))
    scale = max((right - left) / view.columns, (bottom - top) / (2 * view.rows))
    columns, rows = max(1, math.ceil((right - left) / scale)), max(1, math.ceil((bottom - top) / (2 * scale)))
    view = replace(view, columns=columns, rows=rows, scale=scale, left=float(left), top=float(top))
    chosen = tuple(band - 1 for band in bands) or scene.natural_bands
    picture = await reader.picture(view, Style(chosen, STRETCHES[0]), across=1, ground=BLACK)
    facts = [
        ("box", words), ("window", f"columns {left:,} to {right:,}, rows {top:,} to {bottom:,}"),
        ("pixels", f"{right - left:,} × {bottom - top:,}, {picture.pixels:,} of them read"),
    ]  # fmt: skip
    for band, told in zip(chosen, picture.bands, strict=False):
        facts.append((f"band {band + 1}", f"{told.least:g} to {told.most:g}, mean {told.mean:g}"))
    if picture.empty:
        facts.append(("nodata", f"{picture.empty / picture.pixels:.2%} of the pixels read"))
    stride = columns * CELL_BYTES
    lines = [_row(picture.cells[at : at + stride], truecolor) for at in range(0, len(picture.cells), stride)]
    kind = "GeoTIFF" if (await source.head()).startswith(TIFFS) else "raster"
    return Preview(f"window of a {kind}", facts=tuple(facts), lines=tuple(lines), is_drawing=True)


def _pixels_of(scene: Scene, box: Bounds) -> tuple[tuple[int, int, int, int], str]:
    """Return the first and the last columns and rows of a box, and the words for its coordinates."""
    place = scene.place
    if place is None or place.transform is None:
        raise PreviewError("the raster has no place on the earth")
    projection = None if place.epsg is None or place.is_geographic else projection_of_code(place.epsg)
    own: Bounds | None = box
    if projection is not None:
        own = projection.plane_of_box(box)
    words = IN_DEGREES if projection is not None or place.is_geographic else IN_OWN
    a, b, c, d, e, f = place.transform
    size = a * e - b * d
    if own is None or not size:
        raise PreviewError("the box lies outside of the raster")
    corners = [(x - c, y - f) for x in (own[0], own[2]) for y in (own[1], own[3])]
    xs = [(e * x - b * y) / size for x, y in corners]
    ys = [(a * y - d * x) / size for x, y in corners]
    main = scene.main
    left, right = max(0, math.floor(min(xs) + SLACK)), min(main.width, math.ceil(max(xs) - SLACK))
    top, bottom = max(0, math.floor(min(ys) + SLACK)), min(main.height, math.ceil(max(ys) - SLACK))
    if right - left < LEAST_PIXELS or bottom - top < LEAST_PIXELS:
        raise PreviewError(f"the box lies outside of the raster ({words})")
    return (left, top, right, bottom), words


def _row(cells: bytes, truecolor: bool) -> Text:
    line = Text(no_wrap=True)
    for at in range(0, len(cells), CELL_BYTES):
        colours = cells[at + 1 : at + CELL_BYTES]
        line.append(SIGNS[UPPER_HALF], cell_style(colours[:3], colours[3:], truecolor=truecolor))
    return line


async def _features(source: Source, box: Bounds, width: int, height: int) -> Preview:
    found: list[tuple[str, Features, list[int]]] = []
    for number, (name, first) in enumerate(await read_layers(source)):
        features = first
        if not first.told.is_all and first.told.can_window and not first.told.is_plane:
            features = await read_layer(source, box, number)
        inside = await asyncio.to_thread(_inside, features, box)
        found.append((name, features, inside))
    count = sum(len(inside) for _, _, inside in found)
    is_plane = any(features.told.is_plane for _, features, _ in found)
    is_all = all(features.told.is_all for _, features, _ in found)
    facts = [
        ("box", f"{bounds_text(box, not is_plane)}, {IN_OWN if is_plane else IN_DEGREES}"),
        ("features", f"{count:,}{'' if is_all else ' of those that were read; the file has more'}"),
    ]
    names = list(dict.fromkeys(name for _, features, _ in found for name in features.told.fields))[:MOST_COLUMNS]
    heads = (*(("layer",) if len(found) > 1 else ()), "shape", *names)
    rows: list[tuple[str, ...]] = []
    for name, features, inside in found:
        for feature in inside[: MOST_ROWS - len(rows)]:
            values = features.properties(feature)
            own = [features.kind_of(feature), *(values.get(column, "") for column in names)]
            rows.append(tuple([name, *own] if len(found) > 1 else own))
    view = MapView(max(1, width), max(4, height // 2), is_plane=is_plane).fit(box)
    dots = Dots(view)
    for _, features, inside in found:
        if inside:
            list(draw(dots, features, FIRST_LAYER))
    drawn = ["".join(chr(0x2800 + bit) if bit else " " for bit in dots.row(y)[0]) for y in range(view.rows)]
    lines = (*(Text(row, no_wrap=True) for row in drawn), Text(""), *grid_lines(heads, [list(row) for row in rows]))
    note = "" if len(rows) == count else f"the first {len(rows):,} in the table"
    problems = [visible(features.told.problem) for _, features, _ in found if features.told.problem]
    return Preview(
        "features in a box", facts=tuple(facts), lines=lines, note=" · ".join([*problems, *filter(None, [note])]),
        cells=Cells(heads, tuple(rows)), is_drawing=True,
    )  # fmt: skip


def _inside(features: Features, box: Bounds) -> list[int]:
    """Return the features whose boxes touch a box."""
    found = []
    for feature in range(features.count):
        own = features.box_of(feature)
        if own and own[0] <= box[2] and own[2] >= box[0] and own[1] <= box[3] and own[3] >= box[1]:
            found.append(feature)
    return found
