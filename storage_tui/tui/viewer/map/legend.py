"""The words of the column: the chosen feature, the cross-hair, the layers."""

import textwrap

from textual.content import Content

from storage_tui.contract.visible import visible
from storage_tui.previews.vector.atlas.dots import FIRST_LAYER
from storage_tui.previews.vector.atlas.own import own_place
from storage_tui.previews.vector.atlas.view import MapView
from storage_tui.previews.vector.shapes import area_text
from storage_tui.tui.viewer.map.cross_hair import CrossHair
from storage_tui.tui.viewer.map.layers import COLOURS
from storage_tui.tui.viewer.map.look import Look
from storage_tui.tui.viewer.raster.words import coordinate_text, degrees_text

LABEL_CELLS = 10
VALUE_ROWS = 3  # of a property
MOST_PROPERTIES = 40


def place_text(place: tuple[float, float], view: MapView) -> str:
    """Return a place in degrees, or in the coordinates of the plane."""
    if view.is_plane:
        return f"{coordinate_text(place[0], view.scale)}, {coordinate_text(place[1], view.scale)}"
    return degrees_text((place[0] + 180) % 360 - 180, place[1])


def layer_lines(look: Look, width: int) -> list[Content]:
    """Return the layers with their colours and counts; the layer of the cursor has a mark."""
    lines = [Content.styled("layers", "bold $accent")]
    note = look.layers.note
    lines += [Content.styled(row, "$warning") for row in textwrap.wrap(note, width)]
    for number, row in enumerate(look.layers.rows):
        is_here = number == look.layers.at and len(look.layers.rows) > 1
        colour = COLOURS[row.colour - FIRST_LAYER]
        sign = "■ " if row.is_drawn else "□ " if row.base is not None else "× " if row.reason else "… "
        name = visible(row.name, limit=max(8, width - 4))
        lines.append(
            Content.assemble(("▸" if is_here else " ", "$accent"), (sign, colour), (name, "bold" if is_here else ""))
        )
        words = row.words(look.bounds) if row.is_visible else f"hidden, {row.words(look.bounds)}"
        style = "$warning" if row.left_out or (row.reason and row.base is None) else "$text-muted"
        lines += [Content.styled(f"   {text}", style) for text in textwrap.wrap(visible(words), max(8, width - 3))]
        if row.base is not None and row.base.told.problem:
            problem = visible(row.base.told.problem)
            lines += [Content.styled(f"   {text}", "$error") for text in textwrap.wrap(problem, max(8, width - 3))]
    if look.naming.name is not None:
        lines += [Content(""), _fact("labels", visible(look.naming.name or "the first text", limit=width))]
    return [*lines, Content("")]


def cross_lines(look: Look, cross: CrossHair) -> list[Content]:
    """Return the place of the cross-hair, and the distance that is measured."""
    if cross.place is None or look.view is None:
        return []
    lines = [Content.styled("cross-hair", "bold $accent"), _fact("", place_text(cross.place, look.view))]
    row = look.layers.current
    told = None if row is None or row.base is None else row.base.told
    if told is not None and not told.is_plane and (own := own_place(told, cross.place)) is not None:
        lines.append(_fact("in file", f"{own[0]:.1f}, {own[1]:.1f}"))
        lines += [_fact("", f"EPSG:{told.epsg}")] if told.epsg is not None else []
    if cross.distance and cross.start is not None:
        lines += [_fact("from", place_text(cross.start, look.view)), _fact("distance", cross.distance, "bold")]
    return [*lines, Content("")]


def feature_lines(look: Look, width: int) -> list[Content]:
    """Return the chosen feature: its number, its kind, its area and its properties."""
    if look.chosen is None:
        return []
    layer, features, feature = look.chosen
    colour = COLOURS[layer.colour - FIRST_LAYER]
    lines = [
        Content.assemble((f"feature {feature + 1:,}", "bold $accent"), (f" of {features.count:,}", "$text-muted")),
        Content.assemble(("■ ", colour), visible(layer.name, limit=max(8, width - 4))),
        _fact("shape", features.kind_of(feature) or "none"),
    ]
    area = features.area_m2(feature)
    if area:
        lines.append(_fact("area", area_text(area)))
    found = features.properties(feature)
    for name, value in list(found.items())[:MOST_PROPERTIES]:
        label = visible(name, limit=LABEL_CELLS - 1)
        rows = textwrap.wrap(visible(value), max(8, width - LABEL_CELLS)) or [""]
        more = "…" if len(rows) > VALUE_ROWS else ""
        lines.append(_fact(label, rows[0]))
        lines += [_fact("", text) for text in rows[1 : VALUE_ROWS - 1]]
        lines += [_fact("", text + more) for text in rows[VALUE_ROWS - 1 : VALUE_ROWS]]
    if len(found) > MOST_PROPERTIES:
        lines.append(Content.styled(f"and {len(found) - MOST_PROPERTIES:,} more", "$text-muted"))
    return [*lines, Content("")]


def _fact(label: str, value: str, style: str = "") -> Content:
    return Content.assemble((f"{label:<{LABEL_CELLS}}", "$text-muted"), (value, style))
