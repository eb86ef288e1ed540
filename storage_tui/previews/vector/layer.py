"""A layer of shapes with its facts: how many, of which kind, where, with which fields; and its map."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import Cells, Preview, View, rows_left
from storage_tui.previews.projections import degrees_of_bounds
from storage_tui.previews.vector.map import draw_layers
from storage_tui.previews.vector.reference import Reference
from storage_tui.previews.vector.shapes import Bounds, Shapes, bounds_text

LEAST_ROWS = 6  # of a map, two of them with coordinates: a pane scrolls
MOST_FIELDS = 24  # named in the facts
NAME_CHARS = 30
MOST_COORDINATE = 1e12


@dataclass
class Layer:
    """What a file says of its shapes, and those that were read.

    `count` is None when the file does not say it. `bounds` are those that the file states, of all its shapes. `fields`
    are names and types. `is_all` says that `shapes` are all that there are.
    """

    geometry: str = ""
    count: int | None = None
    reference: Reference | None = None
    bounds: Bounds | None = None
    fields: Sequence[tuple[str, str]] = ()
    shapes: Shapes = field(default_factory=Shapes)
    is_all: bool = False

    @property
    def is_geographic(self) -> bool:
        """Whether the stated bounds are degrees, or can be where the file names no reference system."""
        known = None if self.reference is None else self.reference.is_geographic
        west, south, east, north = self.bounds or (0.0, 0.0, 0.0, 0.0)
        return known is not False and -360 <= west <= east <= 540 and -90 <= south <= north <= 90

    def facts(self) -> list[tuple[str, str]]:
        """Return the facts that are known, in words."""
        facts = []
        if self.count is not None:
            facts.append(("features", f"{self.count:,}"))
        if self.geometry:
            facts.append(("geometry", visible(self.geometry, limit=80)))
        if self.reference is not None:
            facts.append(("reference", visible(self.reference.name, limit=80)))
        facts += place_facts(self.bounds, self.reference, is_geographic=self.is_geographic)
        if self.fields:
            named = [f"{visible(name, limit=NAME_CHARS)} {visible(kind, limit=NAME_CHARS)}".strip()
                     for name, kind in self.fields[:MOST_FIELDS]]  # fmt: skip
            more = f" and {len(self.fields) - MOST_FIELDS:,} more" if len(self.fields) > MOST_FIELDS else ""
            facts.append(("fields", ", ".join(named) + more))
        return facts


def place_facts(bounds: Bounds | None, reference: Reference | None, *, is_geographic: bool) -> list[tuple[str, str]]:
    """Return the bounds in degrees where they can be told, and in the file's own units where these differ."""
    if bounds is None:
        return []
    if is_geographic:
        return [("bounds", bounds_text(bounds, is_geographic=True))]
    epsg = None if reference is None else reference.epsg
    degrees = None if epsg is None else degrees_of_bounds(epsg, bounds)
    own = bounds_text(bounds, is_geographic=False)
    return (
        [("bounds", own)]
        if degrees is None
        else [("bounds", bounds_text(degrees, is_geographic=True)), ("extent", own)]
    )


def known_bounds(numbers: Sequence[float]) -> Bounds | None:
    """Return bounds that a file states; None for numbers that are no bounds, as of a file without shapes."""
    if len(numbers) != 4 or not all(abs(number) < MOST_COORDINATE for number in numbers):  # and no NaN
        return None
    west, south, east, north = (float(number) for number in numbers)
    return (west, south, east, north) if west <= east and south <= north else None


def draw_layer(
    kind: str,
    layer: Layer,
    view: View,
    *,
    more: Sequence[tuple[str, str]] = (),
    note: str = "",
    cells: Cells | None = None,
    below: Sequence[Text] = (),
) -> Preview:
    """Return the preview of a layer: its facts and `more`, the map of its shapes in its bounds, and lines `below`."""
    if layer.reference is not None:
        layer.shapes.is_degrees = layer.reference.is_geographic
    facts = (*layer.facts(), *more)
    frame = Shapes(is_degrees=layer.shapes.is_degrees)
    if layer.bounds is not None and not layer.is_all:
        west, south, east, north = layer.bounds
        frame.paths.append([(west, south), (east, south), (east, north), (west, north), (west, south)])
    rows = max(rows_left(view, facts) - min(len(below), view.height // 3), LEAST_ROWS)
    layers = [(frame, "dim"), (layer.shapes, "")] if frame.paths else [(layer.shapes, "")]
    lines = draw_layers(layers, view.width, rows)
    below = [Text(""), *below] if lines and below else below
    return Preview(kind, facts=facts, lines=(*lines, *below), note=note, is_drawing=bool(lines), cells=cells)
