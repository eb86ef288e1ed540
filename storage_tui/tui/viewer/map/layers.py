"""The layers of a map: their colours, which are shown, and which have no place on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from storage_tui.contract.counts import plural
from storage_tui.previews.base import Source
from storage_tui.previews.projections import Bounds
from storage_tui.previews.vector.atlas.dots import FIRST_LAYER
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.shapes import around

COLOURS = (
    "#4fc3f7", "#ffb74d", "#f06292", "#81c784", "#ba68c8", "#e57373", "#4db6ac", "#d4e157", "#9fa8da", "#bcaaa4",
)  # fmt: skip
"""Distinct on dark and on light grounds; after the last the first one comes again."""
KINDS = {"area": "areas", "line": "lines", "point": "points", "": "features"}


@dataclass
class Layer:
    """One layer. `base` are the features that were read first, `reason` why there are none.

    `window` are those of the box `window_box`, of a layer of which not all was read; `left_out` is why the layer is not
    drawn with the others, "" where it is.
    """

    name: str
    colour: int
    source: Source
    number: int = 0
    base: Features | None = None
    reason: str = ""
    is_visible: bool = True
    window: Features | None = None
    window_box: Bounds | None = None
    left_out: str = ""

    def features(self, bounds: Bounds | None) -> Features | None:
        """Return the features to draw for a view: those of its window where that covers the view."""
        box = self.window_box
        if self.window is None or box is None or bounds is None:
            return self.base
        is_inside = box[0] <= bounds[0] and box[1] <= bounds[1] and box[2] >= bounds[2] and box[3] >= bounds[3]
        return self.window if is_inside else self.base

    @property
    def is_drawn(self) -> bool:
        """Whether the layer is on the map now."""
        return self.base is not None and self.is_visible and not self.left_out

    def words(self, bounds: Bounds | None) -> str:
        """Return how many features are shown, and of how many: `the first 3,000 of 90,000 areas`."""
        if self.base is None:
            return self.reason or "reading…"
        if self.left_out:
            return self.left_out
        shown = self.features(bounds)
        assert shown is not None
        noun = KINDS[shown.kind]
        if shown.told.detail:
            more = "the first " if shown.told.is_cut else ""
            return f"{more}{shown.count:,} {noun}, {shown.told.detail}"
        if shown is self.window:
            more = "" if shown.told.is_all else "the first "
            return f"{more}{shown.count:,} {noun} in view" + _of(self.base.told.total)
        if shown.told.is_all:
            return plural(shown.count, noun.removesuffix("s")) if noun.endswith("s") else f"{shown.count:,} {noun}"
        return f"the first {shown.count:,}{_of(shown.told.total)} {noun}"


def _of(total: int | None) -> str:
    return "" if total is None else f" of {total:,}"


@dataclass
class Layers:
    """All layers of a map, in the order of their colours."""

    rows: list[Layer] = field(default_factory=list)
    at: int = 0  # the layer that commands for one layer mean

    @property
    def current(self) -> Layer | None:
        """The layer of the cursor."""
        return self.rows[self.at] if self.at < len(self.rows) else None

    @property
    def is_plane(self) -> bool:
        """Whether the map is in the coordinates of a plane: all layers with shapes are."""
        known = [row.base for row in self.rows if row.base is not None and row.base.bounds is not None]
        return bool(known) and all(features.told.is_plane for features in known)

    def add(self, name: str, source: Source, number: int = 0) -> Layer:
        """Add a layer that is still to be read."""
        row = Layer(name, FIRST_LAYER + len(self.rows) % len(COLOURS), source, number)
        self.rows.append(row)
        return row

    def arrange(self) -> None:
        """Say which layers have no place on the map: a layer never lies at a false place."""
        is_plane = self.is_plane
        own = next((row.base.told.reference for row in self.rows if row.base is not None and row.base.bounds), "")
        for row in self.rows:
            told = None if row.base is None else row.base.told
            row.left_out = ""
            if told is None or not told.is_plane:
                continue
            name = told.reference or "no reference system"
            if not is_plane:
                row.left_out = f"left out: {name} is not brought to degrees here"
            elif told.reference != own:
                row.left_out = f"left out: {name} is another plane than that of the first layer"

    @property
    def note(self) -> str:
        """What is said of a map in a plane: that its coordinates are no degrees; "" for degrees."""
        if not self.is_plane:
            return ""
        told = next(row.base.told for row in self.rows if row.base is not None and row.base.bounds)
        return f"{told.reference or 'no reference system'}: shown in its own plane, no degrees are known"

    @property
    def drawn(self) -> Sequence[Layer]:
        """The layers on the map."""
        return [row for row in self.rows if row.is_drawn]

    def bounds(self, rows: Sequence[Layer] | None = None) -> Bounds | None:
        """Return the bounds of some layers, those on the map by default; east is over 180 across the antimeridian."""
        spans: list[tuple[float, float]] = []
        lows, highs = [], []
        for row in self.drawn if rows is None else rows:
            features = row.base
            if features is None or (box := features.bounds) is None:
                continue
            stated = None if features.told.is_all else features.told.bounds
            if stated is not None:
                spans.append((stated[0], stated[2]))
                lows.append(stated[1])
                highs.append(stated[3])
                continue
            boxes = features.levels[0].boxes
            spans += zip(boxes[0::4], boxes[2::4], strict=True)
            lows.append(box[1])
            highs.append(box[3])
        if not spans:
            return None
        west, east = min(low for low, _ in spans), max(high for _, high in spans)
        if not self.is_plane:
            west, east = around(spans, west, east)
        return west, min(lows), east, max(highs)
